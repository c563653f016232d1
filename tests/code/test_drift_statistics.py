"""The statistics of drift, against scipy."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from reviewguard.inference.drift.movements import CHANCE
from reviewguard.inference.drift.statistics import (
    chi2_percentile,
    ks_2samp,
    noticeable_gap,
    psi,
    psi_of_numbers,
    share_p_value,
)

SIZES = [(60, 60), (1000, 80), (400, 3000)]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("shift", [0.0, 0.15, -0.6])
def test_kolmogorov_smirnov_is_that_of_scipy(sizes: tuple[int, int], shift: float) -> None:
    chance = np.random.default_rng(5)
    before, after = chance.normal(0, 1, sizes[0]).round(2), chance.normal(shift, 1, sizes[1]).round(2)
    found = ks_2samp(Counter(before.tolist()), Counter(after.tolist()))
    expected = stats.ks_2samp(before, after, method="asymp")
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue, abs=0.02)
    assert found.upwards == (expected.statistic_sign == 1)


def test_samples_alike_and_apart() -> None:
    one = Counter({0.1: 30, 0.2: 20})
    assert ks_2samp(one, one).statistic == 0
    assert ks_2samp(one, one).p_value == 1
    apart = ks_2samp(one, Counter({0.9: 50}))
    assert apart.statistic == 1
    assert apart.upwards
    assert apart.p_value < 1e-9


@pytest.mark.parametrize(("before", "after"), SIZES)
@pytest.mark.parametrize("chance", [0.01, 0.00125])
def test_the_noticeable_gap_has_the_p_value_asked_for(before: int, after: int, chance: float) -> None:
    gap = noticeable_gap(before, after, chance)
    assert stats.kstwobign.sf(gap * (before * after / (before + after)) ** 0.5) == pytest.approx(
        chance, rel=1e-3
    )


@pytest.mark.parametrize("degrees", [1, 2, 5, 9, 30])
@pytest.mark.parametrize(("share", "error"), [(0.99, 0.01), (0.99875, 0.03)])
def test_percentiles_of_chi_square(degrees: int, share: float, error: float) -> None:
    assert chi2_percentile(degrees, share) == pytest.approx(stats.chi2.ppf(share, degrees), rel=error)


@pytest.mark.parametrize("counts", [(40, 400, 70, 500), (0, 200, 9, 300), (5, 50, 5, 50)])
def test_the_test_of_two_shares_is_the_chi_square_of_their_table(counts: tuple[int, int, int, int]) -> None:
    before, all_before, after, all_after = counts
    table = [[before, all_before - before], [after, all_after - after]]
    expected = stats.chi2_contingency(table, correction=True).pvalue
    assert share_p_value(*counts) == pytest.approx(expected)


@pytest.mark.parametrize("share", [0.002, 0.005, 0.01, 0.02, 0.05])
def test_rare_shares_of_few_messages_differ_by_chance_as_seldom_as_said(share: float) -> None:
    before, after = range(40), range(20)
    seen = sum(
        stats.binom.pmf(one, 500, share) * stats.binom.pmf(other, 50, share)
        for one in before
        for other in after
        if share_p_value(one, 500, other, 50) < CHANCE
    )
    assert seen < 1.5 * CHANCE  # without a correction seven times as often


def test_shares_that_are_all_or_nothing() -> None:
    assert share_p_value(0, 50, 0, 80) == 1
    assert share_p_value(50, 50, 80, 80) == 1


def test_psi_by_hand() -> None:
    p, q = np.array([60.5, 40.5]) / 101, np.array([30.5, 70.5]) / 101
    by_hand = (q[0] - p[0]) * np.log(q[0] / p[0]) + (q[1] - p[1]) * np.log(q[1] / p[1])
    assert psi([60, 40], [30, 70]).psi == pytest.approx(by_hand)
    assert psi([60, 40], [60, 40]).psi == 0
    assert np.isfinite(psi([90, 0], [50, 40]).psi)


def test_psi_of_numbers_by_tenths_of_the_first_sample() -> None:
    first = Counter({float(v): 1 for v in range(100)})
    moved = Counter({float(v): 2 for v in range(90, 100)})
    tenths = psi([10] * 10, [0] * 9 + [20])
    assert psi_of_numbers(first, moved).psi == pytest.approx(tenths.psi)
    assert psi_of_numbers({0.0: 50}, {0.0: 40, 0.5: 40}).psi > 1  # one value only, and then another


def test_psi_of_samples_without_a_change_stays_below_what_chance_gives() -> None:
    chance = np.random.default_rng(7)
    above = 0
    for _ in range(300):
        one, other = (Counter(chance.normal(0, 1, n).round(3).tolist()) for n in (300, 120))
        found = psi_of_numbers(one, other)
        above += found.psi > found.by_chance(0.01)
    assert above / 300 < 0.04
