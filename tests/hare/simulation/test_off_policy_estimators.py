"""Off-policy estimators: unbiased, covering, exact where they should be, and refusing nonsense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from hare.errors import InputError, SettingsError
from hare.simulation.off_policy import (
    OffPolicyEstimate,
    cross_fit,
    doubly_robust,
    inverse_propensity,
    self_normalised,
)

K = 4


@dataclass(frozen=True)
class World:
    """Contexts x uniform on [-1, 1]; q(x, a) linear in x for each action; noisy rewards."""

    contexts: np.ndarray
    actions: np.ndarray
    rewards: np.ndarray
    logging: np.ndarray
    target: np.ndarray
    q: np.ndarray

    @property
    def propensities(self) -> np.ndarray:
        return self.logging[np.arange(len(self.actions)), self.actions]

    @property
    def chances(self) -> np.ndarray:
        return self.target[np.arange(len(self.actions)), self.actions]


def draw(rows: int, seed: int, noise: float = 0.5, contrast: float = 0.4) -> World:
    """`contrast` makes the log shun what the target likes: weights grow with it."""
    rng = np.random.default_rng([seed, 3])
    x = rng.uniform(-1, 1, (rows, 1))
    slopes, levels = np.linspace(-1, 1, K), np.array([0.5, 0.1, 0.3, 0.9])
    q = levels + x * slopes
    logging = _softmax(contrast * x * np.linspace(1, -1, K))
    target = _softmax(1.5 * q)
    actions = (rng.random((rows, 1)) > logging.cumsum(axis=1)).sum(axis=1).clip(0, K - 1)
    rewards = q[np.arange(rows), actions] + rng.normal(0, noise, rows)
    return World(x, actions, rewards, logging, target, q)


def truth() -> float:
    """The target's value, integrated over x on a fine grid."""
    x = np.linspace(-1, 1, 20_001)[:, None]
    q = np.array([0.5, 0.1, 0.3, 0.9]) + x * np.linspace(-1, 1, K)
    return float((_softmax(1.5 * q) * q).sum(axis=1).mean())


def _softmax(scores: np.ndarray) -> np.ndarray:
    exp = np.exp(scores)
    return exp / exp.sum(axis=1, keepdims=True)


def estimates(world: World, seed: int = 1, resamples: int = 150) -> dict[str, OffPolicyEstimate]:
    r, p, t = world.rewards, world.propensities, world.chances
    model = make_pipeline(PolynomialFeatures(interaction_only=True), Ridge(1e-3))
    fitted = cross_fit(model, world.contexts, world.actions, r, K, seed=seed)
    options: dict[str, Any] = {"seed": seed, "resamples": resamples}
    return {
        "ips": inverse_propensity(r, p, t, **options),
        "snips": self_normalised(r, p, t, **options),
        "dr": doubly_robust(r, world.actions, p, world.target, fitted, **options),
    }


def test_estimates_are_unbiased_and_their_intervals_cover_the_truth() -> None:
    """200 logs of 400 rows. 95% may miss 10 times; 3 binomial standard deviations are 9 more."""
    true = truth()
    found = [estimates(draw(400, seed), seed) for seed in range(200)]
    for method in ("ips", "snips", "dr"):
        of_method = [f[method] for f in found]
        values = np.array([e.estimate for e in of_method])
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert abs(values.mean() - true) < 3.5 * error, method
        stated = np.mean([e.standard_error for e in of_method])
        assert stated == pytest.approx(values.std(ddof=1), rel=0.15), method
        for kind in ("normal_interval", "bootstrap_interval"):
            covered = [getattr(e, kind)[0] <= true <= getattr(e, kind)[1] for e in of_method]
            assert np.mean(covered) > 0.95 - 0.046, (method, kind)


def test_ignoring_the_weights_would_be_wrong_here() -> None:
    """Else the test above could not fail."""
    world = draw(50_000, 1)
    assert abs(world.rewards.mean() - truth()) > 0.1


def test_doubly_robust_varies_less_than_the_others() -> None:
    found = estimates(draw(4000, 2))
    assert found["dr"].standard_error < 0.9 * found["snips"].standard_error
    assert found["dr"].standard_error < 0.9 * found["ips"].standard_error


