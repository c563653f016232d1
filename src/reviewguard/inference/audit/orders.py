"""Rules on all messages to one order: asked more than once, asked too late."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Self

from reviewguard.inference.audit.copies import Sendings, days, words
from reviewguard.inference.audit.filters import AuditFilters
from reviewguard.inference.audit.order_dates import OrderDate, OrderDates
from reviewguard.policy import LATE_AFTER_DAYS, LATE_REQUEST, NEUTRAL_REQUEST, REPEAT_REQUEST
from reviewguard.schema import NEEDS_REVIEW, Record, ScoredRecord, TypeScore, Verdict

_ASKING = frozenset({NEUTRAL_REQUEST, "positive_request", "selective", "incentive", "off_platform"})
"""Types of a message that asks for a review; one that asks to take a review down, say, asks for none."""
_FOR_REMOVAL = frozenset({"incentive", "off_platform"})
"""Those that tell what is given, and where, for a review or for its removal."""
_CLOCKS, _DAY = timedelta(hours=26), timedelta(days=1)
"""The most by which the clocks of two places differ, and what is left open by a day without a time."""
_COMPARED = 50
"""Asks of the same words, the last ones, that the next one is compared with."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One order that a rule was broken for.

    Attributes:
        numbers: records of the messages that make it up, in order of time.
        breaking: those of them that broke the rule and that the filters take in; not a permitted first ask, and of a
            sure breach none that may have asked or not.
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
    """One message that asks. `words` are a hash of its text; `days` are its id where no day is known.

    Another file may tell the day alone, or its own clock's second. Of an `either` one day and month may be the other
    way round.
    """

    number: int
    moment: datetime | None
    words: int
    days: tuple[Hashable, ...]
    source: int
    id: str | None
    asin: str | None
    sure: bool
    wanted: bool
    either: bool

    @classmethod
    def of(cls, number: int, record: Record, *, sure: bool, wanted: bool) -> Self:
        """The message without its text."""
        return cls(
            number=number,
            moment=record.sent_at,
            words=hash(words(record)),
            days=days(record) or (record.id,),
            source=hash(record.source),
            id=record.id or None,
            asin=record.asin,
            sure=sure,
            wanted=wanted,
            either=record.other_day is not None,
        )

    @property
    def key(self) -> tuple[int, int, str | None, datetime | None]:
        """Tells a message that stands twice in one file."""
        return self.words, self.source, self.id, self.moment

    @property
    def timed(self) -> bool:
        """Whether more than the day is known."""
        return self.moment is not None and self.moment.time() != time.min


_Sent = Sequence[_Ask]
"""One sending: what the files hold of it, first what stands for it."""


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

    def judged(self, rules: Collection[str]) -> tuple[list[Breach], int]:
        """Every order that one of these rules is broken for by a message that the filters take in.

        And the number of asks that they take in and that may be late: their own day or the order's is not known.
        """
        dates = self._dates.best() if LATE_REQUEST in rules else {}
        breaches, undated = list[Breach](), 0
        for order, exported in self._asks.items():
            sent = _sent(exported.values())
            breaches += _breaches(order, sent, dates.get(order), rules)
            undated += sum(copies[0].wanted and not (copies[0].moment and order in dates) for copies in sent)
        return breaches, undated if LATE_REQUEST in rules else 0


def _breaches(
    order: str, sent: Sequence[_Sent], known: OrderDate | None, rules: Collection[str]
) -> Iterator[Breach]:
    asks = [copies[0] for copies in sent]
    if REPEAT_REQUEST in rules and any(ask.wanted for ask in asks[1:]):
        yield _repeat(order, sent)
    late = [ask for ask in asks if ask.wanted and _days(ask, known) > LATE_AFTER_DAYS]
    if known and late:
        yield _late(order, late, known)


