"""A share of the training families, for learning curves."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from reviewguard.schema import LabelledMessage


def limit_families(messages: Sequence[LabelledMessage], share: float, seed: int) -> list[LabelledMessage]:
    """Messages of a random `share` of the families, 0–1; the smaller share is part of the larger."""
    families = sorted({m.family for m in messages})
    Random(seed).shuffle(families)
    kept = set(families[: max(1, round(share * len(families)))])
    return [m for m in messages if m.family in kept]
