"""Do the words that a method names carry the decision, and are they the words that the labels mark?

Faithfulness, after ERASER (DeYoung et al., ACL 2020) and ferret (Attanasio et al., EACL 2023), on the probability of
any violation: *comprehensiveness* is what it loses without the best words, *sufficiency* what it loses with only them,
each a mean over ERASER's shares of words (AOPC). *Agreement with leave-one-out* is Kendall's tau between a method's
scores and what each word alone changes. Plausibility, against rationales: word F1 and IOU F1 of the best words, as
many as rationales have on average, and the average precision of the scores (AUPRC).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import kendalltau
from sklearn.metrics import average_precision_score

from reviewguard.modeling.explainers.probe import Probe
from reviewguard.modeling.explainers.sampling import LeaveOneOut
from reviewguard.modeling.explainers.words import ERASURES, Erasure, Floats, WordedMessage
from reviewguard.modeling.spans import Marks, iou_f1, token_f1

BINS = (0.01, 0.05, 0.1, 0.2, 0.5)
"""Shares of a message's words, at least one word each, as in ERASER."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What every method is held against, computed once per model and set of messages.

    Attributes:
        rationales: marked words per message.
        share: mean share of words in the rationales, 0–1: how many words each method may select.
        alone: per erasure and message what leaving out each word changes.
    """

    rationales: tuple[Marks, ...]
    share: float
    alone: Mapping[Erasure, tuple[Floats, ...]]


def reference(model: Probe, messages: Sequence[WordedMessage]) -> Reference:
    """Rationales and leave-one-out of these messages."""
    types = model.violation_types
    rationales = tuple(message.rationale(types) for message in messages)
    alone = {erasure: tuple(LeaveOneOut(erasure).explain(model, m) for m in messages) for erasure in ERASURES}
    return Reference(rationales, float(np.mean([marks.mean() for marks in rationales])), alone)


def best_words(scores: Floats, share: float) -> Marks:
    """The words of the highest scores, this share of all rounded up; of equal ones the first."""
    best = np.zeros(len(scores), dtype=np.bool_)
    count = max(1, math.ceil(share * len(scores) - 1e-9))
    best[np.argsort(-scores, kind="stable")[:count]] = True
    return best


def faithfulness(
    model: Probe, messages: Sequence[WordedMessage], scores: Sequence[Floats], erasure: Erasure
) -> dict[str, Floats]:
    """`comprehensiveness` (more is better) and `sufficiency` (less is better) of each message, -1 to 1."""
    rows = [
        (index, marks)
        for index, given in enumerate(scores)
        for best in (best_words(given, share) for share in BINS)
        for marks in (best, ~best)
    ]
    whole = model.probabilities([message.window for message in messages])
    left = _erased_probabilities(model, messages, rows, erasure).reshape(len(messages), len(BINS), 2)
    lost = (whole[:, None, None] - left).mean(axis=1)
    return {"comprehensiveness": lost[:, 0], "sufficiency": lost[:, 1]}


def _erased_probabilities(
    model: Probe, messages: Sequence[WordedMessage], rows: Sequence[tuple[int, Marks]], erasure: Erasure
) -> Floats:
    """Probability of each message without the marked words; copies that are alike are scored once."""
    windows = [messages[index].erased(marks, erasure, model.mask_id) for index, marks in rows]
    different = list(dict.fromkeys(windows))
    place = {window: i for i, window in enumerate(different)}
    found = model.probabilities(different)
    return found[[place[window] for window in windows]]


def agreement(scores: Sequence[Floats], alone: Sequence[Floats]) -> Floats:
    """Kendall's tau-b of each message, -1 to 1; NaN where either side has no order."""
    return np.array([_tau(a, b) for a, b in zip(scores, alone, strict=True)])


def _tau(a: Floats, b: Floats) -> float:
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return math.nan
    return float(kendalltau(a, b).statistic)


def plausibility(scores: Sequence[Floats], known: Reference) -> dict[str, Floats]:
    """`token_f1`, `iou_f1` and `auprc` of each message, 0–1; NaN where nothing is marked."""
    chosen = [best_words(given, known.share) for given in scores]
    pairs = list(zip(chosen, known.rationales, strict=True))
    precision = [
        average_precision_score(marks, given) if marks.any() else math.nan
        for given, marks in zip(scores, known.rationales, strict=True)
    ]
    return {
        "token_f1": np.array([token_f1(*pair) if pair[1].any() else math.nan for pair in pairs]),
        "iou_f1": np.array([iou_f1(*pair) if pair[1].any() else math.nan for pair in pairs]),
        "auprc": np.array(precision),
    }


def measure(
    model: Probe, messages: Sequence[WordedMessage], scores: Sequence[Floats], known: Reference
) -> dict[str, Floats]:
    """Every measure of one method's scores, each of shape `(messages,)`."""
    values: dict[str, Floats] = {}
    for erasure in ERASURES:
        found = faithfulness(model, messages, scores, erasure)
        found["agreement"] = agreement(scores, known.alone[erasure])
        values |= {f"{name}_{erasure}": numbers for name, numbers in found.items()}
    return values | plausibility(scores, known)
