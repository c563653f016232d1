"""Differences between two models on the same messages, with paired bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from reviewguard.modeling import metrics
from reviewguard.modeling.behaviour import BehaviourReport
from reviewguard.modeling.behaviour_cases import Case
from reviewguard.modeling.evaluation import Evaluation
from reviewguard.modeling.metrics import Figure, Statistic, estimate
from reviewguard.modeling.slices import members_of
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, LabelledMessage

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Measure = Callable[[Bools, Bools], Statistic]
"""(positive, flagged) → statistic."""

JOINT_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Draws:
    """How intervals are drawn."""

    seed: int
    resamples: int


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two models on the same messages: labels, and what each flags, shape `(messages,)`.

    Attributes:
        families: of the messages; whole ones are drawn.
    """

    examples: tuple[LabelledMessage, ...]
    positive: Bools
    champion: Bools
    challenger: Bools
    families: tuple[str, ...]

    @classmethod
    def of(cls, examples: Sequence[LabelledMessage], champion: Evaluation, challenger: Evaluation) -> Pair:
        """From two evaluations on these messages."""
        families = tuple(metrics.families_of(examples))
        return cls(tuple(examples), champion.positive, _flags(champion), _flags(challenger), families)


@dataclass(frozen=True, slots=True)
class Range:
    """Challenger less champion, -1 to 1, with an interval where there is one."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of both models."""

    name: str
    champion: float
    challenger: float
    difference: Range
    higher_is_better: bool = True

    @property
    def loss(self) -> float:
        """How much worse the challenger is, below 0 where it is better."""
        return -self.difference.value if self.higher_is_better else self.difference.value

    @property
    def sure_loss(self) -> float:
        """The least loss within the interval; 0 where there is no interval."""
        if self.difference.low is None or self.difference.high is None:
            return 0.0
        return -self.difference.high if self.higher_is_better else self.difference.low

    @property
    def lost(self) -> str:
        """What a worse figure did, and by how much."""
        return f"{'fell' if self.higher_is_better else 'rose'} by {self.loss:.3f}"

    def within(self, allowed: float) -> bool:
        """Whether no more is lost than is allowed."""
        return self.loss <= allowed + 1e-9


@dataclass(frozen=True, slots=True)
class McNemar:
    """Messages that one model alone got right, and the exact two-sided p (McNemar 1947)."""

    lost: int
    won: int
    p: float


def whole_differences(pair: Pair, draws: Draws) -> list[Difference]:
    """F1 and false-alarm rate over all messages."""
    everything = np.ones(len(pair.positive), dtype=np.bool_)
    return _differences(pair, {"test": everything}, draws, 0.95)


def served_differences(
    examples: Sequence[LabelledMessage], champion: Evaluation, challenger: Evaluation, draws: Draws
) -> list[Difference]:
    """What the single cut does not show: the verdicts by the two thresholds, the types and the marked words.

    The compliant messages that a person must read and those called review-soliciting, the violations called compliant
    and those not called review-soliciting, macro-F1 over the violation types, and the token F1 of the evidence on the
    violations that both find.
    """
    before, after = _served(champion), _served(challenger)
    marks = _of_both(champion.token_scores, challenger.token_scores)
    before[EVIDENCE], after[EVIDENCE] = map(metrics.weighted_mean, marks)
    return _changes(before, after, metrics.families_of(examples), draws, 0.95)


def slice_differences(pair: Pair, draws: Draws, least: int) -> list[Difference]:
    """F1 and false-alarm rate of each slice of at least so many messages; the intervals hold for all at once."""
    masks = {
        f"{dimension} {value}": np.isin(np.arange(len(pair.positive)), places)
        for (dimension, value), places in members_of(pair.examples).items()
        if len(places) >= least
    }
    lines = sum(len(list(_measures(pair.positive, mask))) for mask in masks.values())
    return _differences(pair, masks, draws, 1 - (1 - JOINT_LEVEL) / max(1, lines))


