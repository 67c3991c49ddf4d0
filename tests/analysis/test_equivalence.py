"""Two one-sided tests against R, their intervals, and their level."""

from __future__ import annotations

import numpy as np
import pytest
from broken_exports import gold
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis import InputError, cohens_dz, tost

SLEEP = gold("sleep")


def test_bounds_in_raw_units_equal_two_t_tests_of_r() -> None:
    # R: t.test(d, mu = -3, alternative = "greater"), t.test(d, mu = 0.5, alternative = "less");
    # tests/gold/equivalence.R
    result = tost(SLEEP["first"], SLEEP["second"], low=-3.0, high=0.5)
    assert result.statistic == pytest.approx(3.6507729813, abs=5e-10)
    assert result.p == pytest.approx(0.002655570293, abs=5e-12)
    assert result.df == 9
    assert "below 0.50: p < .001; equivalent at alpha = 0.05" in result.note
    assert result.estimate is not None
    assert result.estimate.interval is not None
    assert result.estimate.interval.level == pytest.approx(0.90)
    assert result.estimate.interval.low == pytest.approx(-2.293005267, abs=5e-10)
    assert result.estimate.interval.high == pytest.approx(-0.866994733, abs=5e-10)


def test_bounds_in_d_z_equal_the_noncentral_t_of_r() -> None:
    # R: pt(t, 9, ncp = -2 * sqrt(10), lower.tail = FALSE); tests/gold/equivalence.R
    result = tost(SLEEP["first"], SLEEP["second"], low=-2.0, high=0.5, units="d_z")
    assert result.p == pytest.approx(0.04449075746, abs=5e-11)


@given(
    values=st.lists(st.integers(-4, 4), min_size=3, max_size=15),
    low=st.floats(-2, -0.1),
    high=st.floats(0.1, 2),
    units=st.sampled_from(["raw", "d_z"]),
)
@settings(max_examples=60, deadline=None)
def test_it_is_equivalent_exactly_when_the_interval_lies_inside(
    values: list[int], low: float, high: float, units: str
) -> None:
    result = tost(values, low=low, high=high, units=units)  # pyright: ignore[reportArgumentType]
    estimate = result.estimate if units == "raw" else result.effect("d_z")
    if result.p is None or estimate is None or estimate.interval is None:
        return
    if abs(result.p - 0.05) < 1e-6:
        return
    inside = low < estimate.interval.low and estimate.interval.high < high
    assert (result.p <= 0.05) == inside


def test_the_interval_of_d_z_is_that_of_the_effect() -> None:
    result = tost(SLEEP["first"], SLEEP["second"], low=-2.0, high=0.5)
    assert result.effect("d_z") == cohens_dz(SLEEP["first"], SLEEP["second"], level=0.90)


def test_at_the_bound_in_d_z_it_rejects_as_often_as_alpha_says() -> None:
    d = np.random.default_rng(8).normal(0.8, 1.0, (20_000, 24))
    t = d.mean(axis=1) / d.std(axis=1, ddof=1) * np.sqrt(24)
    rejected = float(np.mean(stats.nct.sf(-t, 23, -0.8 * np.sqrt(24)) <= 0.05))
    assert tost(d[0], low=-0.8, high=0.8, units="d_z").p == pytest.approx(
        float(stats.nct.cdf(t[0], 23, 0.8 * np.sqrt(24))), abs=1e-9
    )
    # four standard errors of a share of .05 in 20,000
    assert rejected == pytest.approx(0.05, abs=0.0062)


def test_constant_differences_are_not_estimable() -> None:
    result = tost([0.5, 0.5, 0.5], low=-1.0, high=1.0)
    assert result.p is None
    assert "all 3 differences equal 0.5" in result.apa()


def test_bounds_levels_and_units_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match=r"low = 1.0, high = -1.0: must be finite"):
        tost([1, 2], low=1.0, high=-1.0)
    with pytest.raises(InputError, match=r"alpha = 0.5"):
        tost([1, 2], low=-1.0, high=1.0, alpha=0.5)
    with pytest.raises(InputError, match="units = 'g'"):
        tost([1, 2], low=-1.0, high=1.0, units="g")  # pyright: ignore[reportArgumentType]
