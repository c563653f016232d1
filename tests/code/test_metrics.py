"""Weighted figures against scikit-learn and against figures worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from reviewguard.modeling import metrics
from reviewguard.modeling.calibration_error import expected_calibration_error, reliability

CASES = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=30).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


def once(statistic: metrics.Statistic, size: int) -> float:
    return float(statistic(np.ones((1, size)))[0])


@given(CASES)
def test_ranking_figures_equal_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    positive = np.array([label for label, _ in rows])
    scores = np.array([score / 5 for _, score in rows])
    ours = [once(f(positive, scores), len(rows)) for f in (metrics.auroc, metrics.average_precision)]
    assert ours[0] == pytest.approx(reference.roc_auc_score(positive, scores))
    assert ours[1] == pytest.approx(reference.average_precision_score(positive, scores))


@given(CASES, st.integers(0, 5))
def test_threshold_figures_equal_scikit_learn(rows: list[tuple[bool, int]], cut: int) -> None:
    positive = np.array([label for label, _ in rows])
    flagged = np.array([score >= cut for _, score in rows])
    for ours, theirs in (
        (metrics.recall, reference.recall_score),
        (metrics.f1, reference.f1_score),
    ):
        assert once(ours(positive, flagged), len(rows)) == pytest.approx(theirs(positive, flagged))


@given(CASES, st.data())
def test_a_weight_is_as_good_as_a_repeated_row(rows: list[tuple[bool, int]], data: st.DataObject) -> None:
    counts = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows))))
    positive = np.array([label for label, _ in rows])
    scores = np.array([float(score) for _, score in rows])
    weights = counts[None, :].astype(float)
    again_positive, again_scores = np.repeat(positive, counts), np.repeat(scores, counts)
    if len(np.unique(again_positive)) == 2:
        for f in (metrics.auroc, metrics.average_precision):
            expected = once(f(again_positive, again_scores), len(again_scores))
            assert f(positive, scores)(weights)[0] == pytest.approx(expected)


def test_undefined_figures_are_nan_not_zero() -> None:
    none = np.array([False, False])
    flagged = np.array([True, False])
    assert np.isnan(once(metrics.auroc(none, np.array([0.1, 0.2])), 2))
    assert np.isnan(once(metrics.f1(none, flagged), 2))
    assert np.isnan(once(metrics.precision(none, flagged), 2))
    assert np.isnan(once(metrics.precision(flagged, none), 2))
    assert once(metrics.false_alarm_rate(none, flagged), 2) == 0.5


def test_macro_f1_averages_only_types_that_occur() -> None:
    present = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]], dtype=bool)
    found = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0]], dtype=bool)
    # first type: 1 of 2 found, F1 2/3; second: 1; third does not occur.
    assert once(metrics.macro_f1(present, found), 3) == pytest.approx((2 / 3 + 1) / 2)


def test_intervals_hold_the_value_and_are_reproducible() -> None:
    values = np.arange(100) / 100
    wanted = {"mean": metrics.weighted_mean(values)}
    alone = [str(i) for i in range(100)]
    first = metrics.estimate(wanted, alone, seed=1, bootstrap=400)["mean"]
    assert first == metrics.estimate(wanted, alone, seed=1, bootstrap=400)["mean"]
    assert first.value == pytest.approx(0.495)
    # the mean's standard error is 0.0289, so the 95% interval is about ±0.0566 wide
    assert first.low == pytest.approx(0.495 - 0.0566, abs=0.012)
    assert first.high == pytest.approx(0.495 + 0.0566, abs=0.012)


def test_families_are_drawn_whole() -> None:
    values = np.repeat([0.0, 1.0, 0.0, 1.0], 50)
    wanted = {"mean": metrics.weighted_mean(values)}
    families = np.repeat(["a", "b", "c", "d"], 50).tolist()
    whole = metrics.estimate(wanted, families, seed=1, bootstrap=400)["mean"]
    assert (whole.low, whole.high) == (0.0, 1.0)


def test_parts_are_drawn_one_after_the_other_and_are_what_one_draw_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics, "_CELLS", 100)
    parts = list(metrics._draws([str(i) for i in range(10)], seed=3, bootstrap=51))
    whole = np.random.default_rng(3).multinomial(10, np.full(10, 0.1), size=51)
    assert (np.concatenate(parts[1:]) == whole).all() and len(parts) == 6
    asked: list[str] = []

    def noted(name: str) -> metrics.Statistic:
        return lambda weights: (asked.append(name), weights.sum(axis=1))[1]

    metrics.estimate({"a": noted("a"), "b": noted("b")}, ["1", "2"], seed=3, bootstrap=200)
    assert asked == ["a", "b"] * 5


def test_reliability_by_hand() -> None:
    probabilities = np.array([0.1, 0.1, 0.4, 0.8])
    positive = np.array([False, True, False, True])
    bins = reliability(positive, probabilities, bins=2)
    assert [(item.count, item.observed) for item in bins] == [(2, 0.5), (2, 0.5)]
    assert bins[1].probability == pytest.approx(0.6)
    assert expected_calibration_error(bins) == pytest.approx((0.4 * 2 + 0.1 * 2) / 4)


def test_equal_probabilities_share_a_bin_and_unequal_extremes_do_not() -> None:
    probabilities = np.array([0.0] * 90 + [1.0] * 10)
    bins = reliability(probabilities == 0.0, probabilities)
    assert [item.count for item in bins] == [90, 10]
    assert expected_calibration_error(bins) == 1.0
