"""Credit to clusters: the joint posterior where one is attended to, and what mass gets wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from hare.errors import InputError, SettingsError
from hare.user_state.credit import ClusterCredit

Array = np.ndarray
NOISE = 0.3


def simulate(rng: np.random.Generator, clusters: int, size: int, rounds: int, sharpness: float):
    """True theta (k, d), attention (T, k), queries (T, d) and rewards (T,)."""
    theta = rng.normal(size=(clusters, size))
    attention = softmax(sharpness * rng.normal(size=(rounds, clusters)), axis=1)
    queries = rng.normal(size=(rounds, size)) / np.sqrt(size)
    rewards = (attention * (queries @ theta.T)).sum(axis=1) + rng.normal(0.0, NOISE, rounds)
    return theta, attention, queries, rewards


def learned(attention: Array, queries: Array, rewards: Array) -> ClusterCredit:
    credit = ClusterCredit.start(attention.shape[1], queries.shape[1], 1.0, NOISE**2)
    for a, q, r in zip(attention, queries, rewards, strict=True):
        credit = credit.update(a, q, float(r))
    return credit


def by_mass(attention: Array, queries: Array, rewards: Array) -> tuple[Array, Array]:
    """What is wrong: every cluster takes the whole reward for its own, weighed by its share."""
    precision = np.einsum("tk,td,te->kde", attention, queries, queries) / NOISE**2
    precision = precision + np.eye(queries.shape[1])
    target = np.einsum("tk,td,t->kd", attention, queries, rewards) / NOISE**2
    covariances = np.linalg.inv(precision)
    return (covariances @ target[..., None])[..., 0], covariances


def joint(attention: Array, queries: Array, rewards: Array) -> tuple[Array, Array]:
    """Posterior of all clusters together: mean (k, d), covariance (k d, k d)."""
    k, d = attention.shape[1], queries.shape[1]
    rows = (attention[:, :, None] * queries[:, None, :]).reshape(len(queries), k * d)
    covariance = np.linalg.inv(np.eye(k * d) + rows.T @ rows / NOISE**2)
    return (covariance @ rows.T @ rewards / NOISE**2).reshape(k, d), covariance


def relative_error(means: Array, theta: Array) -> float:
    return float(((means - theta) ** 2).sum() / (theta**2).sum())


def overconfidence(means: Array, covariances: Array, theta: Array) -> float:
    """Mean squared error in units of the claimed variance; 1 when calibrated."""
    miss = (means - theta)[..., None]
    return (
        float(np.mean(miss.swapaxes(-1, -2) @ np.linalg.solve(covariances, miss))) / means.shape[1]
    )


@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 4))
@settings(max_examples=40)
def test_when_one_cluster_gets_all_attention_credit_is_the_joint_posterior(
    seed: int, clusters: int, size: int
) -> None:
    rng = np.random.default_rng(seed)
    _, _, queries, rewards = simulate(rng, clusters, size, 12, 1.0)
    attention = np.eye(clusters)[rng.integers(clusters, size=12)]
    credit = learned(attention, queries, rewards)
    mean, covariance = joint(attention, queries, rewards)
    assert credit.means == pytest.approx(mean, abs=1e-9)
    blocks = covariance.reshape(clusters, size, clusters, size)
    for j in range(clusters):
        assert credit.covariances[j] == pytest.approx(blocks[j, :, j], abs=1e-10)


@given(st.integers(0, 2**32))
@settings(max_examples=40)
def test_the_first_rating_is_credited_as_in_the_joint_posterior_whatever_the_attention(
    seed: int,
) -> None:
    _, attention, queries, rewards = simulate(np.random.default_rng(seed), 4, 3, 1, 1.0)
    credit = learned(attention, queries, rewards)
    mean, covariance = joint(attention, queries, rewards)
    assert credit.means == pytest.approx(mean, abs=1e-10)
    blocks = covariance.reshape(4, 3, 4, 3)
    for j in range(4):
        assert credit.covariances[j] == pytest.approx(blocks[j, :, j], abs=1e-10)


def test_under_peaked_attention_credit_is_accurate_and_calibrated_and_mass_is_neither() -> None:
    ours, theirs = [], []
    for seed in range(6):
        case = simulate(np.random.default_rng(seed), 8, 6, 1500, 6.0)
        theta, rest = case[0], case[1:]
        credit = learned(*rest)
        means, covariances = by_mass(*rest)
        ours.append(
            (
                relative_error(credit.means, theta),
                overconfidence(credit.means, credit.covariances, theta),
            )
        )
        theirs.append((relative_error(means, theta), overconfidence(means, covariances, theta)))
    error, confidence = np.mean(ours, axis=0)
    mass_error, mass_confidence = np.mean(theirs, axis=0)
    assert error < 0.02
    assert 0.7 < confidence < 1.6
    assert mass_error > 3 * error
    assert mass_confidence > 3 * confidence


def test_under_spread_attention_crediting_by_mass_is_worse_by_far() -> None:
    theta, *rest = simulate(np.random.default_rng(11), 8, 6, 1500, 1.0)
    credit = learned(*rest)
    means, covariances = by_mass(*rest)
    assert relative_error(means, theta) > 0.4
    assert relative_error(credit.means, theta) < relative_error(means, theta) / 3
    assert overconfidence(means, covariances, theta) > 100
    assert overconfidence(credit.means, credit.covariances, theta) < 10


def test_under_constant_attention_only_the_sum_is_learned() -> None:
    rng = np.random.default_rng(12)
    theta, _, queries, _ = simulate(rng, 5, 4, 3000, 1.0)
    attention = np.full((3000, 5), 0.2)
    rewards = queries @ theta.mean(axis=0) + rng.normal(0.0, NOISE, 3000)
    credit = learned(attention, queries, rewards)
    total = theta.sum(axis=0)
    assert relative_error(credit.means.sum(axis=0)[None], total[None]) < 0.02
    assert np.ptp(credit.means, axis=0) == pytest.approx(0.0, abs=1e-9)  # no cluster is told apart
    assert relative_error(credit.means, theta) > 0.3
    assert overconfidence(credit.means, credit.covariances, theta) > 5  # as the docstring warns


@given(st.integers(0, 2**32), st.floats(0.1, 8.0))
@settings(max_examples=40)
def test_credit_never_widens_and_a_cluster_without_attention_is_left_alone(
    seed: int, sharpness: float
) -> None:
    _, attention, queries, rewards = simulate(np.random.default_rng(seed), 4, 3, 8, sharpness)
    attention[:, 2] = 0.0
    before = ClusterCredit.start(4, 3, 1.0, NOISE**2)
    for a, q, r in zip(attention, queries, rewards, strict=True):
        after = before.update(a, q, float(r))
        assert np.linalg.eigvalsh(before.covariances - after.covariances).min() > -1e-12
        assert np.linalg.eigvalsh(after.covariances).min() > 0
        before = after
    assert (before.means[2] == 0).all()
    assert (before.covariances[2] == np.eye(3)).all()


def test_the_prediction_is_the_mixture_of_the_clusters() -> None:
    theta, attention, queries, rewards = simulate(np.random.default_rng(13), 3, 2, 200, 4.0)
    credit = learned(attention, queries, rewards)
    mean, variance = credit.predict(attention[0], queries[0])
    assert mean == pytest.approx(attention[0] @ credit.means @ queries[0])
    expected = sum(
        a**2 * queries[0] @ P @ queries[0]
        for a, P in zip(attention[0], credit.covariances, strict=True)
    )
    assert variance == pytest.approx(expected)
    assert abs(mean - attention[0] @ theta @ queries[0]) < 5 * np.sqrt(variance)


def test_what_makes_no_sense_is_refused_by_name() -> None:
    credit = ClusterCredit.start(2, 3, 1.0, 0.1)
    q = np.zeros(3)
    for attention, query, reward, named in (
        ([1.0], q, 0.0, r"attention of shape \(1,\): must be \(2,\)"),
        ([1.0, np.nan], q, 0.0, "attention"),
        ([1.5, -0.5], q, 0.0, "attention"),
        ([0.5, 0.5], np.zeros(2), 0.0, r"query of shape \(2,\): must be \(3,\)"),
        ([0.5, 0.5], np.full(3, np.inf), 0.0, "query"),
        ([0.5, 0.5], q, np.nan, "reward = nan"),
    ):
        with pytest.raises(InputError, match=named):
            credit.update(attention, query, reward)
    for arguments, field in (
        ((0, 3, 1.0, 0.1), "clusters"),
        ((2, 0, 1.0, 0.1), "size"),
        ((2, 3, 0.0, 0.1), "prior_variance"),
        ((2, 3, 1.0, -1.0), "variance"),
    ):
        with pytest.raises(SettingsError, match=field):
            ClusterCredit.start(*arguments)
    with pytest.raises(InputError, match=r"must be \(k, d\)"):
        ClusterCredit(np.zeros(3), np.eye(3), 0.1)
