"""The ordinal posterior: its mode, its covariance, and how well it is calibrated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_expit

from hare.errors import InputError, SettingsError
from hare.user_state.features import PRIOR_SD
from hare.user_state.ordinal import OrdinalModel, fit_cutpoints

MODEL = OrdinalModel(np.array([-2.0, -0.7, 0.5, 1.8]))
CATEGORIES = MODEL.categories
Array = np.ndarray


def features(rng: np.random.Generator, count: int, size: int, deviation: float = PRIOR_SD) -> Array:
    """Directions of such a length that a text's utility has this prior deviation, and an appeal."""
    phi = rng.normal(size=(count, size))
    phi *= deviation / np.linalg.norm(phi, axis=1, keepdims=True)
    return np.column_stack([phi, rng.normal(0.0, 0.5, count)])


def draw_ratings(user: Array, shown: Array, rng: np.random.Generator) -> Array:
    """Rewards that this user gives under the model itself."""
    probabilities = MODEL.probabilities(shown[:, :-1] @ user + shown[:, -1])
    drawn = (probabilities.cumsum(axis=1) < rng.random((len(shown), 1))).sum(axis=1)
    return drawn / (CATEGORIES - 1)


def log_posterior(user: Array, shown: Array, rewards: Array) -> float:
    """Written anew from the model's definition, with log(F(b) - F(a)) in its stable form."""
    edges = np.concatenate([[-np.inf], MODEL.cutpoints, [np.inf]])
    total = -float(user @ user) / 2
    for row, reward in zip(shown, rewards, strict=True):
        utility = row[:-1] @ user + row[-1]
        position = reward * (CATEGORIES - 1)
        lower = int(np.floor(position + 1e-9))
        for category, weight in ((lower, 1 - (position - lower)), (lower + 1, position - lower)):
            if weight > 1e-12:
                below, above = edges[category] - utility, edges[category + 1] - utility
                gap = (
                    0.0 if np.isinf(below) or np.isinf(above) else np.log1p(-np.exp(below - above))
                )
                total += weight * (log_expit(above) + log_expit(-below) + gap)
    return float(total)


@st.composite
def histories(draw: st.DrawFn, least: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count, size = draw(st.integers(least, 10)), draw(st.integers(1, 5))
    shown = features(rng, count, size, draw(st.floats(0.2, 4.0)))
    rewards = draw(st.lists(st.floats(0, 1), min_size=count, max_size=count))
    return shown, np.array(rewards)


@given(histories())
@settings(max_examples=60)
def test_at_the_mode_the_log_posterior_has_no_slope(history: tuple[Array, Array]) -> None:
    shown, rewards = history
    mode, _ = MODEL.posterior(shown, rewards)
    for step in 1e-5 * np.eye(len(mode)):
        ahead = log_posterior(mode + step, shown, rewards)
        behind = log_posterior(mode - step, shown, rewards)
        assert (ahead - behind) / 2e-5 == pytest.approx(0.0, abs=1e-5)


@given(histories(least=1), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_order_of_the_ratings_does_not_matter(history, random) -> None:
    shown, rewards = history
    order = list(range(len(rewards)))
    random.shuffle(order)
    mean, covariance = MODEL.posterior(shown, rewards)
    other_mean, other_covariance = MODEL.posterior(shown[order], rewards[order])
    assert other_mean == pytest.approx(mean, abs=1e-10)
    assert other_covariance == pytest.approx(covariance, abs=1e-10)


@given(histories())
@settings(max_examples=60)
def test_the_covariance_is_symmetric_positive_and_never_exceeds_the_prior(history) -> None:
    _, covariance = MODEL.posterior(*history)
    assert (covariance == covariance.T).all()
    values = np.linalg.eigvalsh(covariance)
    assert values.min() > 0
    assert values.max() <= 1 + 1e-12


def test_without_ratings_the_posterior_is_the_prior() -> None:
    mean, covariance = MODEL.posterior(np.zeros((0, 4)), np.zeros(0))
    assert (mean == 0).all()
    assert (covariance == np.eye(3)).all()


@given(st.integers(0, 2**32), st.floats(0, 1), st.floats(0.2, 4.0))
@settings(max_examples=60)
def test_a_first_rating_narrows_the_direction_that_was_rated_and_no_other(
    seed: int, reward: float, deviation: float
) -> None:
    shown = features(np.random.default_rng(seed), 1, 4, deviation)
    phi = shown[0, :-1]
    across = np.linalg.svd(phi[None])[2][1:]
    _, covariance = MODEL.posterior(shown, np.array([reward]))
    assert phi @ covariance @ phi < phi @ phi
    assert across @ covariance @ across.T == pytest.approx(np.eye(3), abs=1e-10)


def test_ratings_narrow_the_direction_that_was_rated_unless_they_surprise() -> None:
    # Only for Gaussian ratings is it a theorem. Here a rating moves the mode, and the earlier
    # ratings may tell less there: rare, and none of it when the ratings are the model's own mean.
    rng = np.random.default_rng(0)
    ratios = []
    for _ in range(400):
        count = int(rng.integers(2, 8))
        shown = features(rng, count, 4)
        rewards = draw_ratings(rng.normal(size=4), shown, rng)
        phi = shown[-1, :-1]
        _, before = MODEL.posterior(shown[:-1], rewards[:-1])
        _, after = MODEL.posterior(shown, rewards)
        ratios.append((phi @ after @ phi) / (phi @ before @ phi))
    assert np.mean(ratios) < 0.85
    assert np.mean(np.array(ratios) > 1) < 0.02


def test_two_ratings_that_contradict_each_other_leave_more_doubt_than_one_of_them() -> None:
    shown = np.array([[2.0, 0.0], [2.0, 0.0]])
    model = OrdinalModel(np.array([-3.0, -2.9, 2.9, 3.0]))
    _, one = model.posterior(shown[:1], np.array([0.0]))
    _, both = model.posterior(shown, np.array([0.0, 1.0]))
    assert both[0, 0] > one[0, 0]


@given(histories(least=1), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=60)
def test_a_higher_rating_of_a_text_raises_its_mean_utility(history, one: float, two: float) -> None:
    shown, rewards = history
    low, high = min(one, two), max(one, two)
    phi = shown[-1, :-1]
    at_low, _ = MODEL.posterior(shown, np.append(rewards[:-1], low))
    at_high, _ = MODEL.posterior(shown, np.append(rewards[:-1], high))
    if high - low > 1e-6:
        assert phi @ at_high > phi @ at_low
    else:
        assert phi @ at_high >= phi @ at_low - 1e-9


def test_a_reward_between_two_categories_lies_between_their_posteriors() -> None:
    shown = features(np.random.default_rng(3), 1, 3)
    phi = shown[0, :-1]
    utility = [phi @ MODEL.posterior(shown, np.array([r]))[0] for r in np.linspace(0, 1, 17)]
    assert (np.diff(utility) > 0).all()


def test_a_mean_of_ratings_that_hits_a_category_up_to_rounding_counts_as_that_category() -> None:
    shown = features(np.random.default_rng(3), 3, 3)
    exact = MODEL.posterior(shown, np.array([0.75, 0.25, 0.5]))
    rounded = MODEL.posterior(shown, np.nextafter([0.75, 0.25, 0.5], 0.0))
    assert rounded[0] == pytest.approx(exact[0], abs=1e-12)


def test_intervals_for_the_utility_of_new_texts_are_calibrated() -> None:
    # 90 % intervals; texts scaled to the prior deviation that the feature map uses.
    rng = np.random.default_rng(20)
    size, users, fresh_texts = 6, 300, 20
    hits = []
    for _ in range(users):
        user = rng.normal(size=size)
        shown = features(rng, 10, size)
        mean, covariance = MODEL.posterior(shown, draw_ratings(user, shown, rng))
        fresh = features(rng, fresh_texts, size)[:, :-1]
        width = 1.6449 * np.sqrt(np.einsum("np,pq,nq->n", fresh, covariance, fresh))
        hits.append(np.abs(fresh @ (user - mean)) <= width)
    assert 0.86 <= np.mean(hits) <= 0.94


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=8))
def test_the_probabilities_of_the_categories_sum_to_one(utilities: list[float]) -> None:
    p = MODEL.probabilities(np.array(utilities))
    assert p.shape == (len(utilities), CATEGORIES)
    assert (p >= 0).all()
    assert p.sum(axis=1) == pytest.approx(1.0)


