"""What a work file holds, counted and ranked."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from reviewguard.inference.alike import TemplateIndex
from reviewguard.inference.workspace_rows import bytes_text
from reviewguard.schema import Decision

_LOOKED_AT = 1_000
"""How many of the likeliest messages are compared at most, or an export of one template would take forever."""

SELLER, BUYER, SYSTEM, UNREADABLE, UNREAD_PART, UNREAD_REST = range(6)
"""Kinds of records, as the work file numbers them; the last two stand for more than a row."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a run read and found.

    Attributes:
        read: records of every kind.
        sellers, buyers, system, unreadable: records by kind; they add up to `read`.
        decisions: sellers' records by verdict.
        not_scored: sellers' records whose text cannot be scored.
        alone: sellers' records of no order or thread, and with no buyer's words of their own.
        paired: records that answer what stands beside them (`Record.paired`).
    """

    read: int
    sellers: int
    buyers: int
    system: int
    unreadable: int
    decisions: dict[Decision, int]
    not_scored: int
    alone: int
    paired: int


def counts(db: sqlite3.Connection) -> Counts:
    """Records by kind and by verdict."""
    kinds = Counter(dict(db.execute("select kind, count(*) from messages group by kind")))
    query = """select j.decision, count(*) from messages m
        join jobs j on j.text = m.text and j.previous = m.previous where m.kind = 0 group by j.decision"""
    decisions = Counter(dict(db.execute(query)))
    apart = "select count(*) from messages where kind = 0 and conversation is null and previous = x''"
    (alone,) = db.execute(apart).fetchone()
    (paired,) = db.execute("select coalesce(max(value), 0) from state where name = 'paired'").fetchone()
    return Counts(
        read=kinds.total(),
        sellers=kinds[SELLER],
        buyers=kinds[BUYER],
        system=kinds[SYSTEM],
        unreadable=sum(kinds[kind] for kind in (UNREADABLE, UNREAD_PART, UNREAD_REST)),
        not_scored=decisions.pop(None, 0),
        decisions=dict(decisions),
        alone=alone,
        paired=int(paired),
    )


def types(db: sqlite3.Connection) -> dict[str, int]:
    """Sellers' records called review-soliciting, by type."""
    query = """select json_extract(t.value, '$[0]'), count(*) from jobs j, json_each(j.verdict, '$.types') t
        join messages m on m.kind = 0 and m.text = j.text and m.previous = j.previous
        where j.decision = 'review-soliciting' group by 1 order by 1"""
    return dict(db.execute(query))


def worst_numbers(db: sqlite3.Connection, count: int) -> list[int]:
    """The first record of each of the likeliest violations, those above the upper cut first; one of each template."""
    query = """select number, value, verdict from (
            select min(m.number) as number, j.text as text, j.decision as decision, j.verdict as verdict,
                json_extract(j.verdict, '$.probability') as probability
            from jobs j join messages m on m.kind = 0 and m.text = j.text and m.previous = j.previous
            where j.decision in ('review-soliciting', 'needs-review') group by j.id)
        join strings on digest = text order by decision desc, probability desc, number limit ?"""
    rows = db.execute(query, (_LOOKED_AT + count if count else 0,))
    return list(islice(_one_of_each_template(rows), count))


def _one_of_each_template(rows: Iterable[tuple[int, bytes, bytes]]) -> Iterator[int]:
    index, seen = TemplateIndex(), set[int]()
    for number, value, verdict in rows:
        text = bytes_text(value)
        template = index.number(text, (text[a:b] for a, b, *_ in json.loads(verdict)["evidence"]))
        if template not in seen:
            seen.add(template)
            yield number
