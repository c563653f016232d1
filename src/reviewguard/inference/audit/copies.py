"""Tells the messages that an export, or overlapping ones, hold twice."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date

from reviewguard.inference.audit.filters import AuditFilters
from reviewguard.inference.audit.threads import Thread
from reviewguard.schema import Record


class Copies:
    """Finds messages that several files hold; keeps hashes of the orders that several files are about.

    Ids and clock times of different files cannot be compared. So for each order, text and day the file that holds the
    most of them says how often the message was sent. A file that names no agent or ASIN does not hide from a filter
    what another one tells of the same message.
    """

    def __init__(self, filters: AuditFilters) -> None:
        self._filters = filters
        self._first: dict[int, str] = {}
        self._shared: set[int] = set()
        self._held: dict[int, Counter[str]] = {}

    def note(self, record: Record) -> None:
        """Learn, in a first pass, which file a record's order or conversation stands in."""
        where = _where(record)
        if where is not None and self._first.setdefault(where, record.source) != record.source:
            self._shared.add(where)

    def is_copy(self, record: Record) -> bool:
        """Whether another file held this message already; asked once a record, in a second pass."""
        where = _where(record)
        if where not in self._shared or record.error is not None:
            return False
        said = (where, record.role, words(record), utc_day(record), self._filters.accepts(record))
        held = self._held.setdefault(hash(said), Counter())
        held[record.source] += 1
        others = (count for source, count in held.items() if source != record.source)
        return held[record.source] <= max(others, default=0)

    def among(self, thread: Thread) -> frozenset[int]:
        """Numbers of the records of one conversation that stand in it, or in another file, already."""
        repeated = frozenset(_repeated(thread))
        once = (row for row in thread if row.number not in repeated)
        return repeated.union([row.number for row in once if self.is_copy(row.record)])


def words(record: Record) -> str:
    """Its text without blanks: mail breaks lines where a helpdesk's export has none."""
    return unicodedata.normalize("NFC", "".join(record.text.split()))


def utc_day(record: Record) -> date | None:
    """The day on which it was sent, at Greenwich; None where no date is known."""
    return record.sent_at.astimezone(UTC).date() if record.sent_at else None


def _repeated(thread: Thread) -> Iterator[int]:
    """Records that an earlier one of their file says again: one sending, as ids and dates tell."""
    seen: set[tuple[object, ...]] = set()
    for row in thread:
        record = row.record
        if record.error is not None or _where(record) is None or not (record.id or record.sent_at):
            continue
        said = (record.source, record.id, record.order_id, record.asin, record.agent, record.role)
        key = (*said, record.sent_at, words(record))
        if key in seen:
            yield row.number
        seen.add(key)


def _where(record: Record) -> int | None:
    """What its copies share: the order, else the conversation, else id and time together; None without all of these."""
    if record.order_id:
        return hash(("order", record.order_id))
    if record.thread:
        return hash(("thread", record.thread))
    return hash((record.id, record.sent_at)) if record.id and record.sent_at else None
