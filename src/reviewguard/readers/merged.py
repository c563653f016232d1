"""What a sheet's XML tells beside its cells: which are merged, with a value in the first only, or not worked out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

_RANGE = re.compile(rb"""mergeCell\s[^>]{0,200}?ref=["']([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})["']""")
_UNSAVED = re.compile(
    rb"""<(?:\w{1,9}:)?c\s(?![^>]{0,200}\bt=["']str)[^>]{0,200}?\br=["']([A-Z]{1,3})(\d{1,7})["'][^>]{0,200}>"""
    rb"<(?:\w{1,9}:)?f\b[^>]{0,200}(?:/>|>(?!(?i:hyperlink)\()[^<]{0,900}</(?:\w{1,9}:)?f>)"
    rb"(?:<(?:\w{1,9}:)?v\s?/>|<(?:\w{1,9}:)?v></(?:\w{1,9}:)?v>)?</(?:\w{1,9}:)?c>"
)
"""A formula without a value; that of an empty text is one of type "str", and a link is of no use to a reader."""
_SAVED = re.compile(rb"(?:/|</(?:\w{1,9}:)?f)><(?:\w{1,9}:)?v>[^<]")
"""A formula with a value: who works out one works out all, and what has none then is empty."""
_CHUNK, _LONGEST_TAG = 2**20, 2**10

NumberedRows = Iterator[tuple[int, Sequence[Any]]]
Spans = Mapping[tuple[int, int], int]
"""Row and column (from 0) of the first cell of what is merged downwards → its last row."""


def merged_and_unsaved(sheet: BinaryIO, columns: Collection[int], header: int) -> tuple[Spans, set[int]]:
    """What a sheet's XML merges downwards in these columns; and all columns with formulas, if none has a value.

    The merged cells stand behind the rows, so all of it is read.

    Args:
        header: the row above the formulas that count.
    """
    spans: dict[tuple[int, int], int] = {}
    unsaved: set[int] = set()
    saved = False
    overlap = b""
    while chunk := sheet.read(_CHUNK):
        window = overlap + chunk
        for match in _RANGE.finditer(window) if b"mergeCell" in window else ():
            column, first, last = _number(match[1]) - 1, int(match[2]), int(match[3])
            if column in columns and last > first:
                spans[first, column] = last
        if not saved and (b"<f" in window or b":f" in window):
            saved = bool(_SAVED.search(window))
            below = (match for match in _UNSAVED.finditer(window) if int(match[2]) > header)
            unsaved.update(_number(match[1]) - 1 for match in below)
        overlap = window[-_LONGEST_TAG:]
    return spans, set() if saved else unsaved


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
