"""Rules on all messages to one order: asked more than once, asked too late."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from reviewguard.inference.audit.copies import utc_day, words
from reviewguard.inference.audit.filters import AuditFilters
from reviewguard.inference.audit.order_dates import OrderDate, OrderDates
from reviewguard.policy import LATE_AFTER_DAYS, LATE_REQUEST, NEUTRAL_REQUEST, REPEAT_REQUEST
from reviewguard.schema import NEEDS_REVIEW, Record, ScoredRecord, TypeScore, Verdict

_ASKING = frozenset({NEUTRAL_REQUEST, "positive_request", "selective", "incentive", "off_platform"})
"""Types of a message that asks for a review; one that asks to take a review down, say, asks for none."""
_FOR_REMOVAL = frozenset({"incentive", "off_platform"})
"""Those that tell what is given, and where, for a review or for its removal."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One order that a rule was broken for.

    Attributes:
        numbers: records of the messages that make it up, in order of time.
        breaking: those of them that broke the rule and that the filters take in; not a permitted first ask.
        sure: no doubtful message and no doubtful date is needed for it.
        basis: what it was counted from, for people.
    """

    rule: str
    order_id: str
    numbers: tuple[int, ...]
    breaking: tuple[int, ...]
    sure: bool
    basis: str


@dataclass(frozen=True, slots=True)
class _Ask:
    """One message that asks; `content` is alike for a message exported twice, the rest tells a file's sendings apart.

    Another file may tell the day alone, or its own clock's second. Of an `either` one day and month may be the other
    way round. `words` are a hash of the text alone.
    """

    number: int
    moment: datetime | None
    words: int
    content: int
    source: int
    id: str | None
    sure: bool
    wanted: bool
    either: bool

    @classmethod
    def of(cls, number: int, record: Record, *, sure: bool, wanted: bool) -> Self:
        """The message without its text."""
        text, source = hash(words(record)), hash(record.source)
        content = hash((text, utc_day(record) or record.id))
        either = record.other_day is not None
        return cls(number, record.sent_at, text, content, source, record.id or None, sure, wanted, either)

    @property
    def key(self) -> tuple[int, int, str | None, datetime | None]:
        """Tells a message that stands twice in one file."""
        return self.content, self.source, self.id, self.moment


@dataclass(slots=True)
class OrderBook:
    """Remembers, for every order, its dates and the messages that ask for a review: not their texts."""

    filters: AuditFilters
    _asks: dict[str, dict[object, _Ask]] = field(default_factory=dict)
    _dates: OrderDates = field(default_factory=OrderDates)

    def add(self, row: ScoredRecord) -> None:
        """Take in one record; one without an order says nothing here."""
        record, verdict = row.record, row.verdict
        if record.order_id is None or record.error is not None:
            return
        self._dates.add(record.order_id, record)
        if verdict is not None and _asks(verdict):
            wanted = self.filters.accepts(record)
            ask = _Ask.of(row.number, record, sure=_is_sure(verdict), wanted=wanted)
            self._asks.setdefault(record.order_id, {}).setdefault(ask.key, ask)

    def breaches(self, rules: Collection[str]) -> Iterator[Breach]:
        """Every order that one of these rules is broken for by a message that the filters take in."""
        dates = self._dates.best() if LATE_REQUEST in rules else {}
        for order, exported in self._asks.items():
            asks = sorted(_sent(exported.values()), key=_by_time)
            if REPEAT_REQUEST in rules and any(ask.wanted for ask in asks[1:]):
                yield _repeat(order, asks)
            late = [a for a in asks if a.wanted and _days(a, dates.get(order)) > LATE_AFTER_DAYS]
            if late:
                yield _late(order, late, dates[order])


def _sent(asks: Iterable[_Ask]) -> Iterator[_Ask]:
    """Each sending once, in whatever files it stands.

    Of one text at one time, which may be but a day, a file holds as many sendings as ids; ids of two files do
    not compare, nor do their clocks, so of one text on one day the file with the most decides; of two, the one
    that the filters take in.
    """
    copies: dict[int, dict[int, list[_Ask]]] = {}
    for ask in asks:
        copies.setdefault(ask.content, {}).setdefault(ask.source, []).append(ask)
    for files in copies.values():
        yield from max(map(_named, files.values()), key=lambda held: (len(held), any(a.wanted for a in held)))


def _named(asks: list[_Ask]) -> list[_Ask]:
    """Of each moment those with an id, or the one without."""
    named = {ask.moment for ask in asks if ask.id}
    return [ask for ask in asks if ask.id or ask.moment not in named]


def _asks(verdict: Verdict) -> bool:
    """Whether it asks for a review, permitted or not; what a needs-review verdict merely suspects does not count."""
    return any(_counts(t, verdict) for t in asking_types(verdict))


def asking_types(verdict: Verdict) -> tuple[TypeScore, ...]:
    """Those of its types that a message asks for a review by."""
    removal = any(t.type == "change_or_remove" and _counts(t, verdict) for t in verdict.types)
    asking = _ASKING - _FOR_REMOVAL if removal else _ASKING
    return tuple(t for t in verdict.types if t.type in asking)


def _counts(found: TypeScore, verdict: Verdict) -> bool:
    return found.probability >= 0.5 or verdict.verdict != NEEDS_REVIEW


def _is_sure(verdict: Verdict) -> bool:
    neutral = any(t.type == NEUTRAL_REQUEST and t.probability >= 0.5 for t in verdict.types)
    return verdict.verdict != NEEDS_REVIEW or neutral


def _by_time(ask: _Ask) -> tuple[bool, datetime, int]:
    return ask.moment is None, ask.moment or datetime.max.replace(tzinfo=UTC), ask.number


def _days(ask: _Ask, known: OrderDate | None) -> int:
    return known.days_before(ask.moment) if ask.moment and known else 0


def _repeat(order: str, asks: Sequence[_Ask]) -> Breach:
    sure = sum(ask.sure for ask in asks)
    basis = f"{len(asks)} messages to this order ask for a review"
    if sure < 2:
        basis += "; fewer than two of them for certain"
    if doubled := _may_be_one(asks):
        basis += "; two of the same words, from two files that do not both tell the day, may be one"
    further = _numbers(ask for ask in asks[1:] if ask.wanted)
    return Breach(REPEAT_REQUEST, order, _numbers(asks), further, sure >= 2 and not doubled, basis)


def _may_be_one(asks: Iterable[_Ask]) -> bool:
    """Whether two files may hold one sending, of which one of them tells no day, or one that can be read both ways."""
    alike: dict[int, list[_Ask]] = {}
    for ask in asks:
        alike.setdefault(ask.words, []).append(ask)
    return any(
        len({ask.source for ask in same}) > 1 and any(ask.moment is None or ask.either for ask in same)
        for same in alike.values()
    )


def _late(order: str, asks: Sequence[_Ask], known: OrderDate) -> Breach:
    days = ", ".join(f"{_days(ask, known)} days" for ask in asks)
    when = " or ".join(map(str, known.days))
    basis = f"asked {days} after the order was {known.milestone} ({when}, {known.origin})"
    if known.ambiguous or any(ask.either for ask in asks):
        basis += "; day and month may be the other way round, so check this one"
    elif not known.certain:
        basis += "; its completion is later and not known, so check this one"
    sure, numbers = known.certain and any(ask.sure and not ask.either for ask in asks), _numbers(asks)
    return Breach(LATE_REQUEST, order, numbers, numbers, sure, basis)


def _numbers(asks: Iterable[_Ask]) -> tuple[int, ...]:
    return tuple(ask.number for ask in asks)
