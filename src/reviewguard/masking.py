"""Takes personal details out of texts that leave the support team, and keeps marks on their words.

Masked: names in greetings, sign-offs and introductions (and wherever they occur again), names given by columns,
e-mail addresses, phone, card and account numbers, postal addresses. Order ids and ASINs stay: an appeal needs them.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, chain
from typing import TypeVar

from reviewguard.address_cells import addressees, repeated
from reviewguard.names import NAMES_TOO, NOT_NAMES, TITLES, name_above, names_in, with_letters
from reviewguard.personal import (
    EMAIL,
    LONGEST_COLUMN,
    ORDER_ID,
    SMALL_PART,
    addresses,
    cards,
    ibans,
    phones,
    told_apart,
)
from reviewguard.schema import Cell, Evidence, Quote, Record, Role

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


def mask(text: str, names: Iterable[str] = (), places: Iterable[str] = ()) -> MaskedText:
    """The text without personal details.

    Args:
        names: known from elsewhere (a column, another message of the thread), masked wherever they stand.
        places: postal addresses that columns hold, likewise; see `whole_addresses`.
    """
    known = (Mask(*span, "[address]") for span in repeated(text, places))
    details = [*known, *_details(text)]
    places_of = (name_above(text, item.start) for item in details if item.label in ("[address]", "[phone]"))
    above = (Mask(*span, "[name]") for span in places_of if span)
    found = chain(details, above, _names(text, names))
    return put(text, _without_overlaps(found, [m.span() for m in ORDER_ID.finditer(text)]))


_JOINING = re.compile(r"(?<=[^\W\d_])[-.](?=[^\W\d_])")


def mask_file(name: str, people: Iterable[str]) -> tuple[MaskedText, MaskedText]:
    """What a file is called without personal details, in two steps: its words may be joined, "ottoline-marsh_2.eml"."""
    people = frozenset(people)
    first = put(name, mask(name.replace("_", " "), people).masks)
    return first, put(first.text, mask(_JOINING.sub(" ", first.text), people).masks)


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
    r"(?i)^(?!.*(?:product|item|(?<!pro)file|shop(?!per)|store|company|seller|brand|user_?agent))"
    r"(?:.*(?:buyer|customer|recipient|contact|requester|reviewer|(?:ship|bill|deliver|sold)\w*(?:[\s_.-]*to)?"
    r"|receiver|purchaser|consignee|addressee|first|last|given|family|full|guest|client|shopper|consumer|profile"
    r"|(?<!agent)(?<!agent[\s_.-])user)(?:['’]s)?[\W_]*(?:display[\W_]*)?name|surname|contact[\s_.-]*person"
    r"|.*(?:buyer|customer)[._](?:first|last)$"
    r"|(?:(?:amazon[\s_.-]*)?(?:buyer|customer)|recipient|name|first|last|requester|contact|receiver|purchaser|consignee"
    r"|addressee|guest|shopper|consumer|end[\s_.-]*user|reviewer|name[\s_.-]+of[\s_.-]+(?:buyer|customer)|(?:ship|deliver|bill|sold)\w*[\s_.-]*to)$"
    rf"|(?:{_NAME_OF})$|(?:(?:{_NAME_OF})[\W_]+(?:[dlv]\w*[\W_]+){{0,2}})?(?:{_BUYER})[\W_]*(?:{_NAME_OF})?[\W_]*$)"
)
_CAPITAL = r"[^\W\d_a-z][\w'’.-]*"
_LONG_NAME = rf"(?:(?:{_CAPITAL}|{SMALL_PART}) ){{0,7}}{_CAPITAL}"
_COLUMN_NAME = re.compile(rf"[^\W\d_][\w'’.-]*(?: [\w'’.-]+){{0,3}}|{_LONG_NAME}")
# What such columns hold besides people: kinds of contact, answers, countries.
_NO_NAME_WORDS = """
amazon customer buyer guest end user shopper consumer admin support seller yes no true false none null unknown n.a na
other email e-mail mail phone telephone chat sms whatsapp home work office us usa uk eu united states kingdom germany
france italy spain canada australia mexico japan netherlands austria switzerland belgium poland sweden
"""
_NO_NAMES = frozenset(_NO_NAME_WORDS.split())
_REMARK = re.compile(r"\s*[(<\[].*")
_ALSO = re.compile(r" [cC]/[oO] |(?<! [cC]) ?[&/] ?| (?:and|und|et|y) (?=[^\W\d_a-z])")
"""What follows a name in its cell, and what stands between two of them."""
_LAST_FIRST = re.compile(
    rf"^(?P<last>{_LONG_NAME}|[^\W\d_A-Z]+), ?(?P<first>{_CAPITAL}(?: {_CAPITAL}){{0,2}}|[^\W\d_A-Z]+)$"
)


_SENDER_COLUMN = re.compile(
    r"(?i)^(?:(?:from|sender|author)(?:[\W_]*name\)?)?|absender|expéditeur|remitente|mittente)$"
)
_RECIPIENT_COLUMN = re.compile(r"(?i)^(?:to(?:[\W_]*name\)?)?|an|para|à|a|destinatario)$")
_ADDRESSED = re.compile(
    rf'"?(?P<name>{_CAPITAL}(?: {_CAPITAL}){{0,3}}|{_LONG_NAME}, ?{_CAPITAL}(?: {_CAPITAL})?)"? ?<[^<>]*>'
)
_SENDER = re.compile(rf'"?(?P<name>{_CAPITAL}(?: {_CAPITAL}){{1,3}})"?')
_MARKETPLACE = re.compile(r'(?i)(?<!\s)\s*(?:[-–(]|\bvia\b)\s*(?:amazon|ebay|etsy|walmart)\b[^<>"]*')
"""What a marketplace adds to the name of whom it passes mail on for."""
_WRITER_WORDS = "buyer customer client end user kunde kunden käufer amazon ebay seller guest vom"
_WRITERS = frozenset(_WRITER_WORDS.split())


def buyer_names(values: Mapping[str, Cell], role: Role) -> tuple[str, ...]:
    """Names of the buyer where a row tells who wrote it ("From") or to whom; the agent's name is not among them.

    A name of one word counts beside an address only.
    """
    columns = _SENDER_COLUMN if role == "buyer" else _RECIPIENT_COLUMN
    cells = (
        _MARKETPLACE.sub("", _composed(v))
        for c, v in values.items()
        if isinstance(v, str) and columns.match(c.strip())
    )
    found = ((_ADDRESSED.fullmatch(cell.strip()) or _SENDER.fullmatch(cell.strip())) for cell in cells)
    names = (_LAST_FIRST.sub(r"\g<first> \g<last>", match["name"]) for match in found if match)
    return tuple(name for name in names if (_WRITERS | _NO_NAMES).isdisjoint(name.lower().split()))


def column_names(values: Mapping[str, Cell]) -> tuple[str, ...]:
    """Names that a row's own columns hold ("buyer_name", "Kunde", "ship-to name"); "Marsh, Ottoline" turned round.

    Of a cell with a whole address it is the name above the street.
    """
    found = (
        v
        for column, v in values.items()
        if isinstance(v, str) and _NAME_COLUMN.search(column[:LONGEST_COLUMN])
    )
    people = (
        name for v in found for name in _ALSO.split(_REMARK.sub("", _MARKETPLACE.sub("", _composed(v))))
    )
    turned = (_LAST_FIRST.sub(r"\g<first> \g<last>", name) for name in people)
    names = (
        name
        for name in turned
        if _COLUMN_NAME.fullmatch(with_letters(name)) and not _NO_NAMES.issuperset(name.lower().split())
    )
    return (*names, *addressees(values))


def _composed(cell: str) -> str:
    """A cell with single spaces, and letters with their accents where it has these as signs of their own."""
    return unicodedata.normalize("NFC", " ".join(cell.split()))


def record_names(record: Record) -> tuple[str, ...]:
    """Names that a record's own columns hold, the buyer's as sender or recipient among them."""
    return (*column_names(record.values), *buyer_names(record.values, record.role))


_LOCAL_PHONE = re.compile(r"(?<![\w.,/#-])(?<!\d )\d{3}[-.]\d{4}(?![\w-]|[.,]\d)")
_PHONE_STARTS = re.compile(r"\(\d+\)|\+?\d")


def _details(text: str) -> Iterator[Mask]:
    yield from (Mask(*m.span(), "[address]") for m in addresses(text))
    yield from (Mask(*m.span(), "[e-mail]") for m in EMAIL.finditer(text))
    yield from (Mask(*m.span(), "[card]") for m in cards(text))
    yield from (Mask(*span, "[iban]") for span in ibans(text))
    local = (m.span() for m in _LOCAL_PHONE.finditer(text))
    yield from (Mask(*span, "[phone]") for span in local if not told_apart(text, span[0]))
    for match in phones(text):
        first = _PHONE_STARTS.search(match.group())
        yield Mask(match.start() + (first.start() if first else 0), match.end(), "[phone]")


def _names(text: str, known: Iterable[str]) -> Iterator[Mask]:
    known = frozenset(known)
    found = names_in(text, known)
    yield from (Mask(start, end, "[name]") for start, end in found.places)
    if pattern := _any_of(known | found.again):
        yield from (Mask(*m.span(), "[name]") for m in pattern.finditer(text))


@lru_cache(maxsize=512)
def _any_of(names: frozenset[str]) -> re.Pattern[str] | None:
    """All forms of the names, the longest first; messages of one conversation share them."""
    forms = {form for name in names for form in _forms(name)}
    longest_first = "|".join(form for _, form in sorted(forms, reverse=True))
    return re.compile(rf"(?<!\w)(?:{longest_first})(?!\w|['’][Tt]\b)") if forms else None


_ORDINARY = "an art as at bill chance faith grace hope joy mark on page rose up"
_WORDS_TOO = NAMES_TOO.union(_ORDINARY.split())
"""Ordinary words in small letters, also where a column writes a name so ("will marsh")."""


def _forms(name: str) -> Iterator[tuple[int, str]]:
    """Lengths and patterns of a name: whole (several words in any case), and its words, shouted too, without "de".

    A title before it is none. A double name's parts are words too: "Ann-Marie" signs as "Ann". Words that nobody is
    called ("Five Star Supply") are left where they do not stand together.
    """
    words = TITLES.sub("", name).split()
    if len(words) > 1:
        together = r"\s+".join(map(_written, words))
        yield len(name), f"(?i:{together})"
        words = [word for word in words if not re.fullmatch(SMALL_PART, word.casefold())]
    words += [
        part
        for word in words
        if "-" in word
        for part in word.split("-")
        if len(part) > 2 and part[0].isupper()
    ]
    words = [word for word in words if word.lower() not in NOT_NAMES - NAMES_TOO]
    one_case = name.upper() == name or name.lower() == name
    for word in words:
        if len(word) > 1 and word not in _WORDS_TOO:
            yield len(word), _written(word)
        if one_case and len(word) > 2:
            yield len(word), rf"(?=[^\W\d_a-z])(?i:{_written(word)})"
        elif len(word) > 2 and word.lower() not in _WORDS_TOO:
            yield len(word), _written(word.upper())


def _written(word: str) -> str:
    """A word's pattern, accents and signs as people type them; capitals do not tell "ss" from "ß"."""
    return re.sub("(?i)ss", "(?:ss|ß)", "".join(map(_typed, unicodedata.normalize("NFC", word))))


