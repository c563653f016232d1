"""From type logits to probabilities, the three-way decision and the words that decide, in one place for every model."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from reviewguard.policy import Profile
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, Decision
from reviewguard.settings import Calibration, ProfileSettings, Settings

Array = NDArray[np.float64]

JOIN_GAP = 2
"""Unmarked words that a phrase may bridge."""


@dataclass(frozen=True, slots=True, eq=False)
class Probabilities:
    """Calibrated probabilities, 0–1.

    Attributes:
        types: shape `(messages, types)`.
        violation: that the profile's rules are broken, shape `(messages,)`.
    """

    types: Array
    violation: Array


def sigmoid(values: Array) -> Array:
    """Logistic function that does not overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)), dtype=np.float64)


def logit(probabilities: Array) -> Array:
    """Inverse of `sigmoid`, finite at 0 and 1."""
    clipped = np.clip(probabilities, 1e-7, 1 - 1e-7)
    return np.asarray(np.log(clipped) - np.log1p(-clipped), dtype=np.float64)


def calibrate(logits: Array, calibration: Calibration) -> Array:
    """Platt-scaled probabilities of logits."""
    return sigmoid(calibration.scale * logits + calibration.bias)


def profile_logits(logits: Array, settings: Settings, profile: Profile) -> Array:
    """Logit of the profile's noisy-or over calibrated types, before the profile's own calibration.

    Args:
        logits: type logits, shape `(messages, types)`.
    """
    return logit(profile.probability(_by_type(logits, settings, profile)))


def probabilities(logits: Array, settings: Settings, profile: Profile) -> Probabilities:
    """All calibrated probabilities under a profile.

    Args:
        logits: type logits, shape `(messages, types)`.
    """
    types = _by_type(logits, settings, profile)
    violation = calibrate(logit(profile.probability(types)), settings.profiles[profile.name].calibration)
    return Probabilities(np.stack([types[t] for t in settings.types], axis=1), violation)


def _by_type(logits: Array, settings: Settings, profile: Profile) -> dict[str, Array]:
    """Probabilities of each type, shape `(messages,)`; 0 of one that came into the profile after the model."""
    absent = dict.fromkeys(chain(*profile.any_of), np.zeros(len(logits)))
    return absent | {
        t: calibrate(logits[:, i], settings.calibrations[t]) for i, t in enumerate(settings.types)
    }


def decide(probability: float, profile: ProfileSettings) -> Decision:
    """The three-way decision at the profile's two thresholds."""
    if probability >= profile.upper:
        return REVIEW_SOLICITING
    return NEEDS_REVIEW if probability >= profile.lower else COMPLIANT


def deciding(probability: Array, effects: Array) -> Array:
    """The root of each word's evidence times one plus its share of the largest effect, 0–2, shape `(words,)`.

    Args:
        probability: of each word's evidence, 0–1, shape `(words,)`; a word with stronger ones at most `JOIN_GAP` away
            on both sides takes the weaker side's.
        effects: what each word adds to the verdict, shape `(words,)`; below 0 counts as 0.
    """
    near = np.pad(probability, JOIN_GAP)
    reach = sliding_window_view(near, JOIN_GAP + 1).max(axis=1)
    between = np.minimum(reach[: len(probability)], reach[-len(probability) :])
    helping = np.maximum(effects, 0.0)
    return np.asarray(np.sqrt(np.maximum(probability, between)) * (1.0 + helping / (helping.max() or 1.0)))
