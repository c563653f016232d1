"""Which column of a table holds what."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import count, islice, takewhile, zip_longest
from pathlib import Path

from reviewguard.errors import InputError, NoMessagesError
from reviewguard.readers.vocabulary import fold, load_vocabulary
from reviewguard.schema import Cell

Columns = Mapping[str, str | tuple[str, ...]]
"""Field → name of its column, or several of which a table has one: what `--map` gives."""

MAIL_FIELD = "seller"
"""`--map seller=ADDRESS` names the seller's own addresses, and is no column."""

_OF_PRODUCTS = "description"
"""Holds the message where nothing else does; beside another body it tells of the product or the ticket."""

_ANSWER = re.compile(
    r"(?!\w*(?:date|time|by|status|type|count|first)_)(?:\w+_)?"
    r"(?:reply|response|answer|antwort|respuesta|risposta|réponse|reponse)(?:_(?:text|body|message|sent|content))?"
    r"|(?:agent|seller|outgoing|outbound|sent)_message"
)
"""Names of columns with the seller's message where another one holds what was answered …"""
_OF_WHOM = re.compile(
    r"_(?:from|to|du|au|à_l|a_l|al|dell?|des|vom|an)_(?:(?:the|den|die)_)?(?P<who>[^\W_]+?)s?$"
)
"""… and who wrote or got it, behind them."""

_SUMMARIES = frozenset(("summary", "extract", "preview"))
"""Hold the beginning of a message, as in Zoho Desk's lists of threads and in Front's and Kustomer's exports, or no
message at all."""

NUMBER = re.compile(r"(id|number|no|nr|key)$")
"""Ends the names of columns that hold a number, whatever it looks like."""

_USERS = frozenset(("user", "user_name", "username", "created_by"))
"""Names of columns for agents that hold the buyer in other exports."""

_LONGEST_NAME = 40
HEADER_ROWS = 10
"""The header is one of so many rows; titles may stand above it."""


def names_of(given: Columns, field: str) -> tuple[str, ...]:
    """The columns that are given for a field."""
    names = given.get(field, ())
    return (names,) if isinstance(names, str) else names


def given_names(given: Columns) -> tuple[str, ...]:
    """All columns that are given."""
    return tuple(name for field in given if field != MAIL_FIELD for name in names_of(given, field))


def present(given: Columns, header: Iterable[str]) -> dict[str, str]:
    """Field → the first of its given columns that this header has; none for a field of which it has none."""
    there = set(header) if given else set()
    known = {f: [name for name in names_of(given, f) if name in there] for f in given if f != MAIL_FIELD}
    return {field: names[0] for field, names in known.items() if names}


def find_header(rows: Iterable[Sequence[object]], given: Columns) -> tuple[int, list[str]]:
    """Place and names of the header: the first row, or one below that names columns and is fuller than all above.

    If it names groups of columns and the columns' own names are right below it, these are taken. Where no row has a
    column for the text, the first row is.

    Args:
        rows: the first `HEADER_ROWS` rows; further ones are not read.
    """
    top = [["" if cell is None else str(cell).strip() for cell in row] for row in islice(rows, HEADER_ROWS)]
    if not any("text" in present(given, unique_names(row)) for row in top):
        given = {field: names for field, names in given.items() if field != "text"}
    words = iter(top)
    first: list[str] = []
    fullest = 0
    for place, header in enumerate(words):
        names, filled = unique_names(header), sum(map(bool, header))
        if filled > fullest and _names_text(names, given, alone=not place):
            columns = _below_groups(header, next(words, []), given)
            return (place + 1, columns) if columns else (place, names)
        first, fullest = first or names, max(filled, fullest)
    return 0, first


def _below_groups(header: Sequence[str], below: Sequence[str], given: Columns) -> list[str]:
    """The columns' own names, if the row below a header of groups has them; none where it looks like a message's."""
    filled, own = sum(map(bool, header)), sum(map(bool, below))
    repeats = len(set(header)) < len(header)
    gap = any(
        not word and any(header[place:]) for place, word in enumerate(header)
    )  # and no delimiter at the end
    groups = gap or own > filled or (repeats and own == filled)
    if not (groups and all(map(may_name, below)) and _names_text(unique_names(below), given, alone=False)):
        return []
    if _known_names(below) < _known_names(header):  # "Message", "Agent" may be what a message's row holds
        return []
    return unique_names([word or group for word, group in zip_longest(below, header, fillvalue="")])


