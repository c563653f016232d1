"""Takes personal details out of texts that leave the support team, and keeps marks on their words.

Masked: names in greetings, sign-offs and introductions (and wherever they occur again), names given by columns,
e-mail addresses, phone, card and account numbers, postal addresses. Order ids and ASINs stay: an appeal needs them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TypeVar

from reviewguard.names import names_in
from reviewguard.personal import EMAIL, ORDER_ID, cards, ibans, phones
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
        text: with `[name]`, `[e-mail]`, `[phone]`, `[card]`, `[iban]` or `[address]` in the place of details.
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


_NAME_OF = r"(?:vor|nach)?name|(?:pré|pre)?nom|nombre|apellidos?|nome|cognome|(?:voor|achter)?naam"
_BUYER = (
    r"k(?:ä|ae|a)ufer(?:in)?s?|kunden?|kundin|besteller(?:in)?s?|empf(?:ä|ae|a)ngers?|client[ei]?|acheteu(?:r|se)"
    r"|destinataire|compradora?|destinatari[oa]|acquirente|klant|koper|ontvanger"
)
_NAME_COLUMN = re.compile(
    r"(?i)^(?!.*(?:product|item|file|shop|store|company|seller|brand|user_?agent))"
    r"(?:.*(?:buyer|customer|recipient|contact|requester|ship\w*|first|last|full|guest|client)[\s_.-]*name"
    r"|(?:buyer|customer|recipient|name|first|last)$"
    rf"|(?:{_NAME_OF})$|(?:(?:{_NAME_OF})[\W_]+(?:[dlv]\w*[\W_]+){{0,2}})?(?:{_BUYER})[\W_]*(?:{_NAME_OF})?[\W_]*$)"
)
_PART = (
    "de|del|della|den|der|dem|des|di|da|do|dos|du|la|las|le|les|los|el|am|zu|zum|zur|van|von|y|e|und|and|et"
)
_CAPITAL = r"[^\W\d_a-z][\w'’.-]*"
_LONG_NAME = rf"(?:(?:{_CAPITAL}|{_PART}) ){{0,5}}{_CAPITAL}"
_COLUMN_NAME = re.compile(rf"[^\W\d_][\w'’.-]*(?: [\w'’.-]+){{0,3}}|{_LONG_NAME}")
_LAST_FIRST = re.compile(rf"^(?P<last>{_LONG_NAME}), ?(?P<first>{_CAPITAL}(?: {_CAPITAL}){{0,2}})$")


def column_names(values: Mapping[str, Cell]) -> tuple[str, ...]:
    """Names that a row's own columns hold ("buyer_name", "Kunde", "ship-to name"); "Marsh, Ottoline" turned round."""
    found = (v for column, v in values.items() if isinstance(v, str) and _NAME_COLUMN.search(column))
    turned = (_LAST_FIRST.sub(r"\g<first> \g<last>", " ".join(v.split())) for v in found)
    return tuple(v for v in turned if _COLUMN_NAME.fullmatch(v))


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
_PROPER = r"(?:(?:St|Dr|Prof)\.|[A-ZÀ-ÖØ-Þ][^\W\d_]*(?:['’-][^\W\d_]+)*(?!\w))"
_STREET_NAME = (
    rf"(?:(?:{_PART}) ){{0,2}}(?:[dl]['’])?{_PROPER}(?:(?: (?:{_PART})){{0,2}} (?:[dl]['’])?{_PROPER}){{0,4}}"
)
_HOUSE = r"\d{1,4}(?: ?[a-zA-Z](?!\w))?(?:[/-]\d{1,4})?(?!\w)"
_COUNTED = r"St(?:ü|ue)ck|Stunden|Lumen|Punkte|Euro?|EUR|USD|Reviews?|Ratings?|Stars?|Orders?|Pieces|Units|Points|Hours"
_ZIP_TOWN = (
    rf"(?:[A-Z]{{1,2}}-)?\d{{5}} (?!(?:{_COUNTED})\b)(?:(?:Bad|St\.?|Saint|San|Santa|La|Le|Les|El|Los|Las) )?{_PROPER}"
    rf"(?: (?:am|an der) (?:Main|Rhein|Neckar|Inn|Donau|Elbe|Oder|Ruhr|Saale|Weser)| (?:de|del|sur) {_PROPER})?"
)
_ADDRESSES = (
    re.compile(
        rf"(?:(?i:flat|apartment|apt|unit|suite)\.? \w{{1,5}},? )?(?<![\w-])\d{{1,5}}[A-Za-z]?,?"
        rf"(?: [A-Z0-9][\w'’.-]*){{1,4}} (?i:{_STREET})\b\.?{_UNIT}{_TOWN}"
    ),
    re.compile(r"(?<!\w)(?i:p\.? ?o\.? ?box) \d{1,6}" + _TOWN),
    re.compile(
        rf"(?<!\w)(?:[A-ZÄÖÜ][\wäöüß.-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|straat|gracht|laan)"
        rf"|{_PROPER} (?:Straße|Strasse|Str\.|Allee|Gasse)) {_HOUSE}(?:,?\s+{_ZIP_TOWN})?"
    ),
    re.compile(
        r"(?<!\w)(?:Calle|C/|Avenida|Avda\.?|Paseo|Carrer) ?"
        rf"{_STREET_NAME},? (?:n[.ºo°]{{1,2}} ?)?{_HOUSE}(?:,?\s+{_ZIP_TOWN})?"
    ),
    re.compile(
        r"(?<![\w-])\d{1,4}(?: ?(?:bis|ter))?,? (?:"
        rf"(?i:rue|avenue|boulevard|bd|allée|chemin|impasse|quai) {_STREET_NAME}(?:,?\s+{_ZIP_TOWN})?"
        rf"|(?i:rue|avenue|boulevard|bd|allée|chemin|impasse|quai|place|cours|route|square)(?: [\w'’-]+){{1,6}}"
        rf",?\s+{_ZIP_TOWN})"
    ),
    re.compile(rf"(?<![\w-])(?!(?:In|En|An|At|To) ){_STREET_NAME},? {_HOUSE}\s*[,\n]\s*{_ZIP_TOWN}"),
    re.compile(rf"(?<![\w-]){_WORD}(?: {_WORD}){{0,2}},? [A-Z]{{2}},? (?:{_ZIP})(?![\w-])"),
    re.compile(r"(?<![\w-])(?:[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})(?![\w-])"),
)


