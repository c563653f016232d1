"""Reads a CSV export of a helpdesk or marketplace into rows and messages."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reviewguard.errors import InputError
from reviewguard.schema import Message

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "text": (
        "text",
        "body",
        "message",
        "message_body",
        "body_text",
        "content",
        "comment",
        "reply",
        "message_text",
    ),
    "previous": ("previous", "buyer_message", "previous_message", "customer_message"),
    "sender": ("sender", "direction", "from", "author", "sender_type", "from_role", "author_role", "role"),
    "order_id": ("order_id", "order", "amazon_order_id", "order_number", "order_no", "orderid"),
    "thread": ("thread", "thread_id", "ticket_id", "conversation_id", "ticket"),
    "id": ("id", "message_id", "comment_id"),
    "date": ("date", "sent_at", "created_at", "timestamp", "created_datetime", "time", "sent"),
}
"""Column names, folded to lower case and underscores, under which a field is looked for."""

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


def find_fields(header: Sequence[str], given: Mapping[str, str], path: Path) -> dict[str, str]:
    """Field → column, given or recognised by name.

    Raises:
        InputError: a given field or column does not exist, or there is no column for the text.
    """
    for field, column in given.items():
        if field not in SYNONYMS:
            raise InputError(f"--map {field}=…: unknown field", expected=", ".join(SYNONYMS))
        if column not in header:
            raise InputError(f"{path}: no column {column!r}", expected=", ".join(header))
    folded = {re.sub(r"\W+", "_", column.strip().lower()).strip("_"): column for column in reversed(header)}
    found = {
        field: next(folded[name] for name in names if name in folded)
        for field, names in SYNONYMS.items()
        if any(name in folded for name in names)
    } | dict(given)
    if "text" not in found:
        raise InputError(
            f"{path}: no column with the messages among {list(header)}",
            expected=f"one named {', '.join(SYNONYMS['text'][:4])} …",
            fix="name it with --map text='Your column'",
        )
    return found


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
