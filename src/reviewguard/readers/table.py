"""Rows of a table, whatever its file format, as records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import chain
from pathlib import Path

from reviewguard.errors import InputError
from reviewguard.readers.base import ReadOptions
from reviewguard.readers.cell_values import (
    has_digit,
    moment_of,
    number_of,
    order_of,
    readable,
    said_in,
    tells,
    text_of,
    word_of,
)
from reviewguard.readers.columns import (
    NUMBER,
    check_answers,
    find_fields,
    has_summary,
)
from reviewguard.readers.correspondents import OwnAddresses
from reviewguard.readers.dates import day_first, other_day
from reviewguard.readers.identifiers import asin_cell, find_asin, find_order_id
from reviewguard.readers.layouts import Layout, layouts, own_ids
from reviewguard.readers.roles import (
    PEOPLE,
    in_plain_words,
    role_of_value,
    told_role,
    words_of_file,
)
from reviewguard.readers.transcripts import REFUSED, holds_both_sides
from reviewguard.readers.vocabulary import fold, load_vocabulary, zone_behind
from reviewguard.schema import Cell, Record, Role

CELL_LIMIT = 2**20
"""Characters of one cell that are kept."""
TOO_LONG = f"a cell is longer than {CELL_LIMIT:,} characters; the rest was cut off"

_SAMPLE_ROWS, _SAMPLE_SIZE = 10_000, 2**25
"""The first rows, which decide for a file; a busy shop's first thousand may all be of one week."""
_SHORT = 200
_LONGEST_SUM = 20
_SUMS = frozenset(
    ("total", "totals", "grand_total", "subtotal", "sub_total", "sum", "summe", "gesamt", "totale")
)
"""What the row below a sheet's messages says that counts or adds them up."""

_WRITERS = PEOPLE | {"sent_by"}
"""Names of columns that hold who wrote a message, whichever side that is."""

_FIRST = re.compile(r"([Ff])irst(?=[_ ]?[Nn]ame$|$)")
"""What a column of first names has in its name."""

_UNDATED = (
    "no column with dates is known, so late requests cannot be found; name it with --map date='Your column'"
)

