"""When an order was completed, delivered, shipped or placed: out of columns and system notices."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Literal

from reviewguard.readers.dates import day_first, parse_date
from reviewguard.readers.vocabulary import fold
from reviewguard.schema import Cell, Record

Milestone = Literal["completed", "delivered", "shipped", "placed"]
_NAMES: dict[Milestone, str] = {
    "completed": """
        completed completed_at completed_on completion_date order_completed order_completed_at date_completed
        order_completion_date""",
    "delivered": """
        delivered delivered_at delivered_on delivery_date delivered_date date_delivered actual_delivery_date
        order_delivered_at""",
    "shipped": """
        shipped shipped_at shipped_on ship_date shipped_date shipment_date shipping_date date_shipped
        dispatched_at dispatch_date order_shipped_at""",
    "placed": """
        order_date ordered_at ordered_on date_ordered order_placed order_placed_at purchase_date
        purchased_at order_created_at order_created""",
}
"""What may be known of an order, best first, and the columns that tell it, as `fold` writes their names."""
_RANKS = {milestone: rank for rank, milestone in enumerate(_NAMES)}
_COLUMNS: dict[str, Milestone] = {name: m for m, names in _NAMES.items() for name in names.split()}
_NOTICES: tuple[tuple[Milestone, re.Pattern[str]], ...] = (
    ("completed", re.compile(r"(?i)\border (?:[\w-]+ )?(?:is |was |has been )?completed?\b")),
    ("delivered", re.compile(r"(?i)\b(?:was|were|been|is|order|package|parcel|item)(?: now)? delivered\b")),
)
_NOT_YET = re.compile(
    r"(?i)n['’]t\b|\b(?:not|never|will be|to be|when|once|if|until|attempt\w*|fail\w*|unable)\b"
)
_SAMPLES = 500


@dataclass(frozen=True, slots=True)
class OrderDate:
    """When an order reached a milestone, and where that is written ("column Ship Date", "a notice")."""

    milestone: Milestone
    day: date
    origin: str

    @property
    def certain(self) -> bool:
        """Whether the days since completion can be counted from it."""
        return self.milestone in ("completed", "delivered")

    @property
    def preference(self) -> tuple[int, int]:
        """The smaller, the better it tells the completion."""
        return _RANKS[self.milestone], -self.day.toordinal()


@dataclass(slots=True)
class OrderDates:
    """Remembers for every order what columns and notices say of its dates."""

    _cells: dict[str, dict[str, Cell]] = field(default_factory=dict)
    _notices: dict[str, OrderDate] = field(default_factory=dict)
    _samples: dict[str, list[Cell]] = field(default_factory=dict)

    def add(self, order: str, record: Record) -> None:
        """Take in one record of this order."""
        for column, cell in record.values.items():
            if _milestone(column) is not None and cell not in (None, ""):
                self._cells.setdefault(order, {})[column] = cell
                samples = self._samples.setdefault(column, [])
                if len(samples) < _SAMPLES:
                    samples.append(cell)
        if record.role == "system" and record.sent_at is not None:
            milestone, known = _announced(record.text), self._notices.get(order)
            if milestone and (known is None or known.milestone != "completed"):
                origin = f"a notice, {record.place}"
                self._notices[order] = OrderDate(milestone, record.sent_at.date(), origin)

    def best(self) -> dict[str, OrderDate]:
        """For each order the milestone nearest to its completion; of two dates for it the later."""
        reading = {column: day_first(samples) for column, samples in self._samples.items()}
        best = dict(self._notices)
        for order, cells in self._cells.items():
            for column, cell in cells.items():
                found = _from_cell(column, cell, reading[column])
                if found and (order not in best or found.preference < best[order].preference):
                    best[order] = found
        return best


@lru_cache(maxsize=4096)
def _milestone(column: str) -> Milestone | None:
    return _COLUMNS.get(fold(column))


def _from_cell(column: str, cell: Cell, days_first: bool | None) -> OrderDate | None:
    milestone, moment = _milestone(column), parse_date(cell, day_first=days_first)
    if milestone is None or moment is None:
        return None
    return OrderDate(milestone, moment.date(), f"column {column}")


def _announced(text: str) -> Milestone | None:
    if _NOT_YET.search(text):
        return None
    return next((milestone for milestone, pattern in _NOTICES if pattern.search(text)), None)
