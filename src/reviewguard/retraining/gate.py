"""The gate: what a challenger must not lose against the champion, line by line.

Every comparison is of the same messages. The whole test split may lose no more than it says, and not beyond what
chance explains. Slices are many and small: two hundred looks at noise would fail some challenger on one of them by
chance. So a slice fails only when its whole interval lies beyond the margin, and the intervals of all slices together
cover with 95% (Bonferroni: each with 1 - 0.05/lines), as far as there are resamples enough to tell; the report says so
where there are not. A challenger that leaves everything to a person may have no false alarm at the single cut, so the
verdicts between the thresholds, the types and the marked words have lines of their own. These, and the capabilities of
the behaviour suite, which have a few dozen cases each, fail only where more is lost than is allowed and the whole
interval says that something is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from reviewguard.modeling.config import require, require_seed
from reviewguard.retraining.gate_report import GateLine, GateReport
from reviewguard.retraining.measure import Answers, Questions, flagged, violations
from reviewguard.retraining.paired import (
    ACCUSED,
    CLEARED,
    EVIDENCE,
    JOINT_LEVEL,
    LEFT,
    TYPES,
    UNSURE,
    Difference,
    Draws,
    Pair,
    behaviour_differences,
    mcnemar,
    served_differences,
    slice_differences,
    whole_differences,
)
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING

SERVED = {
    LEFT: "left_rise",
    CLEARED: "cleared_rise",
    ACCUSED: "accused_rise",
    UNSURE: "unsure_rise",
    TYPES: "macro_f1_loss",
    EVIDENCE: "evidence_loss",
}
"""Line → key that says what it may lose."""

IN_TAILS = 20
"""Resamples outside an interval that fix its ends."""


@dataclass(frozen=True, slots=True)
class GateConfig:
    """What a challenger may lose; shares are 0–1.

    Attributes:
        newly_missed: confirmed violations that the champion finds and the challenger calls compliant.
        f1_loss, false_alarm_rise: on the whole test split.
        left_rise: on the share of compliant test messages that are left for a person, where chance does not explain it.
        cleared_rise: on the share of test violations called compliant, likewise.
        accused_rise: on the share of compliant test messages called review-soliciting, likewise.
        unsure_rise: on the share of test violations that are not called review-soliciting, likewise.
        macro_f1_loss, evidence_loss: of macro-F1 over the violation types, and of the evidence's token F1, likewise.
        slice_margin: how far beyond zero the whole interval of a slice must lie to fail it.
        slice_from: messages from which on a slice is looked at.
        behaviour_loss: of the pass rate of the whole behaviour suite.
        capability_loss: of the pass rate of one capability, where chance does not explain it.
        ece: calibration error that is fine in any case; above it `ece_rise` over the champion's is allowed.
        held_out_lost: held-out new labels by which the champion may be right more often.
        bootstrap: resamples of whole families for the intervals.
    """

    newly_missed: int = 0
    f1_loss: float = 0.01
    false_alarm_rise: float = 0.01
    left_rise: float = 0.05
    cleared_rise: float = 0.005
    accused_rise: float = 0.01
    unsure_rise: float = 0.05
    macro_f1_loss: float = 0.02
    evidence_loss: float = 0.02
    slice_margin: float = 0.01
    slice_from: int = 50
    behaviour_loss: float = 0.01
    capability_loss: float = 0.05
    ece: float = 0.03
    ece_rise: float = 0.01
    held_out_lost: int = 0
    bootstrap: int = 4000
    seed: int = 13

    def __post_init__(self) -> None:
        for name in ("newly_missed", "held_out_lost"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        whole = ("f1_loss", "false_alarm_rise", *SERVED.values())
        for name in (*whole, "slice_margin", "behaviour_loss", "capability_loss", "ece", "ece_rise"):
            require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "0 to 1")
        require(self.slice_from >= 1, "slice_from", self.slice_from, "at least 1")
        require(self.bootstrap >= 100, "bootstrap", self.bootstrap, "at least 100")
        require_seed(self.seed)


def judge(questions: Questions, champion: Answers, challenger: Answers, config: GateConfig) -> GateReport:
    """Compare two models' answers to the same questions."""
    pair = Pair.of(questions.test, champion.test, challenger.test)
    draws = Draws(config.seed, config.bootstrap)
    slices = [_slice(item, config) for item in slice_differences(pair, draws, config.slice_from)]
    lines = [
        *_confirmed(champion, challenger, config),
        *(_whole(item, config) for item in whole_differences(pair, draws)),
        *(
            _beyond_chance(item, getattr(config, SERVED[item.name]))
            for item in served_differences(questions.test, champion.test, challenger.test, draws)
        ),
        *slices,
        *_behaviour(questions, champion, challenger, draws, config),
        _calibration(champion, challenger, config),
        _held_out(questions, champion, challenger, config),
        _mcnemar(pair),
    ]
    return GateReport(tuple(lines), _too_few(len(slices), config))


def _too_few(slices: int, config: GateConfig) -> str:
    """That the tails of the slices' intervals, of 0.05/lines, hold fewer than `IN_TAILS` resamples; or nothing."""
    needed = round(IN_TAILS * slices / (1 - JOINT_LEVEL))
    if config.bootstrap >= needed:
        return ""
    return (
        f"{config.bootstrap:,} resamples are few for {slices} lines of slices at once, whose intervals end at the most "
        f"extreme of them: together they cover with less than {JOINT_LEVEL:.0%}. `bootstrap` of {needed:,} would do."
    )


