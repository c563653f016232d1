"""Which messages an audit is about."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self

from reviewguard.errors import ConfigError
from reviewguard.inference.audit.agents import agent_names
from reviewguard.readers.identifiers import asin_cell, order_cell
from reviewguard.schema import Record, ScoredRecord


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """Narrows the findings; threads stay whole.

    Attributes:
        since, until: first and last day, both included. A message without a date is never left out by them, one whose
            date can be read both ways only if both are outside.
        orders, asins, agents: without regard to case; empty takes all.
    """

    since: date | None = None
    until: date | None = None
    orders: frozenset[str] = frozenset()
    asins: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()

    @classmethod
    def parse(
        cls,
        *,
        since: str | None = None,
        until: str | None = None,
        orders: Iterable[str] = (),
        asins: Iterable[str] = (),
        agents: Iterable[str] = (),
    ) -> Self:
        """Filters from what a user typed.

        Raises:
            ConfigError: a day is not ISO, the period ends before it begins, or a value is blank.
        """
        orders, asins, agents = map(tuple, (orders, asins, agents))
        if not all(value.strip() for value in (*orders, *asins, *agents)):
            raise ConfigError(
                "a filter is empty", expected="an order, ASIN or agent", fix="leave the option out"
            )
        first, last = _day("--since", since), _day("--until", until)
        if first and last and first > last:
            raise ConfigError(
                f"the period ends ({last}) before it begins ({first})", fix="swap --since and --until"
            )
        whole = (asin_cell(value.strip()) or value for value in asins)
        return cls(first, last, _folded(map(order_cell, orders)), _folded(whole), _folded(agents))

    def in_period(self, day: date | None) -> bool:
        """Whether the day lies in the period; an unknown day may."""
        if day is None:
            return True
        return (self.since is None or day >= self.since) and (self.until is None or day <= self.until)

    def day_of(self, record: Record) -> date | None:
        """The day it was sent; of two that its date may mean the one that lies in the period."""
        day, other = record.sent_at.date() if record.sent_at else None, record.other_day
        return other if other and not self.in_period(day) and self.in_period(other) else day

    def dated(self, row: ScoredRecord) -> ScoredRecord:
        """The row, with the day that `day_of` takes it for as its date."""
        sent, day = row.record.sent_at, self.day_of(row.record)
        if not sent or not day or sent.date() == day:
            return row
        return replace(row, record=replace(row.record, sent_at=datetime.combine(day, sent.timetz())))

    def accepts(self, record: Record) -> bool:
        """Whether a finding may be about this record."""
        return (
            self.in_period(self.day_of(record))
            and _among(record.order_id, self.orders)
            and any(_among(asin, self.asins) for asin in asins_of(record.asin))
            and self.names_agent(record.agent)
        )

    def untold(self, record: Record) -> tuple[str, ...]:
        """What is asked for that the record does not name, if nothing else keeps it out: "ASIN"."""
        told = {
            "order": (self.orders, record.order_id),
            "ASIN": (self.asins, record.asin),
            "agent": (self.agents, record.agent),
        }
        blank = tuple(name for name, (asked, value) in told.items() if asked and not value)
        kept = (asked if value else frozenset[str]() for asked, value in told.values())
        return blank if blank and AuditFilters(self.since, self.until, *kept).accepts(record) else ()

    def names_agent(self, agent: str | None) -> bool:
        """Whether it is one of the agents asked for, in any of its names."""
        return not self.agents or any(_among(name, self.agents) for name in agent_names(agent))

    def met_by(self, record: Record) -> Iterator[str]:
        """Orders, ASINs and agents asked for that the record names, whatever its day."""
        yield from self.orders & {_fold(record.order_id)}
        yield from self.asins & _folded(asins_of(record.asin))
        if self.agents:
            yield from self.agents & _folded(agent_names(record.agent))

    def describe(self) -> list[str]:
        """What is narrowed, in words; nothing when nothing is."""
        parts = [f"since {self.since}"] if self.since else []
        parts += [f"until {self.until}"] if self.until else []
        return [*parts, *self.unmet(())]

    def unmet(self, met: Collection[str]) -> list[str]:
        """Orders, ASINs and agents asked for, in words, without those that were met."""
        parts, upper = [], {"ASIN": str.upper, "order": str.upper}
        for name, values in (("order", self.orders), ("ASIN", self.asins), ("agent", self.agents)):
            left = values.difference(met)
            shown = ", ".join(sorted(map(upper.get(name, str), left)))
            parts += [f"{name} {shown}"] if left else []
        return parts


def asins_of(told: str | None) -> list[str]:
    """The ASINs that a message is about, one after another if it is about several items; "" where none is known."""
    return (told or "").split(", ")


def _day(option: str, value: str | None) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value.strip())
    except ValueError as error:
        raise ConfigError(f"{option} {value}: no day", expected="year-month-day, as in 2024-11-01") from error


def _folded(values: Iterable[str | None]) -> frozenset[str]:
    return frozenset(map(_fold, values))


def _fold(value: str | None) -> str:
    """However it was typed: case, blanks and signs that look alike do not count."""
    return " ".join(unicodedata.normalize("NFKC", value or "").casefold().split())


def _among(value: str | None, wanted: frozenset[str]) -> bool:
    return not wanted or _fold(value) in wanted
