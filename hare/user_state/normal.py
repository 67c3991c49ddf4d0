"""A user, or many, as a normal: u ~ N(mean, covariance), under any rating model.

With `GaussianRatings` the posterior is exact; with the ordinal and binomial models `update` is the
one-step MAP and `learn` the batch MAP with Laplace's covariance, which is to be preferred when the
history is at hand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from hare.errors import InputError, SettingsError
from hare.user_state.posterior import (
    Array,
    Prediction,
    RatingModel,
    check_drift,
    check_features,
    check_normal,
    read_arrays,
    utilities,
    variances,
)
from hare.user_state.state import UserState


@dataclass(frozen=True, slots=True, eq=False)
class NormalPosterior:
    """mean (..., p), covariance (..., p, p); `rounds` ratings were learned from.

    >>> from hare.user_state.gaussian import GaussianRatings
    >>> prior = NormalPosterior.standard(2, GaussianRatings(variance=1.0))
    >>> prior.update([1.0, 0.0, 0.0], 2.0).mean
    array([1., 0.])
    """

    mean: Array
    covariance: Array
    ratings: RatingModel
    rounds: int = 0

    def __post_init__(self) -> None:
        mean, covariance = check_normal(self.mean, self.covariance)
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "covariance", covariance)

    @classmethod
    def standard(cls, size: int, ratings: RatingModel) -> NormalPosterior:
        """The prior N(0, I) that a fitted `FeatureMap` is scaled to."""
        if size < 1:
            raise SettingsError("size", size, "must be at least 1")
        return cls(np.zeros(size), np.eye(size), ratings)

    @property
    def size(self) -> int:
        """p."""
        return self.mean.shape[-1]

    def predict(self, features: ArrayLike) -> Prediction:
        rows = check_features(features, self.size, 2)
        return Prediction(utilities(self.mean, rows), variances(self.covariance, rows))

    def information_gain(self, features: ArrayLike) -> Array:
        mean, variance = self.predict(features)
        one = np.ones((*mean.shape, 1))
        return self.ratings.information(one, mean[..., None], variance[..., None])

    def update(self, features: ArrayLike, rewards: ArrayLike) -> NormalPosterior:
        row, r = check_features(features, self.size, 1), self.ratings.check_rewards(rewards)
        check_matching(self.mean.shape[:-1], row.shape[:-1], r)
        mean, covariance, _ = self.ratings.step(self.mean, self.covariance, row, r)
        return replace(self, mean=mean, covariance=covariance, rounds=self.rounds + 1)

    def learn(self, features: ArrayLike, rewards: ArrayLike) -> NormalPosterior:
        rows, r = check_features(features, self.size, 2), self.ratings.check_rewards(rewards)
        check_matching(self.mean.shape[:-1], rows.shape[:-1], r)
        if r.shape[-1] == 0:
            return self
        mean, covariance, _ = self.ratings.batch(self.mean, self.covariance, rows, r)
        return replace(self, mean=mean, covariance=covariance, rounds=self.rounds + r.shape[-1])

    def drifted(self, variance: ArrayLike) -> NormalPosterior:
        return replace(self, covariance=self.covariance + check_drift(variance, self.size))

    def sample(self, rng: np.random.Generator) -> Array:
        scale = np.linalg.cholesky(self.covariance)
        return self.mean + (scale @ rng.normal(size=(*self.mean.shape, 1)))[..., 0]

    def to_state(self) -> UserState:
        arrays = {"mean": self.mean, "covariance": self.covariance}
        return UserState(f"normal/{self.ratings.name}", self.rounds, arrays)

    @classmethod
    def from_state(cls, state: UserState, ratings: RatingModel) -> NormalPosterior:
        """Read what `to_state` wrote; StateError for a state of another kind of posterior."""
        arrays = read_arrays(state, f"normal/{ratings.name}", {"mean", "covariance"})
        return cls(arrays["mean"], arrays["covariance"], ratings, state.rounds)


def check_matching(users: tuple[int, ...], rated: tuple[int, ...], rewards: Array) -> None:
    """Rewards have one value for each rated text, and users' axes come first in both."""
    if rewards.shape != rated:
        raise InputError(f"rewards of shape {rewards.shape}: the features are of {rated} texts")
    lead = rated[: len(users)]
    if lead != users:
        raise InputError(f"ratings of users {lead}: the posterior is of users {users}")