def _confirmed(champion: Answers, challenger: Answers, config: GateConfig) -> list[GateLine]:
    pairs = list(zip(champion.regression, challenger.regression, strict=True))
    missed = [a.id for a, b in pairs if a.verdict != COMPLIANT and b.verdict == COMPLIANT]
    softer = [a.id for a, b in pairs if (a.verdict, b.verdict) == (REVIEW_SOLICITING, NEEDS_REVIEW)]
    named = f": {', '.join(map(str, missed))}" if missed else ""
    found, sure = (
        [sum(v.verdict in verdicts for v in side) for side in (champion.regression, challenger.regression)]
        for verdicts in ((REVIEW_SOLICITING, NEEDS_REVIEW, None), (REVIEW_SOLICITING,))
    )
    return [
        _counted(
            "confirmed violations found",
            (found[0], found[1]),
            f"{config.newly_missed} newly missed",
            len(missed) <= config.newly_missed,
            f"{len(missed)} of {len(pairs)} newly missed{named}",
        ),
        _counted(
            "of them review-soliciting",
            (sure[0], sure[1]),
            "–",
            not softer,
            f"{len(softer)} now need a review",
            decides=False,
        ),
    ]


def _whole(item: Difference, config: GateConfig) -> GateLine:
    allowed = config.f1_loss if item.higher_is_better else config.false_alarm_rise
    within, sure = item.within(allowed), item.sure_loss > 0
    why = f"no loss beyond {allowed:.3f} or beyond chance"
    if not within:
        why = f"{item.lost}, {allowed:.3f} allowed"
    elif sure:
        why = f"{item.lost}, and the whole interval says so"
    return _compared(item, f"{allowed:.3f}, and chance", within and not sure, why)


def _slice(item: Difference, config: GateConfig) -> GateLine:
    margin = f"{config.slice_margin:.3f}"
    passed = item.sure_loss <= config.slice_margin
    why = (
        f"no loss that is surely beyond {margin}" if passed else f"{item.lost}, surely by more than {margin}"
    )
    return _compared(item, f"{margin} beyond chance", passed, why, detail=True)


def _behaviour(
    questions: Questions, champion: Answers, challenger: Answers, draws: Draws, config: GateConfig
) -> list[GateLine]:
    allowed = f"{config.behaviour_loss:.3f}"
    if champion.behaviour is None or challenger.behaviour is None:
        return [GateLine("behaviour", allowed, True, "there is no behaviour suite", decides=False)]
    whole, *capabilities = behaviour_differences(
        questions.behaviour, champion.behaviour, challenger.behaviour, draws
    )
    passed = whole.within(config.behaviour_loss)
    why = f"no loss beyond {allowed}" if passed else f"{whole.lost}, {allowed} allowed"
    return [
        _compared(whole, allowed, passed, why),
        *(_beyond_chance(item, config.capability_loss, detail=True) for item in capabilities),
    ]


def _beyond_chance(item: Difference, allowed: float, *, detail: bool = False) -> GateLine:
    passed = item.within(allowed) or item.sure_loss <= 0
    most = f"{allowed:.3f}"
    why = f"no loss beyond {most} and beyond chance" if passed else f"{item.lost}, {most} allowed"
    return _compared(item, f"{most} beyond chance", passed, why, detail=detail)


def _compared(item: Difference, allowed: str, passed: bool, why: str, *, detail: bool = False) -> GateLine:
    change, sides = item.difference, (item.champion, item.challenger)
    figures = (*sides, change.value, change.low, change.high)
    return GateLine(item.name, allowed, passed, why, *figures, detail=detail)


def _calibration(champion: Answers, challenger: Answers, config: GateConfig) -> GateLine:
    before, after = (float(side.test.figures["ece"].value or 0.0) for side in (champion, challenger))
    passed = after <= config.ece or after - before <= config.ece_rise + 1e-9
    allowed = f"up to {config.ece:.3f}, or {config.ece_rise:.3f} more"
    why = f"{after:.3f}" + ("" if passed else f" is {after - before:.3f} more than before")
    return GateLine("calibration error", allowed, passed, why, before, after, after - before)


def _held_out(questions: Questions, champion: Answers, challenger: Answers, config: GateConfig) -> GateLine:
    name, allowed = "held-out new labels right", f"{config.held_out_lost} lost"
    if not questions.held_out:
        why = "none is kept: there are too few new labels, they are all alike, or `held_out` is 0"
        return GateLine(name, allowed, True, why, decides=False)
    labels = violations(questions.held_out)
    before, after = (
        int((flagged(side.held_out, side.threshold) == labels).sum()) for side in (champion, challenger)
    )
    passed = before - after <= config.held_out_lost
    return _counted(
        name, (before, after), allowed, passed, f"{after} of {len(labels)} right, {before} before"
    )


def _mcnemar(pair: Pair) -> GateLine:
    result = mcnemar(pair)
    right = int((pair.champion == pair.positive).sum()), int((pair.challenger == pair.positive).sum())
    why = f"p = {result.p:.3f}: {result.lost} right before only, {result.won} right now only"
    name = f"McNemar, right of {len(pair.positive)}"
    return _counted(name, right, "–", result.p >= 0.05, why, decides=False)


def _counted(
    name: str, sides: tuple[int, int], allowed: str, passed: bool, why: str, *, decides: bool = True
) -> GateLine:
    before, after = sides
    return GateLine(name, allowed, passed, why, before, after, after - before, decides=decides)
