"""Rows of a table, whatever its file format, as records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import chain
from math import isnan
from pathlib import Path
from unicodedata import digit

from reviewguard.errors import InputError
from reviewguard.readers.base import ReadOptions
from reviewguard.readers.columns import (
    NUMBER,
    Columns,
    check_answers,
    continued_columns,
    find_fields,
    given_names,
    has_summary,
    present,
    recognise,
    spare_columns,
    text_columns,
)
from reviewguard.readers.correspondents import OwnAddresses, is_reply_subject
from reviewguard.readers.dates import day_first, other_day, parse_date
from reviewguard.readers.identifiers import asin_cell, find_asin, find_order_id, order_cell
from reviewguard.readers.markup import html_to_text, looks_like_html, tidy
from reviewguard.readers.roles import (
    PEOPLE,
    WRITER_IDS,
    in_plain_words,
    role_names,
    role_of_value,
    told_role,
    words_of_file,
)
from reviewguard.readers.vocabulary import fold, load_vocabulary
from reviewguard.readers.wording import words_of
from reviewguard.schema import Cell, Record, Role

CELL_LIMIT = 2**20
"""Characters of one cell that are kept."""
TOO_LONG = f"a cell is longer than {CELL_LIMIT:,} characters; the rest was cut off"

_SAMPLE_ROWS, _SAMPLE_SIZE = 1000, 2**21
_LAYOUTS = 256
_SHORT = 200
_NOTHING_WORDS = (
    "nan none null nil n/a na #n/a <na> nat - -- – — undefined unknown (none) (blank) (empty) {} [] \\n #nv (vide) "
    "(leer)"
)
_NOTHING = frozenset(_NOTHING_WORDS.split())
"""What exports write for an empty cell; taken as a value, it would put strangers into one conversation."""
_NO_NUMBER = frozenset({"0", "no order", "keine", "n.v.", "tbd", "?"})
"""The same for an order or a ticket."""
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)
"""A number as spreadsheets show it when it is too long: many are written alike."""
_SPARED = ("date", "order_id", "thread")
"""Fields for which another column of the kind is used in rows where the first is empty."""
_CLOCK = re.compile(
    r"\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[ap]\.?m\.?)?(?: ?(?:Z|[A-Z]{2,4}|[+-]\d\d:?\d\d))?", re.IGNORECASE
)
_CLOCKS = frozenset(("uhrzeit", "zeit", "heure", "hora", "ora", "tijd"))
"""Names of columns with a time of day, beside those of dates."""

_WRITERS = PEOPLE | {"sent_by"}
"""Names of columns that hold who wrote a message, whichever side that is."""

_MAY_QUOTE = re.compile(r"^>|^-- ?$|-----|\bwrote:|@.*\n|\bAmazon", re.MULTILINE)

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


@dataclass(frozen=True, slots=True)
class _Layout:
    fields: Mapping[str, str]
    spares: Mapping[str, tuple[str, ...]]
    texts: tuple[str, ...]
    continued: tuple[str, ...]
    roles: Mapping[str, str]
    people: tuple[str, ...]
    agents: tuple[str, ...]
    clocks: tuple[str, ...]


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
    own = OwnAddresses.given(options.columns)
    layout_of = _layouts(options.columns, _own_ids(sample, own))
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


def _own_ids(rows: Iterable[Row], own: OwnAddresses) -> str | None:
    """The column of writers' ids that holds the seller's own; in others may stand the accounts of buyers alone."""
    cells = (item for row in rows for item in row.values.items()) if own.names else ()
    ids = ((column, cell) for column, cell in cells if fold(column) in WRITER_IDS)
    found = {fold(column): column for column, cell in ids if own.hold([_word(cell)])}
    return next((found[name] for name in WRITER_IDS if name in found), None)


def _layouts(given: Columns, ids: str | None) -> Callable[[Row], _Layout]:
    """What the columns of a row mean, worked out once for each set of columns."""
    known: dict[tuple[str, ...], _Layout] = {}
    named = set(given_names(given))

    def is_person(column: str, sender: str | None) -> bool:
        return column == sender or fold(column) in PEOPLE

    def layout_of(row: Row) -> _Layout:
        header = tuple(column for column in row.values if column not in row.beside or column in named)
        if header not in known:
            if len(known) >= _LAYOUTS:
                known.clear()
            sender = present(given, header).get("sender")
            fields, roles = recognise(header, given), role_names(header, sender)
            known[header] = _Layout(
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


def _writer_cells(values: Mapping[str, Cell], layout: _Layout) -> dict[str, Cell]:
    return {name: values.get(column) for column, name in layout.roles.items()}


def _role(cells: Mapping[str, Cell], values: Mapping[str, Cell], layout: _Layout, own: OwnAddresses) -> Role:
    """Who wrote a row; if the seller's addresses or names are known, they tell more than what a sender is called.

    Args:
        cells: those of the row that may tell, in plain words.
    """
    role = told_role(cells)
    if not own.names:
        return role or "seller"
    senders = [word for column in layout.people if (word := _word(values.get(column)))]
    people = {layout.roles.get(column, column) for column in layout.people}
    others = {name: cell for name, cell in cells.items() if name not in people}
    if own.hold(senders) and told_role(others) is None:
        return "seller"
    return role or ("buyer" if senders else "seller")


def _agent(cells: Mapping[str, Cell], values: Mapping[str, Cell], layout: _Layout) -> str | None:
    """Who of the seller's people wrote a row, if a column beside the writer's says that one of them did.

    Else, or where the writer has no name, whose ticket it is: a writer may be a buyer.
    """
    if len(layout.agents) == 1:
        return _word(values.get(layout.agents[0])) or None
    writers = [column for column in layout.agents or cells if fold(column) in _WRITERS]
    others = {column: cell for column, cell in cells.items() if fold(column) not in _WRITERS}
    if told_role(others) == "seller":
        columns = layout.agents or writers
    else:
        columns = [column for column in layout.agents if column not in writers] or layout.agents[:1]
    words = ((column, _word(values.get(column))) for column in columns)
    return next((w for c, w in words if w and (c not in writers or role_of_value(w) is None)), None)


def _record(
    row: Row, source: str, layout: _Layout, first: bool | None, own: OwnAddresses, words: _Words
) -> Record:
    values, cut = _cut_cells(row.values)
    cell = {field: values.get(column) for field, column in layout.fields.items()}
    spare = {field: [*map(values.get, columns)] for field, columns in layout.spares.items()}
    word = {field: _word(value) for field, value in cell.items()}
    orders = [_order(value) for value in (cell.get("order_id"), *spare["order_id"])]
    threads = [_number(value) for value in (cell.get("thread"), *filter(_has_digit, spare["thread"]))]
    cells = _writer_cells(values, layout)
    cells = in_plain_words(cells, words) if words else cells
    role = _role(cells, values, layout, own)
    subject = word.get("subject")
    texts = [values.get(column) for column in layout.texts]
    if layout.continued:
        texts[0] = "\n".join(filter(None, map(_text, (texts[0], *map(values.get, layout.continued)))))
    text, quoted = _said(texts, role, subject)
    whole = map(_text, texts)  # the order may be named around the message
    others = {c: value for c, value in values.items() if c not in row.beside} if row.beside else values
    places = ("\n".join(_short_cells(others, layout)), subject, text)
    days = (cell.get("date"), *filter(_has_digit, spare["date"]))
    day = next(filter(_tells, days), None)
    missing = None if "text" in layout.fields or role == "system" else "no column with the message"
    if missing and has_summary(values):
        missing += ": export its content, of which a summary may be the beginning alone"
    order_id = orders[0] or find_order_id(*places, *whole) or next(filter(None, orders), None)
    if order_id and not _has_digit(threads[0]) and not NUMBER.search(fold(layout.fields.get("thread", ""))):
        threads[0] = ""  # "Return" in a column "Case" is a kind, which strangers share
    return Record(
        source=source,
        place=row.place,
        values=values,
        text=text,
        role=role,
        id=word.get("id") or None,
        thread=next(filter(None, threads), None)
        or (f"{source} {row.thread}" if row.thread and not orders[0] else None),
        order_id=order_id,
        asin=_asin(layout.fields.get("asin", ""), word.get("asin", ""))
        or find_asin(
            word.get("asin"), *(places if role != "buyer" else (_beside_words(others, layout), subject))
        ),
        agent=_agent(cells, values, layout) if role == "seller" else None,
        subject=subject or None,
        sent_at=_moment(day, map(values.get, layout.clocks), first),
        other_day=other_day(day, day_first=first),
        previous=_readable(word.get("previous", ""), "buyer", subject)[0] or quoted or None,
        error=row.error or cut or missing,
    )


def _order(cell: Cell) -> str:
    """A cell's order number; "" for "not available", "#REF!", "000-0000000-0000000"."""
    word = _number(cell)
    return find_order_id(word) or order_cell(word) if any(digit(sign, 0) for sign in word) else ""