_Words = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row as its format gives it.

    Attributes:
        place: where it stands in the file, for people.
        values: its cells by column, in the file's order.
        error: why it could not be read, or None.
        thread: what it shares, in its file, with the other messages of its conversation; for where no column tells.
        beside: columns that are for the output alone, unless one is given: they tell nothing of this row.
    """

    place: str
    values: Mapping[str, Cell]
    error: str | None = None
    thread: str | None = None
    beside: frozenset[str] = frozenset()


def to_records(
    rows: Iterable[Row], path: Path, options: ReadOptions, header: Sequence[str] | None = None
) -> Iterator[Record]:
    """One record for each row.

    Args:
        header: the table's columns; None takes those of the first rows.

    Raises:
        InputError: there is no column for the text, or `--map` names a field that there is not.
    """
    sample, rows = _peek(rows)
    columns = header or list(dict.fromkeys(name for row in sample for name in row.values))
    options.heading(columns)
    if header or any(row.error is None for row in sample):
        fields = find_fields(columns, options.columns, path)
        check_answers((row.values for row in sample), fields, options.columns, path)
        if sample and "order_id" in fields and "date" not in fields:
            options.note(f"{path}: {_UNDATED}")
    own = OwnAddresses.given(options.columns)
    layout_of = layouts(options.columns, own_ids(sample, own))
    first = day_first(row.values.get(layout_of(row).fields.get("date", "")) for row in sample)
    if first is None:  # a file writes its dates alike
        first = day_first(cell for row in sample for cell in row.values.values())
    words = words_of_file(_writer_cells(row.values, layout_of(row)) for row in sample)
    for row in rows:
        yield _record(row, str(path), layout_of(row), first, own, words)


def _peek(rows: Iterable[Row]) -> tuple[list[Row], Iterator[Row]]:
    """The first rows, bounded in number and size, and all rows; what breaks off is said after the last."""
    rest, sample, size = iter(rows), list[Row](), 0
    while len(sample) < _SAMPLE_ROWS and size < _SAMPLE_SIZE:
        try:
            row = next(rest)
        except StopIteration:
            break
        except InputError as error:
            rest = _raise(error)
            break
        sample.append(row)
        size += sum(8 + len(cell) if isinstance(cell, str) else 8 for cell in row.values.values())
    return sample, chain(sample, rest)


def _raise(error: InputError) -> Iterator[Row]:
    yield from ()
    raise error


def _writer_cells(values: Mapping[str, Cell], layout: Layout) -> dict[str, Cell]:
    return {name: values.get(column) for column, name in layout.roles.items()}


def _role(cells: Mapping[str, Cell], values: Mapping[str, Cell], layout: Layout, own: OwnAddresses) -> Role:
    """Who wrote a row; if the seller's addresses or names are known, they tell more than what a sender is called.

    Where nothing tells it is the seller: taken for a buyer's, a message would never be scored.

    Args:
        cells: those of the row that may tell, in plain words.
    """
    role = told_role(cells)
    if not own.names:
        return role or "seller"
    senders = [word for column in layout.people if (word := word_of(values.get(column)))]
    people = {layout.roles.get(column, column) for column in layout.people}
    others = {name: cell for name, cell in cells.items() if name not in people}
    if own.hold(senders) and told_role(others) is None:
        return "seller"
    return role or ("buyer" if senders else "seller")


def _agent(cells: Mapping[str, Cell], values: Mapping[str, Cell], layout: Layout) -> str | None:
    """Who of the seller's people wrote a row, if a column beside the writer's says that one of them did.

    Else, or where the writer has no name, whose ticket it is: a writer may be a buyer.
    """
    writers = [column for column in layout.agents or cells if fold(column) in _WRITERS]
    others = {column: cell for column, cell in cells.items() if fold(column) not in _WRITERS}
    if told_role(others) == "seller" or len(layout.agents) == 1:
        columns = layout.agents or writers
    else:
        columns = [column for column in layout.agents if column not in writers] or layout.agents[:1]
    words = ((column, _name(column, values)) for column in columns)
    return next((w for c, w in words if w and (c not in writers or role_of_value(w) is None)), None)


def _name(column: str, values: Mapping[str, Cell]) -> str:
    """What a column of names says; of one with first names, the last name, too."""
    words = (
        word_of(values.get(column)),
        word_of(values.get(_FIRST.sub(lambda m: "last" if m[1] == "f" else "Last", column))),
    )
    return " ".join(dict.fromkeys(filter(None, words)))


def _record(
    row: Row, source: str, layout: Layout, first: bool | None, own: OwnAddresses, words: _Words
) -> Record:
    values, cut = _cut_cells(row.values)
    told = {column: value for column, value in values.items() if column not in row.beside}
    cell = {field: values.get(column) for field, column in layout.fields.items()}
    word = {field: word_of(value) for field, value in cell.items()}
    orders = [order_of(value) for value in (cell.get("order_id"), *_spare("order_id", values, layout))]
    writers = in_plain_words(_writer_cells(values, layout), words)
    role = _role(writers, values, layout, own)
    subject = word.get("subject")
    texts = _texts(values, layout)
    text, quoted = said_in(texts, role, subject)
    role = "system" if _is_sum(text, values) and not any(orders) else role
    places = ("\n".join(_short_cells(told, layout)), subject, text)
    order_id = orders[0] or find_order_id(*places, *map(text_of, texts)) or next(filter(None, orders), None)
    column, day = _day(values, layout)
    zone = next(filter(None, map(zone_behind, (column, *layout.clocks))), UTC)
    thread = _thread(values, layout, named_by_order=bool(order_id))
    if not thread and row.thread and not orders[0]:
        thread = f"{source} {row.thread}"
    return Record(
        source=source,
        place=row.place,
        values=values,
        text=text,
        role=role,
        id=word.get("id") or None,
        thread=thread,
        order_id=order_id,
        asin=_asin(layout.fields.get("asin", ""), word.get("asin", ""))
        or find_asin(
            word.get("asin"), *(places if role != "buyer" else (_beside_words(told, layout), subject))
        ),
        agent=_agent(writers, values, layout) if role == "seller" else None,
        subject=subject or None,
        sent_at=moment_of(day, map(values.get, layout.clocks), first, zone),
        other_day=other_day(day, day_first=first),
        previous=readable(word.get("previous", ""), "buyer", subject)[0] or quoted or None,
        paired=bool(word.get("previous")),
        error=row.error or cut or _unjudged(text, role, values, layout),
    )


def _day(values: Mapping[str, Cell], layout: Layout) -> tuple[str, Cell]:
    """The cell that tells when it was sent, and its column."""
    spares = (column for column in layout.spares["date"] if has_digit(values.get(column)))
    columns = (layout.fields.get("date", ""), *spares)
    return next(((column, cell) for column in columns if tells(cell := values.get(column))), ("", None))


def _spare(field: str, values: Mapping[str, Cell], layout: Layout) -> list[Cell]:
    return [values.get(column) for column in layout.spares[field]]


def _texts(values: Mapping[str, Cell], layout: Layout) -> list[Cell]:
    """The cells that may hold the message, the first to its end."""
    texts = [values.get(column) for column in layout.texts]
    if layout.continued:
        texts[0] = "\n".join(filter(None, map(text_of, (texts[0], *map(values.get, layout.continued)))))
    return texts


def _thread(values: Mapping[str, Cell], layout: Layout, *, named_by_order: bool) -> str | None:
    """The number of a row's conversation; "Return" in a column "Case" is a kind, which strangers share."""
    column = layout.fields.get("thread", "")
    number = number_of(values.get(column))
    is_kind = named_by_order and not has_digit(number) and not NUMBER.search(fold(column))
    others = map(number_of, filter(has_digit, _spare("thread", values, layout)))
    return next(filter(None, ("" if is_kind else number, *others)), None)


