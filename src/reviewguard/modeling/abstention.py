"""The needs-review band as a promise: how many violations may be called compliant, and how sure we are of it.

Risk control on held-out messages: the lower threshold is the highest one whose upper confidence bound on the share
of violations below it stays within the risk. Below a threshold a violation is missed or not, so the bound is the
exact binomial one (Clopper and Pearson 1934), and since the share grows with the threshold, the bound holds for the
threshold chosen by it: Bates, Angelopoulos, Lei, Malik and Jordan, "Distribution-free, risk-controlling prediction
sets", JACM 2021. The promise is for messages like those it was fitted on. It takes violations as
independent: nearly every family holds one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

RISK = 0.01
"""Share of violations that may be called compliant."""
CONFIDENCE = 0.95
HIGHEST = 0.5
"""The lower threshold lies no higher."""
RISKS = (0.005, 0.01, 0.02, 0.05, 0.1)


def upper_bound(missed: int, total: int) -> float:
    """Exact upper confidence bound on a share of which `missed` of `total` were seen; 1 without any."""
    return float(beta.ppf(CONFIDENCE, missed + 1, total - missed)) if missed < total else 1.0


def lower_threshold(probability: Floats, positive: Bools, risk: float = RISK) -> tuple[float, float]:
    """The highest threshold that keeps the promise, and the bound on the risk that goes with it.

    With too few violations for the promise, no violation seen may lie below it, and the bound says how little that
    proves.

    Args:
        probability, positive: of the held-out messages, shape `(messages,)`.

    Returns:
        The threshold (0 without violations), and the upper bound on the share of violations below it, 0–1.
    """
    scores = np.sort(probability[positive])
    if not len(scores):
        return 0.0, 1.0
    allowed = 0
    while allowed + 1 < len(scores) and upper_bound(allowed + 1, len(scores)) <= risk:
        allowed += 1
    return float(scores[allowed]), upper_bound(allowed, len(scores))


@dataclass(frozen=True, slots=True)
class BandRow:
    """One promise and what it costs, fitted on some messages and counted on others.

    Attributes:
        risk: share of violations that may be called compliant, 0–1.
        lower: the threshold that promises it, or comes nearest; below it a message is compliant.
        bound: upper confidence bound on the share of violations below it, 0–1; above `risk`, nothing is promised.
        band: share of all messages between the two thresholds.
        missed: share of violations called compliant, and `cleared`: share of compliant messages called so.
    """

    risk: float
    lower: float
    bound: float
    band: float
    missed: float
    cleared: float


def band_rows(
    fitted_on: tuple[Floats, Bools], counted_on: tuple[Floats, Bools], upper: float
) -> list[BandRow]:
    """What each of several promises costs.

    Args:
        fitted_on, counted_on: probabilities and labels of the messages, shapes `(messages,)`.
        upper: from it on a message is review-soliciting.
    """
    probability, positive = counted_on
    rows = []
    for risk in RISKS:
        lower, bound = lower_threshold(*fitted_on, risk)
        lower = min(lower, HIGHEST, upper)
        below = probability < lower
        rows.append(
            BandRow(
                risk,
                round(lower, 4),
                bound,
                float(np.mean(~below & (probability < upper))),
                float(below[positive].mean()) if positive.any() else 0.0,
                float(below[~positive].mean()) if (~positive).any() else 0.0,
            )
        )
    return rows
