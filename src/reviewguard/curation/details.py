"""Puts placeholders in the place of personal details, as they stand in labels that are stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

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


def people_in(told: Details, *words: str) -> frozenset[str]:
    """Names that columns tell, and that the greetings and sign-offs of messages do."""
    return frozenset((*told.names, *(name for text in words for name in names_in(text).again)))


def remover(told: Details, *words: str) -> Callable[[str], Sequence[MaskedText]]:
    """What takes them out of the texts of one exchange, in steps of which the last leaves none.

    People's details first, then what only the dataset's rules know: order ids and links.

    Args:
        told: what columns tell of people.
        words: the messages, whose greetings and sign-offs tell names too.
    """
    people = people_in(told, *words)
    known = "|".join(re.escape(number) for number in sorted(told.numbers, key=len, reverse=True))
    pattern = re.compile(rf"{ORDER_ID.pattern}|(?<![\w-])(?:{known})(?![\w-])" if known else ORDER_ID.pattern)

    def bare(text: str) -> Sequence[MaskedText]:
        first = mask(text, people, told.places)
        found = [
            Mask(m.start(), m.end(), told.numbers.get(m.group(), _LABELS["order_id"]))
            for m in pattern.finditer(first.text)
        ]
        rest = put(first.text, found)
        private = [Mask(f.start, f.end, _LABELS[f.kind]) for f in find_private(rest.text)]
        return first, rest, put(rest.text, private)

    return bare
