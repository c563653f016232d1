"""Whom an export's rows name, for the messages of one conversation together."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reviewguard.address_cells import whole_addresses
from reviewguard.masking import record_names
from reviewguard.schema import Record

NAMES, NUMBERS, PLACES = "rg_names", "rg_numbers", "rg_places"
"""Columns that `suggest` adds: what the other rows of the conversation, which it leaves out, tell of people."""
_LABELS = ("[order-id]", "[phone]")
_PHONE_COLUMN = re.compile(r"(?i)phone|mobile|^tel\b|telefon|teléfono|téléphone")
_PHONE = re.compile(r"[\d\s+().,/-]+(?:(?:ext|x)\W{0,2}\d+)?", re.IGNORECASE)
_DIGITS = 5
"""A number of fewer digits may stand in a text for anything."""


@dataclass(frozen=True, slots=True)
class Details:
    """What columns tell of people.

    Attributes:
        names: of people.
        numbers: order and phone numbers → the placeholder for each.
        places: postal addresses.
    """

    names: tuple[str, ...] = ()
    numbers: Mapping[str, str] = field(default_factory=dict)
    places: tuple[str, ...] = ()

    @property
    def cells(self) -> dict[str, str]:
        """Columns that tell it, as JSON; none for what there is none of."""
        told = {NAMES: self.names, NUMBERS: tuple(self.numbers.items()), PLACES: self.places}
        return {column: json.dumps(values, ensure_ascii=False) for column, values in told.items() if values}

    def __add__(self, other: Details) -> Details:
        return Details(
            tuple(dict.fromkeys((*self.names, *other.names))),
            {**self.numbers, **other.numbers},
            tuple(dict.fromkeys((*self.places, *other.places))),
        )


NOTHING = Details()


@dataclass(frozen=True, slots=True)
class People:
    """Names, numbers and addresses that a buyer's row holds ("From", "Phone") and a seller's answer to it does not.

    Attributes:
        known: conversation → what the columns of any of its rows tell.
    """

    known: Mapping[str, Details]

    @classmethod
    def among(cls, records: Iterable[Record]) -> People:
        """The people of an export."""
        known: defaultdict[str, Details] = defaultdict(Details)
        for record in records:
            details = _own(record)
            if record.conversation and details != NOTHING:
                known[record.conversation] += details
        return cls(dict(known))

    def of(self, record: Record) -> Details:
        """What the record's own columns and those of its conversation tell."""
        shared = self.known.get(record.conversation, NOTHING) if record.conversation else NOTHING
        return _own(record) + shared


def details_in(row: Mapping[str, Any], prefix: str = "") -> Details:
    """What columns called `names`, `numbers` and `places` tell, as lists or as JSON."""
    names, numbers, places = (row.get(prefix + column) for column in ("names", "numbers", "places"))
    return Details(_words_in(names), numbers_in(numbers), _words_in(places))


def numbers_in(cell: Any) -> dict[str, str]:
    """Numbers and their placeholders, from a JSON list of such pairs; none from anything else."""
    pairs = (pair for pair in _list(cell) if isinstance(pair, list) and len(pair) == 2)
    return {str(number): label for number, label in pairs if label in _LABELS and _is_long(str(number))}


def _words_in(cell: Any) -> tuple[str, ...]:
    return tuple(map(str, _list(cell)))


def _list(cell: Any) -> list[Any]:
    """A list, or one that stands in a cell as JSON; nothing of anything else."""
    if isinstance(cell, list):
        return cell
    try:
        value = json.loads(str(cell or "[]"))
    except ValueError:
        return []
    return value if isinstance(value, list) else []


def _own(record: Record) -> Details:
    own = Details(record_names(record), dict(_numbers(record)), whole_addresses(record.values))
    return own + details_in(record.values, "rg_")


def _numbers(record: Record) -> Iterator[tuple[str, str]]:
    order = (record.order_id or "").strip()
    found = [(order, "[order-id]"), (order.lstrip("#"), "[order-id]")]
    for column, value in record.values.items():
        word = str(value or "").strip()
        if _PHONE_COLUMN.search(column) and _PHONE.fullmatch(word):
            found.append((word, "[phone]"))
    return (pair for pair in found if _is_long(pair[0]))


def _is_long(number: str) -> bool:
    return sum(map(str.isdigit, number)) >= _DIGITS
