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
    return _filled(positive, probabilities, below * bins // len(probabilities))


def _filled(
    positive: NDArray[np.bool_], probabilities: NDArray[np.float64], place: NDArray[np.intp]
) -> tuple[ReliabilityBin, ...]:
    return tuple(
        ReliabilityBin(int(inside.sum()), float(probabilities[inside].mean()), float(positive[inside].mean()))
        for inside in (place == index for index in np.unique(place))
    )


def reliability_by_width(
    positive: NDArray[np.bool_], probabilities: NDArray[np.float64]
) -> tuple[ReliabilityBin, ...]:
    """Ten bins of equal width, for a diagram: those of equal mass crowd at 0 where few messages are positive."""
    place = np.minimum((probabilities * 10).astype(int), 9)
    return _filled(positive, probabilities, place)


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Mean distance of probability and observed share, weighted by count (Nixon et al. 2019)."""
    total = sum(item.count for item in bins)
    return sum(item.count * abs(item.probability - item.observed) for item in bins) / total


@dataclass(frozen=True, slots=True)
class CalibrationRow:
    """How well one kind of probability means what it says, before and after calibration.

    Attributes:
        name: a type, or `violation` for the profile's probability.
        ece_before, ece_after, brier_before, brier_after: on held-out messages, 0–1, lower is better.
        bins_before, bins_after: of equal width, for a reliability diagram.
    """

    name: str
    ece_before: float
    ece_after: float
    brier_before: float
    brier_after: float
    bins_before: tuple[ReliabilityBin, ...] = ()
    bins_after: tuple[ReliabilityBin, ...] = ()


def calibration_row(
    name: str, positive: NDArray[np.bool_], before: NDArray[np.float64], after: NDArray[np.float64]
) -> CalibrationRow:
    """Compare two versions of one probability on the same messages.

    Args:
        positive, before, after: shape `(messages,)`.
    """
    ece = [expected_calibration_error(reliability(positive, values)) for values in (before, after)]
    brier = [float(np.mean((values - positive) ** 2)) for values in (before, after)]
    diagrams = [reliability_by_width(positive, values) for values in (before, after)]
    return CalibrationRow(name, ece[0], ece[1], brier[0], brier[1], diagrams[0], diagrams[1])
