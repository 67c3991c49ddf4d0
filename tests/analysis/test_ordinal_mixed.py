"""The ordinal mixed model against R's clmm, and what becomes of data it cannot be fitted to."""

from __future__ import annotations

import numpy as np
import pytest
from broken_exports import gold
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.miscmodels.ordinal_model import OrderedModel

from analysis import InputError
from analysis.stats import ordinal_mixed as module
from analysis.stats.cumulative_link import CumulativeLogit, RandomEffect
from analysis.stats.ordinal_mixed import OrdinalModel, ordinal_by_arm, ordinal_mixed

ARMS = ("rag", "hare", "gpt2")
WINE = gold("wine")
FIXED = np.column_stack([WINE["temp"] == "warm", WINE["contact"] == "yes"]).astype(float)
TERMS = ("warm", "contact")


def wine(points: int = 1, profile: bool = False) -> OrdinalModel:
    """rating ~ temp + contact + (1 | judge)."""
    groups = {"judge": WINE["judge"]}
    return ordinal_mixed(WINE["rating"], FIXED, groups, terms=TERMS, points=points, profile=profile)


def test_laplace_equals_clmm_on_the_wine() -> None:
    # ordinal: clmm(rating ~ temp + contact + (1|judge), wine, nAGQ = 1); tests/gold/wine.R. clmm
    # stops 3.5e-6 below the maximum, where its fifth digits are not settled.
    model = wine()
    assert model.method == "Laplace"
    assert model.log_likelihood == pytest.approx(-81.56541, abs=5e-6)
    assert [c.term for c in model.thresholds] == ["1|2", "2|3", "3|4", "4|5"]
    assert [c.estimate for c in model.thresholds] == pytest.approx(
        [-1.6236669, 1.5133652, 4.2285267, 6.0887726], abs=2e-5
    )
    assert [c.error for c in model.thresholds] == pytest.approx(
        [0.68244103, 0.60375333, 0.80896605, 0.97245365], rel=5e-5
    )
    assert [c.estimate for c in model.coefficients] == pytest.approx(
        [3.0629966, 1.8348849], abs=2e-5
    )
    assert [c.error for c in model.coefficients] == pytest.approx(
        [0.59537618, 0.51252933], rel=7e-5
    )
    assert [c.z for c in model.coefficients] == pytest.approx([5.1446408, 3.5800584], rel=7e-5)
    assert [c.p for c in model.coefficients] == pytest.approx([2.6803e-7, 3.4352e-4], rel=7e-4)
    assert model.variances == pytest.approx({"judge": 1.2794609}, rel=2e-5)


def test_laplace_climbs_higher_than_clmm() -> None:
    # clmm prints -81.56540929 with its default inner tolerance of 1e-4, which is too coarse to be a
    # value of the function; with gradTol = 1e-8 it prints -81.5654127768.
    assert wine().log_likelihood == pytest.approx(-81.5654127765, abs=1e-9)
    assert (wine().gradient or 0.0) < 1e-6


def test_ten_points_equal_clmm_on_the_wine() -> None:
    # ordinal: clmm(…, nAGQ = 10); tests/gold/wine.R
    model = wine(points=10)
    assert model.method == "adaptive Gauss–Hermite, 10 points"
    assert model.log_likelihood == pytest.approx(-81.53246071, abs=1e-8)
    assert [c.estimate for c in model.thresholds] == pytest.approx(
        [-1.6234875, 1.5127960, 4.2270535, 6.0861523], abs=1e-5
    )
    assert [c.error for c in model.thresholds] == pytest.approx(
        [0.68338626, 0.60443735, 0.80897822, 0.97193983], rel=5e-6
    )
    assert [c.estimate for c in model.coefficients] == pytest.approx(
        [3.0618910, 1.8334334], abs=1e-5
    )
    assert [c.error for c in model.coefficients] == pytest.approx(
        [0.59507633, 0.51217124], rel=5e-6
    )
    assert model.variances == pytest.approx({"judge": 1.2877331}, rel=1e-5)


