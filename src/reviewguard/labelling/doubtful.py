"""Lists labels that may be wrong: a model that never saw them is sure of the other verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reviewguard.policy import load_policy


def doubtful(types: Sequence[Sequence[str]], probability: NDArray[np.float64]) -> list[int]:
    """Places of labels that may be wrong, the most doubtful first.

    Args:
        types: the types of each label.
        probability: that each message breaks the rules, 0–1, by a model that was not trained on it.
    """
    if not types:
        return []
    from cleanlab.filter import find_label_issues

    rules = load_policy().profile("amazon")
    labels = np.array([int(rules.is_broken(names)) for names in types])
    found = find_label_issues(
        labels, np.stack([1 - probability, probability], axis=1), return_indices_ranked_by="self_confidence"
    )
    return [int(place) for place in found]
