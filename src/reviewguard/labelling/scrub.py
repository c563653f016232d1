"""Takes personal details out of a labelled row; marks stay on their words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

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
_COPIED = ("product", "when", "model", "shown")


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """A row without personal details, and how many of each kind were taken out ("[name]" → 2)."""

    row: LabelledRow
    taken: Counter[str]


def scrub(row: LabelledRow) -> Scrubbed:
    """Put placeholders in the place of names, addresses, phones, e-mail, cards, links and order ids.

    In the messages, and in what is stored beside them but for the labeller.
    """
    people = frozenset((*row.names, *names_in(row.text).again, *names_in(row.previous or "").again))
    text = _passes(row.text, people)
    previous = _passes(row.previous or "", people)
    told = {field: _passes(words, people) for field, words in _told(row).items()}
    rationale = row.rationale
    for step in text:
        moved = ((step.place(r.start, r.end), r.type) for r in rationale)
        rationale = tuple(Rationale(*place, kind) for place, kind in moved)
    steps = chain(text, previous, *told.values())
    taken = Counter(item.label for step in steps for item in step.masks)
    return Scrubbed(
        replace(
            row,
            text=text[-1].text,
            previous=previous[-1].text or None,
            rationale=tuple(dict.fromkeys(rationale)),
            extra={**row.extra, **{field: passes[-1].text for field, passes in told.items()}},
        ),
        taken,
    )


def _told(row: LabelledRow) -> Mapping[str, str]:
    """What is stored beside the messages: files and products may be named after people, columns hold anything."""
    told = {"source": row.extra.get("source") or f"{row.file}, {row.place}"}
    return told | {field: row.extra[field] for field in _COPIED if field in row.extra}


def _passes(text: str, people: Iterable[str]) -> Sequence[MaskedText]:
    """People's details first, then what only the dataset's rules know: order ids and links."""
    first = mask(text, people)
    found = [Mask(m.start(), m.end(), _LABELS["order_id"]) for m in ORDER_ID.finditer(first.text)]
    rest = put(first.text, found)
    private = [Mask(f.start, f.end, _LABELS[f.kind]) for f in find_private(rest.text)]
    return first, rest, put(rest.text, private)