def _details(text: str) -> Iterator[Mask]:
    for pattern in _ADDRESSES:
        yield from (Mask(*m.span(), "[address]") for m in pattern.finditer(text))
    yield from (Mask(*m.span(), "[e-mail]") for m in EMAIL.finditer(text))
    yield from (Mask(*m.span(), "[card]") for m in cards(text))
    yield from (Mask(*span, "[iban]") for span in ibans(text))
    yield from (Mask(*m.span(), "[phone]") for m in _LOCAL_PHONE.finditer(text))
    for match in phones(text):
        first = _PHONE_STARTS.search(match.group())
        yield Mask(match.start() + (first.start() if first else 0), match.end(), "[phone]")


def _names(text: str, known: Iterable[str]) -> Iterator[Mask]:
    found = names_in(text)
    yield from (Mask(start, end, "[name]") for start, end in found.places)
    forms = {form for name in {*known, *found.again} for form in _forms(name)}
    if forms:
        longest_first = "|".join(form for _, form in sorted(forms, reverse=True))
        pattern = re.compile(rf"(?<!\w)(?:{longest_first})(?!\w)")
        yield from (Mask(*m.span(), "[name]") for m in pattern.finditer(text))


def _forms(name: str) -> Iterator[tuple[int, str]]:
    """Lengths and patterns of a name: whole (several words in any case), and its words without "de" and "von"."""
    words = name.split()
    if len(words) > 1:
        together = r"\s+".join(map(_written, words))
        yield len(name), f"(?i:{together})"
        words = [word for word in words if not re.fullmatch(_PART, word.casefold())]
    one_case = name.upper() == name or name.lower() == name
    for word in words:
        if len(word) > 1:
            yield len(word), re.escape(word)
        if one_case and len(word) > 2:
            yield len(word), rf"(?=[^\W\d_a-z])(?i:{_written(word)})"


def _written(word: str) -> str:
    """A word's pattern; capitals do not tell "ss" from "ß"."""
    return re.sub("(?i)ss", "(?:ss|ß)", re.escape(word))


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
