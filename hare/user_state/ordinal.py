"""The user state under an ordinal-logit rating model: batch MAP with Laplace covariance.

A text with features (phi, b) has utility s = phi'u + b, u ~ N(0, I), and a rating falls into
category k with probability F(c_k - s) - F(c_{k-1} - s), F the logistic function (McCullagh 1980).
The log-likelihood is concave in u, so the mode is unique; Newton's method finds it from the whole
history, which is short. A reward between two categories (a mean of several ratings) weighs the
log-likelihoods of both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from hare.errors import InputError, SettingsError

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

    def probabilities(self, utilities: Array) -> Array:
        """(n,) utilities to (n, categories) probabilities."""
        upper = expit(self._edges()[None, :] - utilities[:, None])
        return np.diff(upper, axis=1)

    def posterior(self, features: Array, rewards: Array) -> tuple[Array, Array]:
        """Mode and Laplace covariance of u after a history.

        features   (t, p + 1), as a FeatureMap gives them; t may be 0
        rewards    (t,) in [0, 1], 0 the lowest and 1 the highest category

        Returns mean (p,) and covariance (p, p). The covariance never exceeds I, the prior's.
        """
        features = np.asarray(features, dtype=np.float64)
        rewards = np.asarray(rewards, dtype=np.float64)
        if features.ndim != 2 or rewards.shape != features.shape[:1]:
            raise InputError(f"features {features.shape} and rewards {rewards.shape} do not match")
        if not np.isfinite(features).all() or not ((rewards >= 0) & (rewards <= 1)).all():
            raise InputError("features must be finite and rewards in [0, 1]")
        phi, appeal = features[:, :-1], features[:, -1]
        mean = np.zeros(phi.shape[1])
        identity = np.eye(phi.shape[1])
        for _ in range(100):
            slope, curvature = self._derivatives(phi @ mean + appeal, rewards)
            precision = identity + (phi.T * curvature) @ phi
            step = np.linalg.solve(precision, phi.T @ slope - mean)
            # A bounded step keeps Newton inside the region where the curvature is informative.
            step *= min(1.0, 2.0 / max(float(np.linalg.norm(step)), 1e-300))
            mean = mean + step
            if np.linalg.norm(step) < 1e-12:
                break
        _, curvature = self._derivatives(phi @ mean + appeal, rewards)
        covariance = np.linalg.inv(identity + (phi.T * curvature) @ phi)
        return mean, (covariance + covariance.T) / 2

    def _edges(self) -> Array:
        return np.concatenate([[-np.inf], self.cutpoints, [np.inf]])

    def _derivatives(self, utilities: Array, rewards: Array) -> tuple[Array, Array]:
        """Slope and negative curvature of the log-likelihood in the utility, one a rating."""
        position = rewards * (self.categories - 1)
        lower = np.minimum(np.floor(position + 1e-9).astype(int), self.categories - 1)
        upper = np.minimum(lower + 1, self.categories - 1)
        share = np.clip(position - lower, 0.0, 1.0)
        cumulative = expit(self._edges()[None, :] - utilities[:, None])  # (t, categories + 1)
        rows = np.arange(len(utilities))
        slope = np.zeros(len(utilities))
        curvature = np.zeros(len(utilities))
        for category, weight in ((lower, 1.0 - share), (upper, share)):
            below, above = cumulative[rows, category], cumulative[rows, category + 1]
            slope += weight * (above + below - 1.0)
            curvature += weight * (above * (1.0 - above) + below * (1.0 - below))
        return slope, curvature


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