def _unjudged(text: str, role: Role, values: Mapping[str, Cell], layout: Layout) -> str | None:
    """Why the words of a row cannot be judged, or None."""
    if "text" not in layout.fields and role != "system":
        advice = ": export its content, of which a summary may be the beginning alone"
        return "no column with the message" + (advice if has_summary(values) else "")
    return REFUSED if role == "seller" and holds_both_sides(text) else None


def _is_sum(text: str, values: Mapping[str, Cell]) -> bool:
    """Whether a row is one of sums: it says so in place of a message, or beside a number there, or nothing."""
    if len(text) > _LONGEST_SUM:
        return False
    words = (cell for cell in values.values() if isinstance(cell, str))
    return fold(text) in _SUMS or (
        not any(map(str.isalpha, text)) and any(fold(word) in _SUMS for word in words)
    )


def _asin(column: str, word: str) -> str | None:
    """A whole cell, but of a column of product numbers or links, which may be of that form by chance."""
    name = fold(column)
    return asin_cell(word) if "asin" in name or name not in load_vocabulary().columns["asin"] else None


def _short_cells(values: Mapping[str, Cell], layout: Layout) -> Iterator[str]:
    """Cells that may name an order or a product, other than the words of people."""
    words = [layout.fields.get(field) for field in ("text", "previous", "subject")]
    for column, cell in values.items():
        if isinstance(cell, str) and len(cell) <= _SHORT and column not in words:
            yield cell


def _beside_words(values: Mapping[str, Cell], layout: Layout) -> str:
    """The short cells without any that may hold the words of who wrote the row."""
    words = {*layout.texts, *layout.continued}
    return "\n".join(_short_cells({c: cell for c, cell in values.items() if c not in words}, layout))


def _cut_cells(values: Mapping[str, Cell]) -> tuple[Mapping[str, Cell], str | None]:
    long = [name for name, cell in values.items() if isinstance(cell, str) and len(cell) > CELL_LIMIT]
    if not long:
        return values, None
    kept = {name: text_of(cell)[:CELL_LIMIT] if name in long else cell for name, cell in values.items()}
    return kept, TOO_LONG