def _known_names(header: Iterable[str]) -> int:
    known = {name for names in load_vocabulary().columns.values() for name in names}
    return len(known & set(map(fold, header)))


def may_name(word: str) -> bool:
    """Whether a cell may be a column's name, and not a date, a number or a message."""
    return len(word) <= _LONGEST_NAME and not word[:1].isdigit()


def _names_text(names: Sequence[str], given: Columns, *, alone: bool) -> bool:
    """Whether there is a column for the text, and `alone` or beside one for something else, or named by the user."""
    if "text" in given:
        return "text" in present(given, names)
    known = recognise(names, given)
    return "text" in known and (alone or len(known) > 1)


def find_fields(header: Sequence[str], given: Columns, path: Path) -> dict[str, str]:
    """Field → column, given or recognised by name.

    Raises:
        InputError: a given field does not exist, or there is no column for the text.
    """
    if unknown := [field for field in given if field not in (MAIL_FIELD, *load_vocabulary().columns)]:
        raise InputError(
            f"--map {unknown[0]}=…: unknown field", expected=", ".join(load_vocabulary().columns)
        )
    found = recognise(header, given)
    if "text" not in found and (names := names_of(given, "text")):
        raise NoMessagesError(f"{path}: no column {' or '.join(map(repr, names))}", expected=_short(header))
    if "text" not in found:
        raise NoMessagesError(
            f"{path}: no column with the messages among {_short(header)}",
            expected=f"one named {', '.join(load_vocabulary().columns['text'][:8])} …",
            fix="export the content of the messages, of which a summary may be the beginning alone, or name its column "
            "with --map text='Your column'"
            if has_summary(header)
            else "name it with --map text='Your column', and remove what stands above the header",
        )
    return found


def has_summary(header: Iterable[str]) -> bool:
    """Whether a column may hold the beginnings of messages."""
    return not _SUMMARIES.isdisjoint(map(fold, header))


@lru_cache(maxsize=4096)
def may_be_answer(column: str) -> bool:
    """Whether a column may hold the answer to the message in another one, by its name."""
    name = fold(column)
    of = _OF_WHOM.search(name)
    if of and of["who"] in load_vocabulary().words:
        name = name[: of.start()]
    return bool(_ANSWER.fullmatch(name))


def check_answers(
    rows: Iterable[Mapping[str, Cell]], fields: Mapping[str, str], given: Columns, path: Path
) -> None:
    """Refuse rows with a message and its answer, of which one is the buyer's, or with an answer that is not read.

    Args:
        fields: as `find_fields` gives them.

    Raises:
        InputError: a row holds words in both columns, or in one that is not looked into where the first is empty.
    """
    text = fields["text"]
    again = re.compile(rf"{re.escape(text)} \(\d+\)")  # see `unique_names`
    if text in names_of(given, "text") or "previous" in fields or may_be_answer(text):
        return
    for row in rows:
        both = [
            c
            for c in row
            if (c == text or again.fullmatch(c) or may_be_answer(c)) and len(str(row[c] or "").split()) > 1
        ]
        looked_into = () if text in both or not both else text_columns(tuple(row), given)
        answer = next((column for column in both if column not in (text, *looked_into)), None)
        if answer and "rg_verdict" not in row:  # which one was scored, that file says
            raise InputError(
                f"{path}: {text!r} and {answer!r} may both hold the seller's message",
                expected="one message a row, or to know which is which",
                fix=f"name them: --map text={answer!r} --map previous={text!r}, or the other way round",
            )


