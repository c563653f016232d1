"""What a model's probabilities and its needs-review band are worth, measured on messages it was not fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reviewguard.decision import probabilities
from reviewguard.inference.classifier import Classifier
from reviewguard.modeling.abstention import BandRow, band_rows
from reviewguard.modeling.calibration_error import CalibrationRow, calibration_row
from reviewguard.modeling.scorer import broken
from reviewguard.policy import load_policy
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, LabelledMessage
from reviewguard.settings import Settings


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """How messages fare under one profile's rules.

    Attributes:
        violations: how many break the rules.
        missed: share of violations called compliant, 0–1.
        handed_over, flagged: shares of compliant messages called needs-review and review-soliciting, 0–1.
    """

    profile: str
    violations: int
    missed: float
    handed_over: float
    flagged: float


@dataclass(frozen=True, slots=True)
class DecisionReport:
    """Calibration per type and of the verdict, the price of several promises, and verdicts under each profile."""

    calibration: tuple[CalibrationRow, ...]
    band: tuple[BandRow, ...]
    profiles: tuple[ProfileRow, ...]


def decision_report(
    classifier: Classifier, validation: Sequence[LabelledMessage], test: Sequence[LabelledMessage]
) -> DecisionReport:
    """Measure on `test` what was fitted on `validation`."""
    classifier = classifier.remembering()
    settings, rules = classifier.settings, load_policy().profile("amazon")
    logits = {
        split: classifier.predict_logits([m.message for m in rows])
        for split, rows in (("validation", validation), ("test", test))
    }
    before = probabilities(logits["test"], _uncalibrated(settings), rules)
    after = probabilities(logits["test"], settings, rules)
    positive = {"validation": broken(rules, validation), "test": broken(rules, test)}
    rows = [calibration_row("violation", positive["test"], before.violation, after.violation)]
    for i, name in enumerate(settings.types):
        present = np.array([name in m.types for m in test])
        rows.append(calibration_row(name, present, before.types[:, i], after.types[:, i]))
    fitted = probabilities(logits["validation"], settings, rules).violation
    band = band_rows(
        (fitted, positive["validation"]),
        (after.violation, positive["test"]),
        settings.profiles[rules.name].upper,
    )
    profiles = (_profile_row(classifier, name, test) for name in settings.profiles)
    return DecisionReport(tuple(rows), tuple(band), tuple(profiles))


def _profile_row(classifier: Classifier, profile: str, messages: Sequence[LabelledMessage]) -> ProfileRow:
    verdicts = classifier.predict([m.message for m in messages], profile=profile)
    decisions = np.array([verdict.verdict or "" for verdict in verdicts])
    positive = broken(load_policy().profile(profile), messages)

    def share(decision: str, of: NDArray[np.bool_]) -> float:
        return float((decisions == decision)[of].mean()) if of.any() else 0.0

    return ProfileRow(
        profile,
        int(positive.sum()),
        share(COMPLIANT, positive),
        share(NEEDS_REVIEW, ~positive),
        share(REVIEW_SOLICITING, ~positive),
    )


def _uncalibrated(settings: Settings) -> Settings:
    plain = Settings.uncalibrated(settings.name, settings.version, settings.types, tuple(settings.profiles))
    return replace(settings, calibrations=plain.calibrations, profiles=plain.profiles)
