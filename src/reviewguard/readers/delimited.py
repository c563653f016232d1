"""Splits delimited text into rows, and finds back into it after quotes that do not match or cells without end."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from reviewguard.readers.lines import PIECE, ends_line

ROW_LIMIT = PIECE // 2
"""Characters of a row that are kept."""

_ESCAPED = '\\"'
"""A quote inside of a cell as MySQL and Hive write it; others double it."""
_ESCAPE = re.compile(r'\\(["\\])')
_LONGEST_ESCAPED = 2**16
"""Characters of a row in which such quotes are read as that."""

UNMATCHED = "its quotes do not match"
TOO_LONG = f"a row is longer than {ROW_LIMIT:,} characters; the rest was cut off"

_Outcome = tuple[list[str], str | None]


@dataclass(frozen=True, slots=True)
class Cells:
    """One row.

    Attributes:
        line: the line of the file where it begins, from 1.
        cells: what could be read of it.
        error: why it could not be read well, or None.
    """

    line: int
    cells: list[str]
    error: str | None = None


def split_rows(lines: Iterator[str], delimiter: str) -> Iterator[Cells]:
    """Every row but empty lines; the first one sets how many cells a row should have.

    Args:
        lines: lines with their ends, as `read_lines` gives them.
    """
    csv.field_size_limit(max(csv.field_size_limit(), 2 * ROW_LIMIT))
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    width = 0
    while True:
        line = feed.begin_row()
        try:
            cells, error = next(reader), None
            if len(cells) > width > 0 and len(feed.row) == 1 and _ESCAPED in feed.row[0]:
                cells = _escaped_row(feed, delimiter, width) or cells
            elif delimiter == "\t" and _are_rows(feed.row, width):
                cells, error = _broken_row(feed, delimiter, width)
        except StopIteration:
            return
        except _TooLongError:
            cells, error = _long_row(feed, delimiter, width)
        except csv.Error:
            cells, error = _broken_row(feed, delimiter, width)
        if cells:
            width = width or len(cells)
            yield Cells(line, cells, error)


class _TooLongError(Exception):
    """A row is longer than `ROW_LIMIT`."""


class _Feed:
    """Lines for the CSV parser; remembers those of the row at hand, and takes lines back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._returned: deque[str] = deque()
        self._next_line = 1
        self._size = 0
        self.row: list[str] = []

    def begin_row(self) -> int:
        self.row, self._size = [], 0
        return self._next_line

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._size > ROW_LIMIT:
            raise _TooLongError
        line = self.take()
        self.row.append(line)
        self._size += len(line)
        if not ends_line(line):
            raise _TooLongError
        return line

    def take(self) -> str:
        """The next line, outside of any row."""
        line = self._returned.popleft() if self._returned else next(self._lines)
        self._next_line += line.endswith(("\n", "\r"))
        return line

    def take_rest(self) -> Iterator[str]:
        """Line after line, outside of any row."""
        while True:
            try:
                line = self.take()
            except StopIteration:
                return
            yield line

    def give_back(self, lines: Sequence[str]) -> None:
        self._returned.extendleft(reversed(lines))
        self._next_line -= sum(line.endswith(("\n", "\r")) for line in lines)


def _long_row(feed: _Feed, delimiter: str, width: int) -> _Outcome:
    """A row with a huge cell, of which the beginning is kept; or the first of many that a lost quote made one."""
    following = feed.row[1:201]
    alike = sum(line.count(delimiter) == width - 1 for line in following)
    if width > 1 and following and alike >= 0.8 * len(following):
        return _broken_row(feed, delimiter, width)
    feed.give_back(feed.row[1:])
    block, size, quotes = list[str](), 0, 0
    quoted = feed.row[0].startswith('"') or f'{delimiter}"' in feed.row[0]
    for line in chain(feed.row[:1], feed.take_rest()):
        if not block or size + len(line) <= ROW_LIMIT:
            block.append(line)
        size, quotes = size + len(line), quotes + line.count('"') * quoted
        if quotes % 2 == 0 and ends_line(line):
            break
    return next(csv.reader(block, delimiter=delimiter)), TOO_LONG


def _are_rows(lines: Sequence[str], width: int) -> bool:
    """Whether each line of a row is one by itself, with a number first: nothing is quoted, and a quote began a cell."""
    return len(lines) > 1 and all(line[0].isdigit() and line.count("\t") == width - 1 for line in lines)


def _broken_row(feed: _Feed, delimiter: str, width: int) -> _Outcome:
    """The lines up to the next one that can begin a row; that one and what follows are given back."""
    feed.give_back(feed.row[1:])
    if any(_ESCAPED in line for line in feed.row) and (cells := _escaped_row(feed, delimiter, width)):
        return cells, None
    block, size = feed.row[:1], 0
    for line in feed.take_rest():
        size += len(line)
        if size > ROW_LIMIT or _can_begin_row(line, delimiter, width):
            feed.give_back([line])
            break
        block.append(line)
    return _mended("".join(block).rstrip("\r\n"), delimiter, width)


def _escaped_row(feed: _Feed, delimiter: str, width: int) -> list[str] | None:
    """The row if it has `width` cells once its quotes are read as escaped ones; else its lines are given back."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        room = _LONGEST_ESCAPED
        for line in chain(feed.row[:1], feed.take_rest()):
            taken.append(line)
            room -= len(line)
            if room < 0:
                return
            yield _doubled(line)

    try:
        cells = next(csv.reader(lines(), delimiter=delimiter, strict=True), [])
    except csv.Error:
        cells = []
    if len(cells) == width:
        return cells
    feed.give_back(taken[1:])
    return None


def _doubled(text: str) -> str:
    """The text with escaped quotes doubled, as the CSV parser has them; other backslashes stay."""
    return _ESCAPE.sub(lambda found: found[1].replace('"', '""'), text)


def _can_begin_row(line: str, delimiter: str, width: int) -> bool:
    if width <= 1 or _mended(line, delimiter, width)[1] is None:
        return True
    return any(
        _only_row(text, delimiter) is None and 1 < len(_only_row(f'{text}"', delimiter) or ()) <= width
        for text in {line, _doubled(line)}
    )


def _mended(text: str, delimiter: str, width: int) -> _Outcome:
    """The row with `width` cells that this is once quotes inside of words are read as such; else what there is."""
    text = re.sub("\r(?!\n)", " ", text)
    ends = re.escape(delimiter) + '\r\n"'
    doubled = re.sub(f'(?<=[^{ends}])"(?=[^{ends}])', '""', text)
    mended = [_only_row(_doubled(text), delimiter)] if _ESCAPED in text else []
    mended.append(_only_row(doubled, delimiter))
    if "\n" not in text.rstrip() and text.count('"') % 2 == 0:
        mended.append(_only_row(text, delimiter, csv.QUOTE_NONE))
    for cells in mended:
        if cells and len(cells) == width:
            return cells, None
    lines = text.splitlines(keepends=True)
    return next(csv.reader(lines, delimiter=delimiter), []), UNMATCHED


def _only_row(text: str, delimiter: str, quoting: Literal[0, 3] = csv.QUOTE_MINIMAL) -> list[str] | None:
    """The cells, or None where this is not one whole row."""
    try:
        rows = list(
            csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
        )
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None
