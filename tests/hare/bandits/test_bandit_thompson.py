"""Thompson sampling draws from the posterior it says it draws from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from hare.bandits import EpsilonGreedy, LinTS, RandomBandit


@pytest.mark.parametrize("parameters", ["disjoint", "shared"])
def test_scores_have_the_posteriors_mean_and_covariance(parameters: str) -> None:
    rng = np.random.default_rng(1)
    contexts, decisions = rng.normal(size=(30, 3, 4)), rng.integers(3, size=30)
    bandit = LinTS(scale=0.7, parameters=parameters, random_state=2)
    bandit.fit(contexts, decisions, rng.normal(size=30))
    asked = contexts[:1]
    draws = bandit.decision_function(np.repeat(asked, 40_000, axis=0))  # (n, 3)

    rows = contexts[np.arange(30), decisions]
    if parameters == "shared":
        inverse = np.linalg.inv(np.eye(4) + rows.T @ rows)
        covariance = asked[0] @ inverse @ asked[0].T
    else:
        inverses = [
            np.linalg.inv(np.eye(4) + rows[decisions == a].T @ rows[decisions == a])
            for a in range(3)
        ]
        covariance = np.diag([asked[0, a] @ inverses[a] @ asked[0, a] for a in range(3)])
    np.testing.assert_allclose(np.cov(draws.T), 0.49 * covariance, atol=0.01)
    np.testing.assert_allclose(
        draws.mean(axis=0), bandit.predict_expectations(asked)[0], atol=0.015
    )


def test_a_better_arm_is_drawn_as_often_as_the_posterior_believes_in_it() -> None:
    contexts = np.ones((10, 1))
    bandit = LinTS(n_arms=2, scale=1.0, random_state=3)
    bandit.fit(contexts, [0] * 5 + [1] * 5, [0.5] * 5 + [0.0] * 5)
    # Both variances are 1/6 and the means 2.5/6 and 0.
    believed = norm.cdf(2.5 / 6 / np.sqrt(2 / 6))
    share = (bandit.predict(np.ones((40_000, 1))) == 0).mean()
    assert share == pytest.approx(believed, abs=0.01)


def test_scale_zero_is_greedy() -> None:
    contexts = np.random.default_rng(4).normal(size=(20, 3))
    bandit = LinTS(n_arms=2, scale=0.0, random_state=0).fit(contexts, [0, 1] * 10, [0.0, 1.0] * 10)
    np.testing.assert_allclose(
        bandit.decision_function(contexts), bandit.predict_expectations(contexts), atol=1e-12
    )


def test_epsilon_is_the_share_of_rounds_that_explore() -> None:
    contexts = np.ones((40_000, 1))
    bandit = EpsilonGreedy(n_arms=4, epsilon=0.2, random_state=5)
    bandit.fit([[1.0]], [2], [1.0])
    decisions = bandit.predict(contexts)
    assert (decisions == 2).mean() == pytest.approx(0.8 + 0.2 / 4, abs=0.01)
    assert (decisions == 0).mean() == pytest.approx(0.2 / 4, abs=0.01)


def test_random_decides_uniformly_whatever_it_learned() -> None:
    bandit = RandomBandit(n_arms=4, random_state=6).fit([[1.0]], [2], [1.0])
    shares = np.bincount(bandit.predict(np.ones((40_000, 1)))) / 40_000
    np.testing.assert_allclose(shares, 0.25, atol=0.01)
    np.testing.assert_array_equal(bandit.predict_expectations([[1.0]]), np.ones((1, 4)))
