"""The messages a scorer got wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reviewguard.modeling.scorer import Observed, Scorer
from reviewguard.schema import COMPLIANT, REVIEW_SOLICITING

UNSCORED = "unscored"
"""Stands for the verdict of a message that could not be scored."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A message on the wrong side of the threshold, with the words that put it there."""

    id: str
    label: str
    types: tuple[str, ...]
    decision: str
    probability: float | None
    found: tuple[str, ...]
    evidence: tuple[str, ...]
    text: str
    previous: str | None


def mistakes(observed: Observed, scorer: Scorer) -> tuple[Mistake, ...]:
    """Every misclassified message, the most confident first.

    Confidence is the distance to the threshold as a share of what it may be on that side: else a threshold far from
    the middle would put all mistakes of one kind before those of the other.
    """
    side = np.where(observed.flagged, 1 - scorer.threshold, scorer.threshold)
    distance = np.abs(observed.probabilities - scorer.threshold) / np.maximum(side, np.finfo(float).tiny)
    wrong = np.flatnonzero(observed.positive != observed.flagged)
    order = sorted(wrong, key=lambda index: (-distance[index], index))
    return tuple(_mistake(observed, int(index), scorer.type_names) for index in order)


def _mistake(observed: Observed, index: int, type_names: tuple[str, ...]) -> Mistake:
    example, verdict = observed.examples[index], observed.verdicts[index]
    return Mistake(
        id=example.id,
        label=verdict_for(observed.positive[index]),
        types=example.types,
        decision=verdict.verdict or UNSCORED,
        probability=verdict.probability,
        found=tuple(n for n, on in zip(type_names, observed.found[index], strict=True) if on),
        evidence=tuple(item.text for item in verdict.evidence),
        text=example.text,
        previous=example.previous,
    )


def verdict_for(positive: bool | np.bool_) -> str:
    """The verdict that is right for a message that breaks the rules, or for one that does not."""
    return REVIEW_SOLICITING if positive else COMPLIANT
