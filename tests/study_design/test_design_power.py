"""Exact power of the paired t test against published values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import TTestPower

from study_design import DesignError, power_paired, smallest_effect


def test_smallest_effects_equal_those_of_r() -> None:
    # R: power.t.test(type = "paired", strict = TRUE); tests/gold/power.R
    assert smallest_effect(20) == pytest.approx(0.6604, abs=5e-5)
    # the planned size of the pilot, and the size needed for d_z = .45
    assert smallest_effect(24) == pytest.approx(0.597, abs=5e-4)
    assert power_paired(20, 0.45) == pytest.approx(0.48, abs=5e-3)
    assert power_paired(40, 0.45) < 0.80 <= power_paired(41, 0.45)


def test_without_an_effect_power_is_the_level() -> None:
    assert power_paired(24, 0.0, 0.05) == pytest.approx(0.05, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 200), power=st.floats(0.5, 0.95), alpha=st.floats(0.01, 0.1))
def test_the_smallest_effect_has_the_power_asked_for(n: int, power: float, alpha: float) -> None:
    effect = smallest_effect(n, power, alpha)
    assert power_paired(n, effect, alpha) == pytest.approx(power, abs=1e-6)
    assert power_paired(n, -effect, alpha) == pytest.approx(power, abs=1e-6)


def test_the_level_of_an_early_look_is_no_level_too_small() -> None:
    effect = smallest_effect(12, 0.8, 1e-17)
    assert power_paired(12, effect, 1e-17) == pytest.approx(0.8, abs=1e-6)


def test_values_outside_their_range_are_refused() -> None:
    with pytest.raises(DesignError, match="at least 2"):
        power_paired(1, 0.5)
    with pytest.raises(DesignError, match=r"participants = 2\.5: must be a whole number"):
        power_paired(2.5, 0.5)  # pyright: ignore[reportArgumentType]
    for wild in (math.nan, math.inf):
        with pytest.raises(DesignError, match=f"effect = {wild}: must be finite"):
            power_paired(10, wild)
    with pytest.raises(DesignError, match="alpha"):
        power_paired(10, 0.5, alpha=1.0)
    with pytest.raises(DesignError, match="power"):
        smallest_effect(10, power=0.01)


@pytest.mark.parametrize(("n", "effect", "alpha"), [(12, 0.66, 0.05), (24, 0.5, 0.025)])
def test_power_equals_that_of_statsmodels(n: int, effect: float, alpha: float) -> None:
    theirs = TTestPower().power(effect, n, alpha)
    assert power_paired(n, effect, alpha) == pytest.approx(float(theirs), abs=1e-12)


def test_power_is_a_number_where_that_of_statsmodels_is_none() -> None:
    # df = 1: |W| <= (Z + 30 √2) / critical for two standard normals, at its mean to first order
    critical = math.tan(math.pi * (0.5 - 0.00005))  # of the Cauchy distribution
    expected = math.sqrt(2.0 / math.pi) * 30.0 * math.sqrt(2.0) / critical
    assert power_paired(2, 30.0, 0.0001) == pytest.approx(expected, rel=1e-4)
    assert math.isnan(TTestPower().power(30.0, 2, 0.0001))


def test_the_smallest_effect_is_where_the_power_is_and_statsmodels_stops_before() -> None:
    # R: power.t.test(n = 100, power = .99, sig.level = .001, type = "paired", strict = TRUE)$delta
    ours = smallest_effect(100, 0.99, 0.001)
    assert ours == pytest.approx(0.57765, abs=5e-5)
    assert power_paired(100, ours, 0.001) == pytest.approx(0.99, abs=1e-9)
    theirs = TTestPower().solve_power(nobs=100, alpha=0.001, power=0.99)
    assert power_paired(100, float(theirs), 0.001) < 0.9875
