"""Lets evaluation measure a classifier; the one place where inference and learning are joined to that end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reviewguard.decision import probabilities
from reviewguard.inference.classifier import Classifier
from reviewguard.policy import load_policy
from reviewguard.schema import Message, Verdict

PRECISION = "precision"
"""Fact of a model: what its products are computed in. Models exported before it was stored are called int8."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassifierScorer:
    """A classifier under one profile, seen as a `Scorer`; it reads each message once, whatever is asked of it.

    Attributes:
        name: "evidence" and the model's precision by default.
    """

    classifier: Classifier
    name: str = ""
    profile: str = "amazon"

    def __post_init__(self) -> None:
        object.__setattr__(self, "classifier", self.classifier.remembering())
        precision = self.classifier.settings.training.get(PRECISION, "int8")
        object.__setattr__(self, "name", self.name or f"evidence ({precision})")

    @property
    def type_names(self) -> tuple[str, ...]:
        """The types scored, in the guide's order."""
        return self.classifier.settings.types

    @property
    def threshold(self) -> float:
        """Probability from which a message counts as a violation in the binary figures, 0–1."""
        return self.classifier.settings.profiles[self.profile].threshold

    @property
    def type_thresholds(self) -> NDArray[np.float64]:
        """Probability from which each type counts as present, shape `(types,)`."""
        settings = self.classifier.settings
        return np.array([settings.type_thresholds[t] for t in settings.types])

    def predict(self, messages: Sequence[Message]) -> list[Verdict]:
        """One verdict a message, in order."""
        return self.classifier.predict(messages, profile=self.profile)

    def predict_types(self, messages: Sequence[Message]) -> NDArray[np.float64]:
        """Calibrated probabilities, shape `(messages, types)`."""
        logits = self.classifier.predict_logits(messages)
        rules = load_policy().profile(self.profile)
        return probabilities(logits, self.classifier.settings, rules).types