def _typed(sign: str) -> str:
    """A letter with its accent, without it, or with the accent as a sign of its own; any apostrophe or hyphen."""
    if sign in "'’":
        return "['’‘`´]"
    if sign == "ß":
        return "(?:ß|ss)"
    if sign == "-":
        return r"[-‐‑\s]"
    plain = unicodedata.normalize("NFD", sign)[0]
    return re.escape(sign) if plain == sign else rf"(?:{re.escape(sign)}|{re.escape(plain)}[\u0300-\u036f]*)"


def _without_overlaps(masks: Iterable[Mask], kept: Sequence[tuple[int, int]]) -> list[Mask]:
    """Masks in order, the longer where two meet, none over a stretch that is to stay."""
    taken: list[Mask] = []
    starts, ends = [start for start, _ in sorted(kept)], [*accumulate((end for _, end in sorted(kept)), max)]
    for item in sorted(masks, key=lambda m: (m.start - m.end, m.start)):
        at = bisect_right(taken, item.start, key=lambda mask: mask.start)
        before = at > 0 and taken[at - 1].end > item.start
        after = at < len(taken) and taken[at].start < item.end
        begun = bisect_left(starts, item.end)  # of what is to stay, as many begin before its end
        if not before and not after and (not begun or ends[begun - 1] <= item.start):
            taken.insert(at, item)
    return taken
