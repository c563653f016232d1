"""Measure a scorer on labelled messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewguard.modeling import metrics
from reviewguard.modeling.calibration_error import (
    ReliabilityBin,
    expected_calibration_error,
    reliability,
)
from reviewguard.modeling.evidence_quality import rationale_agreement, remove_evidence
from reviewguard.modeling.metrics import Figure, estimate
from reviewguard.modeling.mistakes import UNSCORED, Mistake, mistakes, verdict_for
from reviewguard.modeling.scorer import Observed, Scorer, observe, version_of
from reviewguard.modeling.slices import Slice, context_pairs, slices
from reviewguard.modeling.spans import iou_f1, token_f1
from reviewguard.policy import NEUTRAL_REQUEST, load_policy
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, LabelledMessage

DECISIONS: tuple[str, ...] = (COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, UNSCORED)


@dataclass(frozen=True, slots=True)
class TypeFigures:
    """How well one type is found, at the scorer's threshold for it; None where undefined."""

    type: str
    support: int
    precision: float | None
    recall: float | None
    f1: Figure


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """A scorer's figures on one data set.

    Attributes:
        counts: messages, violations, caught, with_rationale, context_pairs, unscored.
        figures: name → figure. `context_pairs_right` and `ece` have no interval.
        verdicts: label → decision → number of messages.
        errors: misclassified messages, the most confident first. They quote the data, so
            `to_dict` leaves them out.
        positive, probabilities: the labels and scores behind the curves, shape `(messages,)`.
        decisions: the verdicts, shape `(messages,)`.
        present, found: the violation types of the labels and of the scorer, shape `(messages, types)`.
        token_scores: token F1 of the marked words against each rationale, shape `(messages,)`; NaN where there is none.
    """

    model: str
    version: str
    profile: str
    threshold: float
    seed: int
    bootstrap: int
    counts: Mapping[str, int]
    figures: Mapping[str, Figure]
    verdicts: Mapping[str, Mapping[str, int]]
    types: tuple[TypeFigures, ...]
    reliability: tuple[ReliabilityBin, ...]
    slices: tuple[Slice, ...]
    errors: tuple[Mistake, ...] = field(repr=False)
    positive: NDArray[np.bool_] = field(repr=False)
    probabilities: NDArray[np.float64] = field(repr=False)
    decisions: NDArray[np.str_] = field(repr=False)
    present: NDArray[np.bool_] = field(repr=False)
    found: NDArray[np.bool_] = field(repr=False)
    token_scores: NDArray[np.float64] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: every figure, and no sentence of the data."""
        return {
            "model": self.model,
            "version": self.version,
            "profile": self.profile,
            "threshold": self.threshold,
            "seed": self.seed,
            "bootstrap": self.bootstrap,
            "counts": dict(self.counts),
            "figures": {name: asdict(figure) for name, figure in self.figures.items()},
            "verdicts": {label: dict(row) for label, row in self.verdicts.items()},
            "types": [asdict(item) for item in self.types],
            "reliability": [asdict(item) for item in self.reliability],
            "slices": [asdict(item) for item in self.slices],
        }


def evaluate(
    scorer: Scorer,
    examples: Sequence[LabelledMessage],
    *,
    seed: int,
    bootstrap: int = 1000,
    profile: str = "amazon",
) -> Evaluation:
    """Every figure of the scorer on these labelled messages.

    Args:
        bootstrap: resamples of whole families for the 95% intervals; 0 leaves them out.
        profile: the rules under which a labelled message is a violation.

    Raises:
        InputError: there are no messages.
        ConfigError: no such profile.
    """
    observed = observe(scorer, examples, load_policy().profile(profile))
    token_scores = rationale_agreement(observed, token_f1)
    pairs = context_pairs(observed)
    bins = reliability(observed.positive, observed.probabilities)
    statistics = (
        _decision_statistics(observed)
        | _type_statistics(observed, scorer.type_names)
        | _evidence_statistics(scorer, observed, token_scores)
    )
    families = metrics.families_of(observed.examples)
    violation = _violation_types(scorer.type_names)
    per_type = {
        name: metrics.f1(observed.present[:, i], observed.found[:, i])
        for i, name in enumerate(scorer.type_names)
    }
    figures = estimate(statistics | per_type, families, seed=seed, bootstrap=bootstrap)
    return Evaluation(
        model=scorer.name,
        version=version_of(scorer, observed.verdicts),
        profile=profile,
        threshold=scorer.threshold,
        seed=seed,
        bootstrap=bootstrap,
        counts=_counts(observed, token_scores, pairs),
        figures={name: figures[name] for name in statistics}
        | {
            "ece": Figure(expected_calibration_error(bins)),
            "context_pairs_right": Figure(float(pairs.mean()) if len(pairs) else None),
        },
        verdicts=_verdict_table(observed),
        types=_type_figures(observed, scorer.type_names, figures),
        reliability=bins,
        slices=slices(observed),
        errors=mistakes(observed, scorer),
        positive=observed.positive,
        probabilities=observed.probabilities,
        decisions=_decisions(observed),
        present=observed.present[:, violation],
        found=observed.found[:, violation],
        token_scores=token_scores,
    )


def _decisions(observed: Observed) -> NDArray[np.str_]:
    return np.array([v.verdict or UNSCORED for v in observed.verdicts])


def _violation_types(type_names: tuple[str, ...]) -> NDArray[np.bool_]:
    return np.array([name != NEUTRAL_REQUEST for name in type_names])


def _decision_statistics(observed: Observed) -> dict[str, metrics.Statistic]:
    positive, flagged, scores = observed.positive, observed.flagged, observed.probabilities
    decisions = _decisions(observed)
    everything = np.ones(len(positive), dtype=np.bool_)
    return {
        "auroc": metrics.auroc(positive, scores),
        "average_precision": metrics.average_precision(positive, scores),
        "precision": metrics.precision(positive, flagged),
        "recall": metrics.recall(positive, flagged),
        "f1": metrics.f1(positive, flagged),
        "false_alarm_rate": metrics.false_alarm_rate(positive, flagged),
        "brier": metrics.weighted_mean((scores - positive) ** 2),
        "needs_review": metrics.share(decisions == NEEDS_REVIEW, of=everything),
        "violations_called_compliant": metrics.share(decisions == COMPLIANT, of=positive),
        "compliant_called_soliciting": metrics.share(decisions == REVIEW_SOLICITING, of=~positive),
    }


def _type_statistics(observed: Observed, type_names: tuple[str, ...]) -> dict[str, metrics.Statistic]:
    violation = _violation_types(type_names)
    return {
        "macro_f1": metrics.macro_f1(observed.present[:, violation], observed.found[:, violation]),
        "macro_f1_with_neutral": metrics.macro_f1(observed.present, observed.found),
    }


def _evidence_statistics(
    scorer: Scorer, observed: Observed, token_scores: NDArray[np.float64]
) -> dict[str, metrics.Statistic]:
    turned, taken = remove_evidence(scorer, observed)
    return {
        "evidence_token_f1": metrics.weighted_mean(token_scores),
        "evidence_iou_f1": metrics.weighted_mean(rationale_agreement(observed, iou_f1)),
        "removal_turns_compliant": metrics.weighted_mean(turned),
        "removal_words_taken": metrics.weighted_mean(taken),
    }


def _counts(
    observed: Observed, token_scores: NDArray[np.float64], pairs: NDArray[np.bool_]
) -> dict[str, int]:
    return {
        "messages": len(observed.examples),
        "violations": int(observed.positive.sum()),
        "caught": int(observed.caught.sum()),
        "with_rationale": int((~np.isnan(token_scores)).sum()),
        "context_pairs": len(pairs),
        "unscored": sum(verdict.probability is None for verdict in observed.verdicts),
    }


def _verdict_table(observed: Observed) -> dict[str, dict[str, int]]:
    labels: tuple[str, ...] = (REVIEW_SOLICITING, COMPLIANT)
    table = {label: dict.fromkeys(DECISIONS, 0) for label in labels}
    for positive, verdict in zip(observed.positive, observed.verdicts, strict=True):
        table[verdict_for(positive)][verdict.verdict or UNSCORED] += 1
    return table


def _type_figures(
    observed: Observed, type_names: tuple[str, ...], figures: Mapping[str, Figure]
) -> tuple[TypeFigures, ...]:
    support = observed.present.sum(axis=0)
    found = observed.found.sum(axis=0)
    both = (observed.present & observed.found).sum(axis=0)
    return tuple(
        TypeFigures(
            name,
            int(support[i]),
            float(both[i] / found[i]) if found[i] else None,
            float(both[i] / support[i]) if support[i] else None,
            figures[name],
        )
        for i, name in enumerate(type_names)
    )
