"""What the columns of a table mean, worked out once for each set of columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reviewguard.readers.cell_values import word_of
from reviewguard.readers.columns import (
    Columns,
    continued_columns,
    given_names,
    present,
    recognise,
    spare_columns,
    text_columns,
)
from reviewguard.readers.correspondents import OwnAddresses
from reviewguard.readers.roles import PEOPLE, WRITER_IDS, role_names
from reviewguard.readers.vocabulary import fold, load_vocabulary

if TYPE_CHECKING:
    from reviewguard.readers.table import Row

_LAYOUTS = 256
_SPARED = ("date", "order_id", "thread")
"""Fields for which another column of the kind is used in rows where the first is empty."""
_CLOCKS = frozenset(("uhrzeit", "zeit", "heure", "hora", "ora", "tijd"))
"""Names of columns with a time of day, beside those of dates."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a set.

    Attributes:
        fields: field → its column.
        spares: field → columns that hold it in rows where that one is empty.
        texts: columns that may hold the message, the most telling first.
        continued: columns where it goes on.
        roles: columns that tell who wrote, and what each is to be taken for; see `role_names`.
        people: those of them that name who wrote.
        agents: columns that name one of the seller's people.
        clocks: columns that may hold a time of day.
    """

    fields: Mapping[str, str]
    spares: Mapping[str, tuple[str, ...]]
    texts: tuple[str, ...]
    continued: tuple[str, ...]
    roles: Mapping[str, str]
    people: tuple[str, ...]
    agents: tuple[str, ...]
    clocks: tuple[str, ...]


def own_ids(rows: Iterable[Row], own: OwnAddresses) -> str | None:
    """The column of writers' ids that holds the seller's own; in others may stand the accounts of buyers alone."""
    cells = (item for row in rows for item in row.values.items()) if own.names else ()
    ids = ((column, cell) for column, cell in cells if fold(column) in WRITER_IDS)
    found = {fold(column): column for column, cell in ids if own.hold([word_of(cell)])}
    return next((found[name] for name in WRITER_IDS if name in found), None)


def layouts(given: Columns, ids: str | None) -> Callable[[Row], Layout]:
    """What the columns of a row mean, worked out once for each set of columns."""
    known: dict[tuple[str, ...], Layout] = {}
    named = set(given_names(given))

    def is_person(column: str, sender: str | None) -> bool:
        return column == sender or fold(column) in PEOPLE

    def layout_of(row: Row) -> Layout:
        header = tuple(column for column in row.values if column not in row.beside or column in named)
        if header not in known:
            if len(known) >= _LAYOUTS:
                known.clear()
            sender = present(given, header).get("sender")
            fields, roles = recognise(header, given), role_names(header, sender)
            known[header] = Layout(
                fields,
                {field: spare_columns(field, header, given) for field in _SPARED},
                text_columns(header, given),
                continued_columns(header, given),
                roles,
                tuple(
                    column
                    for column in header
                    if column == ids or (column in roles and is_person(column, sender))
                ),
                (fields["agent"], *spare_columns("agent", header, given)) if "agent" in fields else (),
                tuple(
                    column for column in header if _may_hold_clock(column) and column != fields.get("date")
                ),
            )
        return known[header]

    return layout_of


def _may_hold_clock(column: str) -> bool:
    return fold(column) in _CLOCKS or fold(column) in load_vocabulary().columns["date"]
