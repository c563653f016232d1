"""Puts placeholders in the place of personal details, as they stand in labels that are stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from reviewguard.curation.privacy import find_private
from reviewguard.masking import Mask, MaskedText, mask, put
from reviewguard.names import names_in
from reviewguard.people import Details
from reviewguard.personal import ORDER_ID

_LABELS = {
    "email": "[e-mail]",
    "relay_address": "[e-mail]",
    "url": "[link]",
    "order_id": "[order-id]",
    "card": "[card]",
    "iban": "[iban]",
    "phone": "[phone]",
}


def remover(told: Details, *words: str) -> Callable[[str], Sequence[MaskedText]]:
    """`without_details` for what belongs to one exchange.

    Args:
        told: what columns tell of people.
        words: the messages, whose greetings and sign-offs tell names too.
    """
    people = frozenset((*told.names, *(name for text in words for name in names_in(text).again)))
    return partial(without_details, people=people, numbers=told.numbers, places=told.places)


def without_details(
    text: str, people: Iterable[str], numbers: Mapping[str, str] | None = None, places: Iterable[str] = ()
) -> Sequence[MaskedText]:
    """The text in steps, each without more of them: the last has none.

    People's details first, then what only the dataset's rules know: order ids and links.

    Args:
        people: names known from elsewhere.
        numbers: order and phone numbers known from elsewhere → the placeholder for each.
        places: postal addresses known from elsewhere.
    """
    first = mask(text, people, places)
    labels = numbers or {}
    known = "|".join(re.escape(number) for number in sorted(labels, key=len, reverse=True))
    pattern = re.compile(rf"{ORDER_ID.pattern}|(?<![\w-])(?:{known})(?![\w-])" if known else ORDER_ID.pattern)
    found = [
        Mask(m.start(), m.end(), labels.get(m.group(), _LABELS["order_id"]))
        for m in pattern.finditer(first.text)
    ]
    rest = put(first.text, found)
    private = [Mask(f.start, f.end, _LABELS[f.kind]) for f in find_private(rest.text)]
    return first, rest, put(rest.text, private)
