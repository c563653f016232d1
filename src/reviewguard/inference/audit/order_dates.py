"""When an order was completed, delivered, shipped or placed: out of columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from functools import lru_cache
from itertools import chain
from typing import Literal

from reviewguard.readers.dates import day_first, other_day, parse_date
from reviewguard.readers.vocabulary import fold
from reviewguard.schema import Cell, Record

Milestone = Literal["completed", "delivered", "shipped", "placed"]
_NAMES: dict[Milestone, str] = {
    "completed": """
        completed completed_at completed_on completion_date order_completed order_completed_at date_completed
        order_completion_date completed_date""",
    "delivered": """
        delivered delivered_at delivered_on delivery_date delivered_date date_delivered actual_delivery_date
        order_delivered_at order_delivery_date order_delivered_date delivered_time""",
    "shipped": """
        shipped shipped_at shipped_on ship_date shipped_date shipment_date shipping_date date_shipped
        dispatched_at dispatch_date order_shipped_at order_ship_date""",
    "placed": """
        order_date ordered_at ordered_on date_ordered order_placed order_placed_at purchase_date
        purchased_at order_created_at order_created""",
}
"""What may be known of an order, and the columns that tell it, as `fold` writes their names."""
_COLUMNS: dict[str, Milestone] = {name: m for m, names in _NAMES.items() for name in names.split()}
_NUMERIC = re.compile(r"\s*(\d{1,2}([./-])\d{1,2}\2\d{2,4})(?!\d)")
_SAMPLES = 500
_DONE: tuple[Milestone, ...] = ("completed", "delivered")
"""What the days since completion can be counted from."""
_CELLS = 50
"""Dates kept of one order: every parcel of it may have its own."""


@dataclass(frozen=True, slots=True)
class OrderDate:
    """When an order reached a milestone, and the column that says so.

    Attributes:
        days: the day; two where nothing tells whether 05/11/2024 is in May or in November.
        zone: of the clock by which it is that day; None where the day alone is told.
    """

    milestone: Milestone
    days: tuple[date, ...]
    column: str
    zone: tzinfo | None = None

    @property
    def certain(self) -> bool:
        """Whether the days since completion can be counted from it."""
        return self.milestone in _DONE and not self.ambiguous

    @property
    def ambiguous(self) -> bool:
        """Whether day and month may be the other way round."""
        return len(self.days) > 1

    @property
    def last(self) -> date:
        """The day, or the later of two."""
        return max(self.days)

    def days_before(self, moment: datetime) -> int:
        """Days from it until then, by the clock that shows fewer; of two readings the nearer, 0 if none is before."""
        until = {moment.date(), moment.astimezone(self.zone).date() if self.zone else moment.date()}
        passed = ((day - known).days for day in until for known in self.days)
        return min((days for days in passed if days >= 0), default=0)


@dataclass(slots=True, eq=False)
class _Column:
    """One column of one file; `dates` are some of the numeric dates in it, without their times."""

    name: str
    milestone: Milestone
    dates: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _File:
    """One input; `dates` are some of the numeric dates in any of its columns: a file writes them alike."""

    columns: dict[str, _Column] = field(default_factory=dict)
    dates: set[str] = field(default_factory=set)

    def readings(self) -> Iterator[tuple[_Column, bool | None]]:
        """Whether the dates of each column begin with the day; where it does not tell, its file does."""
        for column in self.columns.values():
            own = day_first(column.dates)
            yield column, day_first(self.dates) if own is None else own


@dataclass(slots=True)
class OrderDates:
    """Remembers for every order what columns say of its dates."""

    _cells: dict[str, dict[tuple[_Column, Cell], None]] = field(default_factory=dict)
    _files: dict[str, _File] = field(default_factory=dict)

    def add(self, order: str, record: Record) -> None:
        """Take in one record of this order."""
        told = {name: m for name in record.values if (m := _milestone(name))}
        if not told:
            return
        file = self._files.setdefault(record.source, _File())
        for name, cell in record.values.items():
            _sample(file.dates, cell)
            if name in told and cell not in (None, ""):
                column = file.columns.setdefault(name, _Column(name, told[name]))
                _sample(column.dates, cell)
                cells = self._cells.setdefault(order, {})
                if len(cells) < _CELLS:
                    cells[column, cell] = None

    def best(self) -> dict[str, OrderDate]:
        """For each order when it was completed or last delivered, or else what comes nearest to that."""
        reading = dict(chain.from_iterable(file.readings() for file in self._files.values()))
        best: dict[str, OrderDate] = {}
        for order, cells in self._cells.items():
            columns: dict[Milestone, OrderDate] = {}
            for column, cell in cells:
                if found := _from_cell(column, cell, reading[column]):
                    _keep_later(columns, found)
            if known := _completion(columns):
                best[order] = known
        return best


def _keep_later(dates: dict[Milestone, OrderDate], found: OrderDate) -> None:
    known = dates.get(found.milestone)
    if known is None or found.last > known.last:
        dates[found.milestone] = found


def _completion(columns: Mapping[Milestone, OrderDate]) -> OrderDate | None:
    """Completion or delivery, whichever is later; shipping if that is later still, as of a parcel on its way."""
    done = filter(None, map(columns.get, _DONE))
    known, shipped = max(done, key=lambda found: found.last, default=None), columns.get("shipped")
    if shipped and (known is None or shipped.last > known.last):
        return shipped
    return known or columns.get("placed")


def _sample(dates: set[str], cell: Cell) -> None:
    if isinstance(cell, str) and len(dates) < _SAMPLES and (numeric := _NUMERIC.match(cell)):
        dates.add(numeric[1])


@lru_cache(maxsize=4096)
def _milestone(column: str) -> Milestone | None:
    return _COLUMNS.get(fold(column))


def _from_cell(column: _Column, cell: Cell, days_first: bool | None) -> OrderDate | None:
    moment = parse_date(cell, day_first=days_first)
    if moment is None:
        return None
    days = [moment.date()]
    if other := other_day(cell, day_first=days_first):
        days.append(other)
    return OrderDate(column.milestone, tuple(days), column.name, _zone(moment))


def _zone(moment: datetime) -> tzinfo | None:
    """The time zone; none of a day without a time."""
    return moment.tzinfo if moment.time() != time.min else None
