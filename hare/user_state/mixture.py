"""A mixture of normals over archetypes of users, fitted to a simulated population.

Each component is updated as if it were the truth, and its weight is multiplied by the evidence:
w_k' ~ w_k p(r | component k) (Alspach and Sorenson 1972). Under Gaussian ratings this is the exact
posterior of a mixture prior; under the others a component's evidence is that of a quadrature
(streaming) or Laplace's (batch). Mean and covariance are the exact moments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from hare.errors import InputError
from hare.user_state.normal import check_matching
from hare.user_state.posterior import (
    Array,
    Prediction,
    RatingModel,
    Update,
    check_drift,
    check_features,
    check_normal,
    read_arrays,
    utilities,
    variances,
)
from hare.user_state.state import UserState


@dataclass(frozen=True, slots=True, eq=False)
class MixturePosterior:
    """log_weights (..., K) normalised, means (..., K, p), covariances (..., K, p, p)."""

    log_weights: Array
    means: Array
    covariances: Array
    ratings: RatingModel
    rounds: int = 0

    def __post_init__(self) -> None:
        means, covariances = check_normal(self.means, self.covariances)
        logs = np.asarray(self.log_weights, dtype=np.float64)
        if logs.ndim < 1 or logs.shape != means.shape[:-1]:
            raise InputError(f"log_weights of shape {logs.shape}: must be {means.shape[:-1]}")
        if not np.isfinite(logs).all() or not np.allclose(np.exp(logs).sum(axis=-1), 1.0):
            raise InputError("log_weights: must be finite, and the weights must sum to 1")
        object.__setattr__(self, "log_weights", logs)
        object.__setattr__(self, "means", means)
        object.__setattr__(self, "covariances", covariances)

    @property
    def size(self) -> int:
        """p."""
        return self.means.shape[-1]

    @property
    def weights(self) -> Array:
        """Probability of each archetype, (..., K)."""
        return np.exp(self.log_weights)

    @property
    def mean(self) -> Array:
        return (self.weights[..., None] * self.means).sum(axis=-2)

    @property
    def covariance(self) -> Array:
        centred = self.means - self.mean[..., None, :]
        spread = self.covariances + centred[..., :, None] * centred[..., None, :]
        return (self.weights[..., None, None] * spread).sum(axis=-3)

    def predict(self, features: ArrayLike) -> Prediction:
        weights, means, within = self._by_component(features)
        mean = (weights * means).sum(axis=-1)
        between = (weights * (means - mean[..., None]) ** 2).sum(axis=-1)
        return Prediction(mean, (weights * within).sum(axis=-1) + between)

    def information_gain(self, features: ArrayLike) -> Array:
        return self.ratings.information(*self._by_component(features))

    def update(self, features: ArrayLike, rewards: ArrayLike) -> MixturePosterior:
        row, r = check_features(features, self.size, 1), self.ratings.check_rewards(rewards)
        check_matching(self.means.shape[:-2], row.shape[:-1], r)
        new = self.ratings.step(self.means, self.covariances, row[..., None, :], r[..., None])
        return self._after(new, 1)

    def learn(self, features: ArrayLike, rewards: ArrayLike) -> MixturePosterior:
        rows, r = check_features(features, self.size, 2), self.ratings.check_rewards(rewards)
        check_matching(self.means.shape[:-2], rows.shape[:-1], r)
        if r.shape[-1] == 0:
            return self
        new = self.ratings.batch(
            self.means, self.covariances, rows[..., None, :, :], r[..., None, :]
        )
        return self._after(new, r.shape[-1])

    def drifted(self, variance: ArrayLike) -> MixturePosterior:
        return replace(self, covariances=self.covariances + check_drift(variance, self.size))

    def sample(self, rng: np.random.Generator) -> Array:
        # Gumbel's trick draws every user's archetype at once.
        drawn = (self.log_weights + rng.gumbel(size=self.log_weights.shape)).argmax(axis=-1)
        at = drawn[..., None, None]
        mean = np.take_along_axis(self.means, at, axis=-2)[..., 0, :]
        covariance = np.take_along_axis(self.covariances, at[..., None], axis=-3)[..., 0, :, :]
        scale = np.linalg.cholesky(covariance)
        return mean + (scale @ rng.normal(size=(*mean.shape, 1)))[..., 0]

    def to_state(self) -> UserState:
        arrays = {
            "log_weights": self.log_weights,
            "means": self.means,
            "covariances": self.covariances,
        }
        return UserState(f"mixture/{self.ratings.name}", self.rounds, arrays)

    @classmethod
    def from_state(cls, state: UserState, ratings: RatingModel) -> MixturePosterior:
        """Read what `to_state` wrote; StateError for a state of another kind of posterior."""
        names = {"log_weights", "means", "covariances"}
        arrays = read_arrays(state, f"mixture/{ratings.name}", names)
        return cls(ratings=ratings, rounds=state.rounds, **arrays)

    def _by_component(self, features: ArrayLike) -> tuple[Array, Array, Array]:
        """Weights, means and variances of the utilities by component, each (..., n, K)."""
        rows = check_features(features, self.size, 2)[..., None, :, :]
        means = utilities(self.means, rows).swapaxes(-1, -2)
        within = variances(self.covariances, rows).swapaxes(-1, -2)
        return np.broadcast_to(self.weights[..., None, :], means.shape), means, within

    def _after(self, new: Update, ratings: int) -> MixturePosterior:
        logs = self.log_weights + new.log_evidence
        logs = logs - logs.max(axis=-1, keepdims=True)
        logs = logs - np.log(np.exp(logs).sum(axis=-1, keepdims=True))
        return replace(
            self,
            log_weights=logs,
            means=new.mean,
            covariances=new.covariance,
            rounds=self.rounds + ratings,
        )


def fit_archetypes(
    users: ArrayLike,
    components: int,
    ratings: RatingModel,
    seed: int,
    floor: float = 1e-3,
) -> MixturePosterior:
    """The mixture prior of a population, by expectation-maximisation.

    users        (m, p) coordinates of the population, as `FeatureMap.coordinates` gives them
    components   K, in 1..m
    floor        added to the variances, > 0, so that a component never collapses on a user
    """
    from sklearn.mixture import GaussianMixture

    points = np.asarray(users, dtype=np.float64)
    if points.ndim != 2 or not np.isfinite(points).all():
        raise InputError(f"users of shape {points.shape}: must be (m, p) and finite")
    if not 1 <= components <= len(points):
        raise InputError(f"components = {components}: must be in 1..{len(points)}")
    fitted = GaussianMixture(
        components, reg_covar=floor, random_state=seed, init_params="k-means++", max_iter=200
    ).fit(points)
    covariances = np.asarray(fitted.covariances_)
    return MixturePosterior(
        np.log(np.asarray(fitted.weights_)),
        np.asarray(fitted.means_),
        (covariances + covariances.swapaxes(-1, -2)) / 2,
        ratings,
    )
