"""Lists labels that may be wrong: a model that never saw them is sure of the other verdict.

Method: confident learning (Northcutt, Jiang and Chuang, JAIR 2021; `cleanlab`), which takes its thresholds from the
labels themselves, so it needs some of each kind; of fewer, those are listed to whose verdict the model gives little.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reviewguard.policy import load_policy

FEW = 30
"""Labels below which thresholds taken from them are noise."""
LITTLE = 0.3
"""Probability of the given verdict below which a label among few is listed, 0–1."""


def doubtful(types: Sequence[Sequence[str]], probability: NDArray[np.float64]) -> list[int]:
    """Places of labels that may be wrong, the most doubtful first.

    Args:
        types: the types of each label.
        probability: that each message breaks the rules, 0–1, by a model that was not trained on it.
    """
    rules = load_policy().profile("amazon")
    labels = np.array([int(rules.is_broken(names)) for names in types], dtype=np.int64)
    both = np.stack([1 - probability, probability], axis=1)
    if len(labels) < FEW or len(set(labels.tolist())) < 2:
        own = both[np.arange(len(labels)), labels]
        return [int(place) for place in np.argsort(own, kind="stable") if own[place] < LITTLE]
    from cleanlab.filter import find_label_issues

    found = find_label_issues(labels, both, return_indices_ranked_by="self_confidence", n_jobs=1)
    return [int(place) for place in found]
