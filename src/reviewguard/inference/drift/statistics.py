"""How far two samples lie apart: PSI, two-sample Kolmogorov-Smirnov, and the difference of two shares.

scipy is no dependency of inference; `tests/code/test_drift_statistics.py` checks these lines against it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erfc, exp, log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BINS = 10


@dataclass(frozen=True, slots=True)
class KolmogorovSmirnov:
    """The two-sample test.

    Attributes:
        statistic: widest gap between the two distribution functions, 0–1.
        upwards: whether the second sample holds the larger values where the gap is widest.
        p_value: chance of such a gap between samples of one distribution, 0–1; on values that occur more than once
            the true chance is smaller.
    """

    statistic: float
    upwards: bool
    p_value: float


def ks_2samp(before: Mapping[float, int], after: Mapping[float, int]) -> KolmogorovSmirnov:
    """Compare two samples given as value → count, both not empty.

    The p-value is Kolmogorov's limit with Stephens' correction (Stephens, "Use of the Kolmogorov-Smirnov,
    Cramér-von Mises and related statistics", 1970).
    """
    values = sorted({*before, *after})
    one, other = _counts(before, values), _counts(after, values)
    gaps = np.cumsum(one) / one.sum() - np.cumsum(other) / other.sum()
    widest = float(gaps[np.abs(gaps).argmax()])
    root = sqrt(effective_size(one.sum(), other.sum()))
    return KolmogorovSmirnov(
        abs(widest), widest > 0, _kolmogorov_tail((root + 0.12 + 0.11 / root) * abs(widest))
    )


def effective_size(before: float, after: float) -> float:
    """The size of one sample that tells as much as the two."""
    return float(before * after / (before + after))


def noticeable_gap(before: int, after: int, chance: float) -> float:
    """The smallest statistic of `ks_2samp` that samples of these sizes show with p below `chance` (at most 0.1)."""
    percentile = sqrt(log(2 / chance) / 2)  # the first term of Kolmogorov's series: the others are below 1e-4
    return percentile / sqrt(effective_size(before, after))


def _kolmogorov_tail(x: float) -> float:
    if x < 0.3:  # the sum below converges slowly there, to 1 within 1e-5
        return 1.0
    terms = (2 * (-1) ** (k - 1) * exp(-2 * (k * x) ** 2) for k in range(1, 21))
    return float(min(max(sum(terms), 0.0), 1.0))


@dataclass(frozen=True, slots=True)
class Stability:
    """The population stability index of two samples.

    Attributes:
        psi: 0 where shares of all bins are the same; no upper bound.
        bins: how many there are.
        size: of one sample that tells as much as the two.
    """

    psi: float
    bins: int
    size: float

    def by_chance(self, chance: float) -> float:
        """What the index exceeds with this probability where nothing changed.

        PSI / (1/n + 1/m) follows χ² with bins − 1 degrees of freedom then (Yurdakul & Naranjo, "Statistical
        properties of the population stability index", 2020).
        """
        return chi2_percentile(self.bins - 1, 1 - chance) / self.size


def psi(before: Sequence[float] | Floats, after: Sequence[float] | Floats) -> Stability:
    """Population stability index of two samples counted in the same bins.

    PSI = Σ (q − p) · ln(q / p) (Siddiqi, "Credit Risk Scorecards", 2006). Half a message is added to each bin, so that
    an empty one does not make it infinite.
    """
    one, other = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    p, q = ((counts + 0.5) / (counts + 0.5).sum() for counts in (one, other))
    index = float(((q - p) * np.log(q / p)).sum())
    return Stability(index, len(one), effective_size(one.sum(), other.sum()))


def chi2_percentile(degrees: int, share: float) -> float:
    """The value below which this share of χ² lies (Wilson & Hilferty, "The distribution of chi-square", 1931)."""
    spread = 2 / (9 * degrees)
    return float(degrees * (1 - spread + NormalDist().inv_cdf(share) * sqrt(spread)) ** 3)


def psi_of_numbers(before: Mapping[float, int], after: Mapping[float, int]) -> Stability:
    """PSI over ten bins that hold about equal parts of `before`; fewer where values occur often."""
    values = sorted(before)
    heights = np.cumsum(_counts(before, values))
    shares = np.arange(1, BINS) / BINS * heights[-1]
    edges = np.unique(np.asarray(values)[np.searchsorted(heights, shares)])
    return psi(_binned(before, edges), _binned(after, edges))


def share_p_value(before: float, all_before: int, after: float, all_after: int) -> float:
    """Chance of such a difference between two shares, 0–1: the two-sided z-test with the pooled share.

    Yates' correction keeps it from finding chance unlikely where one sample is small and the property rare.

    Args:
        before, after: how many of `all_before` and `all_after` have the property.
    """
    pooled = (before + after) / (all_before + all_after)
    size = effective_size(all_before, all_after)
    error = sqrt(pooled * (1 - pooled) / size)
    gap = max(abs(after / all_after - before / all_before) - 0.5 / size, 0.0)
    return 1.0 if error == 0 else erfc(gap / error / sqrt(2))


def _counts(sample: Mapping[float, int], values: Sequence[float]) -> Floats:
    return np.array([sample.get(value, 0) for value in values], dtype=np.float64)


def _binned(sample: Mapping[float, int], edges: Floats) -> Floats:
    """Counts up to each edge, and above the last."""
    places = np.searchsorted(edges, np.array(list(sample)), side="left")
    weights = np.array(list(sample.values()), dtype=np.float64)
    return np.asarray(np.bincount(places, weights, minlength=len(edges) + 1), dtype=np.float64)
