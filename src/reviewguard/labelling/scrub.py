"""Takes personal details out of a labelled row; marks stay on their words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from reviewguard.curation.details import people_in, remover
from reviewguard.curation.rules import PLACEHOLDER
from reviewguard.labelling.rows import LabelledRow
from reviewguard.labelling.words import mark
from reviewguard.masking import mask_file
from reviewguard.schema import Rationale

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
    said = (row.text, row.previous or "")
    bare = remover(row.details, *said)
    text, previous = map(bare, said)
    told = {field: bare(words) for field, words in _told(row).items()}
    file = mask_file(_source(row), people_in(row.details, *said))
    told["source"] = (*file, *bare(file[-1].text))
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
            rationale=_everywhere(text[-1].text, rationale),
            extra={**row.extra, **{field: passes[-1].text for field, passes in told.items()}},
        ),
        taken,
    )


def _everywhere(text: str, rationale: Sequence[Rationale]) -> tuple[Rationale, ...]:
    """The marks, and those of other words that placeholders made the same."""
    quotes = [(text[r.start : r.end], r.type) for r in rationale]
    again = mark(text, (quote for quote in quotes if _holds_placeholder(quote[0])))
    return tuple(dict.fromkeys((*rationale, *again)))


def _holds_placeholder(words: str) -> bool:
    """Whether there is one, and more: alone it may stand elsewhere, see `curation.rules`."""
    return PLACEHOLDER.search(words) is not None and not PLACEHOLDER.fullmatch(words.strip())


def _told(row: LabelledRow) -> Mapping[str, str]:
    """What is stored beside the messages: products may be named after people, columns hold anything."""
    return {field: row.extra[field] for field in _COPIED if field in row.extra}


def _source(row: LabelledRow) -> str:
    return row.extra.get("source") or f"{row.file}, {row.place}"
