"""The optimiser's verdict: what it accepts, and what it refuses in words."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.stats.arrays import Array
from analysis.stats.optimum import NotEstimableError, maximise, profile_bounds

RATES = np.random.default_rng(3).gamma(2.0, 1.5, size=40)


def gamma(point: Array) -> tuple[float, Array]:
    """The log-likelihood of log shape and log scale for RATES."""

    def value(at: Array) -> float:
        return float(stats.gamma.logpdf(RATES, np.exp(at[0]), scale=np.exp(at[1])).sum())

    steps = 1e-5 * np.eye(2)
    slopes = [(value(point + step) - value(point - step)) / 2e-5 for step in steps]
    return value(point), np.array(slopes)


def test_a_likelihood_is_climbed_to_its_top() -> None:
    top = maximise(gamma, np.zeros(2), limit=100)
    shape, _, scale = stats.gamma.fit(RATES, floc=0)
    assert np.exp(top.point) == pytest.approx([shape, scale], rel=1e-3)
    assert np.abs(top.gradient).max() < 1e-4
    assert np.linalg.eigvalsh(top.curvature).min() > 0


def test_profile_bounds_are_where_the_profile_has_fallen_by_the_quantile() -> None:
    top = maximise(gamma, np.zeros(2), limit=100)
    bounds = profile_bounds(gamma, top, 0, level=0.9, limit=100)
    assert bounds is not None
    for bound in bounds:
        # with the shape held, the best scale is mean / shape
        rest = np.log(RATES.mean()) - bound
        fall = 2.0 * (top.value - gamma(np.array([bound, rest]))[0])
        assert fall == pytest.approx(stats.chi2.ppf(0.9, 1), rel=1e-5)


def test_a_saddle_is_no_maximum() -> None:
    def saddle(x: Array) -> tuple[float, Array]:
        return float(x[1] ** 2 - x[0] ** 2), np.array([-2.0 * x[0], 2.0 * x[1]])

    with pytest.raises(NotEstimableError, match="flat or a saddle"):
        maximise(saddle, np.zeros(2), limit=50)


def test_parameters_that_cannot_be_told_apart_are_refused() -> None:
    def ridge(x: Array) -> tuple[float, Array]:
        total = x[0] + x[1]
        return -float(total**2), np.array([-2.0 * total, -2.0 * total])

    with pytest.raises(NotEstimableError, match="do not tell some parameters apart"):
        maximise(ridge, np.array([1.0, 2.0]), limit=50)


def test_a_likelihood_without_a_top_is_refused() -> None:
    def endless(x: Array) -> tuple[float, Array]:
        return float(np.exp(x[0])), np.exp(x)

    with pytest.raises(NotEstimableError):
        maximise(endless, np.zeros(1), limit=50)


def test_too_few_iterations_are_no_convergence() -> None:
    with pytest.raises(NotEstimableError, match="did not converge"):
        maximise(gamma, np.array([3.0, -3.0]), limit=1)


def test_a_profile_that_never_falls_far_enough_has_no_bounds() -> None:
    def shallow(x: Array) -> tuple[float, Array]:
        return -float(np.tanh(x[0]) ** 2), -2.0 * np.tanh(x) / np.cosh(x) ** 2

    top = maximise(shallow, np.array([0.2]), limit=50)
    assert profile_bounds(shallow, top, 0, level=0.95, limit=50) is None
