"""Counts what was read and found, by week and by agent, and finds the days without a message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from heapq import heappop, heappush
from itertools import pairwise

from reviewguard.inference.audit.filters import AuditFilters
from reviewguard.inference.audit.results import AgentCounts, Bucket, Overview, Unreadable
from reviewguard.inference.audit.threads import names_beside_place
from reviewguard.masking import record_names
from reviewguard.policy import NEUTRAL_REQUEST
from reviewguard.readers.base import part_of
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, ScoredRecord, Verdict

_NAMED_OF = 20
"""Records of an input, the first ones, whose buyers it may be named after."""
_UNREADABLE_KEPT = 1_000
_AGENTS_KEPT = 1_000
_OTHERS_KEPT = 20
_MOST_WEEKS, _MOST_MONTHS = 60, 120
_DAY = timedelta(days=1)
OTHER_AGENTS = "(others)"


@dataclass(slots=True)
class OverviewBuilder:
    """Takes in records one by one; holds a counter a day and an agent, whatever the number of records."""

    filters: AuditFilters
    _totals: Counter[str] = field(default_factory=Counter)
    _sources: Counter[str] = field(default_factory=Counter)
    _people: dict[str, set[str]] = field(default_factory=dict)
    _days: dict[date, Counter[str]] = field(default_factory=dict)
    _agents: dict[str, Counter[str]] = field(default_factory=dict)
    _untold: Counter[str] = field(default_factory=Counter)
    _other_agents: dict[str, None] = field(default_factory=dict)
    _unreadable: list[tuple[bool, int, Unreadable]] = field(default_factory=list)
    _timed: set[str] = field(default_factory=set)
    _met: set[str] = field(default_factory=set)

    def add(self, row: ScoredRecord, *, copy: bool = False) -> None:
        """Count one record; of a copy of another message only that it is one."""
        record, verdict = row.record, row.verdict
        self._sources[record.source] += 1
        if self._sources[record.source] <= _NAMED_OF and (names := record_names(record)):
            self._people.setdefault(record.source, set()).update(names)
        if record.sent_at and record.sent_at.time() != time.min:
            self._timed.add(record.source)
        self._met.update(self.filters.met_by(record))
        if copy:
            self._totals["copies"] += 1
            return
        error = record.error or (verdict.error if verdict else None)
        if error is not None:
            self._keep(row, error)
        if record.error is not None:
            self._totals["unread"] += 1
            self._totals[part_of(record)] += 1
            return
        day = self.filters.day_of(record)
        if verdict is not None and verdict.verdict is None:
            self._totals["not_scored"] += 1
        else:
            self._totals[record.role] += 1
            self._totals["paired"] += record.paired
            self._totals["undated"] += record.sent_at is None
            self._totals["either_day"] += record.other_day is not None
            if day and self.filters.in_period(day):
                self._days.setdefault(day, Counter())
        if (
            record.agent
            and len(self._other_agents) < _OTHERS_KEPT
            and not self.filters.names_agent(record.agent)
        ):
            self._other_agents.setdefault(record.agent)
        if verdict is None or verdict.verdict is None:
            return
        if untold := self.filters.untold(record):
            self._untold[" or ".join(untold)] += 1
        elif self.filters.accepts(record):
            self._count(verdict, day, record.agent or "")
            self._totals["orderless"] += record.order_id is None
            self._totals["alone"] += record.conversation is None and not record.previous

    def _keep(self, row: ScoredRecord, error: str) -> None:
        """Remember a row if it is one of the first, and what stands for more than a row before all these.

        Conversations do not come in the order of the input.
        """
        record, names = row.record, names_beside_place(row.record)
        kept = Unreadable(row.number, record.source, record.place, error, names)
        heappush(self._unreadable, (part_of(record) != "", -row.number, kept))
        if len(self._unreadable) > _UNREADABLE_KEPT:
            heappop(self._unreadable)

    def _count(self, verdict: Verdict, day: date | None, agent: str) -> None:
        keys = ["sellers", str(verdict.verdict)]
        if verdict.verdict == COMPLIANT:
            keys += [f"type:{t.type}" for t in verdict.types if t.type == NEUTRAL_REQUEST]
        elif verdict.verdict == REVIEW_SOLICITING:
            keys += ["neutral"] * ({t.type for t in verdict.types} == {NEUTRAL_REQUEST})
            keys += [f"type:{t.type}" for t in verdict.types]
        known = agent in self._agents or len(self._agents) < _AGENTS_KEPT
        for counter in (
            self._totals,
            self._agents.setdefault(agent if known else OTHER_AGENTS, Counter()),
            *([self._days[day]] if day else []),
        ):
            counter.update(keys)

    def result(self) -> Overview:
        """The counts so far."""
        totals, days = self._totals, sorted(self._days)
        unit = _unit(days)
        return Overview(
            read=self._sources.total(),
            sellers=totals["seller"],
            buyers=totals["buyer"],
            notices=totals["system"],
            unread=totals["unread"],
            copies=totals["copies"],
            not_scored=totals["not_scored"],
            sheets=totals["sheet"],
            files=totals["file"],
            paired=totals["paired"],
            undated=totals["undated"],
            either_day=totals["either_day"],
            orderless=totals["orderless"],
            alone=totals["alone"],
            reviewed=totals["sellers"],
            soliciting=totals[REVIEW_SOLICITING],
            neutral=totals["neutral"],
            doubtful=totals[NEEDS_REVIEW],
            types=_types(totals),
            sources=dict(sorted(self._sources.items())),
            people={source: frozenset(names) for source, names in self._people.items()},
            day_only=frozenset(self._sources.keys() - self._timed),
            first=days[0] if days else None,
            last=days[-1] if days else None,
            gaps=tuple(_gaps(days, self.filters)),
            unit=unit,
            buckets=tuple(_buckets(self._days, unit)),
            agents=worst_first(self._agent_counts()),
            other_agents=tuple(self._other_agents),
            unmet=tuple(self.filters.unmet(self._met)),
            untold=dict(self._untold),
            unreadable=tuple(row for *_, row in sorted(self._unreadable, reverse=True)),
        )

    def _agent_counts(self) -> Iterator[AgentCounts]:
        for name, counts in self._agents.items():
            yield AgentCounts(name, counts["sellers"], counts[REVIEW_SOLICITING], counts[NEEDS_REVIEW])


def worst_first(agents: Iterable[AgentCounts]) -> tuple[AgentCounts, ...]:
    """Those with the most violations first."""
    return tuple(sorted(agents, key=lambda a: (-a.soliciting, -a.sellers, a.name)))


def _gaps(days: list[date], filters: AuditFilters) -> Iterator[tuple[date, date]]:
    """Stretches of days without a message, also between the days asked for and the first and last message."""
    if not days:
        if filters.since and filters.until:
            yield filters.since, filters.until
        return
    if filters.since and filters.since < days[0]:
        yield filters.since, days[0] - _DAY
    for one, other in pairwise(days):
        if other - one > _DAY:
            yield one + _DAY, other - _DAY
    if filters.until and filters.until > days[-1]:
        yield days[-1] + _DAY, filters.until


def _unit(days: list[date]) -> str:
    weeks = (days[-1] - days[0]).days // 7 if days else 0
    return "week" if weeks <= _MOST_WEEKS else "month" if weeks <= _MOST_MONTHS * 4 else "year"


def _buckets(days: Mapping[date, Counter[str]], unit: str) -> Iterator[Bucket]:
    if not days:
        return
    first, last = min(days), max(days)
    start = _start(first, unit)
    by_start: dict[date, Counter[str]] = {}
    for day, counts in days.items():
        by_start.setdefault(_start(day, unit), Counter()).update(counts)
    while start <= last:
        following = _start(start + timedelta(days={"week": 7, "month": 31, "year": 366}[unit]), unit)
        counts = by_start.get(start, Counter())
        yield Bucket(
            max(start, first),
            min(following - _DAY, last),
            counts["sellers"],
            counts[REVIEW_SOLICITING],
            counts[NEEDS_REVIEW],
            _types(counts),
        )
        start = following


def _types(counts: Counter[str]) -> dict[str, int]:
    return {key.removeprefix("type:"): n for key, n in counts.items() if key.startswith("type:")}


def _start(day: date, unit: str) -> date:
    """The Monday, first of the month or of January that the day's stretch begins with."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)
