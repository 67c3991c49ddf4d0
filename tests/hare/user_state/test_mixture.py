"""Mixtures over archetypes: exact moments, exact weights, and what an archetype is good for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from hare.errors import InputError, StateError
from hare.user_state.gaussian import GaussianRatings
from hare.user_state.mixture import MixturePosterior, fit_archetypes
from hare.user_state.normal import NormalPosterior
from hare.user_state.ordinal import OrdinalModel
from hare.user_state.posterior import RatingModel
from hare.user_state.state import UserState

GAUSSIAN = GaussianRatings(variance=0.3, intercept=0.2, slope=0.8)
ORDINAL = OrdinalModel(np.array([-2.0, -0.7, 0.5, 1.8]))
Array = np.ndarray
both_models = pytest.mark.parametrize("ratings", [GAUSSIAN, ORDINAL], ids=lambda m: m.name)


def some_mixture(seed: int, components: int, size: int, ratings: RatingModel) -> MixturePosterior:
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(components, size, size)) / np.sqrt(size)
    P = roots @ roots.swapaxes(-1, -2) + 0.1 * np.eye(size)
    logs = rng.normal(size=components)
    return MixturePosterior(
        logs - np.logaddexp.reduce(logs),
        rng.normal(size=(components, size)),
        (P + P.swapaxes(-1, -2)) / 2,
        ratings,
    )


mixtures = st.builds(
    some_mixture,
    st.integers(0, 2**32),
    st.integers(1, 5),
    st.integers(1, 4),
    st.sampled_from([GAUSSIAN, ORDINAL]),
)


def some_texts(seed: int, count: int, size: int) -> Array:
    return np.random.default_rng(seed).normal(size=(count, size + 1))


@given(mixtures, st.integers(0, 99))
@settings(max_examples=40)
def test_the_moments_of_a_utility_are_those_of_the_mixture_s_mean_and_covariance(
    mixture, seed
) -> None:
    rows = some_texts(seed, 5, mixture.size)
    mean, variance = mixture.predict(rows)
    phi = rows[:, :-1]
    assert mean == pytest.approx(phi @ mixture.mean + rows[:, -1])
    assert variance == pytest.approx(np.einsum("np,pq,nq->n", phi, mixture.covariance, phi))


@both_models
def test_mean_and_covariance_are_those_of_draws(ratings) -> None:
    one = some_mixture(3, 4, 2, ratings)
    users = 60_000
    many = MixturePosterior(
        np.tile(one.log_weights, (users, 1)),
        np.tile(one.means, (users, 1, 1)),
        np.tile(one.covariances, (users, 1, 1, 1)),
        ratings,
    )
    draws = many.sample(np.random.default_rng(0))
    assert draws.mean(axis=0) == pytest.approx(one.mean, abs=0.03)
    assert np.cov(draws.T) == pytest.approx(one.covariance, abs=0.05)


@pytest.mark.parametrize("learn", ["update", "learn"])
@given(seed=st.integers(0, 999), components=st.integers(1, 4))
@settings(max_examples=30)
def test_gaussian_weights_are_priors_times_the_likelihood_of_the_whole_history(
    learn: str, seed: int, components: int
) -> None:
    prior = some_mixture(seed, components, 3, GAUSSIAN)
    rows, rewards = some_texts(seed, 4, 3), np.random.default_rng(seed).normal(size=4)
    after = prior
    if learn == "learn":
        after = prior.learn(rows, rewards)
    else:
        for row, reward in zip(rows, rewards, strict=True):
            after = after.update(row, reward)
    phi = 0.8 * rows[:, :-1]
    logs = np.array(
        [
            prior.log_weights[k]
            + multivariate_normal.logpdf(
                rewards,
                0.2 + phi @ prior.means[k] + 0.8 * rows[:, -1],
                phi @ prior.covariances[k] @ phi.T + 0.3 * np.eye(4),
            )
            for k in range(components)
        ]
    )
    assert after.log_weights == pytest.approx(logs - logsumexp(logs), abs=1e-9)
    assert after.rounds == 4


@both_models
def test_one_component_is_the_normal(ratings) -> None:
    one = some_mixture(5, 1, 3, ratings)
    alone = NormalPosterior(one.means[0], one.covariances[0], ratings)
    rows, rewards = some_texts(6, 3, 3), np.array([0.25, 1.0, 0.5])
    assert one.information_gain(rows) == pytest.approx(alone.information_gain(rows), abs=1e-12)
    for a, b in (
        (one.learn(rows, rewards), alone.learn(rows, rewards)),
        (one.update(rows[0], 0.25), alone.update(rows[0], 0.25)),
        (one.drifted(0.1), alone.drifted(0.1)),
    ):
        assert a.mean == pytest.approx(b.mean, abs=1e-12)
        assert a.covariance == pytest.approx(b.covariance, abs=1e-12)


@both_models
def test_components_that_are_equal_stay_one(ratings) -> None:
    one = some_mixture(7, 1, 2, ratings)
    twice = MixturePosterior(
        np.log([0.3, 0.7]),
        np.repeat(one.means, 2, axis=0),
        np.repeat(one.covariances, 2, axis=0),
        ratings,
    )
    rows = some_texts(8, 4, 2)
    assert twice.information_gain(rows) == pytest.approx(one.information_gain(rows), abs=1e-6)
    after = twice.update(rows[0], 0.75)
    assert after.weights == pytest.approx([0.3, 0.7])
    assert after.mean == pytest.approx(one.update(rows[0], 0.75).mean)


@given(mixtures, st.integers(0, 99))
@settings(max_examples=40)
def test_information_is_never_negative_and_no_component_is_left_out(mixture, seed) -> None:
    rows = some_texts(seed, 4, mixture.size)
    gain = mixture.information_gain(rows)
    assert (gain >= 0).all()
    # What a rating tells of u is at least what it tells when the archetype is known already.
    within = np.array(
        [
            NormalPosterior(m, P, mixture.ratings).information_gain(rows)
            for m, P in zip(mixture.means, mixture.covariances, strict=True)
        ]
    )
    assert (gain >= mixture.weights @ within - 5e-3).all()


def test_gaussian_information_is_the_entropy_of_the_rating_less_that_of_its_noise() -> None:
    mixture, rows = some_mixture(29, 5, 3, GAUSSIAN), some_texts(29, 4, 3)
    means, within = mixture._by_component(rows)[1:]
    x, step = np.linspace(-60, 60, 200_001, retstep=True)
    for i, gain in enumerate(mixture.information_gain(rows)):
        total = within[i] + 0.3 / 0.8**2
        normals = np.exp(-((x[:, None] - means[i]) ** 2) / (2 * total)) / np.sqrt(2 * np.pi * total)
        density = np.maximum(normals @ mixture.weights, 1e-300)
        entropy = -(density * np.log(density)).sum() * step
        noise = 0.5 * np.log(2 * np.pi * np.e * 0.3 / 0.8**2)
        assert gain == pytest.approx(entropy - noise, abs=2e-3)


def test_a_mixture_can_widen_when_a_rating_surprises() -> None:
    # Two archetypes far apart, one improbable: its first evidence leaves more doubt than before.
    prior = MixturePosterior(
        np.log([0.98, 0.02]), np.array([[-2.0], [2.0]]), np.full((2, 1, 1), 0.05), GAUSSIAN
    )
    after = prior.update([1.0, 0.0], 0.2 + 0.8 * 0.5)
    assert after.covariance[0, 0] > prior.covariance[0, 0]


@both_models
def test_many_users_at_once_are_the_same_as_one_after_the_other(ratings) -> None:
    alone = [some_mixture(k, 3, 2, ratings) for k in range(4)]
    together = MixturePosterior(
        np.stack([x.log_weights for x in alone]),
        np.stack([x.means for x in alone]),
        np.stack([x.covariances for x in alone]),
        ratings,
    )
    rng = np.random.default_rng(1)
    rows, rewards = rng.normal(size=(4, 5, 3)), rng.random((4, 5))
    step, batch = together.update(rows[:, 0], rewards[:, 0]), together.learn(rows, rewards)
    for i, one in enumerate(alone):
        assert step.mean[i] == pytest.approx(one.update(rows[i, 0], rewards[i, 0]).mean, abs=1e-12)
        assert batch.mean[i] == pytest.approx(one.learn(rows[i], rewards[i]).mean, abs=1e-10)
        assert together.predict(rows).variance[i] == pytest.approx(one.predict(rows[i]).variance)


def test_archetypes_of_a_population_are_found_with_their_shares() -> None:
    rng = np.random.default_rng(2)
    centres = np.array([[3.0, 0.0], [0.0, 3.0], [-3.0, -3.0]])
    of = rng.choice(3, 3000, p=[0.5, 0.3, 0.2])
    fitted = fit_archetypes(centres[of] + 0.5 * rng.normal(size=(3000, 2)), 3, ORDINAL, seed=0)
    order = np.argsort(-fitted.weights)
    assert fitted.weights[order] == pytest.approx([0.5, 0.3, 0.2], abs=0.03)
    assert fitted.means[order] == pytest.approx(centres, abs=0.1)
    assert fitted.covariances[order] == pytest.approx(
        np.tile(0.25 * np.eye(2), (3, 1, 1)), abs=0.05
    )


def test_a_user_of_an_archetype_is_known_sooner_than_to_a_normal_of_the_same_moments() -> None:
    rng = np.random.default_rng(3)
    centres = 2.0 * np.eye(6)
    of = rng.integers(6, size=400)
    users = centres[of] + 0.2 * rng.normal(size=(400, 6))
    mixture = fit_archetypes(
        centres[rng.integers(6, size=3000)] + 0.2 * rng.normal(size=(3000, 6)), 6, GAUSSIAN, seed=0
    )
    errors = {"mixture": 0.0, "normal": 0.0}
    for user in users[:100]:
        beliefs = {
            "mixture": mixture,
            "normal": NormalPosterior(mixture.mean, mixture.covariance, GAUSSIAN),
        }
        for row in rng.normal(size=(3, 7)):
            reward = 0.2 + 0.8 * (row[:-1] @ user + row[-1]) + rng.normal(0.0, np.sqrt(0.3))
            beliefs = {name: belief.update(row, reward) for name, belief in beliefs.items()}
        for name, belief in beliefs.items():
            errors[name] += float(((belief.mean - user) ** 2).sum())
    assert errors["mixture"] < 0.7 * errors["normal"]  # measured 0.53


@given(mixtures, st.integers(0, 3))
@settings(max_examples=30)
def test_a_mixture_comes_back_from_its_state_bit_for_bit(mixture, rounds) -> None:
    for row in some_texts(rounds, rounds, mixture.size):
        mixture = mixture.update(row, 0.5)
    stored = UserState.from_bytes(mixture.to_state().to_bytes())
    back = MixturePosterior.from_state(stored, mixture.ratings)
    assert back.to_state() == mixture.to_state()
    assert back.mean.tobytes() == mixture.mean.tobytes()
    assert back.rounds == rounds


def test_a_hopeless_component_keeps_a_finite_weight() -> None:
    prior = MixturePosterior(
        np.log([0.5, 0.5]), np.array([[-50.0], [50.0]]), np.full((2, 1, 1), 0.01), GAUSSIAN
    )
    for _ in range(5):
        prior = prior.update([1.0, 0.0], 40.0)
    assert prior.weights == pytest.approx([0.0, 1.0])
    assert UserState.from_bytes(prior.to_state().to_bytes()) == prior.to_state()


def test_what_is_no_mixture_and_no_rating_is_refused_by_name() -> None:
    mixture = some_mixture(0, 2, 2, ORDINAL)
    with pytest.raises(InputError, match=r"log_weights of shape \(3,\): must be \(2,\)"):
        MixturePosterior(np.log([0.2, 0.3, 0.5]), mixture.means, mixture.covariances, ORDINAL)
    with pytest.raises(InputError, match="must sum to 1"):
        MixturePosterior(np.zeros(2), mixture.means, mixture.covariances, ORDINAL)
    with pytest.raises(InputError, match="features of shape"):
        mixture.update([1.0, 0.0], 0.5)
    with pytest.raises(InputError, match="features: must be finite"):
        mixture.update([1.0, 0.0, np.nan], 0.5)
    with pytest.raises(InputError, match=r"in \[0, 1\]"):
        mixture.update([1.0, 0.0, 0.0], 1.5)
    with pytest.raises(InputError, match="rewards of shape"):
        mixture.learn(np.zeros((2, 3)), np.zeros(3))
    with pytest.raises(StateError, match="mixture/ordinal"):
        MixturePosterior.from_state(UserState("normal/ordinal"), ORDINAL)
    for users, components, named in (
        (np.zeros((4, 2)), 5, "components = 5"),
        (np.zeros(4), 1, "users of shape"),
        (np.full((4, 2), np.nan), 1, "finite"),
    ):
        with pytest.raises(InputError, match=named):
            fit_archetypes(users, components, ORDINAL, seed=0)
    assert mixture.learn(np.zeros((0, 3)), np.zeros(0)).to_state() == mixture.to_state()
