"""Cluster-robust regressions against R, the paired t test, and their own error rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from broken_exports import gold
from scipy import stats

from analysis import ClusteredModel, InputError, clustered_gee, clustered_ols, paired_t

ARMS = ["rag", "hare", "gpt2"]
TERMS = ["intercept", "hare", "gpt2", "round", "hare × round", "gpt2 × round"]
ESTIMATES = [2.7334722222, 0.32, 0.0108333333, 0.0652142857, 0.0231428571, -0.0807619048]
Fit = Callable[..., ClusteredModel]


@pytest.fixture(scope="module")
def rated() -> np.ndarray:
    """(12 participants, 6 rounds, 3 arms), those of tests/gold/rated_rounds.R."""
    table = gold("rated_rounds")
    values = np.empty((12, 6, 3))
    arm = [ARMS.index(name) for name in table["arm"]]
    values[table["p"] - 1, table["round"] - 1, arm] = table["rating"]
    return values


def test_ols_has_the_clustered_errors_of_sandwich(rated: np.ndarray) -> None:
    # R: sqrt(diag(vcovCL(lm(rating ~ arm * time), cluster = p, type = "HC1"))); posthoc.R
    model = clustered_ols(rated, ARMS, reference="rag")
    assert [term.term for term in model.coefficients] == TERMS
    assert [term.estimate for term in model.coefficients] == pytest.approx(ESTIMATES, abs=1e-9)
    assert [term.error for term in model.coefficients] == pytest.approx(
        [0.1255247951, 0.1219188153, 0.1637200916, 0.0450894437, 0.0794529437, 0.0454288046],
        abs=1e-9,
    )
    assert {term.df for term in model.coefficients} == {11.0}


def test_gee_has_the_errors_of_geepack_corrected_for_few_participants(rated: np.ndarray) -> None:
    # R: coef(summary(geeglm(rating ~ arm * time, id = p, corstr = "exchangeable"))); posthoc.R.
    # Where all participants have the same design, Mancl and DeRouen's factor is G / (G − 1)
    model = clustered_gee(rated, ARMS, reference="rag")
    robust = [0.1187751693, 0.1153630876, 0.1549166567, 0.0426649278, 0.0751806592, 0.0429860407]
    assert [term.estimate for term in model.coefficients] == pytest.approx(ESTIMATES, abs=1e-9)
    assert [term.error for term in model.coefficients] == pytest.approx(
        [12.0 / 11.0 * error for error in robust], abs=1e-8
    )
    assert model.correlation == pytest.approx(0.342326, abs=1e-6)


def test_an_arm_of_complete_ratings_is_the_paired_t_but_for_the_stated_corrections(
    rated: np.ndarray,
) -> None:
    means = rated.mean(axis=1)
    test = paired_t(means[:, 1], means[:, 0])
    assert test.estimate is not None
    assert test.statistic is not None
    error = (test.estimate.value or 0.0) / test.statistic
    ols = clustered_ols(rated, ARMS, reference="rag").coefficient("hare")
    gee = clustered_gee(rated, ARMS, reference="rag").coefficient("hare")
    assert (ols.estimate, gee.estimate) == pytest.approx((test.estimate.value,) * 2, abs=1e-9)
    assert ols.error == pytest.approx(error * (215 / 210) ** 0.5, rel=1e-9)
    assert gee.error == pytest.approx(error * (12 / 11) ** 0.5, rel=1e-6)


@pytest.mark.parametrize("fit", [clustered_ols, clustered_gee])
def test_without_an_effect_no_more_than_the_level_is_significant(fit: Fit) -> None:
    rng = np.random.default_rng(7)
    significant = 0
    for _ in range(200):
        own = rng.normal(0, 0.5, (12, 1, 1)) + rng.normal(0, 0.4, (12, 1, 2))
        values = own + rng.normal(0, 0.8, (12, 5, 2))
        p = fit(values, ["rag", "hare"], reference="rag").coefficient("hare").p
        significant += p is not None and p <= 0.05
    assert stats.binomtest(significant, 200, 0.05, alternative="greater").pvalue > 1e-3


@pytest.mark.parametrize("fit", [clustered_ols, clustered_gee])
def test_missing_ratings_are_left_out(fit: Fit, rated: np.ndarray) -> None:
    fewer = rated.copy()
    fewer[0, 2:, 1] = fewer[3, :, 0] = np.nan
    model = fit(fewer, ARMS, reference="rag")
    assert (model.n, model.rows) == (12, 206)
    assert model.note == ""


@pytest.mark.parametrize("fit", [clustered_ols, clustered_gee])
def test_what_cannot_be_estimated_says_why(fit: Fit, rated: np.ndarray) -> None:
    assert "needs at least 3 participants" in fit(rated[:2], ARMS, reference="rag").note
    same = np.broadcast_to(rated[:1], rated.shape)
    assert "some errors are zero" in fit(same, ARMS, reference="rag").note
    apart = same + np.arange(12.0)[:, None, None]  # participants differ in their level alone
    assert "some errors are zero" in fit(apart, ARMS, reference="rag").note
    gone = rated.copy()
    gone[..., 2] = np.nan
    assert fit(gone, ARMS, reference="rag").note == "the fixed effects are collinear"
    with pytest.raises(InputError, match="reference 'bert' is none of"):
        fit(rated, ARMS, reference="bert")
