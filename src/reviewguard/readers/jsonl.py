"""JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from reviewguard.readers.base import ReadOptions
from reviewguard.readers.cells import to_cells
from reviewguard.readers.lines import PIECE, decode_head, ends_line, looks_like_text, read_lines
from reviewguard.readers.sources import bare_suffix, open_bytes, read_head
from reviewguard.readers.table import Row, to_records
from reviewguard.schema import Record


class JsonLinesReader:
    """One message a line, as an object."""

    name = "jsonl"
    suffixes = (".jsonl", ".ndjson", ".jsonlines", ".json")
    mappable = None

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether one of the first lines is an object of its own and another line follows, or the name says so."""
        if bare_suffix(path) in self.suffixes[:-1]:
            return looks_like_text(head)
        lines = decode_head(head).lstrip().split("\n")[:3]
        return len(lines) > 1 and any(line[:1] == "{" and not _parse(line, "").error for line in lines[:2])

    def read(self, path: Path, options: ReadOptions) -> Iterator[Record]:
        """One record for each line that is not empty."""
        with open_bytes(path) as stream:
            yield from to_records(_rows(read_lines(stream, read_head(path))), path, options)


def _rows(pieces: Iterator[str]) -> Iterator[Row]:
    for number, piece in enumerate(pieces, 1):
        if piece.strip():
            row = _parse(piece, f"line {number}")
            yield row if ends_line(piece) or not row.error else _too_long(pieces, row.place)


def _too_long(pieces: Iterator[str], place: str) -> Row:
    next((piece for piece in pieces if piece.endswith("\n")), None)
    return Row(place, {}, f"a line longer than {PIECE:,} characters")


def _parse(line: str, place: str) -> Row:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Row(place, {}, f"not JSON: {error}")
    if not isinstance(value, dict):
        return Row(place, {}, f"not a JSON object but a {type(value).__name__}")
    return Row(place, to_cells(value))
