"""The mixed model against lme4 and lmerTest, and what becomes of data it cannot be fitted to."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from broken_exports import gold
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import approx_fprime

from analysis import InputError, linear_mixed
from analysis.stats import mixed, reml_fit
from analysis.stats.long_form import long_ratings
from analysis.stats.mixed import mixed_model
from analysis.stats.reml import GaussianModel

ARMS = ("rag", "hare", "gpt2")


@pytest.fixture(scope="module")
def rated() -> np.ndarray:
    """(12 participants, 6 rounds, 3 arms), those of tests/gold/rated_rounds.R."""
    table = gold("rated_rounds")
    values = np.empty((12, 6, 3))
    arm = [ARMS.index(name) for name in table["arm"]]
    values[table["p"] - 1, table["round"] - 1, arm] = table["rating"]
    return values


def test_reml_equals_lme4_on_the_sleep_study() -> None:
    # lme4: lmer(Reaction ~ Days + (Days | Subject), sleepstudy); tests/gold/sleepstudy.R
    table = gold("sleepstudy")
    design = np.column_stack([np.ones(len(table)), table["Days"]])
    fit = mixed_model(
        table["Reaction"],
        design,
        table["Subject"],
        terms=["intercept", "days"],
        random=design,
    )
    intercept, days = fit.coefficients
    assert (intercept.estimate, days.estimate) == pytest.approx((251.405105, 10.467286), abs=1e-5)
    assert (intercept.error, days.error) == pytest.approx((6.8245967, 1.5457896), rel=1e-5)
    assert fit.variances == pytest.approx(
        {"group 0": 612.100, "group 0, group 1": 9.6044, "group 1": 35.0717, "residual": 654.940},
        rel=2e-5,
    )
    assert fit.log_likelihood == pytest.approx(-871.814136, abs=1e-6)
    # lmerTest: 16.9997 and 17.0000; exactly 17 for complete data
    assert (intercept.df, days.df) == pytest.approx((17.0, 17.0), abs=1e-4)


def test_the_model_of_the_study_equals_lme4(rated: np.ndarray) -> None:
    # lme4: rating ~ arm * time + (1|p) + (1|p:arm) + (0+time|p:arm); tests/gold/rated_rounds.R
    model = linear_mixed(rated, ARMS, reference="rag")
    assert [term.term for term in model.coefficients] == [
        "intercept", "hare", "gpt2", "round", "hare × round", "gpt2 × round",
    ]  # fmt: skip
    assert [term.estimate for term in model.coefficients] == pytest.approx(
        [2.733472222, 0.32, 0.010833333, 0.065214286, 0.023142857, -0.080761905], abs=1e-6
    )
    assert [term.error for term in model.coefficients] == pytest.approx(
        [0.176448675, *[0.147937674] * 2, 0.052933586, *[0.074859395] * 2], rel=5e-5
    )
    assert model.variances == pytest.approx(
        {
            "participant": 0.242296285,
            "participant × arm": 0.070013337,
            "round | participant × arm": 0.012606433,
            "residual": 0.367799974,
        },
        rel=2e-4,
    )
    assert model.log_likelihood == pytest.approx(-238.0379401, abs=1e-6)
    assert model.note == ""
    assert model.gradient is not None
    assert model.gradient < 1e-5


def test_degrees_of_freedom_equal_lmertest(rated: np.ndarray) -> None:
    # lmerTest: coef(summary(fit)); tests/gold/rated_rounds.R. It prints 21.99897 and 32.99947
    # where Kenward and Roger's, exact for complete data, are 22 and 33.
    model = linear_mixed(rated, ARMS, reference="rag")
    assert [term.df for term in model.coefficients] == pytest.approx(
        [17.923353, 22.0, 22.0, 33.0, 33.0, 33.0], abs=5e-4
    )
    assert [term.p for term in model.coefficients] == pytest.approx(
        [8.037e-12, 0.041671693, 0.94228562, 0.22665513, 0.75915023, 0.28847841], abs=1e-4
    )
    hare = model.coefficient("hare")
    assert hare.p_z == pytest.approx(2.0 * stats.norm.sf(0.32 / 0.147937674), rel=1e-3)
    assert hare.t_interval is not None
    half = stats.t.ppf(0.975, 22) * hare.error
    assert hare.t_interval.high - hare.estimate == pytest.approx(half, rel=1e-5)
    assert hare.apa() == "hare: b = 0.32, SE = 0.15, 95% CI [0.01, 0.63], t(22.0) = 2.16, p = .042"


def test_profile_intervals_equal_lme4(rated: np.ndarray) -> None:
    # lme4: confint(profile(refitML(fit), which = "beta_")); tests/gold/rated_rounds.R
    model = linear_mixed(rated, ARMS, reference="rag", profile=True)
    found = [term.profile for term in model.coefficients]
    assert [(i.low, i.high) for i in found if i] == [
        pytest.approx(bounds, abs=1e-5)
        for bounds in [
            (2.3844220368, 3.0825223572),
            (0.0309108985, 0.6090890918),
            (-0.2782557682, 0.2999224252),
            (-0.0368250668, 0.1672536366),
            (-0.1211625791, 0.1674482911),
            (-0.2250673410, 0.0635435292),
        ]
    ]


def test_a_variance_at_zero_is_stated_and_the_rest_equals_lmertest(rated: np.ndarray) -> None:
    # lmerTest on the ratings less each participant's mean, a singular fit; rated_rounds.R
    model = linear_mixed(rated - rated.mean(axis=(1, 2), keepdims=True), ARMS, reference="rag")
    assert model.note == (
        "variance estimated as zero: participant; df are then pooled over participants and arms, "
        "and p is not to be read against the paired t"
    )
    assert model.variances is not None
    assert model.variances["participant"] == 0.0
    assert [term.error for term in model.coefficients] == pytest.approx(
        [0.085409887, *[0.120787821] * 2, 0.052932941, *[0.074858484] * 2], rel=2e-6
    )
    assert [term.df for term in model.coefficients] == pytest.approx([33.0] * 6, abs=1e-4)


def test_df_that_are_pooled_over_ratings_are_said_to_be() -> None:
    # As lmerTest does, issue 8 there: without a variance of arms between participants the test of
    # an arm counts ratings, so its p is far below that of the paired t.
    values = 3 + np.random.default_rng(3).normal(size=(6, 10, 2))
    values -= values.mean(axis=1, keepdims=True) - [3.0, 3.4]  # no participant differs
    model = linear_mixed(values, ARMS[:2], reference="rag")
    assert (model.coefficient("hare").df or 0.0) > 90
    assert "pooled over ratings, and p is not to be read against the paired t" in model.note


def test_a_fit_equals_that_of_the_model_without_the_zero_variance() -> None:
    rng = np.random.default_rng(4)
    x = np.tile(np.arange(5.0), 8)
    y = x + rng.normal(size=40)
    y -= np.repeat(y.reshape(8, 5).mean(axis=1), 5)  # nothing is left between the groups
    design = np.column_stack([np.ones(40), x])
    fit = mixed_model(y, design, np.repeat(range(8), 5), terms=["intercept", "x"])
    ols = sm.OLS(y, design).fit()
    assert fit.note == "variance estimated as zero: group"
    assert [term.estimate for term in fit.coefficients] == pytest.approx(ols.params, abs=1e-9)
    assert [term.error for term in fit.coefficients] == pytest.approx(ols.bse, rel=1e-5)
    assert [term.df for term in fit.coefficients] == pytest.approx([38.0, 38.0], rel=1e-4)


@pytest.mark.parametrize("missing", [False, True])
def test_the_gradients_are_those_of_the_likelihoods(rated: np.ndarray, missing: bool) -> None:
    values = rated[:6].copy()
    if missing:
        values[0, 2:, 1] = values[3, 0, 0] = np.nan
    rows = long_ratings(values, ARMS, reference="rag")
    Z = np.column_stack([np.ones(rows.rating.size), rows.time])
    triangle = [np.diag([1.0, 0.0]), np.array([[0.0, 0.0], [1.0, 0.0]]), np.diag([0.0, 1.0])]
    items = (rows.arm[:, None] == np.arange(3)).astype(float)
    shared = [items, (np.rint(rows.time * 2) % 4)[:, None] * items]
    model = GaussianModel(rows.rating, rows.design, rows.people, Z, triangle, shared)
    theta = np.array([0.5, -0.2, 0.3, 0.6, -0.35, -0.4])
    for objective, point in [
        (model.restricted, theta),
        (model.full, np.concatenate([np.linspace(-1.0, 2.0, 6), theta])),
    ]:
        numeric = approx_fprime(point, lambda x, f=objective: f(x)[0], 1e-6)
        assert objective(point)[1] == pytest.approx(numeric, rel=1e-4, abs=1e-4)


def test_the_likelihood_is_the_density_of_a_normal_vector(rated: np.ndarray) -> None:
    rows = long_ratings(rated[:3], ARMS, reference="rag")
    ones = np.ones((rows.rating.size, 1))
    item = (rows.time[:, None] == np.unique(rows.time)).astype(float)
    model = GaussianModel(rows.rating, rows.design, rows.people, ones, [np.ones((1, 1))], [item])
    b, sd, across, residual = np.linspace(-1.0, 2.0, 6), 0.7, 0.4, 0.9
    value = model.full(np.concatenate([b, [sd, across, np.log(residual)]]))[0]
    same = (rows.people[:, None] == rows.people).astype(float)
    covariance = sd**2 * same + across**2 * item @ item.T + residual**2 * np.eye(len(item))
    expected = stats.multivariate_normal(rows.design @ b, covariance).logpdf(rows.rating)
    assert value == pytest.approx(float(expected), rel=1e-10)


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_complete_likert_ratings_give_the_differences_of_the_means(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sd = rng.choice([0.0, 0.4, 0.8], 2)
    values = 3 + sd[0] * rng.normal(size=(10, 1, 1)) + sd[1] * rng.normal(size=(10, 1, 3))
    values = np.clip(np.rint(values + rng.normal(size=(10, 6, 3))), 1, 5)
    model = linear_mixed(values, ARMS, reference="rag")
    means = values.mean(axis=(0, 1))
    assert model.coefficient("hare").estimate == pytest.approx(means[1] - means[0], abs=1e-8)
    assert all(term.df is not None and term.df > 1 for term in model.coefficients)


def test_the_reference_arm_changes_the_sign_and_nothing_else(rated: np.ndarray) -> None:
    pair = rated[:, :, :2]
    one = linear_mixed(pair, ARMS[:2], reference="rag").coefficients[1]
    other = linear_mixed(pair, ARMS[:2], reference="hare").coefficients[1]
    assert one.estimate == pytest.approx(-other.estimate, abs=1e-6)
    assert one.error == pytest.approx(other.error, rel=1e-3)
    assert one.estimate == pytest.approx(np.mean(pair[..., 1] - pair[..., 0]), abs=1e-6)


def test_missing_rounds_are_left_out_and_said(rated: np.ndarray) -> None:
    values = rated.copy()
    values[0, 3:] = np.nan
    model = linear_mixed(values, ARMS, reference="rag")
    assert model.rows == 216 - 9
    assert "cannot be checked against cell means" in model.note


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros((2, 4, 2)), "needs at least 3 participants, has 2"),
        (np.full((5, 4, 2), np.nan), "needs at least 3 participants, has 0"),
        (np.zeros((5, 1, 2)), "needs at least 2 rounds"),
        (np.full((5, 4, 2), 3.0), "every rating is the same"),
        (np.zeros((5, 4, 2)) + np.arange(2.0), "the fixed effects leave no residual"),
        (
            np.concatenate([np.eye(5, 4)[..., None], np.full((5, 4, 1), np.nan)], axis=2),
            "the fixed effects are collinear",
        ),
    ],
)
def test_data_without_a_model_are_explained(values: np.ndarray, reason: str) -> None:
    model = linear_mixed(values, ["rag", "hare"], reference="rag")
    assert (model.coefficients, model.note) == ((), reason)
    with pytest.raises(KeyError, match=rf"no term 'hare': the model was not fitted \({reason}\)"):
        model.coefficient("hare")


def test_a_fit_that_does_not_converge_is_not_reported(
    rated: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reml_fit, "LIMIT", 1)
    model = linear_mixed(rated, ARMS, reference="rag")
    assert model.coefficients == ()
    assert model.note == "the optimiser did not converge"


def test_a_fit_away_from_the_cell_means_is_not_reported(
    rated: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mixed, "CELL_TOLERANCE", -1.0)
    assert "away from the cell means" in linear_mixed(rated, ARMS, reference="rag").note


def test_a_perfect_correlation_of_random_effects_is_said() -> None:
    rng = np.random.default_rng(2)
    x = np.tile(np.arange(5.0), 12)
    own = np.repeat(rng.normal(size=12), 5)
    y = x + own * (1.0 + x) + rng.normal(size=60)
    design = np.column_stack([np.ones(60), x])
    groups = np.repeat(range(12), 5)
    fit = mixed_model(y, design, groups, terms=["intercept", "x"], random=design)
    assert fit.note == "the covariance of the random effects is singular: they correlate perfectly"
    assert fit.variances is not None
    a, both, b = (fit.variances[name] for name in ("group 0", "group 0, group 1", "group 1"))
    assert both**2 == pytest.approx(a * b, rel=1e-5)
    assert len(fit.coefficients) == 2


def test_groups_of_one_row_are_explained() -> None:
    y = np.random.default_rng(0).normal(size=12)
    fit = mixed_model(y, np.ones((12, 1)), np.arange(12), terms=["intercept"])
    assert fit.coefficients == ()
    assert fit.note.startswith("the likelihood has no clear maximum")
    alone = mixed_model(y, np.ones((12, 1)), np.zeros(12), terms=["intercept"])
    assert alone.note == "needs at least 2 groups"


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(InputError, match=r"has shape \(3, 4\)"):
        linear_mixed(np.zeros((3, 4)), ["a", "b"], reference="a")
    with pytest.raises(InputError, match="'c' is none of"):
        linear_mixed(np.zeros((3, 4, 2)), ["a", "b"], reference="c")
    with pytest.raises(InputError, match="finite"):
        linear_mixed(np.full((3, 4, 2), np.inf), ["a", "b"], reference="a")
    y, ones = np.arange(6.0), np.ones((6, 1))
    with pytest.raises(InputError, match="groups must have a row for each of the 6"):
        mixed_model(y, ones, [1, 2], terms=["intercept"])
    with pytest.raises(InputError, match="fixed has 1 columns and terms 2 names"):
        mixed_model(y, ones, [1, 1, 2, 2, 3, 3], terms=["intercept", "x"])
    with pytest.raises(InputError, match="level = 95"):
        mixed_model(y, ones, [1, 1, 2, 2, 3, 3], terms=["intercept"], level=95)
    with pytest.raises(KeyError, match="no term 'hare'"):
        mixed_model(y, ones, [1, 1, 2, 2, 3, 3], terms=["intercept"]).coefficient("hare")
