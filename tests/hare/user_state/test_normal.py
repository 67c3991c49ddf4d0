"""Normals after ratings: equal to the batch, free of order, and never wider."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from normals import (
    BINOMIAL,
    GAUSSIAN,
    MODELS,
    ORDINAL,
    cases,
    stream,
    texts,
)
from scipy.optimize import brentq

from hare.user_state.gaussian import GaussianRatings
from hare.user_state.normal import NormalPosterior


@given(cases(GAUSSIAN))
@settings(max_examples=60)
def test_gaussian_streaming_equals_the_normal_equations_of_the_whole_history(case) -> None:
    prior, rows, rewards = case
    after = stream(prior, rows, rewards)
    phi = GAUSSIAN.slope * rows[:, :-1]
    target = rewards - GAUSSIAN.intercept - GAUSSIAN.slope * rows[:, -1]
    before = np.linalg.inv(prior.covariance)
    covariance = np.linalg.inv(before + phi.T @ phi / GAUSSIAN.variance)
    mean = covariance @ (before @ prior.mean + phi.T @ target / GAUSSIAN.variance)
    scale = 1 + np.abs(mean).max()
    assert np.abs(after.covariance - covariance).max() < 1e-12 * np.linalg.cond(before)
    assert np.abs(after.mean - mean).max() < 1e-12 * scale * np.linalg.cond(before)
    batch = prior.learn(rows, rewards)
    assert batch.rounds == after.rounds == len(rewards)
    assert batch.mean == pytest.approx(after.mean, abs=1e-11 * scale)
    assert batch.covariance == pytest.approx(after.covariance, abs=1e-12)


def test_from_the_standard_prior_streaming_equals_the_batch_to_twelve_digits() -> None:
    rng = np.random.default_rng(0)
    prior = NormalPosterior.standard(32, GaussianRatings(0.36))
    rows, rewards = texts(rng, 50, 32), rng.normal(size=50)
    phi = rows[:, :-1]
    covariance = np.linalg.inv(np.eye(32) + phi.T @ phi / 0.36)
    after = stream(prior, rows, rewards)
    assert np.abs(after.covariance - covariance).max() < 1e-12
    mean = covariance @ phi.T @ (rewards - rows[:, -1]) / 0.36
    assert np.abs(after.mean - mean).max() < 1e-12


@given(cases(GAUSSIAN), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_of_gaussian_ratings_does_not_matter(case, random) -> None:
    prior, rows, rewards = case
    order = list(range(len(rewards)))
    random.shuffle(order)
    one, other = stream(prior, rows, rewards), stream(prior, rows[order], rewards[order])
    assert other.mean == pytest.approx(one.mean, abs=1e-10)
    assert other.covariance == pytest.approx(one.covariance, abs=1e-12)


@pytest.mark.parametrize("learn", ["update", "learn"])
@given(data=st.data())
@settings(max_examples=40)
def test_a_rating_never_widens_what_is_known(learn: str, data: st.DataObject) -> None:
    prior, rows, rewards = data.draw(cases(data.draw(st.sampled_from(MODELS))))
    after = stream(prior, rows, rewards) if learn == "update" else prior.learn(rows, rewards)
    assert (after.covariance == after.covariance.T).all()
    assert np.linalg.eigvalsh(after.covariance)[0] > 0
    assert np.linalg.eigvalsh(prior.covariance - after.covariance)[0] > -1e-12


def test_the_seeds_update_diverges_and_ours_does_not() -> None:
    # u' = u + P grad log p(r) with the prior P, and P' as for unit noise, as the seeds have it.
    rng = np.random.default_rng(1)
    user, ours = rng.normal(size=16), NormalPosterior.standard(16, GaussianRatings(0.36))
    u, P, worst = np.zeros(16), np.eye(16), 0.0
    rows = texts(rng, 60, 16, 4.0)
    rows[:, -1] = 0.0
    for row in rows:
        phi, reward = row[:-1], row[:-1] @ user + rng.normal(0.0, 0.6)
        u = u + P @ phi * (reward - phi @ u) / 0.36
        P = P - np.outer(P @ phi, P @ phi) / (1 + phi @ P @ phi)
        worst = max(worst, float(np.linalg.norm(u - user)))
        ours = ours.update(row, reward)
    assert np.linalg.norm(ours.mean - user) < 0.5
    assert worst > 1e6


@pytest.mark.parametrize("ratings", [ORDINAL, BINOMIAL], ids=lambda m: m.name)
@given(data=st.data())
@settings(max_examples=40)
def test_one_rating_is_the_one_dimensional_root_and_equals_the_batch_of_one(ratings, data) -> None:
    prior, rows, rewards = data.draw(cases(ratings))
    row, reward = rows[0], rewards[0]
    phi, P = row[:-1], prior.covariance
    spread, centre = phi @ P @ phi, phi @ prior.mean + row[-1]

    def gap(kappa: float) -> float:
        return kappa - float(ratings.derivatives(np.array(centre + spread * kappa), reward)[0])

    kappa = brentq(gap, -5.0, 5.0, xtol=1e-15)
    w = float(ratings.derivatives(np.array(centre + spread * kappa), reward)[1])
    after = prior.update(row, reward)
    assert after.mean == pytest.approx(prior.mean + kappa * P @ phi, abs=1e-9)
    outer = np.outer(P @ phi, P @ phi)
    assert after.covariance == pytest.approx(P - w * outer / (1 + w * spread), abs=1e-9)
    batch = prior.learn(row[None], np.array([reward]))
    assert batch.mean == pytest.approx(after.mean, abs=1e-8)
    assert batch.covariance == pytest.approx(after.covariance, abs=1e-8)


@pytest.mark.parametrize("ratings", [ORDINAL, BINOMIAL], ids=lambda m: m.name)
@pytest.mark.parametrize("deviation", [1.1, 10.0, 40.0])
def test_the_batch_finds_its_mode_on_steep_and_contradicting_histories_too(
    ratings, deviation: float
) -> None:
    # Newton's plain steps go round in circles on most of the steepest of these.
    rng = np.random.default_rng(2)
    users, size = 200, 6
    prior = NormalPosterior(
        np.zeros((users, size)), np.broadcast_to(np.eye(size), (users, size, size)), ratings
    )
    rows = texts(rng, users * 12, size, deviation).reshape(users, 12, size + 1)
    rewards = rng.choice([0.0, 0.25, 0.5, 0.75, 1.0], (users, 12))
    mode = prior.learn(rows, rewards).mean
    s = (rows[..., :-1] @ mode[..., None])[..., 0] + rows[..., -1]
    slope, _ = ratings.derivatives(s, rewards)
    assert np.abs((rows[..., :-1] * slope[..., None]).sum(axis=1) - mode).max() < 1e-8


@pytest.mark.parametrize("ratings", [ORDINAL, BINOMIAL], ids=lambda m: m.name)
def test_slope_and_curvature_are_the_derivatives_of_the_log_likelihood(ratings) -> None:
    s, h = np.linspace(-4, 4, 41), 1e-4
    for reward in (0.0, 0.25, 0.4, 0.75, 1.0):
        r = np.full(41, reward)
        slope, curvature = ratings.derivatives(s, r)
        low, at, high = (ratings.log_likelihood(s + k * h, r) for k in (-1, 0, 1))
        assert slope == pytest.approx((high - low) / (2 * h), abs=1e-6)
        assert curvature == pytest.approx(-(high - 2 * at + low) / h**2, abs=1e-5)
        assert (curvature >= 0).all()


@pytest.mark.parametrize("ratings", [ORDINAL, BINOMIAL], ids=lambda m: m.name)
def test_the_log_likelihood_is_the_log_of_the_probability(ratings) -> None:
    s = np.linspace(-5, 5, 21)
    p = ratings.probabilities(s)
    assert p.sum(axis=1) == pytest.approx(1.0)
    for k in range(5):
        assert np.exp(ratings.log_likelihood(s, np.full(21, k / 4))) == pytest.approx(p[:, k])
