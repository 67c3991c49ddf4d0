"""Ordinal-logit ratings: batch MAP with Laplace covariance, and the streaming one-step form.

A text with features (phi, b) has utility s = phi'u + b, u ~ N(0, I), and a rating falls into
category k with probability F(c_k - s) - F(c_{k-1} - s), F the logistic function (McCullagh 1980).
The log-likelihood is concave in u, so the mode is unique; Newton's method finds it from the whole
history, which is short. A reward between two categories (a mean of several ratings) weighs the
log-likelihoods of both. The batch is exact about curvature and does not depend on the order of the
ratings; the streaming form linearises each rating once, where it was given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from hare.errors import InputError, SettingsError
from hare.user_state.laplace import batch, one_step, standard_mode
from hare.user_state.posterior import (
    NODES,
    Update,
    categorical_information,
    check_shares,
)

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class OrdinalModel:
    """The rating model. `cutpoints` (categories - 1,) ascend strictly, in logits."""

    cutpoints: Array

    def __post_init__(self) -> None:
        cuts = np.asarray(self.cutpoints, dtype=np.float64)
        if (
            cuts.ndim != 1
            or not len(cuts)
            or not np.isfinite(cuts).all()
            or (np.diff(cuts) <= 0).any()
        ):
            raise SettingsError("cutpoints", self.cutpoints, "must be finite and ascend strictly")
        object.__setattr__(self, "cutpoints", cuts)

    @property
    def categories(self) -> int:
        return len(self.cutpoints) + 1

    @property
    def name(self) -> str:
        return "ordinal"

    def probabilities(self, utilities: Array) -> Array:
        """(...) utilities to (..., categories) probabilities."""
        return np.diff(expit(self._edges() - utilities[..., None]), axis=-1)

    def posterior(self, features: Array, rewards: Array) -> tuple[Array, Array]:
        """Mode and Laplace covariance of u ~ N(0, I) after a history.

        features   (t, p + 1), as a FeatureMap gives them; t may be 0
        rewards    (t,) in [0, 1], 0 the lowest and 1 the highest category

        Returns mean (p,) and covariance (p, p). The covariance never exceeds I, the prior's.
        """
        features = np.asarray(features, dtype=np.float64)
        rewards = np.asarray(rewards, dtype=np.float64)
        if features.ndim != 2 or rewards.shape != features.shape[:1]:
            raise InputError(f"features {features.shape} and rewards {rewards.shape} do not match")
        if not np.isfinite(features).all():
            raise InputError("features: must be finite")
        return standard_mode(self, features[:, :-1], features[:, -1], self.check_rewards(rewards))

    def check_rewards(self, rewards: ArrayLike) -> Array:
        return check_shares(rewards)

    def step(self, mean: Array, covariance: Array, features: Array, rewards: Array) -> Update:
        return one_step(self, mean, covariance, features, rewards)

    def batch(self, mean: Array, covariance: Array, features: Array, rewards: Array) -> Update:
        return batch(self, mean, covariance, features, rewards)

    def information(self, weights: Array, means: Array, variances: Array) -> Array:
        """Entropy of the category, less what is left when the utility is known; at most log of the
        number of categories."""
        s = means[..., None] + np.sqrt(variances)[..., None] * NODES  # (..., K, nodes)
        return categorical_information(self.probabilities(s), weights)

    def derivatives(self, utilities: Array, rewards: Array) -> tuple[Array, Array]:
        """Slope and negative curvature of the log-likelihood in the utility, elementwise."""
        edges = self._edges()
        slope = np.zeros(np.shape(utilities))
        curvature = np.zeros(np.shape(utilities))
        for category, weight in self._neighbours(rewards):
            below = expit(edges[category] - utilities)
            above = expit(edges[category + 1] - utilities)
            slope = slope + weight * (above + below - 1.0)
            curvature = curvature + weight * (above * (1.0 - above) + below * (1.0 - below))
        return slope, curvature

    def log_likelihood(self, utilities: Array, rewards: Array) -> Array:
        """log F(c_k - s) - F(c_{k-1} - s), weighed over the two neighbours, elementwise."""
        edges = self._edges()
        # log(F(b) - F(a)) = log F(b) + log F(-a) + log(1 - exp(a - b)) does not cancel.
        gaps = np.concatenate([[0.0], np.log(-np.expm1(-np.diff(self.cutpoints))), [0.0]])
        total = np.zeros(np.broadcast_shapes(np.shape(utilities), np.shape(rewards)))
        for category, weight in self._neighbours(rewards):
            above = log_expit(edges[category + 1] - utilities)
            below = log_expit(utilities - edges[category])
            total = total + weight * (above + below + gaps[category])
        return total

    def _edges(self) -> Array:
        return np.concatenate([[-np.inf], self.cutpoints, [np.inf]])

    def _neighbours(self, rewards: Array) -> tuple[tuple[NDArray[np.int64], Array], ...]:
        """The categories on both sides of each reward, with their weights."""
        position = rewards * (self.categories - 1)
        lower = np.minimum(np.floor(position + 1e-9).astype(int), self.categories - 1)
        upper = np.minimum(lower + 1, self.categories - 1)
        share = np.clip(position - lower, 0.0, 1.0)
        return (lower, 1.0 - share), (upper, share)


def fit_cutpoints(utilities: Array, categories: NDArray[np.int64], count: int) -> OrdinalModel:
    """Maximum-likelihood cutpoints for observed categories at known utilities.

    utilities    (n,) in logits
    categories   (n,) integers in 0..count - 1; every category must occur
    """
    shares = np.bincount(categories, minlength=count) / len(categories)
    if len(shares) != count or (shares == 0).any():
        raise InputError(f"every one of the {count} categories must occur; shares {shares}")

    def cuts(parameters: Array) -> Array:
        return parameters[0] + np.concatenate([[0.0], np.cumsum(np.exp(parameters[1:]))])

    def loss(parameters: Array) -> float:
        edges = np.concatenate([[-np.inf], cuts(parameters), [np.inf]])
        p = expit(edges[categories + 1] - utilities) - expit(edges[categories] - utilities)
        return -float(np.log(np.maximum(p, 1e-12)).mean())

    cumulative = np.cumsum(shares)[:-1]
    start = np.log(cumulative / (1 - cumulative))
    first = np.concatenate([[start[0]], np.log(np.maximum(np.diff(start), 1e-3))])
    result = minimize(loss, first, method="L-BFGS-B")
    return OrdinalModel(cuts(result.x))