def test_profile_intervals_equal_those_that_clmm_falls_by() -> None:
    # clmm with the effect held as an offset, by uniroot; tests/gold/wine.R
    interval = wine(points=10, profile=True).coefficient("contact").profile
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((0.86272808, 2.8818249), abs=1e-6)


@pytest.mark.parametrize("points", [1, 5])
def test_the_gradient_is_that_of_the_likelihood(points: int) -> None:
    rng = np.random.default_rng(points)
    people, request = np.repeat(np.arange(6), 8), np.tile(np.arange(4), 12)
    arm, time = np.tile(np.repeat([0, 1], 4), 6), rng.normal(size=48)
    one = np.ones(48)
    effects = [RandomEffect(people, one)]
    if points == 1:
        effects += [RandomEffect(people * 2 + arm, time), RandomEffect(request * 2 + arm, one)]
        effects += [RandomEffect(request, time)]
    category = np.arange(48) % 4
    rng.shuffle(category)
    likelihood = CumulativeLogit(category, rng.normal(size=(48, 2)), effects, points)
    sd = np.array([0.8, 0.5, 1.2, -0.7])[: len(effects)]
    point = np.concatenate([[-1.0, 0.3, -0.2, 0.5, -0.4], sd])
    numeric = [
        (likelihood(point + step)[0] - likelihood(point - step)[0]) / 2e-5
        for step in 1e-5 * np.eye(point.size)
    ]
    assert likelihood(point)[1] == pytest.approx(numeric, abs=1e-6)


def test_a_profile_that_was_not_found_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "profile_bounds", lambda *_, **__: None)
    model = wine(profile=True)
    assert model.note == "no profile interval for warm, contact"
    assert model.coefficient("warm").profile is None


def test_crossed_intercepts_equal_clmm() -> None:
    # ordinal: clmm(rating ~ contact + (1|judge) + (1|bottle), wine); tests/gold/wine.R
    groups = {"judge": WINE["judge"], "bottle": WINE["bottle"]}
    model = ordinal_mixed(WINE["rating"], FIXED[:, 1:], groups, terms=["contact"])
    assert model.log_likelihood == pytest.approx(-90.95663884, abs=1e-7)
    contact = model.coefficient("contact")
    assert (contact.estimate, contact.error) == pytest.approx((1.780516246, 1.11276277), abs=5e-6)
    assert model.variances == pytest.approx({"judge": 1.1938759, "bottle": 1.9499036}, rel=1e-6)


def test_an_intercept_without_variance_is_stated_and_changes_nothing() -> None:
    # clmm finds a variance of 1.6e-11 for the bottles; tests/gold/wine.R
    groups = {"judge": WINE["judge"], "bottle": WINE["bottle"]}
    model = ordinal_mixed(WINE["rating"], FIXED, groups, terms=TERMS)
    assert model.note == "variance estimated as zero: bottle"
    assert model.variances is not None
    assert model.variances["bottle"] == 0.0
    assert model.coefficient("warm").error == pytest.approx(wine().coefficient("warm").error)


def rated() -> np.ndarray:
    """The ratings of tests/gold/rated_rounds.R as five categories, (12, 6 rounds, 3 arms)."""
    table = gold("rated_rounds")
    values = np.empty((12, 6, 3))
    arm = [ARMS.index(name) for name in table["arm"]]
    values[table["p"] - 1, table["round"] - 1, arm] = np.clip(np.rint(table["rating"]), 1, 5)
    return values


