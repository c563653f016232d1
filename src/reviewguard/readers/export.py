"""Reads a CSV export of a helpdesk or marketplace into rows and messages."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reviewguard.errors import InputError
from reviewguard.readers.columns import find_fields
from reviewguard.schema import Message

BUYERS = frozenset(
    {"buyer", "customer", "incoming", "inbound", "in", "end-user", "client", "received", "user"}
)
"""Values of the sender column that mean the buyer wrote the message."""


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One row of an export.

    Attributes:
        number: line in the file where the row ends, counted from 1.
        values: the row's cells by column.
        message: what is to be scored; None for a buyer's message.
        error: why the row could not be read, or None.
    """

    number: int
    values: Mapping[str, str]
    message: Message | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """An export in file order.

    Attributes:
        columns: column names as in the file.
        fields: field → column it was found in.
    """

    source: Path
    columns: tuple[str, ...]
    fields: Mapping[str, str]
    rows: tuple[ExportRow, ...]


def read_export(path: Path, columns: Mapping[str, str] | None = None) -> Export:
    """Read a CSV file; each seller message gets the buyer's last message before it as `previous`.

    Args:
        columns: field → column, where the header does not tell (see `SYNONYMS` for the fields).

    Raises:
        InputError: the file is missing, empty, not UTF-8 CSV, or has no column for the text.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = _delimiter(file.read(65536))
            file.seek(0)
            reader = csv.DictReader(file, delimiter=delimiter, strict=True)
            header = tuple(reader.fieldnames or ())
            fields = find_fields(header, columns or {}, path)
            records = [(reader.line_num, record) for record in reader]
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist", fix="check the path") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path}: {error}", expected="CSV with a header line, UTF-8") from error
    return Export(path, header, fields, tuple(_rows(records, fields)))


def _delimiter(sample: str) -> str:
    """The delimiter of the header line. Quoting is the usual one: the sniffer's guess at it breaks on long cells."""
    try:
        return csv.Sniffer().sniff(sample.partition("\n")[0], ",;\t|").delimiter
    except csv.Error:
        return ","


def _rows(records: Sequence[tuple[int, dict[str, str]]], fields: Mapping[str, str]) -> Iterator[ExportRow]:
    previous = _previous_messages(records, fields)
    for number, record in records:
        values = {k: v or "" for k, v in record.items() if k is not None}
        if None in record:
            yield ExportRow(number, values, None, f"line {number}: more cells than columns")
        elif _is_buyer(values, fields):
            yield ExportRow(number, values, None)
        else:
            given = values.get(fields.get("previous", ""), "")
            identity = values.get(fields.get("id", ""), "") or str(number)
            message = Message(values[fields["text"]], given or previous.get(number), identity)
            yield ExportRow(number, values, message)


def _previous_messages(
    records: Sequence[tuple[int, dict[str, str]]], fields: Mapping[str, str]
) -> dict[int, str]:
    """For each seller row the buyer's last message before it in its thread or order, by line number."""
    key = fields.get("thread") or fields.get("order_id")
    if key is None or "sender" not in fields:
        return {}
    when = fields.get("date")
    ordered = sorted(records, key=lambda r: r[1].get(when) or "") if when else records
    last: dict[str, str] = {}
    found: dict[int, str] = {}
    for number, record in ordered:
        thread = record.get(key) or ""
        if not thread:
            continue
        if _is_buyer(record, fields):
            last[thread] = record.get(fields["text"]) or ""
        elif last.get(thread):
            found[number] = last[thread]
    return found


def _is_buyer(values: Mapping[str, str], fields: Mapping[str, str]) -> bool:
    return (values.get(fields.get("sender", "")) or "").strip().lower() in BUYERS
