from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reviewguard.decision import calibrate, probabilities
from reviewguard.modeling.calibration import FEW, SCARCE, _rounded_up, fit_level, fit_settings
from reviewguard.policy import load_policy
from reviewguard.schema import LabelledMessage
from reviewguard.settings import TYPE_COUNTS, Calibration, Settings

TYPES = tuple(load_policy().types)
INSIDER, INCENTIVE = TYPES.index("insider"), TYPES.index("incentive")
RULES = load_policy().profile("amazon")


def test_a_type_learnt_from_a_few_labels_is_found_below_a_logit_of_zero() -> None:
    """Its messages lie at -3, all others' at -9 and each tenth of these at -6: the model ranks well, and is shy."""
    settings = _uncalibrated({"insider": 16, "incentive": 100})
    logits, examples = _validation()
    shown = logits[:1].copy()
    shown[0, INSIDER], shown[0, INCENTIVE] = -3.0, -9.0
    fitted = fit_settings(settings, logits, examples)
    assert probabilities(shown, fitted, RULES).violation[0] >= fitted.profiles["amazon"].threshold
    assert probabilities(shown, fitted, RULES).types[0, INSIDER] >= fitted.type_thresholds["insider"]
    for seen in ({}, {"insider": FEW - 1}):
        untaught = fit_settings(_uncalibrated({"incentive": 100, **seen}), logits, examples)
        assert untaught.calibrations["insider"] == Calibration()
        assert probabilities(shown, untaught, RULES).violation[0] < untaught.profiles["amazon"].lower


def test_enough_messages_of_a_type_tell_its_level_themselves() -> None:
    logits, examples = _validation()
    for shown, scarce in ((SCARCE - 1, True), (SCARCE, False)):
        rows = np.vstack([logits, np.full((shown, len(TYPES)), -9.0)])
        rows[len(logits) :, INSIDER] = -3.0
        more = [*examples, *[_message("insider")] * shown]
        fitted = fit_settings(_uncalibrated({"insider": 16, "incentive": 100}), rows, more)
        assert (fitted.calibrations["insider"] == fit_level(logits[100:, INSIDER])) == scarce


def test_the_level_lets_one_compliant_message_in_a_hundred_through() -> None:
    compliant = np.random.default_rng(0).normal(-8.0, 2.0, 1000)
    assert (calibrate(compliant, fit_level(compliant)) >= 0.5).sum() == 10
    alone = np.array([-4.0, -9.0, -9.5])
    assert (calibrate(alone, fit_level(alone)) >= 0.5).tolist() == [True, False, False]


def test_an_upper_threshold_is_rounded_up_and_never_beyond_reach() -> None:
    assert [_rounded_up(value) for value in (0.5, 0.91231, 1.0)] == [0.5, 0.9124, 1.0]
    assert _rounded_up(0.99997) == 0.99997


def _uncalibrated(taught: dict[str, int]) -> Settings:
    settings = Settings.uncalibrated("test", "0", TYPES, tuple(load_policy().profiles))
    return replace(settings, training={TYPE_COUNTS: taught})


def _validation() -> tuple[NDArray[np.float64], list[LabelledMessage]]:
    """A hundred messages with an incentive and three hundred without anything."""
    rng = np.random.default_rng(0)
    logits = rng.normal(-9.0, 0.3, (400, len(TYPES)))
    logits[100::10, INSIDER] += 3.0
    logits[:100, INCENTIVE] += 14.0
    return logits, [_message("incentive")] * 100 + [_message()] * 300


def _message(*types: str) -> LabelledMessage:
    return LabelledMessage("m", "text", None, types)
