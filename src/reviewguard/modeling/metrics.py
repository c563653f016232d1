"""Figures as functions of message weights, so that one formula gives value and bootstrap interval.

A *statistic* takes weights of shape `(resamples, messages)` (how often each message was drawn) and
gives `(resamples,)` figures, NaN where undefined. With all weights 1 it is the plain figure; the
tests hold it against scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reviewguard.schema import LabelledMessage

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Statistic = Callable[[Floats], Floats]

_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its bootstrap interval, 95% by default; None where it is undefined on this data."""

    value: float | None
    low: float | None = None
    high: float | None = None


def families_of(examples: Iterable[LabelledMessage]) -> list[str]:
    """What the bootstrap draws as a whole: each message's family, one of its own where it has none."""
    return [example.family or f"alone:{i}" for i, example in enumerate(examples)]


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Elementwise quotient, NaN where the denominator is 0."""
    blank = np.full(np.broadcast(numerator, denominator).shape, np.nan)
    np.divide(numerator, denominator, out=blank, where=denominator > 0)
    return blank


def auroc(positive: Bools, scores: Floats) -> Statistic:
    """Area under the ROC curve; ties count half (Mann-Whitney U)."""
    order, starts = _tied_groups(scores)

    def statistic(weights: Floats) -> Floats:
        above = _group_sums(weights, positive, order, starts)
        below = _group_sums(weights, ~positive, order, starts)
        lower = np.cumsum(below, axis=1) - below / 2
        return ratio((above * lower).sum(axis=1), above.sum(axis=1) * below.sum(axis=1))

    return statistic


def average_precision(positive: Bools, scores: Floats) -> Statistic:
    """Mean precision over the recall steps, distinct scores as thresholds, not interpolated."""
    order, starts = _tied_groups(-scores)

    def statistic(weights: Floats) -> Floats:
        caught = _group_sums(weights, positive, order, starts)
        flagged = caught + _group_sums(weights, ~positive, order, starts)
        precision = ratio(np.cumsum(caught, axis=1), np.cumsum(flagged, axis=1))
        return ratio((np.nan_to_num(precision) * caught).sum(axis=1), caught.sum(axis=1))

    return statistic


def _tied_groups(scores: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    order = np.argsort(scores, kind="stable")
    changes = np.flatnonzero(np.diff(scores[order])) + 1
    return order, np.concatenate([[0], changes]).astype(np.intp)


def _group_sums(weights: Floats, chosen: Bools, order: NDArray[np.intp], starts: NDArray[np.intp]) -> Floats:
    kept = weights[:, order] * chosen[order]
    return np.asarray(np.add.reduceat(kept, starts, axis=1), dtype=np.float64)


def precision(positive: Bools, flagged: Bools) -> Statistic:
    """Share of flagged messages that are violations; undefined without flags or violations."""
    right = share(positive, of=flagged)

    def statistic(weights: Floats) -> Floats:
        return np.where(weights @ positive.astype(float) > 0, right(weights), np.nan)

    return statistic


def recall(positive: Bools, flagged: Bools) -> Statistic:
    """Share of violations that are flagged; undefined without violations."""
    return share(flagged, of=positive)


def false_alarm_rate(positive: Bools, flagged: Bools) -> Statistic:
    """Share of compliant messages that are flagged; undefined without compliant messages."""
    return share(flagged, of=~positive)


def share(chosen: Bools, *, of: Bools) -> Statistic:
    """Share of the messages in `of` that are `chosen`."""
    return weighted_mean(np.where(of, chosen, np.nan))


def f1(positive: Bools, flagged: Bools) -> Statistic:
    """Harmonic mean of precision and recall; undefined without violations."""
    return macro_f1(positive[:, None], flagged[:, None])


def macro_f1(present: Bools, found: Bools) -> Statistic:
    """Mean F1 over the types that occur, `present` and `found` of shape `(messages, types)`."""

    def statistic(weights: Floats) -> Floats:
        support = weights @ present.astype(float)
        both = weights @ (present & found).astype(float)
        scores = ratio(2 * both, support + weights @ found.astype(float))
        occurs = support > 0
        return ratio(np.where(occurs, scores, 0.0).sum(axis=1), occurs.sum(axis=1).astype(float))

    return statistic


def weighted_mean(values: Floats) -> Statistic:
    """Mean of the values that are not NaN."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)

    def statistic(weights: Floats) -> Floats:
        return ratio(weights @ filled, weights @ known.astype(float))

    return statistic


def estimate(
    statistics: Mapping[str, Statistic],
    groups: Sequence[str],
    *,
    seed: int,
    bootstrap: int,
    level: float = 0.95,
) -> dict[str, Figure]:
    """Each statistic with its percentile interval (Efron 1979) from resampled groups.

    Args:
        groups: each message's group, length `(messages,)`. Whole groups are drawn, since the twins
            of one family are not independent and would make the interval too narrow.
        bootstrap: resamples; 0 gives values without intervals.
        level: coverage of the intervals, 0–1.
    """
    samples: dict[str, list[Floats]] = {name: [] for name in statistics}
    for part in _draws(groups, seed=seed, bootstrap=bootstrap):
        for name, statistic in statistics.items():
            samples[name].append(statistic(part))
    return {name: _figure(np.concatenate(values), level) for name, values in samples.items()}


def _draws(groups: Sequence[str], *, seed: int, bootstrap: int) -> Iterator[Floats]:
    """Weights `(resamples, messages)`, one part of bounded size after the other, the first one the data itself."""
    names, member = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    rng = np.random.default_rng(seed)
    even = np.full(len(names), 1 / len(names))
    yield np.ones((1, len(groups)))
    for part in np.array_split(np.arange(bootstrap), max(1, bootstrap * len(groups) // _CELLS)):
        yield rng.multinomial(len(names), even, size=len(part))[:, member].astype(np.float64)


def _figure(samples: Floats, level: float) -> Figure:
    value, resampled = samples[0], samples[1:]
    resampled = resampled[~np.isnan(resampled)]
    if np.isnan(value):
        return Figure(None)
    if not len(resampled):
        return Figure(float(value))
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return Figure(float(value), float(low), float(high))
