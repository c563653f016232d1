"""CSV and TSV, plain or gzipped."""

from __future__ import annotations

import csv
import gzip
import io
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import IO

from reviewguard.inference.writers import Table, suffix_of
from reviewguard.inference.writers.columns import FLAT, flat, harmless, is_missing
from reviewguard.schema import Cell


def write(table: Table, file: IO[bytes], path: Path) -> None:
    """UTF-8; characters that it cannot hold are escaped."""
    delimiter = "\t" if suffix_of(path).startswith(".tsv") else ","
    with compressed(file, path) as target:
        text = io.TextIOWrapper(target, "utf-8", "backslashreplace", newline="")
        # RFC 4180's end of a line; with another, a lone "\r" in a cell goes unquoted.
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
        writer.writerow([harmless(name) for name in (*table.columns, *FLAT)])
        for row in table.rows:
            values, verdict = row.record.values, flat(row)
            cells = [_cell(values.get(name)) for name in table.columns]
            writer.writerow([*cells, *(_cell(verdict[name]) for name in FLAT)])
        text.flush()
        text.detach()


def compressed(file: IO[bytes], path: Path) -> gzip.GzipFile | nullcontext[IO[bytes]]:
    """The file itself, or what compresses into it where the output's name ends in `.gz`."""
    if path.suffix.lower() != ".gz":
        return nullcontext(file)
    # No name and no time: the same rows give the same bytes.
    return gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0)


def _cell(value: Cell) -> str:
    if is_missing(value):
        return ""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)
