"""The gate: which losses stop a challenger, and which it forgives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from tests.code.fake_scorer import FakeScorer, labelled
from tests.conftest import ROOT

from reviewguard.errors import ConfigError
from reviewguard.modeling.behaviour import BehaviourReport, CapabilityResult, FailedCase
from reviewguard.modeling.behaviour_cases import Case
from reviewguard.modeling.config import TrainConfig, load_config
from reviewguard.modeling.evaluation import evaluate
from reviewguard.modeling.metrics import Figure
from reviewguard.retraining.config import RetrainConfig, Settings, load_settings
from reviewguard.retraining.gate import GateConfig, judge
from reviewguard.retraining.gate_report import GateLine, GateReport
from reviewguard.retraining.measure import Answers, Questions
from reviewguard.retraining.paired import (
    ACCUSED,
    CLEARED,
    EVIDENCE,
    LEFT,
    TYPES,
    UNSURE,
    Draws,
    Pair,
    mcnemar,
    slice_differences,
    whole_differences,
)
from reviewguard.retraining.report import changes
from reviewguard.schema import COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, Verdict

CONFIG = GateConfig(bootstrap=400)
TEST = tuple(
    labelled(
        f"t{i}", f"message {i}", *(("insider",) if i % 2 else ()), register="chat" if i < 100 else "letter"
    )
    for i in range(600)
)
CONFIRMED = tuple(labelled(f"c{i}", f"confirmed {i}", "incentive") for i in range(4))
KEPT = tuple(labelled(f"k{i}", f"kept {i}", "incentive") for i in range(4))
SUITE: Mapping[str, tuple[Case, ...]] = {
    "plain": tuple(Case(f"p{i}", (TEST[i],)) for i in range(10)),
    "negation": tuple(Case(f"n{i}", (TEST[i],)) for i in range(40)),
}
PRESENT = np.array([[bool(i % 2)] for i in range(600)])
QUESTIONS = Questions(TEST, CONFIRMED, KEPT, SUITE)


def right(i: int) -> float:
    """A probability that agrees with the label, and means what it says."""
    return 1.0 if i % 2 else 0.0


def answers(
    probability: Callable[[int], float] = right,
    confirmed: Sequence[str] = (REVIEW_SOLICITING,) * 4,
    kept: Sequence[float] = (0.9,) * 4,
    failed: Sequence[tuple[str, str]] = (),
    ece: float | None = None,
    verdict: Callable[[int], str | None] = lambda i: None,
) -> Answers:
    scorer = FakeScorer({m.text: (probability(i), (), ()) for i, m in enumerate(TEST)})
    test = evaluate(scorer, TEST, seed=0, bootstrap=0)
    decisions = [
        verdict(i) or (REVIEW_SOLICITING if probability(i) >= 0.5 else COMPLIANT) for i in range(600)
    ]
    test = replace(test, decisions=np.array(decisions))
    if ece is not None:
        test = replace(test, figures={**test.figures, "ece": Figure(ece)})
    behaviour = BehaviourReport(
        "m",
        "m-1",
        tuple(
            CapabilityResult(n, len(c), tuple(FailedCase(i, ()) for own, i in failed if own == n))
            for n, c in SUITE.items()
        ),
    )
    verdicts = [Verdict(m.id, v, 0.9) for m, v in zip(CONFIRMED, confirmed, strict=True)]
    held_out = [Verdict(m.id, None, p) for m, p in zip(KEPT, kept, strict=True)]
    return Answers("m", test, behaviour, tuple(verdicts), tuple(held_out), 0.5)


def wrong(*places: int) -> Callable[[int], float]:
    return lambda i: 1.0 - right(i) if i in places else right(i)


def left_below(end: int, *, of: int = 0) -> Callable[[int], str | None]:
    """Verdicts that leave each second message below `end` to a person: the compliant ones, or the violations."""
    return lambda i: NEEDS_REVIEW if i < end and i % 2 == of else None


def gate(challenger: Answers, champion: Answers | None = None, config: GateConfig = CONFIG) -> GateReport:
    return judge(QUESTIONS, champion or answers(), challenger, config)


def failing(report: GateReport) -> list[str]:
    return [line.name for line in report.failures]


def line(report: GateReport, name: str) -> GateLine:
    return next(line for line in report.lines if line.name == name)


def test_the_same_answers_pass_every_line() -> None:
    report = gate(answers())
    assert report.passed
    assert report.summary == "passed"
    names = {entry.name for entry in report.lines}
    assert {"test F1", "register chat F1", "behaviour: plain", "calibration error"} <= names
    assert {LEFT, CLEARED, ACCUSED, UNSURE, TYPES, EVIDENCE} <= names


def test_a_confirmed_violation_that_is_newly_missed_fails_by_name() -> None:
    lost = answers(confirmed=(COMPLIANT, NEEDS_REVIEW, REVIEW_SOLICITING, REVIEW_SOLICITING))
    report = gate(lost)
    assert failing(report) == ["confirmed violations found"]
    assert "1 of 4 newly missed: c0" in report.failures[0].why
    softer = line(report, "of them review-soliciting")
    assert (softer.passed, softer.decides, softer.why) == (False, False, "1 now need a review")
    assert gate(lost, lost).passed  # missed before: no reason to keep a champion that misses it too
    assert gate(lost, config=replace(CONFIG, newly_missed=1)).passed


def test_a_loss_beyond_what_is_allowed_fails_and_says_by_how_much() -> None:
    report = gate(answers(wrong(*range(0, 40, 2))))  # 20 of 300 compliant messages flagged
    assert "test false-alarm rate" in failing(report)
    found = line(report, "test false-alarm rate")
    assert (found.champion, round(found.challenger or 0, 3)) == (0.0, 0.067)
    assert found.why == "rose by 0.067, 0.010 allowed"
    assert found.low is not None and found.low > 0


def test_a_loss_of_what_is_allowed_is_allowed() -> None:
    before, after = (answers(wrong(*range(0, 2 * count, 2))) for count in (36, 39))  # 0.12 and 0.13 of 300
    loose = replace(CONFIG, f1_loss=0.5, slice_margin=0.5)
    assert line(gate(after, before, loose), "test false-alarm rate").passed


def test_a_loss_within_chance_passes() -> None:
    report = gate(answers(wrong(1, 3, 151)), answers(wrong(5, 7)))
    assert report.passed
    assert line(report, "test F1").difference == pytest.approx(-1 / 600, abs=2e-3)


def test_a_small_loss_that_chance_does_not_explain_fails() -> None:
    worse = answers(wrong(*range(1, 600, 60)))  # 10 of 300 violations missed, none regained
    loose = replace(CONFIG, f1_loss=0.05, slice_margin=0.5, cleared_rise=0.5)
    report = gate(worse, config=loose)
    assert failing(report) == ["test F1"]
    assert "whole interval" in report.failures[0].why


@pytest.mark.parametrize(("of", "line", "key"), [(0, LEFT, "left_rise"), (1, UNSURE, "unsure_rise")])
def test_a_challenger_that_leaves_messages_to_a_person_fails(of: int, line: str, key: str) -> None:
    """Compliant ones: no false alarm at the single cut, and yet a person has them all to read.

    Violations: none is called compliant, and yet `--fail-on` would find none of them.
    """
    left = answers(verdict=left_below(100, of=of))  # 50 of 300
    report = gate(left)
    assert failing(report) == [line]
    assert report.failures[0].why == "rose by 0.167, 0.050 allowed"
    assert gate(left, left).passed
    assert gate(left, config=replace(CONFIG, **{key: 0.2})).passed
    assert gate(answers(verdict=left_below(20, of=of))).passed  # 10 of 300, surely, but fewer than allowed


def test_a_challenger_that_accuses_more_compliant_messages_fails() -> None:
    accused = answers(verdict=lambda i: REVIEW_SOLICITING if i < 40 else None)  # 20 of 300 compliant messages
    assert failing(gate(accused)) == [ACCUSED]
    assert gate(accused, config=replace(CONFIG, accused_rise=0.1)).passed


def test_a_challenger_that_calls_more_violations_compliant_fails() -> None:
    """They are below its lower threshold now, though it flags as many at the single cut."""
    cleared = answers(verdict=lambda i: COMPLIANT if i < 24 else None)  # 12 of 300 violations
    assert failing(gate(cleared)) == [CLEARED]
    one = answers(verdict=lambda i: COMPLIANT if i == 1 else None)
    assert gate(one, config=replace(CONFIG, cleared_rise=0.0)).passed  # chance explains one


def test_types_and_marked_words_must_not_get_worse() -> None:
    champion = answers()
    types = replace(champion, test=replace(champion.test, present=PRESENT, found=PRESENT))
    fewer = replace(types, test=replace(types.test, found=PRESENT & (np.arange(600) > 60)[:, None]))
    assert failing(gate(fewer, types)) == [TYPES]
    marks = replace(champion, test=replace(champion.test, token_scores=np.full(600, 0.8)))
    worse = replace(marks, test=replace(marks.test, token_scores=np.full(600, 0.7)))
    assert failing(gate(worse, marks)) == [EVIDENCE]
    assert gate(marks, worse).passed
    easy = np.where(
        np.arange(600) < 100, 0.7, np.nan
    )  # finds fewer, and marks those worse than the champion did
    few = replace(champion, test=replace(champion.test, token_scores=easy))
    mixed = replace(
        champion, test=replace(champion.test, token_scores=np.where(np.arange(600) < 100, 0.9, 0.4))
    )
    assert failing(gate(few, mixed)) == [EVIDENCE]
    assert gate(mixed, few).passed
    nothing = replace(champion, test=replace(champion.test, token_scores=np.full(600, np.nan)))
    assert failing(gate(nothing, marks)) == [EVIDENCE]
    assert gate(nothing, nothing).passed


def test_a_slice_fails_only_surely_and_beyond_its_margin() -> None:
    loose = replace(CONFIG, f1_loss=0.5, false_alarm_rise=0.5)
    few = gate(answers(wrong(0, 2)), config=loose)
    assert "register chat false-alarm rate" not in failing(few)
    many = gate(answers(wrong(*range(0, 60, 2))), config=loose)
    assert "register chat false-alarm rate" in failing(many)
    assert "register letter false-alarm rate" not in failing(many)


def test_slices_are_looked_at_together() -> None:
    pair = Pair.of(TEST, answers().test, answers(wrong(*range(0, 30, 2))).test)
    (joint,) = [
        d for d in slice_differences(pair, Draws(0, 4000), 50) if d.name == "register chat false-alarm rate"
    ]
    wide = joint.difference
    inside = [i < 100 for i in range(600)]
    part = Pair(pair.examples[:100], *(a[inside] for a in (pair.positive, pair.champion, pair.challenger)),
                pair.families[:100])  # fmt: skip
    alone = whole_differences(part, Draws(0, 4000))[1].difference
    assert wide.value == pytest.approx(alone.value)
    assert wide.low is not None and alone.low is not None and wide.low < alone.low
    assert {d.name for d in slice_differences(pair, Draws(0, 100), 501)} == {
        "channel unknown F1", "channel unknown false-alarm rate", "length <=8 F1", "length <=8 false-alarm rate",
        "previous without F1", "previous without false-alarm rate",
    }  # fmt: skip


def test_behaviour_fails_on_the_whole_and_on_a_capability() -> None:
    report = gate(answers(failed=[("plain", f"p{i}") for i in range(4)]))
    assert failing(report) == ["behaviour", "behaviour: plain"]  # 4 of 50, 4 of 10
    assert line(report, "behaviour: plain").why == "fell by 0.400, 0.050 allowed"
    loose = replace(CONFIG, behaviour_loss=0.1)
    assert failing(gate(answers(failed=[("negation", "n1")]), config=loose)) == []  # 1 of 40


def test_a_capability_may_lose_what_chance_explains() -> None:
    loose = replace(CONFIG, behaviour_loss=0.1)
    one = gate(answers(failed=[("plain", "p1")]), config=loose)
    assert failing(one) == []  # 1 of 10, but the interval begins at none
    assert line(one, "behaviour: plain").difference == pytest.approx(-0.1)
    swapped = [("plain", f"p{i}") for i in range(4)], [("plain", f"p{i}") for i in range(4, 7)]
    assert failing(gate(answers(failed=swapped[0]), answers(failed=swapped[1]), loose)) == []  # 4 lost, 3 won
    sure = gate(answers(failed=[("plain", f"p{i}") for i in range(4)]), config=loose)
    assert failing(sure) == ["behaviour: plain"]


@pytest.mark.parametrize(
    ("before", "after", "passed"), [(0.01, 0.029, True), (0.04, 0.045, True), (0.02, 0.035, False)]
)
def test_calibration_may_be_fine_or_no_worse(before: float, after: float, passed: bool) -> None:
    report = gate(answers(ece=after), answers(ece=before))
    assert line(report, "calibration error").passed is passed
    assert report.passed is passed


def test_labels_kept_for_measuring_must_do_at_least_as_well() -> None:
    report = gate(answers(kept=(0.1, 0.1, 0.9, 0.9)), answers(kept=(0.1, 0.9, 0.9, 0.9)))
    assert failing(report) == ["held-out new labels right"]
    assert report.failures[0].why == "2 of 4 right, 3 before"
    assert gate(answers(kept=(0.9,) * 4), answers(kept=(0.1,) * 4)).passed


def test_mcnemar_is_exact_and_stops_nothing() -> None:
    pair = Pair.of(TEST, answers(wrong(1, 3, 5)).test, answers(wrong(7)).test)
    result = mcnemar(pair)
    assert (result.lost, result.won) == (1, 3)
    assert result.p == pytest.approx(10 / 16)  # two-sided: 2 · P(X ≤ 1), X binomial(4, 1/2)
    entry = line(gate(answers(wrong(7)), answers(wrong(1, 3, 5))), "McNemar, right of 600")
    assert not entry.decides
    assert entry.why == "p = 0.625: 1 right before only, 3 right now only"


def test_without_suite_and_kept_labels_there_is_nothing_to_say() -> None:
    bare = replace(answers(), behaviour=None, held_out=(), regression=())
    report = judge(Questions(TEST, (), (), {}), bare, bare, CONFIG)
    assert report.passed
    (behaviour,) = [entry for entry in report.lines if entry.name.startswith("behaviour")]
    assert not behaviour.decides
    assert "| not measured: there is no behaviour suite |" in report.to_markdown()
    assert "| not measured: none is kept: there are too few new labels" in report.to_markdown()


def test_the_table_names_failures_and_counts_the_rest() -> None:
    text = gate(answers(wrong(*range(0, 60, 2)))).to_markdown()
    assert "| test false-alarm rate | 0.000 | 0.100 | +0.100 (" in text
    assert "| behaviour | 1.000 | 1.000 | +0.000 (" in text
    assert "| of them review-soliciting | 4 | 4 | +0 |" in text
    assert "**failed**: rose by 0.100" in text
    assert "more lines (slices, capabilities) passed" in text


def test_the_report_says_where_there_are_too_few_resamples_for_its_slices() -> None:
    few = gate(answers())
    slices = sum(line.detail and "behaviour" not in line.name for line in few.lines)
    needed = 400 * slices
    assert f"`bootstrap` of {needed:,} would do" in few.to_markdown()
    assert not gate(answers(), config=replace(CONFIG, bootstrap=needed)).note


def test_the_configuration_is_one_file_and_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "retrain.toml"
    path.write_text('[train]\nfull = "big.toml"\ncopies = 3\n[gate]\nf1_loss = 0.02\n')
    settings = load_settings(path)
    assert settings.train == RetrainConfig(full="big.toml", copies=3)
    assert settings.full == tmp_path / "big.toml"
    assert settings.gate == GateConfig(f1_loss=0.02)
    for text, message in {
        "[gate]\nf1_los = 0.1": "unknown keys",
        "[gates]\n": "unknown in",
        "[gate]\nf1_loss = 2.0": "0 to 1",
        "[train]\nreplay = -1": "0 or more",
        "[train]\nseed = -1": "0 or more, below",
        "[gate]\nseed = 4294967296": "0 or more, below",
        "[train]\nepochs = 1.5": "type int",
        "gate = 3": "a table",
        "[train": "cannot read",
    }.items():
        path.write_text(text)
        with pytest.raises(ConfigError, match=message):
            load_settings(path)


@pytest.mark.parametrize("folder", [ROOT, ROOT / "notebooks"])
def test_the_configurations_in_the_repository_are_read(folder: Path) -> None:
    full = load_settings(folder / "retrain.toml").full
    assert full == folder / "train.toml"
    assert load_config(full) != TrainConfig()


def test_what_retrain_toml_writes_out_are_the_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written = load_settings(ROOT / "retrain.toml")
    monkeypatch.chdir(tmp_path)
    assert load_settings() == Settings(replace(written.train, full=""), written.gate) == Settings()


def test_more_of_the_champion_is_kept_in_steps_from_the_least_share_on() -> None:
    assert RetrainConfig().shares == (0.35, 0.5, 0.65)
    assert RetrainConfig(keep_start=0.5).shares == (0.5, 0.65)


def test_a_change_is_right_where_the_challenger_flags_what_breaks_the_rules() -> None:
    """At its own cut: a probability may fall, and yet be the one that is flagged now."""
    scores = {1: 0.4, 2: 0.4}
    champion = replace(answers(lambda i: 0.45 if i in scores else right(i)), threshold=0.5)
    challenger = replace(answers(lambda i: scores.get(i, right(i))), threshold=0.3)
    asked = SimpleNamespace(predict=lambda messages: [Verdict(None, None, 0.4)] * len(list(messages)))
    found = changes(QUESTIONS, champion, challenger, cast(Any, asked), ())
    assert {change.id: (change.flagged, change.right) for change in found} == {
        "t1": (True, True), "t2": (True, False),
    }  # fmt: skip
