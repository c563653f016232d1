"""Tells the messages that an export, or overlapping ones, hold twice."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date
from functools import cached_property
from typing import NamedTuple

from reviewguard.inference.audit.filters import AuditFilters
from reviewguard.inference.audit.threads import Thread
from reviewguard.schema import NEEDS_REVIEW, REVIEW_SOLICITING, Record

_RANKS: dict[str | None, int] = {NEEDS_REVIEW: 1, REVIEW_SOLICITING: 2}
"""How bad a verdict is; 0 where nothing is found."""


class Sendings:
    """Tells the sendings of a text apart that several files hold; keeps hashes.

    Ids and clock times of different files cannot be compared. So what two files hold of one day was sent once, and as
    often as the file says that holds the most of it.
    """

    def __init__(self) -> None:
        self._files: list[list[Hashable]] = []
        self._of_day: dict[int, list[int]] = {}
        self._passed: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._files)

    def number(self, said: Hashable, file: Hashable, days: Iterable[Hashable]) -> int:
        """That of the first sending on one of the days which the file does not hold yet, or of a new one."""
        keys = [hash((said, day)) for day in days]
        known = (number for key in keys for number in self._not_held(file, key))
        number = next(known, len(self._files))
        if number == len(self._files):
            self._files.append([])
        self._files[number].append(file)
        for key in keys:
            self._of_day.setdefault(key, []).append(number)
        return number

    def _not_held(self, file: Hashable, key: int) -> list[int]:
        """The first; what was passed over once is not looked at again."""
        numbers, reader = self._of_day.get(key, []), hash((key, file))
        at = start = self._passed[reader]
        while at < len(numbers) and file in self._files[numbers[at]]:
            at += 1
        if at > start:
            self._passed[reader] = at
        return numbers[at : at + 1]


class _Held(NamedTuple):
    """One file's record of a message; `rank` tells how bad its verdict is."""

    rank: int
    number: int
    said: int
    source: str
    days: tuple[date | None, ...]


class Copies:
    """Finds messages that several files hold; keeps hashes of those of orders that several files are about.

    A file that names no agent or ASIN does not hide from a filter what another one tells of the same message, nor one
    without the buyer's words or the subject what is found with them: of copies the one with the worst verdict counts.
    """

    def __init__(self, filters: AuditFilters) -> None:
        self._filters = filters
        self._first: dict[int, str] = {}
        self._shared: set[int] = set()
        self._rows: set[int] = set()
        self._twice: set[int] = set()
        self._held: list[_Held] = []

    def note(self, thread: Thread) -> None:
        """Learn, in a first pass, what several files are about, and which rows of no conversation stand twice."""
        for row in thread:
            where = _where(row.record)
            if where is not None and row.record.conversation is None:
                cells = hash((_sending(row.record), *row.record.values.items()))
                if cells in self._rows:
                    self._twice.add(row.number)
                self._rows.add(cells)
            if where is not None and self._first.setdefault(where, row.record.source) != row.record.source:
                self._shared.add(where)

    @property
    def are_possible(self) -> bool:
        """Whether a second pass has to compare messages of several files."""
        return bool(self._shared)

    def compare(self, thread: Thread) -> None:
        """Take in, in a second pass, what several files may hold."""
        repeated = self._repeats(thread)
        for row in thread:
            record, where = row.record, _where(row.record)
            if where in self._shared and record.error is None and row.number not in repeated:
                said = hash((where, record.role, words(record), self._filters.accepts(record)))
                rank = _RANKS.get(row.verdict.verdict if row.verdict else None, 0)
                self._held.append(_Held(rank, row.number, said, record.source, days(record) or (None,)))

    @cached_property
    def _copies(self) -> frozenset[int]:
        """Numbers of the records whose message another file's record stands for: the first with the worst verdict."""
        sendings, copies = Sendings(), set[int]()
        for held in sorted(self._held, key=lambda held: -held.rank):
            known = len(sendings)
            if sendings.number(held.said, held.source, held.days) < known:
                copies.add(held.number)
        return frozenset(copies)

    def among(self, thread: Thread) -> frozenset[int]:
        """Numbers of the records of one conversation that stand in it, or in another file, already."""
        return self._repeats(thread).union(self._copies.intersection(row.number for row in thread))

    def _repeats(self, thread: Thread) -> frozenset[int]:
        return frozenset(_repeated(thread)).union(self._twice.intersection(row.number for row in thread))


def words(record: Record) -> str:
    """Its text without blanks and subject: mail breaks lines, and has the subject above, where helpdesks do not."""
    text = record.text.removeprefix(f"{record.subject}\n\n") if record.subject else record.text
    return unicodedata.normalize("NFC", "".join(text.split()))


def days(record: Record) -> tuple[date, ...]:
    """The day on which it was sent, by its own clock and at Greenwich: other files may not tell the zone."""
    sent = record.sent_at
    return tuple(sorted({sent.date(), sent.astimezone(UTC).date()})) if sent else ()


def with_items(thread: Thread) -> Thread:
    """The rows, each with the ASINs of all that hold its message: some exports have a row for each item of an order."""
    if len({row.record.asin for row in thread}) < 2:
        return thread
    sent = [_sending(row.record) for row in thread]
    items: dict[tuple[object, ...], dict[str, None]] = {}
    for said, row in zip(sent, thread, strict=True):
        if said and row.record.asin:
            items.setdefault(said, {})[row.record.asin] = None
    named = (items.get(said, ()) for said in sent)
    return [
        replace(row, record=replace(row.record, asin=", ".join(asins))) if len(asins) > 1 else row
        for row, asins in zip(thread, named, strict=True)
    ]


def _repeated(thread: Thread) -> Iterator[int]:
    """Records that an earlier one of their file says again: one sending, as ids and dates tell."""
    seen: set[tuple[object, ...]] = set()
    for row in thread:
        said = _sending(row.record)
        if said in seen:
            yield row.number
        elif said:
            seen.add(said)


def _sending(record: Record) -> tuple[object, ...]:
    """What rows of one file have in common that hold one sending; empty where nothing tells."""
    if record.error is not None or _where(record) is None or not (record.id or record.sent_at):
        return ()
    said = (record.source, record.id, record.order_id, record.agent, record.role)
    return (*said, record.sent_at, words(record))


def _where(record: Record) -> int | None:
    """What its copies share: the order, else the conversation, else id and time together; None without all of these."""
    if record.order_id:
        return hash(("order", record.order_id))
    if record.thread:
        return hash(("thread", record.thread))
    return hash((record.id, record.sent_at)) if record.id and record.sent_at else None