def test_extreme_utilities_and_one_sided_histories_stay_finite() -> None:
    shown = np.tile([[40.0, -40.0, 300.0]], (10, 1))
    mean, covariance = MODEL.posterior(shown, np.zeros(10))
    assert np.isfinite(mean).all()
    assert np.linalg.eigvalsh(covariance).min() > 0


def test_fitted_cutpoints_are_those_that_made_the_ratings() -> None:
    rng = np.random.default_rng(1)
    utilities = rng.normal(0.0, 1.5, 40_000)
    draws = (MODEL.probabilities(utilities).cumsum(axis=1) < rng.random((40_000, 1))).sum(axis=1)
    fitted = fit_cutpoints(utilities, draws, CATEGORIES)
    assert fitted.cutpoints == pytest.approx(MODEL.cutpoints, abs=0.06)  # about 4 standard errors


def test_a_category_that_never_occurs_is_refused() -> None:
    with pytest.raises(InputError, match="every one of the 5 categories"):
        fit_cutpoints(np.zeros(4), np.array([0, 1, 2, 4]), 5)


@pytest.mark.parametrize(
    "cuts", [[], [1.0, 1.0], [2.0, 1.0], [0.0, np.nan], [[0.0, 1.0]], [np.inf]]
)
def test_cutpoints_that_do_not_ascend_are_refused(cuts: list) -> None:
    with pytest.raises(SettingsError, match="cutpoints"):
        OrdinalModel(np.array(cuts))


@pytest.mark.parametrize(
    ("shown", "rewards", "named"),
    [
        (np.zeros((2, 3)), np.zeros(3), r"features \(2, 3\) and rewards \(3,\)"),
        (np.zeros(3), np.zeros(3), "do not match"),
        (np.full((1, 3), np.nan), np.zeros(1), "features: must be finite"),
        (np.zeros((1, 3)), np.array([1.1]), r"rewards: must be finite and in \[0, 1\]"),
        (np.zeros((1, 3)), np.array([-0.1]), r"rewards: must be finite and in \[0, 1\]"),
        (np.zeros((1, 3)), np.array([np.nan]), r"rewards: must be finite and in \[0, 1\]"),
    ],
)
def test_histories_of_the_wrong_shape_or_range_are_refused(shown, rewards, named: str) -> None:
    with pytest.raises(InputError, match=named):
        MODEL.posterior(shown, rewards)
