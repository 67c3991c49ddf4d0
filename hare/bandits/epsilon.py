"""The baselines of every table: greedy, greedy with a share of chance, and chance alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hare.bandits.base import ContextualBandit, RandomState
from hare.bandits.checks import Array, Integers, check_real
from hare.bandits.linear import LinearBandit


class Greedy(LinearBandit):
    """The arm with the highest expected reward: LinUCB with alpha = 0. Draws nothing.

    It never explores, so its regret can grow linearly. Parameters: `LinearBandit`.
    """

    def _scores(self, contexts: Array) -> Array:
        return self._means(contexts)


class EpsilonGreedy(LinearBandit):
    """Greedy, but with probability epsilon a round's arm is drawn uniformly.

    epsilon   in [0, 1]; 0 is greedy
    The scores of an exploring round are uniform draws. Other parameters: `LinearBandit`.
    """

    def __init__(
        self,
        n_arms: int | None = None,
        epsilon: float = 0.1,
        ridge: float = 1.0,
        parameters: str = "disjoint",
        centre_rewards: bool = False,
        forgetting: float = 1.0,
        refresh: int = 1000,
        random_state: RandomState = None,
    ) -> None:
        super().__init__(
            n_arms, ridge, parameters, centre_rewards, forgetting, refresh, random_state
        )
        self.epsilon = epsilon

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_real("epsilon", self.epsilon, high=1.0)

    def _scores(self, contexts: Array) -> Array:
        scores = self._means(contexts)
        exploring = self.rng_.random(len(scores)) < self.epsilon
        scores[exploring] = self.rng_.random((int(exploring.sum()), scores.shape[1]))
        return scores


class RandomBandit(ContextualBandit):
    """Every arm with the same probability. It expects the mean reward so far of all of them."""

    def __init__(self, n_arms: int | None = None, random_state: RandomState = None) -> None:
        self.n_arms = n_arms
        self.random_state = random_state

    def _arms_may_vary(self) -> bool:
        return self.n_arms is None

    def _begin(self, contexts: Array) -> None:
        self._reward_sum = 0.0

    def _learn(self, contexts: Array, decisions: Integers, rewards: Array) -> None:
        self._reward_sum += float(rewards.sum())

    def _scores(self, contexts: Array) -> Array:
        return self.rng_.random((len(contexts), self._arms_of(contexts)))

    def _means(self, contexts: Array) -> Array:
        mean = self._reward_sum / max(1, self.rounds_)
        return np.full((len(contexts), self._arms_of(contexts)), mean)

    def _arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        return {}, {"sum": self._reward_sum}

    def _set_arrays(self, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> None:
        self._reward_sum = float(values["sum"])
