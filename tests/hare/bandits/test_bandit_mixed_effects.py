"""The regression with users: against the one big regression that it is an economy of."""

from __future__ import annotations

import numpy as np
import pytest

from hare.bandits.mixed_effects import MixedEffects

BLOCKS = np.array([0, 0, 0, 1, 1])
SCALES, USER_SCALE, NOISE = np.array([1.0, 0.5]), 0.4, 0.3
USERS, SIZE = 4, 3


def drawn(rounds: int = 60, seed: int = 0):
    rng = np.random.default_rng(seed)
    G, H = rng.normal(size=(rounds, len(BLOCKS))), rng.normal(size=(rounds, SIZE))
    return G, H, rng.integers(USERS, size=rounds), rng.normal(size=rounds)


def learned(G, H, users, rewards) -> MixedEffects:
    model = MixedEffects(BLOCKS, SIZE, SCALES, USER_SCALE, NOISE)
    for g, h, user, reward in zip(G, H, users, rewards, strict=True):
        model.add(g, h, reward, int(user))
    return model


def one_big_regression(G, H, users) -> tuple[np.ndarray, np.ndarray]:
    """Design matrix (n, Dg + M Dh) and prior covariance of θ and every δ at once."""
    D = len(BLOCKS) + USERS * SIZE
    X = np.zeros((len(G), D))
    X[:, : len(BLOCKS)] = G
    for row, h, user in zip(X, H, users, strict=True):
        start = len(BLOCKS) + user * SIZE
        row[start : start + SIZE] = h
    return X, np.diag(np.r_[SCALES[BLOCKS] ** 2, np.full(USERS * SIZE, USER_SCALE**2)])


def test_prediction_equals_that_of_one_big_regression() -> None:
    G, H, users, rewards = drawn()
    X, prior = one_big_regression(G, H, users)
    covariance = np.linalg.inv(np.linalg.inv(prior) + X.T @ X / NOISE**2)
    mean = covariance @ X.T @ rewards / NOISE**2
    asked = np.full(7, users[0])
    T, _ = one_big_regression(G[:7], H[:7], asked)
    told = learned(G, H, users, rewards).predict(G[:7], H[:7], int(users[0]))
    np.testing.assert_allclose(told.mean, T @ mean, atol=1e-12)
    joint = told.population @ told.population.T + told.user @ told.user.T
    np.testing.assert_allclose(joint, T @ covariance @ T.T, atol=1e-12)
    np.testing.assert_allclose(told.deviation**2, np.diag(joint), atol=1e-12)


def test_evidence_equals_the_density_of_the_rewards() -> None:
    G, H, users, rewards = drawn()
    X, prior = one_big_regression(G, H, users)
    covariance = X @ prior @ X.T + NOISE**2 * np.eye(60)
    _, log_det = np.linalg.slogdet(2 * np.pi * covariance)
    density = -0.5 * (log_det + rewards @ np.linalg.solve(covariance, rewards))
    model = learned(G, H, users, rewards)
    evidence = model.log_evidence(SCALES, USER_SCALE**2 * np.eye(SIZE), NOISE)
    assert evidence == pytest.approx(density, abs=1e-9)


def test_the_order_of_the_rounds_does_not_matter() -> None:
    data = drawn()
    one = learned(*data).predict(data[0], data[1], 2)
    other = learned(*(part[::-1] for part in data)).predict(data[0], data[1], 2)
    np.testing.assert_allclose(one.mean, other.mean, atol=1e-10)
    np.testing.assert_allclose(one.deviation, other.deviation, atol=1e-10)


def test_a_new_user_is_predicted_from_the_population_alone() -> None:
    G, H, users, rewards = drawn()
    model = learned(G, H, users, rewards)
    new = model.predict(G[:5], H[:5], 99)
    np.testing.assert_allclose(new.user, USER_SCALE * H[:5], atol=1e-12)
    assert model.uncertainty(99) == 1.0 > model.uncertainty(int(users[0])) > 0.0


def test_the_learned_prior_finds_out_that_users_do_not_differ() -> None:
    rng = np.random.default_rng(3)
    G, H = rng.normal(size=(400, len(BLOCKS))), rng.normal(size=(400, SIZE))
    users, theta = rng.integers(USERS, size=400), np.array([1.0, -0.5, 0.3, 0.0, 0.0])
    same = learned(G, H, users, G @ theta + rng.normal(0, 0.2, 400))
    own = rng.normal(0, 0.8, (USERS, SIZE))
    rewards = G @ theta + (H * own[users]).sum(axis=1) + rng.normal(0, 0.2, 400)
    different = learned(G, H, users, rewards)
    for model in (same, different):
        model.learn_prior()
        assert model.noise == pytest.approx(0.2, rel=0.2)
    assert np.trace(same.user_covariance) < 0.02 < 0.5 < np.trace(different.user_covariance)
    assert same.scales[1] < 0.5 * same.scales[0]


def test_learning_the_prior_never_lowers_the_evidence_of_the_scales() -> None:
    G, H, users, rewards = drawn(120, seed=5)
    model = learned(G, H, users, 0.5 * rewards)
    before = model.log_evidence(model.scales, model.user_covariance, model.noise)
    model.learn_prior()
    assert model.log_evidence(model.scales, model.user_covariance, model.noise) > before


def test_intervals_cover_what_they_promise() -> None:
    rng = np.random.default_rng(11)
    covered = []
    for _ in range(200):
        G, H = rng.normal(size=(40, len(BLOCKS))), rng.normal(size=(40, SIZE))
        users = rng.integers(USERS, size=40)
        theta = rng.normal(0, SCALES[BLOCKS])
        own = rng.normal(0, USER_SCALE, (USERS, SIZE))
        truth = G @ theta + (H * own[users]).sum(axis=1)
        model = learned(G[:-1], H[:-1], users[:-1], truth[:-1] + rng.normal(0, NOISE, 39))
        told = model.predict(G[-1:], H[-1:], int(users[-1]))
        covered.append(abs(told.mean[0] - truth[-1]) < 1.645 * told.deviation[0])
    assert 0.84 < np.mean(covered) < 0.955  # 90% ± 3 standard errors


def test_what_was_stored_predicts_and_goes_on_bit_for_bit() -> None:
    G, H, users, rewards = drawn()
    model = learned(G[:50], H[:50], users[:50], rewards[:50])
    model.learn_prior()
    copy = MixedEffects.restore(model.arrays(), model.values())
    for each in (model, copy):
        for i in range(50, 60):
            each.add(G[i], H[i], rewards[i], int(users[i]))
        each.learn_prior()
    one, other = (each.predict(G, H, 1) for each in (model, copy))
    assert (one.mean == other.mean).all()
    assert (one.deviation == other.deviation).all()


def test_without_users_it_is_ridge_regression() -> None:
    G, _, _, rewards = drawn()
    model = MixedEffects(np.zeros(5, dtype=np.intp), 0, np.array([1.0]), 1.0, 0.5)
    for g, reward in zip(G, rewards, strict=True):
        model.add(g, np.empty(0), reward, 0)
    ridge = np.linalg.solve(G.T @ G + 0.25 * np.eye(5), G.T @ rewards)
    told = model.predict(G, np.empty((60, 0)), 0)
    np.testing.assert_allclose(told.mean, G @ ridge, atol=1e-12)
    assert told.user.shape == (60, 0)