def _sent(asks: Iterable[_Ask]) -> list[_Sent]:
    """Each sending once, in whatever files it stands, by time.

    Of one text at one time, which may be but a day, a file holds as many sendings as ids. Of several copies the one
    stands for all that the filters take in, and that surely asks, else that of the file with the most.
    """
    files: dict[tuple[int, int], list[_Ask]] = {}
    for ask in asks:
        files.setdefault((ask.words, ask.source), []).append(ask)
    sendings, sent = Sendings(), list[list[_Ask]]()
    for held in sorted(map(_named, files.values()), key=len, reverse=True):
        for ask in held:
            number = sendings.number(ask.words, ask.source, ask.days)
            if number == len(sent):
                sent.append([])
            sent[number].append(ask)
    best_first = (sorted(copies, key=lambda ask: (not ask.wanted, not ask.sure)) for copies in sent)
    return sorted(best_first, key=lambda copies: _by_time(copies[0]))


def _named(asks: list[_Ask]) -> list[_Ask]:
    """Of each moment those with an id, or the one without; by time."""
    named = {ask.moment for ask in asks if ask.id}
    return sorted((ask for ask in asks if ask.id or ask.moment not in named), key=_by_time)


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


def _repeat(order: str, sent: Sequence[_Sent]) -> Breach:
    asks, sure = [copies[0] for copies in sent], list(_surely(sent))
    breaking = [ask for ask in sure[1:] if ask.wanted]
    if breaking:
        more = f"; {len(asks) - len(sure)} more may" if len(asks) > len(sure) else ""
        basis = f"{len(sure)} messages to this order ask for a review{more}"
    else:
        basis = f"{len(asks)} messages to this order ask for a review; {_doubt(asks, sure)}"
    further = breaking or [ask for ask in asks[1:] if ask.wanted]
    return Breach(REPEAT_REQUEST, order, _numbers(asks), _numbers(further), bool(breaking), basis)


def _doubt(asks: Sequence[_Ask], sure: Sequence[_Ask]) -> str:
    """Why they are not surely a repeat."""
    if sum(ask.sure for ask in asks) > len(sure):
        return "two of the same words, from two files or rows whose times do not tell them apart, may be one"
    return f"{'fewer than two of them' if len(sure) < 2 else 'none that the filters take in'} for certain"


def _surely(sent: Iterable[_Sent]) -> Iterator[_Ask]:
    """Those that surely ask, and that are surely no copies of one before them."""
    told: dict[int, list[_Sent]] = {}
    for copies in sent:
        alike = told.setdefault(copies[0].words, [])
        if copies[0].sure and not any(_may_be_one(copies, other) for other in alike[-_COMPARED:]):
            alike.append(copies)
            yield copies[0]


def _may_be_one(one: _Sent, other: _Sent) -> bool:
    """Whether two of the same words may be one sending: by two files' clocks, or as a file has a row for each item."""
    held = {ask.source: ask for ask in one}
    if shared := [(held[ask.source], ask) for ask in other if ask.source in held]:
        return all(a.moment == b.moment and (a.timed or a.asin != b.asin) for a, b in shared)
    return any(_may_be_at_once(a, b) for a in one for b in other)


def _may_be_at_once(one: _Ask, other: _Ask) -> bool:
    if not one.moment or not other.moment or one.either or other.either:
        return True
    return abs(one.moment - other.moment) < _CLOCKS + _DAY * (one.timed != other.timed)


def _late(order: str, asks: Sequence[_Ask], known: OrderDate) -> Breach:
    sure = [ask for ask in asks if known.certain and ask.sure and not ask.either]
    told, when = sure or asks, " or ".join(map(str, known.days))
    basis = f"asked {_all_days(told, known)} after the order was {known.milestone} ({when}, column {known.column})"
    if sure:
        others = [ask for ask in asks if not ask.sure or ask.either]
        basis += f"; perhaps also after {_all_days(others, known)}" if others else ""
    elif known.ambiguous or any(ask.either for ask in asks):
        basis += "; day and month may be the other way round, so check this one"
    elif not known.certain:
        basis += "; its completion is later and not known, so check this one"
    return Breach(LATE_REQUEST, order, _numbers(asks), _numbers(told), bool(sure), basis)


def _all_days(asks: Iterable[_Ask], known: OrderDate) -> str:
    return ", ".join(f"{_days(ask, known)} days" for ask in asks)


def _numbers(asks: Iterable[_Ask]) -> tuple[int, ...]:
    return tuple(ask.number for ask in asks)
