"""JSON lines: one message or conversation a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reviewguard.readers.base import ReadOptions
from reviewguard.readers.columns import Columns
from reviewguard.readers.conversations import message_rows
from reviewguard.readers.json_guard import LINE_SUFFIXES, parse_line
from reviewguard.readers.lines import PIECE, decode_head, ends_line, looks_like_text, read_lines
from reviewguard.readers.sources import bare_suffix, open_bytes, read_head
from reviewguard.readers.table import Row, to_records
from reviewguard.schema import Record


class JsonLinesReader:
    """One message a line, as an object, or one conversation with its messages in a list."""

    name = "jsonl"
    suffixes = (*LINE_SUFFIXES, ".json")
    mappable = None

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether one of the first lines is an object of its own and another line follows, or the name says so."""
        if bare_suffix(path) in LINE_SUFFIXES:
            return looks_like_text(head)
        lines = decode_head(head).lstrip().split("\n")[:3]
        return len(lines) > 1 and any(
            line[:1] == "{" and isinstance(_parse(line), dict) for line in lines[:2]
        )

    def read(self, path: Path, options: ReadOptions) -> Iterator[Record]:
        """One record for each message; a line that is not empty gives one at least."""
        with open_bytes(path) as stream:
            rows = _rows(read_lines(stream, read_head(path)), options.columns)
            yield from to_records(rows, path, options)


def _rows(pieces: Iterator[str], given: Columns) -> Iterator[Row]:
    for number, piece in enumerate(pieces, 1):
        if not piece.strip():
            continue
        place, value = f"line {number}", _parse(piece)
        if isinstance(value, dict):
            yield from message_rows(value, place, given)
        else:
            yield Row(place, {}, value) if ends_line(piece) else _too_long(pieces, place)


def _too_long(pieces: Iterator[str], place: str) -> Row:
    next((piece for piece in pieces if piece.endswith("\n")), None)
    return Row(place, {}, f"a line longer than {PIECE:,} characters")


def _parse(line: str) -> dict[str, Any] | str:
    """The line's object, or why there is none."""
    try:
        value = parse_line(line)
    except ValueError as error:
        return str(error)
    return value if isinstance(value, dict) else f"not a JSON object but a {type(value).__name__}"
