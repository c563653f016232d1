"""Which cells of a sheet are merged, with a value in the first only: its XML tells that, and openpyxl does not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

_RANGE = re.compile(rb"""mergeCell\s[^>]{0,200}?ref=["']([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})["']""")
_CHUNK, _LONGEST_TAG = 2**20, 2**10

NumberedRows = Iterator[tuple[int, Sequence[Any]]]
Spans = Mapping[tuple[int, int], int]
"""Row and column (from 0) of the first cell of what is merged downwards → its last row."""


def merged_down(sheet: BinaryIO, columns: Collection[int]) -> Spans:
    """What a sheet's XML merges downwards in these columns; it stands behind the rows, so all of it is read."""
    spans: dict[tuple[int, int], int] = {}
    overlap = b""
    while chunk := sheet.read(_CHUNK):
        window = overlap + chunk
        for match in _RANGE.finditer(window) if b"mergeCell" in window else ():
            column, first, last = _number(match[1]) - 1, int(match[2]), int(match[3])
            if column in columns and last > first:
                spans[first, column] = last
        overlap = window[-_LONGEST_TAG:]
    return spans


def filled(rows: NumberedRows, spans: Spans, columns: Collection[int]) -> NumberedRows:
    """The rows with a merged cell's value in each row that it covers and that has none of its own."""
    held: dict[int, tuple[int, Any]] = {}
    for number, row in rows:
        cells = [*row, *[None] * (max(columns) + 1 - len(row))]
        for column in columns:
            if (number, column) in spans:
                held[column] = spans[number, column], cells[column]
            last, value = held.get(column, (0, None))
            if number <= last and cells[column] is None:
                cells[column] = value
        yield number, cells


def _number(letters: bytes) -> int:
    """A column's number from 1: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number