def test_the_model_of_the_study_equals_clmm() -> None:
    # ordinal: clmm(category ~ arm * time + (1|p) + (1|own) + (0+time|own)); rated_rounds.R
    model = ordinal_by_arm(rated(), ARMS, reference="rag")
    assert model.log_likelihood == pytest.approx(-242.8350187, abs=2e-6)
    assert [c.term for c in model.coefficients] == [
        "hare", "gpt2", "round", "hare × round", "gpt2 × round",
    ]  # fmt: skip
    assert [c.estimate for c in model.coefficients] == pytest.approx(
        [0.908406312, 0.064726534, 0.172308341, 0.070346028, -0.132767067], abs=2e-5
    )
    assert [c.error for c in model.coefficients] == pytest.approx(
        [0.40187960, 0.39116995, 0.14879573, 0.21544015, 0.21010132], rel=2e-5
    )
    assert [c.estimate for c in model.thresholds] == pytest.approx(
        [-3.474505143, -0.560797855, 2.242657274, 5.380638667], abs=2e-5
    )
    assert model.variances == pytest.approx(
        {
            "participant": 1.8367818,
            "participant × arm": 0.28618842,
            "round | participant × arm": 0.054008352,
        },
        rel=1e-4,
    )
    assert model.coefficient("hare").apa() == (
        "hare: b = 0.91, SE = 0.40, 95% CI [0.12, 1.70], z = 2.26, p = .024"
    )


def test_missing_ratings_are_left_out() -> None:
    values = rated()
    values[0, 3:] = np.nan
    model = ordinal_by_arm(values, ARMS, reference="rag")
    assert (model.n, model.rows) == (12, 216 - 9)
    assert model.coefficients


def test_groups_that_do_not_differ_give_the_ordinary_ordinal_regression() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(90, 1))
    ratings = np.clip(np.rint(3 + x[:, 0] + rng.logistic(size=90)), 1, 5)
    ratings = ratings[np.argsort(ratings, kind="stable")]  # spread evenly over the groups below
    model = ordinal_mixed(ratings, x, {"p": np.arange(90) % 9}, terms=["x"])
    plain = OrderedModel(ratings, x, distr="logit").fit(method="bfgs", disp=False, gtol=1e-8)
    assert model.note == "variance estimated as zero: p"
    assert model.log_likelihood == pytest.approx(plain.llf, abs=1e-6)
    assert model.coefficient("x").estimate == pytest.approx(plain.params[0], abs=1e-4)
    assert model.coefficient("x").error == pytest.approx(plain.bse[0], rel=1e-3)


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_turning_the_scale_over_turns_every_sign(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = 3 + 0.7 * rng.normal(size=(10, 1, 1)) + rng.normal(size=(10, 5, 2))
    values = np.clip(np.rint(values), 1, 5)
    one = ordinal_by_arm(values, ARMS[:2], reference="rag")
    other = ordinal_by_arm(6 - values, ARMS[:2], reference="rag")
    assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-6)
    assert [c.estimate for c in one.coefficients] == pytest.approx(
        [-c.estimate for c in other.coefficients], abs=1e-4
    )


def test_the_truth_is_found_in_many_ratings() -> None:
    rng = np.random.default_rng(9)
    people = np.repeat(np.arange(300), 10)
    x = rng.normal(size=3_000)
    latent = 0.8 * x + 1.2 * rng.normal(size=300)[people] + rng.logistic(size=3_000)
    model = ordinal_mixed(
        np.digitize(latent, [-1.0, 0.5, 2.0]), x[:, None], {"p": people}, terms="x"
    )
    slope = model.coefficient("x")
    assert abs(slope.estimate - 0.8) < 3 * slope.error
    for threshold, true in zip(model.thresholds, [-1.0, 0.5, 2.0], strict=True):
        assert abs(threshold.estimate - true) < 3 * threshold.error
    assert model.variances == pytest.approx({"p": 1.44}, rel=0.25)


