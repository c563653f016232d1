"""What single cells of a table say: words, numbers and moments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, tzinfo
from math import isnan
from unicodedata import digit

from reviewguard.readers.correspondents import is_reply_subject
from reviewguard.readers.dates import parse_date
from reviewguard.readers.identifiers import find_order_id, order_cell
from reviewguard.readers.markup import has_entities, html_to_text, looks_like_html, tagless_to_text, tidy
from reviewguard.readers.mime import unquoted
from reviewguard.readers.wording import words_of
from reviewguard.schema import Cell, Role

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
_CLOCK = re.compile(
    r"\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[ap]\.?m\.?)?(?: ?(?:Z|[A-Z]{2,4}|[+-]\d\d:?\d\d))?", re.IGNORECASE
)
_MAY_QUOTE = re.compile(r"^>|^-- ?$|-----|\bwrote:|@.*\n|\bAmazon", re.MULTILINE)


def word_of(value: Cell) -> str:
    """The cell without spaces around it; "" where it says that there is nothing."""
    word = text_of(value).strip()
    return "" if len(word) < 10 and word.lower() in _NOTHING else word


def text_of(value: Cell) -> str:
    """The cell as text; "" for nothing, and no decimals for a whole number."""
    if isinstance(value, float):
        if isnan(value):  # which the JSON of a data frame has for a missing word
            return ""
        if value.is_integer():
            return str(int(value))
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value)


def order_of(cell: Cell) -> str:
    """A cell's order number; "" for "not available", "#REF!", "000-0000000-0000000"."""
    word = number_of(cell)
    return find_order_id(word) or order_cell(word) if any(digit(sign, 0) for sign in word) else ""


def number_of(cell: Cell) -> str:
    """What a cell with the number of an order or a ticket says; "" for nothing, and for a number that was rounded."""
    word = word_of(cell)
    return "" if not tells(cell) or _ROUNDED.fullmatch(word) else word


def tells(cell: Cell) -> bool:
    """Whether a cell with a date or a number has one."""
    return word_of(cell).lower() not in ("", *_NO_NUMBER)


def has_digit(cell: Cell) -> bool:
    """Whether a cell may hold a number or a date."""
    return any(map(str.isdigit, text_of(cell)))


def moment_of(day: Cell, clocks: Iterable[Cell], first: bool | None, zone: tzinfo) -> datetime | None:
    """The date of a row, at the time of day that another of its columns holds where its own cell has none.

    Args:
        first: as `parse_date` has it.
        zone: of a time of day that names none.
    """
    moment = parse_date(day, day_first=first, zone=zone)
    if moment is None or moment.time() != time.min:
        return moment
    words = (text_of(clock).strip() for clock in clocks)
    clock = next((word for word in words if _CLOCK.fullmatch(word)), "")
    timed = parse_date(f"{moment:%Y-%m-%d} {clock}", zone=zone) if clock else None
    return timed or (moment if zone is UTC else parse_date(day, day_first=first))


def said_in(cells: Iterable[Cell], role: Role, subject: str | None) -> tuple[str, str]:
    """The first of the texts that has words, with what it quotes; the first one where none has."""
    texts = (readable(text_of(cell), role, subject) for cell in cells)
    first = next(texts, ("", ""))
    return first if word_of(first[0]) else next((text for text in texts if word_of(text[0])), first)


def readable(text: str, role: Role, subject: str | None) -> tuple[str, str]:
    """The text without mark-up and without what it quotes, as it is where there is none of that; and the quote."""
    text = unquoted(text)
    if looks_like_html(text):
        text = html_to_text(text)
    elif has_entities(text):
        text = tagless_to_text(text)
    if not _MAY_QUOTE.search(text):
        return text, ""
    words = words_of(text, role, is_reply=is_reply_subject(subject or ""))
    return text if words.own == tidy(text) else words.own, words.quoted
