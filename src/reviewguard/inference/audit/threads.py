"""Conversations out of the stream of scored records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice

from reviewguard.address_cells import whole_addresses
from reviewguard.inference.audit.results import UNSCORED, Sending, ShownMessage
from reviewguard.masking import record_names
from reviewguard.personal import EMAIL
from reviewguard.readers.vocabulary import fold
from reviewguard.schema import Cell, Record, ScoredRecord

Thread = Sequence[ScoredRecord]
_LONGEST = 2_000
"""Records of one conversation held at a time."""
_BEFORE, _AFTER = 20, 10
_LONGEST_TEXT = 20_000
_OF_TEMPLATES = frozenset(("name", "nom", "nombre", "nome", "naam"))
"""Columns that may name a template as well as a buyer."""
_TO = re.compile(
    r"(?:(?:sent_)?to|cc|an|para|à|recipients?|receiver|addressee|empfänger|destinatari[oa]|destinataire"
    r"|requester|buyer|customer|client|käufer|kunden?|kundin)(?:_(?:e_?mail|address|adresse))*"
)
"""Columns of those who get a message."""
_STATUS = re.compile(r"(?:\w+_)?(?:status|state)")
_SENT = frozenset(("sent", "delivered", "gesendet", "zugestellt", "envoyé", "envoyée", "enviado", "inviato"))
NUMBERED = re.compile(r"(?:(?:line|row|mail|item|ticket|message|entry) \d+(?:, )?)+")
"""Places that hold no name, unlike those in sheets and lists, which may be called after a buyer."""


def threads(rows: Iterable[ScoredRecord]) -> Iterator[Thread]:
    """Each conversation, in the order given; a record of none stands alone, an endless one comes in parts.

    Where a record names no order or ASIN, it gets that of its conversation: the last one named before it, or
    else the first after it.
    """
    for key, group in groupby(rows, key=lambda row: row.record.conversation):
        if key is None:
            yield from ((row,) for row in group)
        else:
            order = asin = None
            while part := list(islice(group, _LONGEST)):
                thread = _with_orders(part, order, asin)
                order, asin = thread[-1].record.order_id, thread[-1].record.asin
                yield thread


def _with_orders(thread: Thread, order: str | None, asin: str | None) -> Thread:
    """The records, each with an order and an ASIN; `order` and `asin` come from a part before it."""
    orders = _carried([row.record.order_id for row in thread], order)
    asins = _carried([row.record.asin for row in thread], asin)
    return [
        row
        if (row.record.order_id, row.record.asin) == (order, asin)
        else replace(row, record=replace(row.record, order_id=order, asin=asin))
        for row, order, asin in zip(thread, orders, asins, strict=True)
    ]


def _carried(values: Sequence[str | None], last: str | None) -> list[str | None]:
    last = last or next((value for value in values if value), None)
    carried = []
    for value in values:
        last = value or last
        carried.append(last)
    return carried


def around(thread: Thread, at: int) -> tuple[tuple[ShownMessage, ...], int]:
    """The messages around one of the conversation, and how many of it are left out."""
    part = thread[max(0, at - _BEFORE) : at + _AFTER + 1]
    shown = tuple(show(row) for row in part if row.record.error is None)
    return shown, len(thread) - len(part)


def names_of(thread: Thread) -> frozenset[str]:
    """Names that columns of the conversation hold."""
    return frozenset(name for row in thread for name in record_names(row.record))


def names_beside_place(record: Record) -> tuple[str, ...]:
    """Names that the record's columns hold and that its place may hold, too."""
    return () if NUMBERED.fullmatch(record.place) else record_names(record)


def show(row: ScoredRecord) -> ShownMessage:
    """A record as the report shows it; the end of an endless text is left out."""
    record, verdict = row.record, row.verdict or UNSCORED
    longest = max([_LONGEST_TEXT, *(e.end for e in verdict.evidence)])
    text = record.text if len(record.text) <= longest else f"{record.text[:longest]} […]"
    return ShownMessage(
        number=row.number,
        source=record.source,
        role=record.role,
        text=text,
        sent_at=record.sent_at,
        agent=record.agent,
        subject=record.subject,
        verdict=replace(verdict, text=""),
        people=record_names(record),
        places=whole_addresses(record.values),
    )


def sending(row: ScoredRecord) -> Sending:
    """Where and when a message was sent."""
    record, verdict = row.record, row.verdict or UNSCORED
    return Sending(
        number=row.number,
        id=record.id,
        source=record.source,
        place=record.place,
        order_id=record.order_id,
        asin=record.asin,
        agent=record.agent,
        sent_at=record.sent_at,
        verdict=verdict.verdict,
        probability=verdict.probability,
        types=tuple(score.type for score in verdict.types),
        people=names_beside_place(record),
        known_sent=_tells_sending(row),
    )


def _tells_sending(row: ScoredRecord) -> bool:
    """Whether a date, an order, a conversation, a buyer or a status that says so stands beside the text."""
    record = row.record
    cells = {column: cell for column, cell in record.values.items() if fold(column) not in _OF_TEMPLATES}
    known = record.sent_at or record.conversation or row.previous
    named = record_names(replace(record, values=cells))
    return bool(known or named or any(_tells_sent(fold(column), cell) for column, cell in cells.items()))


def _tells_sent(column: str, cell: Cell) -> bool:
    """Whether a cell holds the address of who gets the message, or says that it was sent."""
    if not isinstance(cell, str):
        return False
    addressed = _TO.fullmatch(column) and EMAIL.search(cell)
    return bool(addressed or (_STATUS.fullmatch(column) and fold(cell) in _SENT))
