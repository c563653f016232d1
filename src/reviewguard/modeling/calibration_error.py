"""How far stated probabilities are from observed shares: reliability bins, ECE and Brier score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Messages of like probability: their number, mean probability and share of violations, 0–1."""

    count: int
    probability: float
    observed: float


def reliability(
    positive: NDArray[np.bool_], probabilities: NDArray[np.float64], bins: int = 15
) -> tuple[ReliabilityBin, ...]:
    """Bins of about equal mass; equal probabilities stay together, so there may be fewer bins."""
    below = np.searchsorted(np.sort(probabilities), probabilities, side="left")
    place = below * bins // len(probabilities)
    return tuple(
        ReliabilityBin(int(inside.sum()), float(probabilities[inside].mean()), float(positive[inside].mean()))
        for inside in (place == index for index in np.unique(place))
    )


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Mean distance of probability and observed share, weighted by count (Nixon et al. 2019)."""
    total = sum(item.count for item in bins)
    return sum(item.count * abs(item.probability - item.observed) for item in bins) / total
