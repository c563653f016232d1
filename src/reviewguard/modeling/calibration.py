"""Fit what turns logits into probabilities and decisions, on validation messages only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve

from reviewguard.decision import calibrate, profile_logits
from reviewguard.modeling.abstention import HIGHEST, lower_threshold
from reviewguard.modeling.scorer import broken
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage
from reviewguard.settings import TYPE_COUNTS, Calibration, ProfileSettings, Settings

PRECISION_ABOVE_UPPER = 0.98
"""Precision that the upper threshold must reach on validation."""
THRESHOLD = 0.5
"""The least single cut: likelier than not. F1 on validation is flat above it, so that its peak would be noise."""
FALSE_ALARMS = 0.04
"""Share of compliant validation messages that the single cut may flag."""
SCARCE = 10
"""Validation messages of a type below which they do not tell its level."""
FEW = 5
"""Training messages of a type below which the model has not learnt it."""
SCARCE_FALSE_ALARMS = 0.01
"""Share of compliant validation messages that may be likelier than not of a scarce type."""


def fit_settings(
    settings: Settings, logits: NDArray[np.float64], examples: Sequence[LabelledMessage]
) -> Settings:
    """Calibrations and thresholds for every type and profile.

    Args:
        settings: `training` says how often each type was taught. One that at least `FEW` training messages and fewer
            than `SCARCE` validation messages show has even odds where one in a hundred compliant messages lies above
            it: a model that learnt a type from a few labels ranks its messages well before their logits are above 0.
        logits: type logits of the validation messages, shape `(messages, types)`.
        examples: the validation messages, in the same order.
    """
    present = np.array([[t in e.types for t in settings.types] for e in examples])
    clean = ~broken(load_policy().profile("amazon"), examples)
    taught = settings.training.get(TYPE_COUNTS, {})
    calibrations, thresholds = {}, {}
    for own, there, name in zip(logits.T, present.T, settings.types, strict=True):
        others = own[clean & ~there]
        if taught.get(name, 0) >= FEW and there.sum() < SCARCE and len(others):
            calibrations[name], thresholds[name] = fit_level(others), 0.5
        else:
            calibrations[name] = fit_platt(own, there)
            thresholds[name] = best_f1_threshold(calibrate(own, calibrations[name]), there)
    typed = replace(settings, calibrations=calibrations, type_thresholds=thresholds)
    profiles = {
        name: _fit_profile(profile_logits(logits, typed, profile), broken(profile, examples))
        for name, profile in load_policy().profiles.items()
    }
    return replace(typed, profiles=profiles)


def _fit_profile(logits: NDArray[np.float64], positive: NDArray[np.bool_]) -> ProfileSettings:
    calibration = fit_platt(logits, positive)
    probability = calibrate(logits, calibration)
    lower, missed_at_most = lower_threshold(probability, positive)
    upper = _rounded_up(max(precision_threshold(probability, positive, PRECISION_ABOVE_UPPER), THRESHOLD))
    cut = min(single_cut(probability, positive), upper)
    # Rounded down, so that the promise still holds.
    lower = math.floor(min(lower, HIGHEST) * 1e6) / 1e6
    return ProfileSettings(calibration, lower, upper, cut, round(missed_at_most, 4))


def single_cut(probability: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Where few enough compliant messages lie above, but not below even odds."""
    return max(false_alarm_threshold(probability[~positive], FALSE_ALARMS), THRESHOLD)


def _rounded_up(threshold: float) -> float:
    """To four digits, so that the promised precision still holds; as it is where that is 1, which none reaches."""
    rounded = math.ceil(threshold * 1e4) / 1e4
    return rounded if rounded < 1 else threshold


def fit_platt(logits: NDArray[np.float64], positive: NDArray[np.bool_]) -> Calibration:
    """Platt scaling with the prior correction of Platt (1999), which keeps a separable set finite.

    With one class only there is nothing to fit, and the logits are taken at face value.
    """
    hits, misses = int(positive.sum()), int((~positive).sum())
    if not hits or not misses:
        return Calibration()
    # Soft targets as weighted copies: each message counts for its own class, a little for the other.
    high, low = (hits + 1) / (hits + 2), 1 / (misses + 2)
    target = np.where(positive, high, low)
    features = np.concatenate([logits, logits])[:, None]
    labels = np.repeat([1, 0], len(logits))
    model = LogisticRegression(C=1e4, max_iter=1000)
    model.fit(features, labels, sample_weight=np.concatenate([target, 1 - target]))
    scale = float(model.coef_[0, 0])
    return Calibration(round(scale, 6), round(float(model.intercept_[0]), 6)) if scale > 0 else Calibration()


def fit_level(compliant: NDArray[np.float64]) -> Calibration:
    """50% at the logit that the highest `SCARCE_FALSE_ALARMS` of these compliant messages reach, one at least."""
    cut = float(np.quantile(compliant, 1 - SCARCE_FALSE_ALARMS, method="higher"))
    return Calibration(1.0, round(-cut, 6))


def best_f1_threshold(probability: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Threshold with the highest F1, in the middle of the gap to the next lower score; 0.5 without positives."""
    if not positive.any():
        return 0.5
    precision, recall, thresholds = precision_recall_curve(positive, probability)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    best = int(f1[:-1].argmax())
    below = probability[probability < thresholds[best]]
    return float((thresholds[best] + (below.max() if len(below) else 0.0)) / 2)


def false_alarm_threshold(compliant: NDArray[np.float64], share: float) -> float:
    """Lowest threshold, 0–1, to four digits, that at most this share of these probabilities reaches; 0 without any."""
    if not len(compliant):
        return 0.0
    first_below = float(np.sort(compliant)[::-1][min(int(share * len(compliant)), len(compliant) - 1)])
    return min(math.floor(first_below * 1e4 + 1) / 1e4, 1.0)


def precision_threshold(
    probability: NDArray[np.float64], positive: NDArray[np.bool_], precision: float
) -> float:
    """Lowest threshold from which on at least this share is positive; 1 when there is none."""
    if not positive.any():
        return 1.0
    found, _, thresholds = precision_recall_curve(positive, probability)
    reached = thresholds[found[:-1] >= precision]
    return float(reached[0]) if len(reached) else 1.0
