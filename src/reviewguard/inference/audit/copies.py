"""Tells the messages that an export, or overlapping ones, hold twice."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date
from itertools import chain

from reviewguard.inference.audit.filters import AuditFilters
from reviewguard.inference.audit.threads import Thread
from reviewguard.schema import NEEDS_REVIEW, REVIEW_SOLICITING, Record, ScoredRecord

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


class Copies:
    """Finds messages that several files hold; keeps hashes of the orders that several files are about.

    A file that names no agent or ASIN does not hide from a filter what another one tells of the same message, nor one
    without the buyer's words or the subject what is found with them: of copies the one with the worst verdict counts.
    """

    def __init__(self, filters: AuditFilters) -> None:
        self._filters = filters
        self._first: dict[int, str] = {}
        self._shared: set[int] = set()
        self._sendings = Sendings()
        self._found: dict[int, Counter[tuple[str, int, tuple[int, ...]]]] = {}
        self._given: Counter[int] = Counter()

    def note(self, thread: Thread) -> None:
        """Learn, in a first pass, which files a conversation's records stand in, and what is found in them."""
        found = any(_RANKS.get(_decision(row)) for row in thread)
        repeated = frozenset(_repeated(thread) if found else ())
        for row in thread:
            record, rank = row.record, _RANKS.get(_decision(row), 0)
            where = _where(record)
            if where is not None and self._first.setdefault(where, record.source) != record.source:
                self._shared.add(where)
            if where is not None and rank and row.number not in repeated:
                keys = self._keys(record)
                for key in keys:
                    self._found.setdefault(key, Counter())[record.source, rank, keys] += 1

    def is_copy(self, row: ScoredRecord) -> bool:
        """Whether another file held this message already, or holds it with a worse verdict.

        Asked once a record, in a second pass.
        """
        record, decision = row.record, _decision(row)
        if _where(record) not in self._shared or record.error is not None:
            return False
        keys = self._keys(record)
        if self._gives_way(keys, record.source, _RANKS.get(decision, 0)):
            return True
        known = len(self._sendings)
        return self._sendings.number(decision, record.source, keys) < known

    def _keys(self, record: Record) -> tuple[int, ...]:
        """What is said, with each day on which it may have been."""
        said = (_where(record), record.role, words(record), self._filters.accepts(record))
        return tuple(hash((hash(said), day)) for day in days(record) or (None,))

    def _gives_way(self, keys: Sequence[int], source: str, rank: int) -> bool:
        """Whether another file holds a worse one, which stands for but one of each file, whatever its day."""
        for key in keys:
            if self._worse(key, source, rank) > self._given[hash((key, source, rank))]:
                told = (days for file, found, days in self._found[key] if file != source and found > rank)
                self._given.update(hash((day, source, rank)) for day in {*keys, *chain.from_iterable(told)})
                return True
        return False

    def _worse(self, key: int, source: str, rank: int) -> int:
        """How many worse ones another file holds beyond those of this one."""
        worse = Counter[str]()
        for (file, found, _), count in self._found.get(key, {}).items():
            worse[file] += count * (found > rank)
        own = worse.pop(source, 0)
        return max(worse.values(), default=0) - own

    def among(self, thread: Thread) -> frozenset[int]:
        """Numbers of the records of one conversation that stand in it, or in another file, already."""
        repeated = frozenset(_repeated(thread))
        once = (row for row in thread if row.number not in repeated)
        return repeated.union([row.number for row in once if self.is_copy(row)])


def _decision(row: ScoredRecord) -> str | None:
    return row.verdict.verdict if row.verdict else None


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