def recognise(
    header: Sequence[str], given: Columns, known: Mapping[str, tuple[str, ...]] | None = None
) -> dict[str, str]:
    """Field → column for what this header has; of columns with one name the first.

    Args:
        known: field → names of its column, as `fold` writes them; the vocabulary's by default.
    """
    folded = {fold(column): column for column in reversed(header)}
    found = {
        field: next(folded[name] for name in names if name in folded)
        for field, names in (known or load_vocabulary().columns).items()
        if any(name in folded for name in names)
    }
    return found | present(given, header)


def spare_columns(field: str, header: Sequence[str], given: Columns) -> tuple[str, ...]:
    """The columns that may hold the field where the one that `recognise` finds is empty; none for a given one.

    Of a thread only those that are numbers by name: "Case" may hold a kind. Of an agent none that may hold the buyer.
    """
    found = recognise(header, given).get(field)
    if found is None or found in names_of(given, field):
        return ()
    names = load_vocabulary().columns[field]
    if field == "thread":
        names = tuple(name for name in names if NUMBER.search(name))
    if field == "agent":
        names = tuple(name for name in names if name not in _USERS)
    return tuple(column for column in _named(names, header) if column != found)


def _named(names: Iterable[str], header: Sequence[str]) -> list[str]:
    """The columns with these names, in the names' order; of a scored mix of files two may differ in case alone."""
    columns: dict[str, list[str]] = {}
    for column in header:
        columns.setdefault(fold(column), []).append(column)
    return [column for name in names for column in columns.get(name, ())]


def text_columns(header: Sequence[str], given: Columns) -> tuple[str, ...]:
    """The columns that may hold a message's words, the most telling first; where one is given, that one alone.

    After the first come those with mark-up: a mail without a plain part has its words there, whatever else is said.
    """
    fields = recognise(header, given)
    if "text" not in fields:
        return ()
    names = () if fields["text"] in names_of(given, "text") else load_vocabulary().columns["text"]
    others = _named((name for name in names if name != _OF_PRODUCTS), header)
    others.sort(key=lambda column: "html" not in fold(column))
    return tuple(dict.fromkeys((fields["text"], *(name for name in others if name not in fields.values()))))


def continued_columns(header: Sequence[str], given: Columns) -> tuple[str, ...]:
    """Where a message goes on that one cell did not hold: the columns right of it called "Message (cont.)", say."""
    first = recognise(header, given).get("text")
    if first is None or first in names_of(given, "text"):
        return ()
    more = re.compile(rf"{re.escape(fold(first))}_(?:cont|continued|part_2|fortsetzung|suite)")
    return tuple(takewhile(lambda column: more.fullmatch(fold(column)), header[header.index(first) + 1 :]))


def check_given(given: Columns, missing: Collection[str], header: Sequence[str], unread: str | None) -> None:
    """Refuse columns that no table has.

    Args:
        missing: the columns that none of the tables has.
        header: those of a table that was read.
        unread: why a file could not be read, in which they may be.

    Raises:
        InputError: there are such columns.
    """
    for name in given_names(given):
        if name in missing:
            beside = f"; not read: {unread}" if unread else ""
            raise InputError(f"no column {name!r} in any table{beside}", expected=_short(header))


def _short(header: Sequence[str]) -> str:
    shown = ", ".join(repr(column[:60]) for column in header[:20])
    return shown + (f" … ({len(header)} columns)" if len(header) > 20 else "")


def is_header(cells: Sequence[object], columns: Sequence[str]) -> bool:
    """Whether a row is the header again, as between exports that were pasted together: it is no row then."""
    if len(cells) != len(columns) or len(columns) == 1:
        return False
    names = ["" if cell is None else str(cell) for cell in cells]
    # Nearly every row is seen by its first cell to be none.
    return unique_names(names[:1]) == columns[:1] and unique_names(names) == columns


def unique_names(header: Sequence[str]) -> list[str]:
    """A name for each column: a repeated one gets a number, an empty one its place."""
    names: dict[str, None] = {}
    numbers: dict[str, count[int]] = {}
    for place, column in enumerate(header, 1):
        name = column.strip("\ufeff \t\r\n") or f"column {place}"
        if name in names:
            further = numbers.setdefault(name, count(2))
            name = next(new for n in further if (new := f"{name} ({n})") not in names)
        names[name] = None
    return list(names)
