"""JZS Bayes factors against R's BayesFactor, and against the integral written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from broken_exports import gold
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from analysis import InputError, jzs_bayes_factor
from analysis.stats.bayes import MEDIUM, log_bayes_factor

SLEEP = gold("sleep")


def test_the_paired_bayes_factor_equals_r_on_the_sleep_data() -> None:
    # R: BayesFactor::ttestBF(first, second, paired = TRUE); tests/gold/bayes_factor.R
    result = jzs_bayes_factor(SLEEP["first"], SLEEP["second"])
    assert result.value == pytest.approx(17.25888027, abs=5e-9)
    assert result.t == pytest.approx(-4.0621277, abs=5e-8)
    assert result.apa() == "BF₁₀ = 17.26, r = 0.707"


@pytest.mark.parametrize(
    ("t", "n", "scale", "log"),
    [
        # R: BayesFactor::ttest.tstat(t, n, rscale = scale)$bf; tests/gold/bayes_factor.R
        (0.0, 10, MEDIUM, -1.1750823266),
        (2.03, 80, 1.0, -0.4430478423),
        (5.0, 24, MEDIUM, 6.286883494),
        (3.0, 2, 1.414, 0.2748789978),
    ],
)
def test_bayes_factors_of_single_t_values_equal_r(
    t: float, n: int, scale: float, log: float
) -> None:
    assert log_bayes_factor(t, n, scale) == pytest.approx(log, abs=5e-9)


@given(t=st.floats(-6, 6), n=st.integers(3, 60), scale=st.floats(0.3, 1.5))
@settings(max_examples=30, deadline=None)
def test_it_equals_equation_1_of_rouder_and_others(t: float, n: int, scale: float) -> None:
    df = n - 1

    def integrand(g: float) -> float:
        growth = 1 + n * g * scale**2
        prior = (2 * math.pi) ** -0.5 * g**-1.5 * math.exp(-1 / (2 * g))
        return growth**-0.5 * (1 + t**2 / (growth * df)) ** (-(df + 1) / 2) * prior

    marginal = sum(
        integrate.quad(integrand, low, high, limit=200)[0]
        for low, high in ((0.0, 1.0), (1.0, 100.0), (100.0, np.inf))
    )
    expected = math.log(marginal) + (df + 1) / 2 * math.log1p(t**2 / df)
    assert log_bayes_factor(t, n, scale) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("t", "n"), [(1_000.0, 24), (60.0, 5_000), (1e9, 2), (1e-3, 5_000)])
def test_very_large_and_small_t_equal_a_fine_sum_over_log_g(t: float, n: int) -> None:
    u = np.linspace(-9.0, 120.0, 1_000_001)
    growth = 1.0 + n * MEDIUM**2 * np.exp(u)
    height = (
        -0.5 * np.log(growth)
        - n / 2 * np.log1p(t * t / (growth * (n - 1)))
        - 0.5 * (np.log(2 * np.pi) + u + np.exp(-u))
    )
    total = height.max() + np.log(np.trapezoid(np.exp(height - height.max()), u))
    expected = total + n / 2 * np.log1p(t * t / (n - 1))
    assert log_bayes_factor(t, n) == pytest.approx(expected, abs=1e-8)


def test_overwhelming_evidence_is_written_as_a_power_of_ten() -> None:
    rng = np.random.default_rng(2)
    result = jzs_bayes_factor(rng.normal(5.0, 1.0, 400))
    assert result.apa().startswith("BF₁₀ = 10^")
    assert jzs_bayes_factor(rng.normal(20.0, 1.0, 2_000)).value is None


def test_constant_differences_and_wrong_scales_are_explained() -> None:
    assert jzs_bayes_factor([1.0, 1.0]).apa() == (
        "BF₁₀ not estimable (all 2 differences equal 1, so their spread is zero)"
    )
    with pytest.raises(InputError, match="scale = 0"):
        jzs_bayes_factor([1.0, 2.0], scale=0)
