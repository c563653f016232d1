"""Inside a work file: what each seller's message answers to, and which messages are scored together."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice

CHUNK_MESSAGES, CHUNK_CHARACTERS = 256, 200_000
"""The most a chunk holds: little enough to lose when a run is killed, enough to fill batches."""
PREVIOUS_CHARACTERS = 300
"""About as much of the buyer's words as the model reads; more of them makes a message no longer."""

_FALLS = """select sum(moment < before) > 9 * sum(moment > before)
    from (select moment, lag(moment) over (order by number) as before from messages where moment is not null)"""
"""Whether of neighbours with different moments more than nine in ten fall: an export with the newest first."""
_REVERSE = """update messages set moment = -number where conversation in (
    select conversation from (
        select conversation, moment, lag(moment) over read as before,
            (max(number) filter (where kind = 1) over day > max(number) filter (where kind = 0) over day)
            - (min(number) filter (where kind = 1) over day < min(number) filter (where kind = 0) over day) as turned
        from messages where conversation is not null and moment is not null
        window read as (partition by conversation order by number), day as (partition by conversation, moment)
    ) group by conversation having max(moment > before) = 0 and (? or max(moment < before) = 1)
        and total(turned) filter (where before is null or moment < before) >= (max(moment < before) = 0))"""
"""Moments that fall with the number of a message and never rise are those of a conversation with the newest first.

Of those that are equal (days without a time) this is not so if as read the buyer opens and the seller closes more often
than the other way round: a sheet is sorted by the day alone. Where all are equal, the seller must open and the buyer
close, in an export with the newest first.
"""


def link(db: sqlite3.Connection) -> None:
    """Give each seller's message without its own `previous` the buyer's last words before it in the conversation.

    Order in a conversation is by time, then as read; a message without a date takes that of the one read before it. A
    conversation that was read newest first is taken in reverse.
    """
    (falls,) = db.execute(_FALLS).fetchone()
    db.execute(_REVERSE, (bool(falls),))
    _fill(db, "update messages set moment = ? where number = ?", _carried_dates(db))
    db.execute("create index by_conversation on messages (conversation, moment, number)")
    _fill(db, "update messages set previous = ? where number = ?", _answered(db))


def plan(db: sqlite3.Connection) -> None:
    """List the distinct pairs of a seller's text and the words before it, longest first, and cut them into chunks.

    The cuts depend on the texts alone, so that any run over them computes the same batches.
    """
    db.execute(
        """insert into jobs (text, previous, characters)
        select d.text, d.previous, length(t.value) + min(length(p.value), ?) as characters
        from (select distinct text, previous from messages where kind = 0) d
        join strings t on t.digest = d.text join strings p on p.digest = d.previous
        order by characters desc, d.text, d.previous""",
        (PREVIOUS_CHARACTERS,),
    )
    db.execute("create unique index by_pair on jobs (text, previous)")
    _fill(db, "insert into chunks (first, last, characters) values (?, ?, ?)", _chunks(db))


def _carried_dates(db: sqlite3.Connection) -> Iterator[tuple[int, int]]:
    query = """select number, conversation, moment from messages
        where conversation is not null order by conversation, number"""
    here: bytes | None = None
    latest: int | None = None
    for number, conversation, moment in db.execute(query):
        if conversation != here:
            here, latest = conversation, None
        if moment is not None:
            latest = moment
        elif latest is not None:
            yield latest, number


def _answered(db: sqlite3.Connection) -> Iterator[tuple[bytes, int]]:
    query = """select number, conversation, kind, text, previous from messages
        where conversation is not null and kind < 2 order by conversation, moment, number"""
    here: bytes | None = None
    said = b""
    for number, conversation, kind, text, previous in db.execute(query):
        if conversation != here:
            here, said = conversation, b""
        if kind == 1:
            said = text or said
        elif said and not previous:
            yield said, number


def _chunks(db: sqlite3.Connection) -> Iterator[tuple[int, int, int]]:
    first, last, total = 1, 0, 0
    for job, characters in db.execute("select id, characters from jobs order by id"):
        if last >= first and (last - first + 1 == CHUNK_MESSAGES or total + characters > CHUNK_CHARACTERS):
            yield first, last, total
            first, total = job, 0
        last, total = job, total + characters
    if last >= first:
        yield first, last, total


def _fill(db: sqlite3.Connection, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Run a statement for many rows, without holding all of them."""
    remaining = iter(rows)
    while batch := list(islice(remaining, 10_000)):
        db.executemany(statement, batch)
