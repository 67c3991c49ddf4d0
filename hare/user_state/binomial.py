"""Binomial-logit ratings: a rating 1..5 is four steps, each taken with probability F(s - c).

The light alternative to the ordinal model: no cutpoints to learn, one threshold, and the same
shape of posterior. A reward y in [0, 1] has log-likelihood
n (y log F(s - c) + (1 - y) log F(c - s)), F the logistic function, also between the steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, gammaln, log_expit

from hare.errors import SettingsError
from hare.user_state.laplace import batch, one_step
from hare.user_state.posterior import (
    NODES,
    Array,
    Update,
    categorical_information,
    check_shares,
)


@dataclass(frozen=True, slots=True)
class BinomialRatings:
    """The rating model. trials n >= 1 (4 for ratings 1..5); threshold c, in logits."""

    trials: int = 4
    threshold: float = 0.0

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise SettingsError("trials", self.trials, "must be at least 1")
        if not np.isfinite(self.threshold):
            raise SettingsError("threshold", self.threshold, "must be finite")

    @property
    def name(self) -> str:
        return "binomial"

    def check_rewards(self, rewards: ArrayLike) -> Array:
        return check_shares(rewards)

    def step(self, mean: Array, covariance: Array, features: Array, rewards: Array) -> Update:
        return one_step(self, mean, covariance, features, rewards)

    def batch(self, mean: Array, covariance: Array, features: Array, rewards: Array) -> Update:
        return batch(self, mean, covariance, features, rewards)

    def information(self, weights: Array, means: Array, variances: Array) -> Array:
        s = means[..., None] + np.sqrt(variances)[..., None] * NODES  # (..., K, nodes)
        return categorical_information(self.probabilities(s), weights)

    def probabilities(self, utilities: Array) -> Array:
        """(...) utilities to (..., trials + 1) probabilities."""
        steps = np.arange(self.trials + 1) / self.trials
        return np.exp(self.log_likelihood(utilities[..., None], steps))

    def derivatives(self, utilities: Array, rewards: Array) -> tuple[Array, Array]:
        p = expit(utilities - self.threshold)
        curvature = self.trials * p * (1.0 - p)
        return self.trials * (rewards - p), curvature + np.zeros(np.shape(rewards))

    def log_likelihood(self, utilities: Array, rewards: Array) -> Array:
        n, s = self.trials, utilities - self.threshold
        ways = gammaln(n + 1) - gammaln(n * rewards + 1) - gammaln(n * (1 - rewards) + 1)
        return n * (rewards * log_expit(s) + (1 - rewards) * log_expit(-s)) + ways
