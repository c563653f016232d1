"""Does the evidence name the words that the labels mark, and does the verdict rest on it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reviewguard.modeling.scorer import Observed, Scorer, scored_probabilities
from reviewguard.modeling.spans import Marks, Span, marked_words
from reviewguard.text import without_spans

Floats = NDArray[np.float64]


def rationale_agreement(observed: Observed, measure: Callable[[Marks, Marks], float]) -> Floats:
    """`measure` of evidence against rationale per message, over the union of the profile's types.

    NaN for messages that are not caught violations or carry no rationale, and for all of a model that marks no word,
    shape `(messages,)`.
    """
    values = np.full(len(observed.examples), np.nan)
    if not _marks(observed):
        return values
    for index in np.flatnonzero(observed.caught).tolist():
        rationale = rationale_spans(observed, index)
        if rationale:
            labelled = marked_words(observed.examples[index].text, rationale)
            values[index] = measure(evidence_marks(observed, index), labelled)
    return values


def remove_evidence(scorer: Scorer, observed: Observed) -> tuple[Floats, Floats]:
    """Take the evidence out of every caught violation and score what is left.

    Returns:
        Whether the rest is below the scorer's threshold (1 or 0) and the share of words taken (0–1), both
        NaN for messages that are not caught violations, and for all of a model that marks no word, shape
        `(messages,)`. A rest with nothing to read is below it.
    """
    taken = np.full(len(observed.examples), np.nan)
    rests: dict[int, str] = {}
    for index in np.flatnonzero(observed.caught).tolist() if _marks(observed) else ():
        marks = evidence_marks(observed, index)
        taken[index] = marks.mean() if len(marks) else 0.0
        rests[index] = without_spans(observed.examples[index].text, evidence_spans(observed, index))
    return below_threshold(scorer, observed, rests), taken


def below_threshold(scorer: Scorer, observed: Observed, rests: Mapping[int, str]) -> Floats:
    """Whether what is left of messages, by their place, is below the scorer's threshold, as nothing at all is.

    1 or 0, NaN for the other messages, shape `(messages,)`.
    """
    turned = np.full(len(observed.examples), np.nan)
    turned[list(rests)] = 1.0
    left = [index for index, text in rests.items() if text.strip()]
    messages = [replace(observed.examples[index].message, text=rests[index]) for index in left]
    if messages:
        turned[left] = scored_probabilities(scorer.predict(messages)) < scorer.threshold
    return turned


def _marks(observed: Observed) -> bool:
    """Whether the model says of any caught violation which words it has seen."""
    return any(observed.verdicts[index].evidence for index in np.flatnonzero(observed.caught).tolist())


def evidence_spans(observed: Observed, index: int) -> list[Span]:
    """Where the verdict's evidence for the profile's types lies."""
    evidence = observed.verdicts[index].evidence
    return [(item.start, item.end) for item in evidence if item.type in observed.rule_types]


def evidence_marks(observed: Observed, index: int) -> Marks:
    """Which words of a message that evidence covers."""
    return marked_words(observed.examples[index].text, evidence_spans(observed, index))


def rationale_spans(observed: Observed, index: int) -> list[Span]:
    """Where the labels mark the profile's types; a stretch of no stated type counts too."""
    kinds = observed.rule_types | {""}
    rationale = observed.examples[index].rationale
    return [(item.start, item.end) for item in rationale if item.type in kinds]
