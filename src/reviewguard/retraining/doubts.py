"""Lists new labels that may be wrong, by a model that has seen the other ones.

The champion cannot judge labels of a kind that it never saw. So each label is judged by a linear model on sentence
embeddings, fitted on the other labels and on written messages; confident learning (Northcutt, Jiang and Chuang, JAIR
2021; `cleanlab`) says which labels contradict it. The list is for a person: nothing is left out because of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from reviewguard.modeling.embeddings import FrozenEmbeddings
from reviewguard.retraining.measure import violations
from reviewguard.schema import LabelledMessage

FEW = 10
"""Labels of which too few are left for judging one of them."""
FOLDS = 5
WEIGHT = 5.0
"""A label's weight in the fit; a written message has 1."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A label that may be wrong: the others give the message this probability (0–1) of breaking the rules."""

    message: LabelledMessage
    violation: bool
    probability: float


def doubts(labels: Sequence[LabelledMessage], written: Sequence[LabelledMessage]) -> tuple[Doubt, ...]:
    """Labels that the others contradict, the most doubtful first.

    Args:
        written: a few hundred messages with labels that are not in doubt.
    """
    if len(labels) < FEW or not written:
        return ()
    from cleanlab.filter import find_label_issues

    everything = [*labels, *written]
    positive = violations(everything).astype(np.int64)
    embeddings = FrozenEmbeddings().transform([m.text for m in everything])
    weights = np.where(np.arange(len(everything)) < len(labels), WEIGHT, 1.0)
    probability = cross_val_predict(
        LogisticRegression(C=10.0, max_iter=1000),
        embeddings,
        positive,
        groups=[m.family or m.id for m in everything],
        cv=StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0),
        method="predict_proba",
        params={"sample_weight": weights},
    )
    found = find_label_issues(positive, probability, return_indices_ranked_by="self_confidence", n_jobs=1)
    return tuple(
        Doubt(labels[i], bool(positive[i]), round(float(probability[i, 1]), 3))
        for i in map(int, found)
        if i < len(labels)
    )
