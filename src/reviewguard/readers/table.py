"""Rows of a table, whatever its file format, as records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import isnan
from pathlib import Path

from reviewguard.errors import InputError
from reviewguard.readers.base import ReadOptions
from reviewguard.readers.columns import find_fields, recognise, text_columns
from reviewguard.readers.dates import day_first, parse_date
from reviewguard.readers.identifiers import asin_cell, find_asin, find_order_id
from reviewguard.readers.markup import html_to_text, looks_like_html, tidy
from reviewguard.readers.roles import role_columns, role_of
from reviewguard.readers.vocabulary import fold, load_vocabulary
from reviewguard.readers.wording import words_of
from reviewguard.schema import Cell, Record, Role

CELL_LIMIT = 2**20
"""Characters of one cell that are kept."""
TOO_LONG = f"a cell is longer than {CELL_LIMIT:,} characters; the rest was cut off"

_SAMPLE_ROWS, _SAMPLE_SIZE = 1000, 2**21
_LAYOUTS = 256
_SHORT = 200
_NOTHING = frozenset({"nan", "none", "null", "nil", "n/a", "na", "#n/a", "-", "--", "undefined"})
"""What exports write for an empty cell; taken as a value, it would put strangers into one conversation."""

_MAY_QUOTE = re.compile(r"^>|^-- ?$|-----|\bwrote:|@.*\n|\bAmazon", re.MULTILINE)
_REPLY = re.compile(r"\s*(re|aw|sv|antw|rif|ref?)\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One row as its format gives it.

    Attributes:
        place: where it stands in the file, for people.
        values: its cells by column, in the file's order.
        error: why it could not be read, or None.
        thread: what it shares, in its file, with the other messages of its conversation; for where no column tells.
    """

    place: str
    values: Mapping[str, Cell]
    error: str | None = None
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class _Layout:
    fields: Mapping[str, str]
    texts: tuple[str, ...]
    roles: tuple[str, ...]


def to_records(
    rows: Iterable[Row], path: Path, options: ReadOptions, header: Sequence[str] | None = None
) -> Iterator[Record]:
    """One record for each row.

    Args:
        header: the table's columns; None takes those of the first rows.

    Raises:
        InputError: there is no column for the text, or `--map` names one that is not there.
    """
    sample, rows = _peek(rows)
    columns = header or list(dict.fromkeys(name for row in sample for name in row.values))
    if header or any(row.error is None for row in sample):
        find_fields(columns, options.columns, path)
    layout_of = _layouts(options.columns)
    first = day_first(row.values.get(layout_of(row.values).fields.get("date", "")) for row in sample)
    if first is None:  # a file writes its dates alike
        first = day_first(cell for row in sample for cell in row.values.values())
    for row in rows:
        yield _record(row, str(path), layout_of(row.values), first)


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


def _layouts(given: Mapping[str, str]) -> Callable[[Mapping[str, Cell]], _Layout]:
    """What the columns of a row mean, worked out once for each set of columns."""
    known: dict[tuple[str, ...], _Layout] = {}

    def layout_of(values: Mapping[str, Cell]) -> _Layout:
        header = tuple(values)
        if header not in known:
            if len(known) >= _LAYOUTS:
                known.clear()
            known[header] = _Layout(
                recognise(header, given),
                text_columns(header, given),
                role_columns(header, given.get("sender")),
            )
        return known[header]

    return layout_of


def _record(row: Row, source: str, layout: _Layout, first: bool | None) -> Record:
    values, cut = _cut_cells(row.values)
    cell = {field: values.get(column) for field, column in layout.fields.items()}
    word = {field: _word(value) for field, value in cell.items()}
    role = role_of({column: values.get(column) for column in layout.roles})
    subject = word.get("subject")
    text = _said(map(values.get, layout.texts), role, subject)
    others = "\n".join(_short_cells(values, layout))
    missing = None if "text" in layout.fields else "no column with the message"
    return Record(
        source=source,
        place=row.place,
        values=values,
        text=text,
        role=role,
        id=word.get("id") or None,
        thread=word.get("thread")
        or (f"{source} {row.thread}" if row.thread and not word.get("order_id") else None),
        order_id=find_order_id(word.get("order_id"))
        or word.get("order_id")
        or find_order_id(others, subject, text),
        asin=_asin(layout.fields.get("asin", ""), word.get("asin", ""))
        or find_asin(word.get("asin"), others, subject, text),
        agent=(word.get("agent") or None) if role == "seller" else None,
        subject=subject or None,
        sent_at=parse_date(cell.get("date"), day_first=first),
        previous=_readable(word.get("previous", ""), "buyer", subject) or None,
        error=row.error or cut or missing,
    )


def _asin(column: str, word: str) -> str | None:
    """A whole cell, but of a column of product numbers or links, which may be of that form by chance."""
    name = fold(column)
    return asin_cell(word) if "asin" in name or name not in load_vocabulary().columns["asin"] else None


def _said(cells: Iterable[Cell], role: Role, subject: str | None) -> str:
    """The first of the texts that has words; the first one where none has."""
    texts = (_readable(_text(cell), role, subject) for cell in cells)
    first = next(texts, "")
    return first if _word(first) else next(filter(_word, texts), first)


def _short_cells(values: Mapping[str, Cell], layout: _Layout) -> Iterator[str]:
    """Cells that may name an order or a product, other than the words of people."""
    words = [layout.fields.get(field) for field in ("text", "previous", "subject")]
    for column, cell in values.items():
        if isinstance(cell, str) and len(cell) <= _SHORT and column not in words:
            yield cell


def _readable(text: str, role: Role, subject: str | None) -> str:
    """The text without mark-up and without what it quotes; as it is where there is none of that."""
    if looks_like_html(text):
        text = html_to_text(text)
    if not _MAY_QUOTE.search(text):
        return text
    own = words_of(text, role, is_reply=bool(subject and _REPLY.match(subject))).own
    return text if own == tidy(text) else own


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
