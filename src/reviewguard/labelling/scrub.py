"""Takes personal details out of a labelled row; marks stay on their words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reviewguard.curation.privacy import find_private
from reviewguard.labelling.rows import LabelledRow
from reviewguard.masking import Mask, MaskedText, mask, put
from reviewguard.names import names_in
from reviewguard.personal import ORDER_ID
from reviewguard.schema import Rationale

_LABELS = {
    "email": "[e-mail]",
    "relay_address": "[e-mail]",
    "url": "[link]",
    "order_id": "[order-id]",
    "card": "[card]",
    "iban": "[iban]",
    "phone": "[phone]",
}


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A row without personal details, and how many of each kind were taken out ("[name]" → 2)."""

    row: LabelledRow
    taken: Counter[str]


def scrub(row: LabelledRow) -> Scrubbed:
    """Put placeholders in the place of names, addresses, phones, e-mail, cards, links and order ids."""
    people = frozenset((*row.names, *names_in(row.text).again, *names_in(row.previous or "").again))
    text = _passes(row.text, people)
    previous = _passes(row.previous or "", people)
    rationale = row.rationale
    for step in text:
        moved = ((step.place(r.start, r.end), r.type) for r in rationale)
        rationale = tuple(Rationale(*place, kind) for place, kind in moved)
    taken = Counter(item.label for step in (*text, *previous) for item in step.masks)
    return Scrubbed(
        replace(
            row,
            text=text[-1].text,
            previous=previous[-1].text or None,
            rationale=tuple(dict.fromkeys(rationale)),
        ),
        taken,
    )


def _passes(text: str, people: Iterable[str]) -> Sequence[MaskedText]:
    """People's details first, then what only the dataset's rules know: order ids and links."""
    first = mask(text, people)
    found = [Mask(m.start(), m.end(), _LABELS["order_id"]) for m in ORDER_ID.finditer(first.text)]
    rest = put(first.text, found)
    private = [Mask(f.start, f.end, _LABELS[f.kind]) for f in find_private(rest.text)]
    return first, rest, put(rest.text, private)