def _number(cell: Cell) -> str:
    """What a cell with the number of an order or a ticket says; "" for nothing, and for a number that was rounded."""
    word = _word(cell)
    return "" if not _tells(cell) or _ROUNDED.fullmatch(word) else word


def _tells(cell: Cell) -> bool:
    """Whether a cell with a date or a number has one."""
    return _word(cell).lower() not in ("", *_NO_NUMBER)


def _has_digit(cell: Cell) -> bool:
    return any(map(str.isdigit, _text(cell)))


def _asin(column: str, word: str) -> str | None:
    """A whole cell, but of a column of product numbers or links, which may be of that form by chance."""
    name = fold(column)
    return asin_cell(word) if "asin" in name or name not in load_vocabulary().columns["asin"] else None


def _may_hold_clock(column: str) -> bool:
    return fold(column) in _CLOCKS or fold(column) in load_vocabulary().columns["date"]


def _moment(day: Cell, clocks: Iterable[Cell], first: bool | None) -> datetime | None:
    """The date of a row, at the time of day that another of its columns holds where its own cell has none."""
    moment = parse_date(day, day_first=first)
    if moment is None or moment.time() != time.min:
        return moment
    words = (_text(clock).strip() for clock in clocks)
    clock = next((word for word in words if _CLOCK.fullmatch(word)), "")
    return (parse_date(f"{moment:%Y-%m-%d} {clock}") if clock else None) or moment


