"""Marks words where the labeller marked none: training needs to know where a type stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reviewguard.curation.rules import overlap
from reviewguard.inference.classifier import Classifier
from reviewguard.labelling.rows import LabelledRow
from reviewguard.labelling.words import mark
from reviewguard.policy import NEUTRAL_REQUEST
from reviewguard.schema import Message, Verdict
from reviewguard.text import without_spans

_SENTENCE = re.compile(r"[^\s.!?][^.!?\n]*[.!?]*")


def fill_marks(
    rows: Sequence[LabelledRow], verdicts: Sequence[Verdict], classifier: Classifier
) -> list[LabelledRow]:
    """The rows with the model's marks for each type that has none.

    Where the model finds the type, its own marks; elsewhere the sentence whose removal lowers the type's score most
    (leave-one-out; Li, Monroe and Jurafsky, "Understanding neural networks through representation erasure", 2016).
    A neutral ask gets no words that a violation is marked in; a type that the model does not know gets none.

    Args:
        verdicts: the classifier's, one a row.
    """
    return [_filled(row, verdict, classifier) for row, verdict in zip(rows, verdicts, strict=True)]


def unmarked(row: LabelledRow) -> tuple[str, ...]:
    """The row's types that no words are marked for."""
    marked = {item.type for item in row.rationale}
    return tuple(kind for kind in row.types if kind not in marked)


def _filled(row: LabelledRow, verdict: Verdict, classifier: Classifier) -> LabelledRow:
    missing = unmarked(row)
    if not missing:
        return row
    quotes = [(e.text, e.type) for e in verdict.evidence if e.type in missing]
    known = set(missing).intersection(classifier.settings.types)
    for kind in known - {kind for _, kind in quotes}:
        quotes.append((_strongest_sentence(row, kind, classifier), kind))
    found = mark(row.text, quotes)
    broken = [item for item in (*row.rationale, *found) if item.type != NEUTRAL_REQUEST]
    kept = (r for r in found if r.type != NEUTRAL_REQUEST or not any(overlap(r, other) for other in broken))
    return replace(row, rationale=(*row.rationale, *kept))


def _strongest_sentence(row: LabelledRow, kind: str, classifier: Classifier) -> str:
    sentences = [m.span() for m in _SENTENCE.finditer(row.text)]
    if len(sentences) < 2:
        return row.text
    without = [Message(without_spans(row.text, [place]), row.previous) for place in sentences]
    logits = classifier.predict_logits(without)[:, classifier.settings.types.index(kind)]
    start, end = sentences[int(np.argmin(logits))]
    return row.text[start:end]
