"""HybridLinUCB against Algorithm 2 of Li et al. (2010), written out line by line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hare.bandits import HybridLinUCB
from hare.errors import SettingsError

Array = NDArray[np.float64]


class Algorithm2:
    """The paper's pseudocode with its own letters, and no concern for speed."""

    def __init__(self, arms: int, k: int, d: int, ridge: float, alpha: float) -> None:
        self.alpha = alpha
        self.A0, self.b0 = ridge * np.eye(k), np.zeros(k)
        self.A = [ridge * np.eye(d) for _ in range(arms)]
        self.B = [np.zeros((d, k)) for _ in range(arms)]
        self.b = [np.zeros(d) for _ in range(arms)]

    def score(self, a: int, z: Array, x: Array) -> tuple[float, float]:
        A0, A, B = np.linalg.inv(self.A0), np.linalg.inv(self.A[a]), self.B[a]
        beta = A0 @ self.b0
        theta = A @ (self.b[a] - B @ beta)
        s = z @ A0 @ z - 2 * z @ A0 @ B.T @ A @ x + x @ A @ x + x @ A @ B @ A0 @ B.T @ A @ x
        mean = z @ beta + x @ theta
        return float(mean), float(mean + self.alpha * np.sqrt(s))

    def learn(self, a: int, z: Array, x: Array, r: float) -> None:
        A = np.linalg.inv(self.A[a])
        self.A0 += self.B[a].T @ A @ self.B[a]
        self.b0 += self.B[a].T @ A @ self.b[a]
        self.A[a] += np.outer(x, x)
        self.B[a] += np.outer(x, z)
        self.b[a] += r * x
        A = np.linalg.inv(self.A[a])
        self.A0 += np.outer(z, z) - self.B[a].T @ A @ self.B[a]
        self.b0 += r * z - self.B[a].T @ A @ self.b[a]


@pytest.mark.parametrize(
    ("shared", "own", "refresh"),
    [
        (None, None, 1000),
        (slice(0, 3), slice(3, 5), 1000),
        ([0, 4], [1, 2, 3], 7),
    ],
)
@pytest.mark.parametrize("each_arm", [True, False])
def test_scores_are_those_of_algorithm_2(
    shared: Any, own: Any, refresh: int, each_arm: bool
) -> None:
    rng = np.random.default_rng(1)
    contexts = rng.normal(size=(80, 4, 5)) if each_arm else rng.normal(size=(80, 5))
    z_of, x_of = shared or slice(None), own or slice(None)
    k, d = len(contexts[0, ..., :].T[z_of]), len(contexts[0, ..., :].T[x_of])
    paper = Algorithm2(4, k, d, ridge=0.6, alpha=0.9)
    bandit = HybridLinUCB(
        4, alpha=0.9, ridge=0.6, shared_features=shared, arm_features=own, refresh=refresh
    )
    for context in contexts:
        rows = context if each_arm else np.repeat(context[None], 4, axis=0)
        expected = [paper.score(a, rows[a][z_of], rows[a][x_of]) for a in range(4)]
        np.testing.assert_allclose(
            bandit.predict_expectations(context[None])[0], [m for m, _ in expected], atol=1e-9
        )
        np.testing.assert_allclose(
            bandit.decision_function(context[None])[0], [s for _, s in expected], atol=1e-9
        )
        arm, reward = int(rng.integers(4)), float(rng.normal())
        paper.learn(arm, rows[arm][z_of], rows[arm][x_of], reward)
        bandit.partial_fit(context[None], [arm], [reward])


def test_centred_rewards_are_learned_as_differences_from_their_mean() -> None:
    rng = np.random.default_rng(2)
    contexts, decisions = rng.normal(size=(40, 3, 4)), rng.integers(3, size=40)
    rewards = rng.uniform(size=40)
    centred = HybridLinUCB(centre_rewards=True).fit(contexts, decisions, rewards)
    by_hand = HybridLinUCB().fit(contexts, decisions, rewards - rewards.mean())
    np.testing.assert_allclose(
        centred.predict_expectations(contexts),
        by_hand.predict_expectations(contexts) + rewards.mean(),
    )


def test_what_one_arm_teaches_of_the_shared_part_reaches_the_others() -> None:
    bandit = HybridLinUCB(3).fit(np.ones((20, 1)), np.zeros(20, dtype=int), np.ones(20))
    never_chosen = bandit.predict_expectations([[1.0]])[0, 2]
    assert 0.2 < never_chosen < 0.8  # half of the effect is shared, a priori


@pytest.mark.parametrize("entries", [[], [0, 0], [9], slice(9, 12), ["a"], 1])
def test_features_that_choose_nothing_or_twice_are_refused_by_name(entries: Any) -> None:
    with pytest.raises(SettingsError, match="arm_features"):
        HybridLinUCB(2, arm_features=entries).predict([[1.0, 2.0]])
