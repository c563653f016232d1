"""Takes personal details out of texts that leave the support team, and keeps marks on their words.

Masked: names in greetings, sign-offs and introductions (and wherever they occur again), names given by columns,
e-mail addresses, phone and card numbers, postal addresses. Order ids and ASINs stay: an appeal needs them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeVar

from reviewguard.names import names_in
from reviewguard.personal import EMAIL, ORDER_ID, cards, phones
from reviewguard.schema import Cell, Evidence, Quote

Mark = TypeVar("Mark", Evidence, Quote)


@dataclass(frozen=True, slots=True)
class Mask:
    """A stretch of the original, character offsets with `end` exclusive, and what stands in its place."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class MaskedText:
    """A text without personal details.

    Attributes:
        text: with `[name]`, `[e-mail]`, `[phone]`, `[card]` or `[address]` in the place of details.
        masks: the stretches of the original that were replaced, in order, not overlapping.
    """

    text: str
    masks: tuple[Mask, ...] = ()

    def moved(self, marks: Iterable[Mark]) -> tuple[Mark, ...]:
        """The same marks on the masked text; one that ends inside a detail takes in its whole label."""
        moved = []
        for item in marks:
            start, end = self.place(item.start, item.end)
            moved.append(replace(item, start=start, end=end, text=self.text[start:end]))
        return tuple(moved)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the original went; one that ends inside a detail takes in its whole label."""
        return self._place(start, edge=0), self._place(end, edge=1)

    def _place(self, offset: int, edge: int) -> int:
        """Where an offset went; inside a mask, the label's start (edge 0) or end (edge 1)."""
        shift = 0
        for mask in self.masks:
            if mask.end <= offset:
                shift += len(mask.label) - (mask.end - mask.start)
            elif mask.start < offset:
                return mask.start + shift + edge * len(mask.label)
        return offset + shift


def mask(text: str, names: Iterable[str] = ()) -> MaskedText:
    """The text without personal details.

    Args:
        names: known from elsewhere (a column, another message of the thread), masked wherever they stand.
    """
    return put(text, _without_overlaps(chain(_details(text), _names(text, names)), _order_ids(text)))


def put(text: str, masks: Sequence[Mask]) -> MaskedText:
    """The text with these masks, in order and not overlapping, in place."""
    out, position = [], 0
    for item in masks:
        out += [text[position : item.start], item.label]
        position = item.end
    return MaskedText("".join([*out, text[position:]]), tuple(masks))


_NAME_COLUMN = re.compile(
    r"(?i)^(?!.*(?:product|item|file|shop|store|company|seller|brand|user_?agent))"
    r".*(?:(?:buyer|customer|recipient|contact|requester|ship\w*|first|last|full|guest|client)[\s_.-]*name"
    r"|^(?:buyer|customer|recipient|name|first|last)$)"
)


def column_names(values: Mapping[str, Cell]) -> tuple[str, ...]:
    """Names that a row's own columns hold ("buyer_name", "Customer", "ship-to name")."""
    found = (v for column, v in values.items() if isinstance(v, str) and _NAME_COLUMN.search(column))
    return tuple(v.strip() for v in found if re.fullmatch(r"[^\W\d_][\w'’.-]*(?: [\w'’.-]+){0,3}", v.strip()))


_LOCAL_PHONE = re.compile(r"(?<![\w.,/#-])(?<!\d )\d{3}[-.]\d{4}(?![\w-]|[.,]\d)")
_PHONE_STARTS = re.compile(r"\(\d+\)|\+?\d")
_STREET = (
    r"street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|court|ct|way|place|pl|terrace|close|crescent"
    r"|square|sq|highway|hwy|parkway|pkwy|circle|cir|mews|gardens|grove|hill"
)
_UNIT = r"(?:,?\s+(?i:apartment|apt|unit|suite|ste|flat|floor|room|#)\.?\s*#?\w{1,6})?"
_ZIP = r"\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d"
_WORD = r"[A-Z](?:[^\W\d_]|['’.-])+(?!\w)"
_TOWN = rf"(?:,?\s+{_WORD}(?: {_WORD}){{0,3}},?)?(?:\s+[A-Z]{{2}}\b,?)?(?:,?\s+(?:{_ZIP}))?"
_ADDRESSES = (
    re.compile(
        rf"(?:(?i:flat|apartment|apt|unit|suite)\.? \w{{1,5}},? )?(?<![\w-])\d{{1,5}}[A-Za-z]?,?"
        rf"(?: [A-Z0-9][\w'’.-]*){{1,4}} (?i:{_STREET})\b\.?{_UNIT}{_TOWN}"
    ),
    re.compile(r"(?<!\w)(?i:p\.? ?o\.? ?box) \d{1,6}" + _TOWN),
    re.compile(
        r"(?<!\w)[A-ZÄÖÜ][\wäöüß.-]*(?:straße|strasse|str\.|weg|platz|allee|gasse) \d{1,4}[a-z]?"
        r"(?:,? \d{5} [A-ZÄÖÜ]\w+)?"
    ),
    re.compile(rf"(?<![\w-]){_WORD}(?: {_WORD}){{0,2}},? [A-Z]{{2}},? (?:{_ZIP})(?![\w-])"),
    re.compile(r"(?<![\w-])(?:[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})(?![\w-])"),
)


def _details(text: str) -> Iterator[Mask]:
    for pattern in _ADDRESSES:
        yield from (Mask(*m.span(), "[address]") for m in pattern.finditer(text))
    yield from (Mask(*m.span(), "[e-mail]") for m in EMAIL.finditer(text))
    yield from (Mask(*m.span(), "[card]") for m in cards(text))
    yield from (Mask(*m.span(), "[phone]") for m in _LOCAL_PHONE.finditer(text))
    for match in phones(text):
        first = _PHONE_STARTS.search(match.group())
        yield Mask(match.start() + (first.start() if first else 0), match.end(), "[phone]")


def _names(text: str, known: Iterable[str]) -> Iterator[Mask]:
    found = names_in(text)
    yield from (Mask(start, end, "[name]") for start, end in found.places)
    words = {word for name in known for word in (name, *name.split()) if len(word) > 1} | set(found.again)
    if words:
        longest_first = "|".join(map(re.escape, sorted(words, key=lambda w: (-len(w), w))))
        pattern = re.compile(rf"(?<!\w)(?:{longest_first})(?!\w)")
        yield from (Mask(*m.span(), "[name]") for m in pattern.finditer(text))


def _order_ids(text: str) -> list[tuple[int, int]]:
    return [m.span() for m in ORDER_ID.finditer(text)]


def _without_overlaps(masks: Iterable[Mask], kept: Sequence[tuple[int, int]]) -> list[Mask]:
    """Masks in order, the longer where two meet, none over a stretch that is to stay."""
    taken: list[Mask] = []
    starts: list[int] = []
    for item in sorted(masks, key=lambda m: (m.start - m.end, m.start)):
        at = bisect_right(starts, item.start)
        before = at > 0 and taken[at - 1].end > item.start
        after = at < len(taken) and taken[at].start < item.end
        if not before and not after and all(e <= item.start or s >= item.end for s, e in kept):
            taken.insert(at, item)
            starts.insert(at, item.start)
    return taken