def _said(cells: Iterable[Cell], role: Role, subject: str | None) -> tuple[str, str]:
    """The first of the texts that has words, with what it quotes; the first one where none has."""
    texts = (_readable(_text(cell), role, subject) for cell in cells)
    first = next(texts, ("", ""))
    return first if _word(first[0]) else next((text for text in texts if _word(text[0])), first)


def _short_cells(values: Mapping[str, Cell], layout: _Layout) -> Iterator[str]:
    """Cells that may name an order or a product, other than the words of people."""
    words = [layout.fields.get(field) for field in ("text", "previous", "subject")]
    for column, cell in values.items():
        if isinstance(cell, str) and len(cell) <= _SHORT and column not in words:
            yield cell


def _beside_words(values: Mapping[str, Cell], layout: _Layout) -> str:
    """The short cells without any that may hold the words of who wrote the row."""
    words = {*layout.texts, *layout.continued}
    return "\n".join(_short_cells({c: cell for c, cell in values.items() if c not in words}, layout))


def _readable(text: str, role: Role, subject: str | None) -> tuple[str, str]:
    """The text without mark-up and without what it quotes, as it is where there is none of that; and the quote."""
    if looks_like_html(text):
        text = html_to_text(text)
    if not _MAY_QUOTE.search(text):
        return text, ""
    words = words_of(text, role, is_reply=is_reply_subject(subject or ""))
    return text if words.own == tidy(text) else words.own, words.quoted


def _cut_cells(values: Mapping[str, Cell]) -> tuple[Mapping[str, Cell], str | None]:
    long = [name for name, cell in values.items() if isinstance(cell, str) and len(cell) > CELL_LIMIT]
    if not long:
        return values, None
    kept = {name: _text(cell)[:CELL_LIMIT] if name in long else cell for name, cell in values.items()}
    return kept, TOO_LONG


def _word(value: Cell) -> str:
    """The cell without spaces around it; "" where it says that there is nothing."""
    word = _text(value).strip()
    return "" if len(word) < 10 and word.lower() in _NOTHING else word


def _text(value: Cell) -> str:
    if isinstance(value, float):
        if isnan(value):  # which the JSON of a data frame has for a missing word
            return ""
        if value.is_integer():
            return str(int(value))
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value)