def behaviour_differences(
    suite: Mapping[str, Sequence[Case]], champion: BehaviourReport, challenger: BehaviourReport, draws: Draws
) -> list[Difference]:
    """Pass rates of the whole suite, then of each capability."""
    places = [(name, case.id) for name, cases in suite.items() for case in cases]
    before, after = _passed(champion, places), _passed(challenger, places)
    masks = {"behaviour": np.ones(len(places), dtype=np.bool_)} | {
        f"behaviour: {name}": np.array([name == own for own, _ in places]) for name in suite
    }
    names = [f"{name}:{case}" for name, case in places]
    statistics = {
        name: _less(metrics.share(after, of=mask), metrics.share(before, of=mask))
        for name, mask in masks.items()
    }
    found = estimate(statistics, names, seed=draws.seed, bootstrap=draws.resamples)
    return [
        Difference(name, float(before[mask].mean()), float(after[mask].mean()), _range(found[name]))
        for name, mask in masks.items()
    ]


def mcnemar(pair: Pair) -> McNemar:
    """Whether the two models are right equally often, on the messages where only one is."""
    before, after = pair.champion == pair.positive, pair.challenger == pair.positive
    lost, won = int((before & ~after).sum()), int((after & ~before).sum())
    p = binomtest(lost, lost + won).pvalue if lost + won else 1.0
    return McNemar(lost, won, float(p))


def _differences(pair: Pair, masks: Mapping[str, Bools], draws: Draws, level: float) -> list[Difference]:
    before: dict[str, Statistic] = {}
    after: dict[str, Statistic] = {}
    for place, mask in masks.items():
        for name, measure in _measures(pair.positive, mask):
            before[f"{place} {name}"] = measure(pair.positive & mask, pair.champion & mask)
            after[f"{place} {name}"] = measure(pair.positive & mask, pair.challenger & mask)
    return _changes(before, after, pair.families, draws, level)


def _changes(
    before: Mapping[str, Statistic],
    after: Mapping[str, Statistic],
    families: Sequence[str],
    draws: Draws,
    level: float,
) -> list[Difference]:
    one, other = (estimate(side, families, seed=draws.seed, bootstrap=0) for side in (before, after))
    changes = {line: _less(after[line], before[line]) for line in before}
    found = estimate(changes, families, seed=draws.seed, bootstrap=draws.resamples, level=level)
    return [
        Difference(
            line,
            float(one[line].value or 0.0),
            float(other[line].value or 0.0),
            _range(figure),
            higher_is_better=line.endswith(F1),
        )
        for line, figure in found.items()
    ]


F1, FALSE_ALARMS = "F1", "false-alarm rate"
LEFT, CLEARED = "test compliant left for a person", "test violations called compliant"
ACCUSED, UNSURE = "test compliant called review-soliciting", "test violations not called review-soliciting"
TYPES, EVIDENCE = "test types' macro-F1", "test evidence token F1"


def _served(side: Evaluation) -> dict[str, Statistic]:
    return {
        LEFT: metrics.share(side.decisions == NEEDS_REVIEW, of=~side.positive),
        CLEARED: metrics.share(side.decisions == COMPLIANT, of=side.positive),
        ACCUSED: metrics.share(side.decisions == REVIEW_SOLICITING, of=~side.positive),
        UNSURE: metrics.share(side.decisions != REVIEW_SOLICITING, of=side.positive),
        TYPES: metrics.macro_f1(side.present, side.found),
    }


def _of_both(before: Floats, after: Floats) -> tuple[Floats, Floats]:
    """Where both have a score; a challenger that marks nothing at all scores nothing."""
    if np.isnan(after).all():
        after = np.zeros_like(before)
    missing = np.isnan(before) | np.isnan(after)
    return np.where(missing, np.nan, before), np.where(missing, np.nan, after)


def _measures(positive: Bools, mask: Bools) -> Iterator[tuple[str, Measure]]:
    """The figures that are defined on these messages."""
    if (positive & mask).any():
        yield F1, metrics.f1
    if (~positive & mask).any():
        yield FALSE_ALARMS, lambda labels, flags: metrics.share(flags, of=~labels & mask)


def _less(one: Statistic, other: Statistic) -> Statistic:
    return lambda weights: one(weights) - other(weights)


def _range(figure: Figure) -> Range:
    return Range(float(figure.value or 0.0), figure.low, figure.high)


def _flags(evaluation: Evaluation) -> Bools:
    return np.asarray(evaluation.probabilities >= evaluation.threshold)


def _passed(report: BehaviourReport, places: Sequence[tuple[str, str]]) -> Bools:
    failed = {(c.name, f.id) for c in report.capabilities for f in c.failed}
    return np.array([place not in failed for place in places])
