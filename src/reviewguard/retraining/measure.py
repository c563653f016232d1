"""Puts the same questions to champion and challenger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewguard.classifier_scorer import ClassifierScorer
from reviewguard.inference.classifier import Classifier
from reviewguard.modeling.behaviour import BehaviourReport, run_behaviour
from reviewguard.modeling.behaviour_cases import Case
from reviewguard.modeling.evaluation import Evaluation, evaluate
from reviewguard.modeling.scorer import broken, scored_probabilities
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage, Verdict

PROFILE = "amazon"


@dataclass(frozen=True, slots=True)
class Questions:
    """What both models are asked.

    Attributes:
        test: the frozen test split.
        regression: every confirmed violation.
        held_out: new labels that neither model was trained on.
        behaviour: capability → cases; empty where there is no suite.
    """

    test: tuple[LabelledMessage, ...]
    regression: tuple[LabelledMessage, ...]
    held_out: tuple[LabelledMessage, ...]
    behaviour: Mapping[str, tuple[Case, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What one model said; verdicts in the order of the questions.

    Attributes:
        behaviour: None where there is no suite.
        threshold: probability from which a message counts as a violation, 0–1.
    """

    model: str
    test: Evaluation
    behaviour: BehaviourReport | None
    regression: tuple[Verdict, ...]
    held_out: tuple[Verdict, ...]
    threshold: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: figures, and no sentence of the data."""
        return {
            "model": self.model,
            "test": self.test.to_dict(),
            "behaviour": self.behaviour.to_dict() if self.behaviour else None,
            "regression": _counted(self.regression),
            "held_out": _counted(self.held_out),
        }


def answer(classifier: Classifier, questions: Questions, *, seed: int, bootstrap: int) -> Answers:
    """Score every question once.

    Args:
        bootstrap: resamples for the intervals of the test split's figures.
    """
    scorer = ClassifierScorer(classifier, classifier.model, PROFILE)
    return Answers(
        classifier.model,
        evaluate(scorer, questions.test, seed=seed, bootstrap=bootstrap, profile=PROFILE),
        run_behaviour(scorer, questions.behaviour) if questions.behaviour else None,
        tuple(scorer.predict([m.message for m in questions.regression])),
        tuple(scorer.predict([m.message for m in questions.held_out])),
        scorer.threshold,
    )


def violations(messages: Sequence[LabelledMessage]) -> NDArray[np.bool_]:
    """Whether each message's labels break the rules, shape `(messages,)`."""
    return broken(load_policy().profile(PROFILE), messages)


def flagged(verdicts: Sequence[Verdict], threshold: float) -> NDArray[np.bool_]:
    """Whether each message counts as a violation at the single cut, shape `(messages,)`."""
    return scored_probabilities(verdicts) >= threshold


def _counted(verdicts: Sequence[Verdict]) -> dict[str, int]:
    names = [verdict.verdict or "unscored" for verdict in verdicts]
    return {name: names.count(name) for name in sorted(set(names))}
