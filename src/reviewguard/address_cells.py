"""Whole postal addresses in cells of an export ("Ship To"): whom they name, and where messages repeat them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from reviewguard.personal import LONGEST_COLUMN, SMALL_PART
from reviewguard.schema import Cell

_COLUMN = re.compile(
    r"(?i)^(?!.*(?:e-?mail|from|sender|seller|shop|store|warehouse|return|product|item|(?<![a-z])ip(?![a-z])))"
    r"(?:.*(?:address|adresse|anschrift|direcci[oó]n|indirizzo)|(?:ship|deliver|bill|sold)\w*[\s_.-]*to$"
    r"|(?:recipient|consignee|addressee|empf(?:ä|ae|a)nger)$)"
)
_BREAK = re.compile(r"\s*[,;|\n]\s*")
_BETWEEN = r"[\s,;|]+"
_LONGEST, _MOST_PARTS = 400, 10
_CAPITAL = r"[^\W\d_a-z][^\W\d_]*(?:['’.-][^\W\d_]*)*"
_PERSON = re.compile(rf"{_CAPITAL}(?: (?:{_CAPITAL}|{SMALL_PART})){{0,3}} {_CAPITAL}")
_TELLING = re.compile(
    r"(?!(?i:flat|apartment|apt|unit|suite|ste|level|floor|room|po box)\b)(?=.*\d)(?=.*[^\W\d_]{2}).{6,}"
)
"""A street with its number or a postcode with its place; a message that has it alone has an address."""


def addressees(values: Mapping[str, Cell]) -> tuple[str, ...]:
    """Names that stand before the street in a row's cells with a whole address."""
    found = (parts[0] for parts in _cells(values) if not _has_digit(parts[0]))
    return tuple(name for name in found if _PERSON.fullmatch(name))


def whole_addresses(values: Mapping[str, Cell]) -> tuple[str, ...]:
    """What a row's cells with a whole address hold from the street on, with commas between its parts."""
    return tuple(", ".join(parts[_street(parts) :]) for parts in _cells(values))


def repeated(text: str, known: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Where a text has known addresses or, of one, a street or a postcode with its place; end exclusive."""
    if pattern := _any_of(frozenset(known)):
        yield from (match.span() for match in pattern.finditer(text))


def _cells(values: Mapping[str, Cell]) -> Iterator[list[str]]:
    """The parts of each cell that has a street with its number and, in a part of its own, a postcode."""
    for column, cell in values.items():
        if isinstance(cell, str) and len(cell) <= _LONGEST and _COLUMN.match(column[:LONGEST_COLUMN].strip()):
            parts = [" ".join(part.split()) for part in _BREAK.split(cell.strip()) if part.strip()]
            numbered = [part for part in parts if _has_digit(part)]
            if len(numbered) > 1 and len(parts) <= _MOST_PARTS and any(map(_TELLING.fullmatch, numbered)):
                yield parts


def _street(parts: Sequence[str]) -> int:
    return next(place for place, part in enumerate(parts) if _has_digit(part))


def _has_digit(part: str) -> bool:
    return any(map(str.isdigit, part))


@lru_cache(maxsize=512)
def _any_of(known: frozenset[str]) -> re.Pattern[str] | None:
    forms = sorted((form for address in known for form in _forms(address.split(", "))), key=len, reverse=True)
    return re.compile(rf"(?i)(?<![\w-])(?:{'|'.join(forms)})(?![\w-])") if forms else None


def _forms(parts: Sequence[str]) -> Iterator[str]:
    """Patterns that begin with a telling part; what follows it may be left out."""
    written = [r"\s+".join(map(re.escape, part.split())) for part in parts]
    for place, part in enumerate(parts):
        if _TELLING.fullmatch(part):
            rest = "".join(f"(?:{_BETWEEN}{words})?" for words in written[place + 1 :])
            yield written[place] + rest
