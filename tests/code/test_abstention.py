from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from reviewguard.modeling.abstention import band_rows, lower_threshold, upper_bound
from reviewguard.modeling.calibration import false_alarm_threshold


def test_the_bound_is_where_seeing_so_few_becomes_unlikely() -> None:
    for missed, total in [(0, 300), (1, 500), (7, 900)]:
        assert binom.cdf(missed, total, upper_bound(missed, total)) == pytest.approx(0.05)
    assert upper_bound(3, 3) == 1.0


def test_no_violation_is_below_the_threshold_when_there_are_too_few_to_prove_more() -> None:
    scores = np.linspace(0.2, 0.9, 100)
    threshold, bound = lower_threshold(scores, np.ones(100, dtype=bool))
    assert threshold == pytest.approx(0.2)
    assert bound == pytest.approx(upper_bound(0, 100))
    assert lower_threshold(scores, np.zeros(100, dtype=bool)) == (0.0, 1.0)


def test_the_promise_is_kept_in_95_of_100_repetitions() -> None:
    """Scores of violations are uniform, so the true share below a threshold is the threshold itself."""
    rng = np.random.default_rng(0)
    risks = [lower_threshold(rng.random(800), np.ones(800, dtype=bool), risk=0.02)[0] for _ in range(400)]
    kept = np.mean(np.array(risks) <= 0.02)
    assert 0.93 <= kept <= 1.0
    assert np.mean(risks) > 0.005  # and not by giving everything to a person


def test_a_larger_risk_buys_a_narrower_band() -> None:
    rng = np.random.default_rng(1)
    positive = rng.random(3000) < 0.4
    probability = np.clip(np.where(positive, rng.beta(6, 2, 3000), rng.beta(1, 9, 3000)), 0, 1)
    half = (probability[:1500], positive[:1500]), (probability[1500:], positive[1500:])
    rows = band_rows(*half, upper=0.9)
    assert [r.lower for r in rows] == sorted(r.lower for r in rows)
    assert rows[-1].band < rows[0].band
    assert rows[-1].cleared > rows[0].cleared
    for row in rows:
        below = half[1][0] < row.lower
        assert row.missed == pytest.approx(below[half[1][1]].mean(), abs=0.01)


def test_a_promise_that_too_few_violations_can_prove_is_none() -> None:
    probability, positive = np.linspace(0.0, 1.0, 600), np.arange(600) >= 200
    rows = band_rows((probability, positive), (probability, positive), upper=0.9)
    assert [row.risk for row in rows if row.bound > row.risk] == [0.005]
    assert rows[0].bound == upper_bound(0, 400)


def test_the_single_cut_flags_at_most_a_share_of_the_compliant_messages() -> None:
    compliant = np.array([0.9, 0.8, 0.3, 0.3, 0.2, 0.1, 0.1, 0.0, 0.0, 0.0])
    for share, flagged in ((0.0, 0), (0.1, 1), (0.25, 2), (0.3, 2), (0.4, 4), (1.0, 10)):
        cut = false_alarm_threshold(compliant, share)
        assert (compliant >= cut).sum() <= share * 10
        assert (compliant >= cut).sum() == flagged or share == 1.0
    assert false_alarm_threshold(np.array([]), 0.04) == 0.0
