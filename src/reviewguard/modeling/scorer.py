"""What evaluation needs of a model: shipped, trained just now, or a baseline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reviewguard.errors import InputError
from reviewguard.policy import Profile
from reviewguard.schema import LabelledMessage, Message, Verdict


class Scorer(Protocol):
    """A model that can be measured."""

    @property
    def name(self) -> str:
        """Name in tables and plots."""

    @property
    def type_names(self) -> tuple[str, ...]:
        """The types scored, in the guide's order."""

    @property
    def threshold(self) -> float:
        """Probability from which a message counts as a violation in the binary figures, 0–1."""

    @property
    def type_thresholds(self) -> NDArray[np.float64]:
        """Probability from which each type counts as present, shape `(types,)`."""

    def predict(self, messages: Sequence[Message]) -> list[Verdict]:
        """One verdict a message, in order; its probability is the profile's."""

    def predict_types(self, messages: Sequence[Message]) -> NDArray[np.float64]:
        """Calibrated probabilities, shape `(messages, types)`."""


def version_of(scorer: Scorer, verdicts: Iterable[Verdict]) -> str:
    """Name and version of the model, as its verdicts carry them; the scorer's name where none does."""
    return next((v.model for v in verdicts if v.model), scorer.name)


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Labelled messages beside what a scorer said of them, in one order.

    Attributes:
        positive: whether the labels break the profile's rules, shape `(messages,)`.
        probabilities: the verdicts' probabilities, 0 where a message could not be scored.
        flagged: probability at or above the scorer's threshold.
        present, found: labelled and predicted types, shape `(messages, types)`.
        rule_types: the types that the profile's rules name.
    """

    examples: tuple[LabelledMessage, ...]
    verdicts: tuple[Verdict, ...]
    positive: NDArray[np.bool_]
    probabilities: NDArray[np.float64]
    flagged: NDArray[np.bool_]
    present: NDArray[np.bool_]
    found: NDArray[np.bool_]
    rule_types: frozenset[str]

    @property
    def caught(self) -> NDArray[np.bool_]:
        """Violations that were flagged."""
        return self.positive & self.flagged


def observe(scorer: Scorer, examples: Sequence[LabelledMessage], profile: Profile) -> Observed:
    """Score the messages once.

    Raises:
        InputError: there are no messages.
    """
    if not examples:
        raise InputError("no labelled messages to evaluate on", expected="at least one")
    messages = [example.message for example in examples]
    verdicts = scorer.predict(messages)
    probabilities = scored_probabilities(verdicts)
    return Observed(
        examples=tuple(examples),
        verdicts=tuple(verdicts),
        positive=broken(profile, examples),
        probabilities=probabilities,
        flagged=probabilities >= scorer.threshold,
        present=np.array([[n in e.types for n in scorer.type_names] for e in examples]),
        found=scorer.predict_types(messages) >= scorer.type_thresholds,
        rule_types=frozenset(name for rule in profile.any_of for name in rule),
    )


def broken(profile: Profile, examples: Sequence[LabelledMessage]) -> NDArray[np.bool_]:
    """Whether each message's labels break the profile's rules, shape `(messages,)`."""
    return np.array([profile.is_broken(e.types) for e in examples], dtype=np.bool_)


def scored_probabilities(verdicts: Sequence[Verdict]) -> NDArray[np.float64]:
    """The verdicts' probabilities, 0 for a message the model gave up on: a violation was missed."""
    return np.array([0.0 if v.probability is None else v.probability for v in verdicts], dtype=np.float64)
