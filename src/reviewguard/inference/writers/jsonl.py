"""JSON lines, plain or gzipped: one object a record, with its own columns and the verdict's."""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import IO, Any

from reviewguard.inference.writers import Table
from reviewguard.inference.writers.columns import OWN_COLUMNS, structured
from reviewguard.inference.writers.delimited import compressed
from reviewguard.schema import Cell, ScoredRecord, json_text


def write(table: Table, file: IO[bytes], path: Path) -> None:
    """UTF-8; what it cannot hold is escaped as JSON does."""
    with compressed(file, path) as target:
        for row in table.rows:
            target.write(_line(row))


def _line(row: ScoredRecord) -> bytes:
    own = {name: _value(cell) for name, cell in row.record.values.items() if name not in OWN_COLUMNS}
    return json_text(own | structured(row)).encode("utf-8") + b"\n"


def _value(cell: Cell) -> Any:
    if isinstance(cell, datetime):
        return cell.isoformat()
    return None if isinstance(cell, float) and not isfinite(cell) else cell
