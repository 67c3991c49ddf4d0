"""Paired statistics over seeds, against values computed by hand and by scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hare.errors import InputError
from hare.experiments.statistics import (
    Interval,
    mean_interval,
    paired_difference,
    paired_ratio,
    slopes,
)

# The 0.975 quantile of t with 2 degrees of freedom.
T2 = 4.302652729911275


def test_a_mean_has_its_t_interval() -> None:
    interval = mean_interval([1.0, 2.0, 3.0])  # sd 1, standard error 1/sqrt(3)
    assert interval.value == 2.0
    assert interval.high - 2.0 == pytest.approx(T2 / np.sqrt(3))
    assert 2.0 - interval.low == pytest.approx(T2 / np.sqrt(3))


def test_a_difference_is_paired() -> None:
    interval = paired_difference([11.0, 22.0, 33.0], [10.0, 20.0, 30.0])  # 1, 2, 3
    assert interval.value == pytest.approx(2.0)
    assert interval.high == pytest.approx(2.0 + T2 / np.sqrt(3))


def test_a_ratio_is_that_of_the_means_with_the_linearised_interval() -> None:
    # means 3 and 4, ratio 0.75; residuals a - 0.75 b = (0.5, -1, 0.5), sd sqrt(0.75), over b = 4
    interval = paired_ratio([2.0, 2.0, 5.0], [2.0, 4.0, 6.0])
    half = T2 * np.sqrt(0.75) / np.sqrt(3) / 4
    assert interval.value == pytest.approx(0.75)
    assert (interval.low, interval.high) == pytest.approx((0.75 - half, 0.75 + half))


def test_a_policy_is_exactly_once_itself_and_proportional_regrets_have_no_width() -> None:
    a = [3.0, 5.0, 4.5]
    assert paired_ratio(a, a) == Interval(1.0, 1.0, 1.0)
    halved = paired_ratio([x / 2 for x in a], a)
    assert halved.high - halved.low == pytest.approx(0.0, abs=1e-12)


def test_the_ratio_is_close_to_fiellers_for_thirty_seeds() -> None:
    rng = np.random.default_rng(3)
    b = rng.normal(400, 100, 30)
    a = 0.6 * b + rng.normal(0, 40, 30)
    got = paired_ratio(a, b)
    # Fieller: all R with |mean(a) - R mean(b)| <= t se(a - R b)
    grid = np.linspace(0.4, 0.8, 40001)
    t = stats.t.ppf(0.975, 29)
    residuals = a[:, None] - grid * b[:, None]
    inside = grid[abs(residuals.mean(axis=0)) <= t * stats.sem(residuals, axis=0)]
    assert got.low == pytest.approx(inside[0], abs=0.003)
    assert got.high == pytest.approx(inside[-1], abs=0.003)


def test_the_ratios_interval_holds_the_truth_as_often_as_promised() -> None:
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(300):
        b = rng.normal(10, 2.5, 30)
        a = 0.7 * b + rng.normal(0, 1.5, 30)
        covered += not paired_ratio(a, b).excludes(0.7)
    assert 0.915 <= covered / 300 <= 0.98


@given(
    st.lists(st.floats(-100, 100), min_size=2, max_size=8),
    st.floats(-5, 5),
    st.floats(-50, 50),
)
def test_the_slope_of_a_line_is_found_under_any_shift(
    x: list[float], slope: float, shift: float
) -> None:
    at = np.arange(len(x))
    assert slopes([slope * at + shift])[0] == pytest.approx(slope, abs=1e-8)
    assert slopes([x])[0] == pytest.approx(slopes([np.add(x, shift)])[0], abs=1e-8)


def test_one_seed_unequal_seeds_and_non_finite_values_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="values: must be at least two"):
        mean_interval([1.0])
    with pytest.raises(InputError, match="values"):
        mean_interval([1.0, np.nan])
    with pytest.raises(InputError, match="others: 3 seeds, but values have 2"):
        paired_difference([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="others: a ratio needs a mean above 0"):
        paired_ratio([1.0, 2.0], [0.0, 0.0])
