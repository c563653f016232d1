"""What a model's probabilities and its needs-review band are worth, measured on messages it was not fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from reviewguard.decision import probabilities
from reviewguard.inference.classifier import Classifier
from reviewguard.modeling.abstention import BandRow, band_rows
from reviewguard.modeling.calibration import broken
from reviewguard.modeling.calibration_error import CalibrationRow, calibration_row
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage
from reviewguard.settings import Settings


@dataclass(frozen=True, slots=True)
class DecisionReport:
    """Calibration per type and of the verdict, and the price of several promises."""

    calibration: tuple[CalibrationRow, ...]
    band: tuple[BandRow, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "calibration": [row.to_dict() for row in self.calibration],
            "band": [row.to_dict() for row in self.band],
        }


def decision_report(
    classifier: Classifier, validation: Sequence[LabelledMessage], test: Sequence[LabelledMessage]
) -> DecisionReport:
    """Measure on `test` what was fitted on `validation`."""
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
    return DecisionReport(tuple(rows), tuple(band))


def _uncalibrated(settings: Settings) -> Settings:
    plain = Settings.uncalibrated(settings.name, settings.version, settings.types, tuple(settings.profiles))
    return replace(settings, calibrations=plain.calibrations, profiles=plain.profiles)
