"""Evaluation on five messages whose figures are worked out by hand."""

import json

import pytest
from tests.code.fake_scorer import CLEAN, EXAMPLES, FALSE, MISSED, SCORER, FakeScorer

from reviewguard.errors import ConfigError, InputError
from reviewguard.modeling.compare import ComparisonTable
from reviewguard.modeling.evaluation import Evaluation, evaluate


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return evaluate(SCORER, EXAMPLES, seed=1, bootstrap=50)


def value(evaluation: Evaluation, name: str) -> float | None:
    return evaluation.figures[name].value


def test_binary_figures(evaluation: Evaluation) -> None:
    # positive: bribe .9, pair .8, missed .2; compliant: neutral .8, false .6, clean 0
    assert value(evaluation, "auroc") == pytest.approx((3 + 2.5 + 1) / 9)
    assert value(evaluation, "precision") == pytest.approx(2 / 4)
    assert value(evaluation, "recall") == pytest.approx(2 / 3)
    assert value(evaluation, "f1") == pytest.approx(4 / 7)
    assert value(evaluation, "false_alarm_rate") == pytest.approx(2 / 3)
    squares = [0.01, 0.04, 0.64, 0.64, 0.36, 0.0]
    assert value(evaluation, "brier") == pytest.approx(sum(squares) / 6)


def test_three_way_verdicts(evaluation: Evaluation) -> None:
    assert evaluation.verdicts["review-soliciting"] == {
        "compliant": 1,
        "needs-review": 0,
        "review-soliciting": 2,
        "unscored": 0,
    }
    assert evaluation.verdicts["compliant"]["needs-review"] == 1
    assert value(evaluation, "needs_review") == pytest.approx(1 / 6)
    assert value(evaluation, "violations_called_compliant") == pytest.approx(1 / 3)
    assert value(evaluation, "compliant_called_soliciting") == pytest.approx(1 / 3)


def test_types(evaluation: Evaluation) -> None:
    by_type = {item.type: item for item in evaluation.types}
    assert by_type["incentive"].f1.value == 1.0
    assert (by_type["selective"].precision, by_type["selective"].recall) == (0.5, 1.0)
    assert by_type["insider"].f1.value is None
    # incentive 1, selective 2/3, positive_request 0; neutral_request 0
    assert value(evaluation, "macro_f1") == pytest.approx(5 / 9)
    assert value(evaluation, "macro_f1_with_neutral") == pytest.approx(5 / 12)


def test_evidence_and_the_removal_proof(evaluation: Evaluation) -> None:
    # bribe: 4 of 5 words, none wrong: F1 8/9; pair: 2 of 6: F1 1/2
    assert value(evaluation, "evidence_token_f1") == pytest.approx((8 / 9 + 1 / 2) / 2)
    assert value(evaluation, "evidence_iou_f1") == pytest.approx(1 / 2)
    assert value(evaluation, "removal_turns_compliant") == 0.5
    assert value(evaluation, "removal_words_taken") == pytest.approx((4 / 7 + 2 / 7) / 2)


def test_context_pairs_need_both_sides_right(evaluation: Evaluation) -> None:
    assert evaluation.counts["context_pairs"] == 1
    assert value(evaluation, "context_pairs_right") == 0.0


def test_slices(evaluation: Evaluation) -> None:
    table = {(item.dimension, item.value): item for item in evaluation.slices}
    chat = table["register", "chat"]
    assert (chat.messages, chat.violations, chat.recall, chat.f1) == (2, 0, None, None)
    assert chat.false_alarm_rate == 0.5
    assert table["previous", "with"].messages == 2
    assert table["length", "<=8"].messages == 6
    assert table["type", "positive_request"].recall == 0.5
    assert table["type", "none"].false_alarm_rate == 0.5


def test_errors_are_sorted_by_confidence_and_carry_their_words(evaluation: Evaluation) -> None:
    assert [mistake.id for mistake in evaluation.errors] == ["neutral", "missed", "false"]
    assert evaluation.errors[2].evidence == ("review",)
    assert evaluation.errors[1].label == "review-soliciting"
    rows = list(ComparisonTable({"own": {"new": evaluation}}).errors())
    assert [(row["data"], row["model"], row["id"]) for row in rows[:2]] == [
        ("own", "new", "neutral"), ("own", "new", "missed"),
    ]  # fmt: skip


def test_mistakes_on_both_sides_of_a_high_threshold_are_told_by_their_confidence() -> None:
    said = {MISSED: (0.6, (), ()), FALSE: (0.98, ("incentive",), ()), CLEAN: (0.91, ("incentive",), ())}
    found = evaluate(FakeScorer(said, threshold=0.9), EXAMPLES[1:4], seed=1, bootstrap=0)
    assert [mistake.id for mistake in found.errors] == ["false", "missed", "clean"]


def test_the_json_form_is_valid_json_and_quotes_nothing(evaluation: Evaluation) -> None:
    written = json.dumps(evaluation.to_dict(), allow_nan=False)
    assert MISSED not in written
    assert json.loads(written)["figures"]["f1"]["low"] is not None


def test_a_message_that_could_not_be_scored_counts_as_missed() -> None:
    unscored = evaluate(FakeScorer({MISSED: (None, (), ())}), EXAMPLES[1:4], seed=1, bootstrap=0)
    assert unscored.counts["unscored"] == 1
    assert value(unscored, "recall") == 0.0
    assert unscored.verdicts["review-soliciting"]["unscored"] == 1
    (said,) = ComparisonTable({"own": {"new": unscored}}).unscored()
    assert said.startswith("own: new could not score 1 of 3 messages")


def test_figures_of_few_messages_say_how_few_they_are(evaluation: Evaluation) -> None:
    few = ComparisonTable({"own": {"new": evaluation}})
    header, _, row, *_ = few.to_markdown().splitlines()
    columns = dict(zip(header.split(" | "), row.split(" | "), strict=True))
    assert (columns["precision"][:5], columns["recall"][:5]) == ("0.500", "0.667")
    assert (columns["messages"], columns["violations |"]) == ("6", "3 |")
    (said,) = few.cautions()
    assert said.startswith("own: violations 3, compliant messages 3.")
    many = evaluate(SCORER, EXAMPLES * 4, seed=1, bootstrap=0)
    assert ComparisonTable({"own": {"new": many}}).cautions() == []


def test_only_compliant_messages_leave_most_figures_undefined() -> None:
    clean = evaluate(SCORER, EXAMPLES[2:4], seed=1, bootstrap=20)
    assert value(clean, "false_alarm_rate") == 0.5
    for name in ("auroc", "f1", "macro_f1", "evidence_token_f1", "removal_turns_compliant"):
        assert clean.figures[name].value is None


def test_a_profile_changes_what_counts() -> None:
    strict = evaluate(SCORER, EXAMPLES, seed=1, bootstrap=0, profile="strict")
    assert strict.counts["violations"] == 4
    with pytest.raises(ConfigError, match="unknown profile"):
        evaluate(SCORER, EXAMPLES, seed=1, profile="loose")


def test_nothing_to_evaluate() -> None:
    with pytest.raises(InputError, match="no labelled messages"):
        evaluate(SCORER, (), seed=1)
