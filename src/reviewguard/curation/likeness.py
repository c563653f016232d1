"""How near, in meaning, the messages of a split lie to each other and to those that train the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from reviewguard.curation.shortcuts import Embed, nearest_similarity
from reviewguard.schema import LabelledMessage

_BLOCK = 500


@dataclass(frozen=True, slots=True)
class SplitLikeness:
    """Cosine similarities, −1 to 1, of one split's messages to their nearest neighbours.

    Attributes:
        mean, p95: nearest message of another family within the split.
        train_mean, train_p95: nearest training message; None for the training split itself, and where it is empty.
    """

    split: str
    messages: int
    mean: float
    p95: float
    train_mean: float | None = None
    train_p95: float | None = None

    def to_dict(self) -> dict[str, object]:
        """The JSON form."""
        return asdict(self)


def likeness_by_split(
    splits: Mapping[str, Sequence[LabelledMessage]], embed: Embed
) -> tuple[SplitLikeness, ...]:
    """Measure every split that has messages.

    Args:
        splits: with `train` among them.
        embed: texts → vectors of length 1, shape `(texts, dimensions)`.
    """
    train = embed([m.text for m in splits["train"]]) if splits["train"] else None
    return tuple(_likeness(name, messages, train, embed) for name, messages in splits.items() if messages)


def _likeness(
    name: str, messages: Sequence[LabelledMessage], train: NDArray[np.float64] | None, embed: Embed
) -> SplitLikeness:
    within = nearest_similarity(messages, embed)
    inside = (name, len(messages), float(within.mean()), float(np.quantile(within, 0.95)))
    if name == "train" or train is None:
        return SplitLikeness(*inside)
    vectors = embed([m.text for m in messages])
    nearest = np.concatenate(
        [(vectors[i : i + _BLOCK] @ train.T).max(axis=1) for i in range(0, len(vectors), _BLOCK)]
    )
    return SplitLikeness(*inside, float(nearest.mean()), float(np.quantile(nearest, 0.95)))
