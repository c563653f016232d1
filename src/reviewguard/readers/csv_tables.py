"""CSV, TSV and their kin: any delimiter, quoting, byte order mark and encoding."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import dropwhile, islice
from pathlib import Path

from reviewguard.errors import InputError, NoMessagesError
from reviewguard.readers.base import ReadOptions
from reviewguard.readers.columns import (
    Columns,
    find_fields,
    find_header,
    given_names,
    is_header,
    recognise,
    unique_names,
)
from reviewguard.readers.delimited import Cells, split_rows
from reviewguard.readers.lines import decode_head, looks_like_text, read_lines
from reviewguard.readers.sources import open_bytes, read_head
from reviewguard.readers.table import Row, to_records
from reviewguard.schema import Cell, Record

_DELIMITERS = "\x1f,;\t|^~\x01"
"""The first is that of a table with one column, whose messages may hold all others."""
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*$")
_HEAD_LINES = 30
"""Lines among which the header is looked for; empty ones count, and each line of a row of several."""

_EXTRA = "cells beyond the header"


class CsvReader:
    """One message a row, under a header line."""

    name = "csv"
    suffixes = (".csv", ".tsv", ".tab", ".psv")
    mappable = None

    def sniff(self, path: Path, head: bytes) -> bool:
        """Text whose first row names a column for the message, beside others."""
        if not looks_like_text(head):
            return False
        lines = _lines_from_first(head)
        header = _cells(lines, find_delimiter(lines, {})) or []
        return len(header) > 1 and "text" in recognise(header, {})

    def read(self, path: Path, options: ReadOptions) -> Iterator[Record]:
        """One record for each row."""
        head = read_head(path)
        above, delimiter, columns = _find_table(path, head, options.columns)
        with open_bytes(path) as stream:
            rows = split_rows(islice(read_lines(stream, head), above, None), delimiter)
            if next(rows, None) is None:
                raise NoMessagesError(f"{path} is empty", expected="a header line, and one message a row")
            text = find_fields(columns, options.columns, path)["text"]
            table = _rows(rows, columns, columns.index(text) + 1, above)
            yield from to_records(table, path, options, columns)


def _find_table(path: Path, head: bytes, given: Columns) -> tuple[int, str, list[str]]:
    """How many lines stand above the header, the delimiter, and the columns' names."""
    lines = list(islice(read_lines(io.BytesIO(head), head), _HEAD_LINES))
    filled = [number for number, line in enumerate(lines) if line.strip()]
    separator = _SEPARATOR_LINE.match(lines[filled[0]]) if filled else None
    starts = filled[1:] if separator else filled

    def delimiter_at(number: int) -> str:
        return separator[1] if separator else find_delimiter(lines[number:], given)

    if not starts:
        return len(lines), _DELIMITERS[0], []
    rows = (next(split_rows(iter(lines[number:]), delimiter_at(number))).cells for number in starts)
    place, columns = find_header(rows, given)
    above, delimiter = starts[place], delimiter_at(starts[place])
    # A header that runs into the first row would lose that message without a word.
    if _cells(lines[above:], delimiter) is None:
        raise InputError(
            f"{path}: a carriage return stands amid the header line",
            expected="the same line ends in the whole file",
            fix="save the file again from a spreadsheet or an editor",
        )
    return above, delimiter, columns


def find_delimiter(lines: Sequence[str], given: Columns) -> str:
    """The delimiter of a header: that of most given columns, then of one for the message, then of most columns.

    Args:
        lines: the header's first line, and those below it, where a cell of it may go on.
    """
    return max(_DELIMITERS, key=lambda delimiter: _columns_with(delimiter, lines, given))


def _columns_with(delimiter: str, lines: Sequence[str], given: Columns) -> tuple[int, bool, int]:
    header = unique_names(_cells(lines, delimiter) or [])
    return len(set(given_names(given)).intersection(header)), "text" in recognise(header, {}), len(header)


def _cells(lines: Sequence[str], delimiter: str) -> list[str] | None:
    """The cells of the first row, or of its line alone where its quotes do not match.

    None where a carriage return stands amid it, outside of quotes.
    """
    for row, strict in ((lines, True), (lines[:1], False)):
        with suppress(csv.Error):
            return next(csv.reader(row, delimiter=delimiter, strict=strict), [])
    return None


def _lines_from_first(head: bytes) -> list[str]:
    lines = decode_head(head).splitlines(keepends=True)
    return list(dropwhile(lambda line: not line.strip(), lines))


def _rows(rows: Iterator[Cells], columns: Sequence[str], needed: int, above: int) -> Iterator[Row]:
    for row in rows:
        if is_header(row.cells, columns):
            continue
        beyond = row.cells[len(columns) :]
        missing = len(columns) - len(row.cells)
        values: dict[str, Cell] = dict(zip(columns, row.cells + [""] * missing, strict=False))
        error = row.error
        if any(cell.strip() for cell in beyond):
            values[_EXTRA] = " | ".join(beyond)
            error = error or f"{len(row.cells)} cells under {len(columns)} columns"
        elif len(row.cells) < needed:
            error = error or f"only {len(row.cells)} cells under {len(columns)} columns"
        yield Row(f"line {above + row.line}", values, error)