def test_doubly_robust_is_exact_when_the_model_is_right_and_nothing_is_noisy() -> None:
    world = draw(50, 3, noise=0.0)
    wrong_propensities = np.full(50, 0.3)
    value = doubly_robust(
        world.rewards, world.actions, wrong_propensities, world.target, world.q, seed=1
    )
    assert value.estimate == pytest.approx((world.target * world.q).sum(axis=1).mean(), abs=1e-12)


def test_doubly_robust_with_a_model_of_zeros_is_ips() -> None:
    world = draw(200, 4)
    zero = np.zeros((200, K))
    dr = doubly_robust(world.rewards, world.actions, world.propensities, world.target, zero, seed=1)
    ips = inverse_propensity(world.rewards, world.propensities, world.chances, seed=1)
    assert dr.estimate == pytest.approx(ips.estimate, abs=1e-12)
    assert dr.standard_error == pytest.approx(ips.standard_error, abs=1e-12)


def test_where_policies_agree_the_estimates_are_the_mean_reward() -> None:
    world = draw(300, 5)
    p = world.propensities
    for estimator in (inverse_propensity, self_normalised):
        found = estimator(world.rewards, p, p, seed=1)
        assert found.estimate == pytest.approx(world.rewards.mean(), abs=1e-12)
        assert found.effective_sample_size == pytest.approx(300)
        assert found.max_weight == 1.0


columns = st.integers(0, 2**32 - 1).map(
    lambda seed: (
        np.random.default_rng(seed).normal(size=40),
        np.random.default_rng([seed, 1]).uniform(0.05, 1.0, 40),
        np.random.default_rng([seed, 2]).uniform(0.0, 1.0, 40),
    )
)


