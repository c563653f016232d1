"""How records and verdicts are kept in a work file: compact JSON, whatever characters they hold."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import Any

from reviewguard.schema import Cell, Evidence, Record, TypeScore, Verdict

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATES = {"sent_at": datetime, "other_day": date}
_PLAIN = tuple(f.name for f in fields(Record) if f.name not in ("values", "text", *_DATES))
_VERDICT = ("verdict", "probability", "language", "reasons", "error", "without_evidence")
_DATE, _TEXT = "date", "text"

TEXT, INTEGER, FLOAT, BOOLEAN, DATE, NAIVE_DATE, LONG_INTEGER = (1 << bit for bit in range(7))
_KINDS = {str: TEXT, float: FLOAT, bool: BOOLEAN, type(None): 0}


def text_bytes(text: str) -> bytes:
    """UTF-8 that also takes lone surrogates, which SQLite's text does not."""
    return text.encode("utf-8", "surrogatepass")


def bytes_text(data: bytes) -> str:
    """The inverse of `text_bytes`."""
    return data.decode("utf-8", "surrogatepass")


def digest(data: bytes) -> bytes:
    """16 bytes that stand for a text; none for no text."""
    return blake2b(data, digest_size=16).digest() if data else b""


def microseconds(moment: datetime | None) -> int | None:
    """Since 1970, so that SQLite sorts by time."""
    return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)


def dump_record(record: Record) -> bytes:
    """The record without its text, which the work file keeps once however often it occurs."""
    row = {name: value for name in _PLAIN if (value := getattr(record, name)) not in (None, False)}
    row["values"] = {name: _dump_cell(cell, record.text) for name, cell in record.values.items()}
    row |= {name: moment.isoformat() for name in _DATES if (moment := getattr(record, name)) is not None}
    return json.dumps(row, separators=(",", ":")).encode("ascii")


def load_record(data: bytes, text: str) -> Record:
    """The inverse of `dump_record`."""
    row = json.loads(data)
    row["values"] = {name: _load_cell(cell, text) for name, cell in row["values"].items()}
    row |= {name: kind.fromisoformat(row[name]) for name, kind in _DATES.items() if name in row}
    return Record(text=text, **row)


def _dump_cell(cell: Cell, text: str) -> Any:
    if isinstance(cell, datetime):
        return {_DATE: cell.isoformat()}
    return {_TEXT: 1} if cell == text and isinstance(cell, str) and text else cell


def _load_cell(cell: Any, text: str) -> Cell:
    if not isinstance(cell, dict):
        return cell  # type: ignore[no-any-return]
    return text if _TEXT in cell else datetime.fromisoformat(cell[_DATE])


def dump_verdict(verdict: Verdict) -> bytes:
    """The verdict without what differs from record to record (id, text) or never (profile, model), and unproven."""
    row = {name: getattr(verdict, name) for name in _VERDICT}
    if verdict.clear_because:
        row["clear_because"] = verdict.clear_because
    row["types"] = [(t.type, t.probability) for t in verdict.types]
    row["evidence"] = [(e.start, e.end, e.type, e.weight) for e in verdict.evidence]
    return json.dumps(row, separators=(",", ":")).encode("ascii")


def load_verdict(data: bytes, text: str, id: str | None, *, profile: str, model: str) -> Verdict:
    """The inverse of `dump_verdict`."""
    row = json.loads(data)
    row["types"] = tuple(TypeScore(*item) for item in row["types"])
    row["evidence"] = tuple(
        Evidence(start, end, text[start:end], kind, weight) for start, end, kind, weight in row["evidence"]
    )
    row["reasons"] = tuple(row["reasons"])
    row["clear_because"] = tuple(row.get("clear_because", ()))
    return Verdict(id=id, profile=profile, model=model, text=text, **row)


def cell_kind(cell: Cell) -> int:
    """What a cell holds, as a bit, so that kinds of many cells can be joined by `|`; 0 for nothing."""
    if isinstance(cell, datetime):
        return NAIVE_DATE if cell.tzinfo is None else DATE
    if isinstance(cell, int) and not isinstance(cell, bool):
        # A float holds integers up to 2**53; longer ones are identifiers.
        return INTEGER if abs(cell) <= 2**53 else LONG_INTEGER if -(2**63) <= cell < 2**63 else TEXT
    return _KINDS[type(cell)]