def test_the_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(15)
    covered = 0
    for _ in range(60):
        values = 3 + 0.6 * rng.normal(size=(24, 1, 1)) + 0.9 * rng.normal(size=(24, 4, 2))
        model = ordinal_by_arm(np.clip(np.rint(values), 1, 5), ARMS[:2], reference="rag")
        interval = model.coefficient("hare").interval
        covered += interval.low <= 0.0 <= interval.high
    assert stats.binomtest(covered, 60, 0.95).pvalue > 1e-3


def random_ratings(low: int, high: int) -> np.ndarray:
    return np.random.default_rng(5).integers(low, high, size=(8, 5)).astype(float)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.ones((2, 4, 2)), "needs at least 3 participants, has 2"),
        (np.ones((5, 1, 2)), "needs at least 2 rounds"),
        (np.full((5, 4, 2), 3.0), "every rating is the same"),
        (
            np.stack([random_ratings(1, 3), random_ratings(4, 6)], axis=2),
            "hare separates the ratings: it has no finite estimate",
        ),
        (
            np.arange(1.0, 6.0)[:, None, None] + np.zeros((5, 4, 2)),
            "the effects of participant have no finite variance",
        ),
        (
            np.stack([random_ratings(1, 6), np.full((8, 5), np.nan)], axis=2),
            "the fixed effects are collinear with one another or with the thresholds",
        ),
    ],
)
def test_data_without_a_model_are_explained(values: np.ndarray, reason: str) -> None:
    model = ordinal_by_arm(values, ARMS[:2], reference="rag")
    assert (model.coefficients, model.thresholds, model.variances) == ((), (), None)
    assert model.note == reason
    with pytest.raises(KeyError, match=rf"no term 'hare': the model was not fitted \({reason}\)"):
        model.coefficient("hare")


def test_a_fit_that_does_not_converge_is_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 1)
    model = wine()
    assert model.coefficients == ()
    assert model.note == "the optimiser did not converge"


def test_too_many_crossed_effects_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.stats.cumulative_link.CELLS", 10)
    assert wine().note == "too many crossed effects for this method"


def test_wrong_arguments_are_refused() -> None:
    x, people = np.arange(6.0)[:, None], [1, 1, 2, 2, 3, 3]
    ratings = [1, 2, 3, 2, 1, 3]
    with pytest.raises(InputError, match=r"fixed must be \(6 ratings, 2 terms\)"):
        ordinal_mixed(ratings, x, {"p": people}, terms=["x", "y"])
    with pytest.raises(InputError, match="whole numbers"):
        ordinal_mixed([1.5, *ratings[1:]], x, {"p": people}, terms=["x"])
    with pytest.raises(InputError, match=r"groups\['p'\] must have a label for each of the 6"):
        ordinal_mixed(ratings, x, {"p": people[1:]}, terms=["x"])
    with pytest.raises(InputError, match="at least one grouping factor"):
        ordinal_mixed(ratings, x, {}, terms=["x"])
    with pytest.raises(InputError, match="points = 5: must be 1 to 50, and 1 with more than one"):
        ordinal_mixed(ratings, x, {"p": people, "q": people}, terms=["x"], points=5)
    with pytest.raises(InputError, match="level = 95"):
        ordinal_mixed(ratings, x, {"p": people}, terms=["x"], level=95)
    with pytest.raises(InputError, match="finite"):
        ordinal_mixed([np.nan, *ratings[1:]], x, {"p": people}, terms=["x"])
    with pytest.raises(KeyError, match="no term 'cold'"):
        wine().coefficient("cold")


def test_only_categories_that_occur_have_thresholds() -> None:
    likelihood = CumulativeLogit(
        *(np.array([0, 1, 2]), np.ones((3, 1)), [RandomEffect(np.arange(3), np.ones(3))], 1)
    )
    assert likelihood.J == 3
    model = ordinal_mixed(WINE["rating"] * 10, FIXED, {"judge": WINE["judge"]}, terms=TERMS)
    assert [c.term for c in model.thresholds] == ["10|20", "20|30", "30|40", "40|50"]