@settings(deadline=None, max_examples=40)
@given(columns=columns, shift=st.floats(-100, 100))
def test_a_constant_reward_shifts_snips_by_itself_and_ips_by_mean_weight(
    columns: tuple[np.ndarray, np.ndarray, np.ndarray], shift: float
) -> None:
    r, p, t = columns

    def moved(estimator: Any) -> float:
        before, after = (estimator(x, p, t, seed=1, resamples=2).estimate for x in (r, r + shift))
        return after - before

    assert moved(self_normalised) == pytest.approx(shift, abs=1e-9)
    assert moved(inverse_propensity) == pytest.approx(shift * (t / p).mean(), abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(columns=columns)
def test_snips_stays_within_the_rewards_and_the_sample_size_within_the_rows(
    columns: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    r, p, t = columns
    found = self_normalised(r, p, t, seed=1, resamples=2)
    assert r.min() <= found.estimate <= r.max()
    assert 1 - 1e-9 <= found.effective_sample_size <= 40 + 1e-9
    assert found.normal_interval[0] <= found.estimate <= found.normal_interval[1]


def test_equal_seeds_give_equal_intervals_and_wider_confidence_wider_ones() -> None:
    world = draw(200, 6)
    r, p, t = world.rewards, world.propensities, world.chances
    narrow, again, wide = (
        inverse_propensity(r, p, t, seed=1, confidence=c) for c in (0.9, 0.9, 0.99)
    )
    assert narrow == again
    for kind in ("normal_interval", "bootstrap_interval"):
        low, high = getattr(narrow, kind)
        assert getattr(wide, kind)[0] < low < high < getattr(wide, kind)[1]


def test_a_summary_names_the_method_and_its_numbers() -> None:
    text = inverse_propensity([1, 0, 1, 0], [0.5] * 4, [0.5] * 4, seed=1).summary()
    assert text.startswith("ips   0.50000  95% normal [")
    assert "rows 4, effective 4, mean weight 1.00, largest 1.0" in text


def test_cross_fitting_never_shows_a_row_its_own_reward() -> None:
    """Change one reward: the predictions of its own row stay, some others move."""
    world = draw(60, 7)
    changed = world.rewards.copy()
    changed[11] += 50.0
    before, after = (
        cross_fit(LinearRegression(), world.contexts, world.actions, r, K, seed=1)
        for r in (world.rewards, changed)
    )
    np.testing.assert_array_equal(before[11], after[11])
    assert (before != after).any()


def test_a_classifier_predicts_chances_of_one() -> None:
    world = draw(400, 8)
    clicks = (world.rewards > 0.8).astype(float)
    predicted = cross_fit(LogisticRegression(), world.contexts, world.actions, clicks, K, seed=1)
    assert predicted.shape == (400, K)
    assert ((predicted > 0) & (predicted < 1)).all()
    assert predicted[:, 3].mean() > predicted[:, 1].mean()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rewards": [1.0, np.nan, 0.0]}, "rewards: must be finite"),
        ({"rewards": [1.0]}, "rewards has 1 rows: must be at least 2"),
        ({"rewards": [[1.0, 0.0, 1.0]]}, r"rewards has shape \(1, 3\)"),
        ({"propensities": [0.5, 0.0, 0.5]}, r"propensities\[1\] = 0.0: must lie in \(0, 1\]"),
        ({"propensities": [0.5, 0.5, 1.2]}, r"propensities\[2\] = 1.2"),
        ({"propensities": [0.5, 0.5]}, r"propensities has shape \(2,\): must be \(3,\)"),
        ({"target_probabilities": [0.5, -0.1, 0.5]}, r"target_probabilities\[1\] = -0.1"),
        ({"target_probabilities": [0.0, 0.0, 0.0]}, "plays no action of the log"),
    ],
)
def test_data_that_are_no_log_are_refused_by_name(change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {
        "rewards": [1.0, 0.0, 1.0],
        "propensities": [0.5, 0.5, 0.5],
        "target_probabilities": [0.2, 0.3, 0.4],
    }
    for estimator in (inverse_propensity, self_normalised):
        with pytest.raises(InputError, match=message):
            estimator(**{**arguments, **change}, seed=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"actions": [0, 1, 2]}, r"actions: must lie in 0\.\.1"),
        ({"actions": [0.0, 1.0, 1.0]}, "actions: must be 3 integers"),
        ({"target_policy": [[0.5, 0.6]] * 3}, "target_policy: rows must be probabilities"),
        ({"target_policy": [0.5, 0.5, 0.5]}, "target_policy has shape"),
        ({"predicted_rewards": np.zeros((3, 3))}, r"predicted_rewards has shape \(3, 3\)"),
        ({"predicted_rewards": np.full((3, 2), np.inf)}, "predicted_rewards: must be finite"),
    ],
)
def test_doubly_robust_refuses_what_does_not_fit(change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {
        "rewards": [1.0, 0.0, 1.0],
        "actions": [0, 1, 1],
        "propensities": [0.5, 0.5, 0.5],
        "target_policy": [[0.5, 0.5]] * 3,
        "predicted_rewards": np.zeros((3, 2)),
    }
    with pytest.raises(InputError, match=message):
        doubly_robust(**(arguments | change), seed=1)


@pytest.mark.parametrize(
    ("field", "value"), [("confidence", 1.0), ("confidence", 0.0), ("resamples", 1)]
)
def test_settings_outside_their_range_are_refused_by_name(field: str, value: float) -> None:
    options: dict[str, Any] = {"seed": 1, field: value}
    with pytest.raises(SettingsError, match=f"{field} = "):
        inverse_propensity([1, 0], [0.5, 0.5], [0.5, 0.5], **options)


def test_cross_fitting_refuses_what_cannot_be_folded() -> None:
    x, a = np.zeros((6, 1)), np.zeros(6, dtype=int)
    with pytest.raises(SettingsError, match="folds = 7"):
        cross_fit(LinearRegression(), x, a, np.zeros(6), 2, seed=1, folds=7)
    with pytest.raises(InputError, match="1 rows of the rarer class; 2 folds need more"):
        cross_fit(LogisticRegression(), x, a, np.eye(6)[0], 2, seed=1, folds=2)
    with pytest.raises(InputError, match="rewards: must be 0 or 1 for a classifier"):
        cross_fit(LogisticRegression(), x, a, np.full(6, 0.5), 2, seed=1, folds=2)
