"""The feature map: which directions of a text's embedding tell users apart.

Fitted on a simulated population: the users' utilities for many texts are factored (truncated SVD,
Eckart and Young 1936), and a ridge regression carries the factors over to embeddings. In the
coordinates that come out, a user drawn from the population has mean 0 and covariance I, so the
prior of the user state is the standard normal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hare.errors import InputError, SettingsError

Array = NDArray[np.float64]

PRIOR_SD = 1.1
"""Mean prior standard deviation of a text's utility, in logits: intervals stay calibrated there."""


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMap:
    """Embeddings to features.

    weights     (e, p + 1): p directions that tell users apart, then the appeal to everyone
    intercept   (p + 1,)
    scale       logits for one unit of the population's utilities
    """

    weights: Array
    intercept: Array
    scale: float

    @property
    def size(self) -> int:
        """p, the dimension of the user state."""
        return self.weights.shape[1] - 1

    def __call__(self, embeddings: Array) -> Array:
        """(n, e) embeddings to (n, p + 1) features; the last column does not depend on the user."""
        if embeddings.ndim != 2 or embeddings.shape[1] != self.weights.shape[0]:
            raise InputError(
                f"embeddings of shape {embeddings.shape}: must be (n, {self.weights.shape[0]})"
            )
        return embeddings @ self.weights + self.intercept


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """What the features of n texts ought to be: targets (n, p + 1), and the scale they are in."""

    targets: Array
    scale: float


def fit_feature_map(
    embeddings: Array,
    utilities: Array,
    size: int,
    ridge: float = 1.0,
    prior_sd: float = PRIOR_SD,
) -> FeatureMap:
    """Learn the map from a population.

    embeddings   (n, e) of the texts
    utilities    (m, n) of m simulated users for the n texts, in any unit: `scale` makes logits
    size         p, at most min(m, n)
    ridge        penalty on the regression from embeddings to factors, > 0
    prior_sd     mean prior standard deviation of a text's utility, in logits, > 0

    Raises InputError when the shapes do not fit or a value is not finite, SettingsError for a
    penalty or deviation that is not positive.
    """
    for field, value in (("ridge", ridge), ("prior_sd", prior_sd)):
        if not (np.isfinite(value) and value > 0):
            raise SettingsError(field, value, "must be finite and > 0")
    if utilities.ndim != 2 or embeddings.ndim != 2:
        raise InputError(
            f"embeddings {embeddings.shape} and utilities {utilities.shape}: must be 2-dimensional"
        )
    if embeddings.shape[0] != utilities.shape[1]:
        raise InputError(
            f"{embeddings.shape[0]} embeddings for utilities of {utilities.shape[1]} texts"
        )
    if not (np.isfinite(embeddings).all() and np.isfinite(utilities).all()):
        raise InputError("embeddings and utilities must be finite")
    return regress(embeddings, factorise(utilities, size, prior_sd), ridge)


def factorise(utilities: Array, size: int, prior_sd: float = PRIOR_SD) -> Factors:
    """Factor a population's utilities (m, n): what the features of the n texts ought to be."""
    m, n = utilities.shape
    if not 1 <= size <= min(m, n):
        raise InputError(f"size = {size}: must be in 1..{min(m, n)}")
    appeal = utilities.mean(axis=0)
    _, singular, loadings = np.linalg.svd(utilities - appeal, full_matrices=False)
    factors = loadings[:size].T * (singular[:size] / np.sqrt(m))  # (n, p), users have covariance I
    scale = prior_sd / np.linalg.norm(factors, axis=1).mean()
    targets = np.column_stack([factors, appeal - appeal.mean()]) * scale  # (n, p + 1)
    return Factors(targets, float(scale))


def regress(embeddings: Array, factors: Factors, ridge: float = 1.0) -> FeatureMap:
    """Ridge regression of the factors on the embeddings (n, e)."""
    targets = factors.targets
    centre = embeddings.mean(axis=0)
    centred = embeddings - centre
    gram = centred.T @ centred + ridge * np.eye(embeddings.shape[1])
    weights = np.linalg.solve(gram, centred.T @ (targets - targets.mean(axis=0)))
    return FeatureMap(weights, targets.mean(axis=0) - centre @ weights, factors.scale)


def cross_fitted(
    fit: Callable[[Array, Factors], Callable[[Array], Array]],
    embeddings: Array,
    factors: Factors,
    groups: NDArray[np.int64],
) -> Array:
    """Features (n, p + 1) of the texts, each from a map that saw no text of its group.

    fit      makes a map of embeddings (k, e) and their factors, such as `regress`
    groups   (n,) integers; texts of one task, say, so that the features are those of a new task
    """
    if groups.shape != (len(embeddings),) or len(np.unique(groups)) < 2:
        raise InputError(f"groups {groups.shape}: must be ({len(embeddings)},) with two values")
    features = np.empty_like(factors.targets)
    for group in np.unique(groups):
        inside = groups == group
        fitted = fit(embeddings[~inside], Factors(factors.targets[~inside], factors.scale))
        features[inside] = fitted(embeddings[inside])
    return features


def coordinates(features: Array, utilities: Array, scale: float, ridge: float = 1e-6) -> Array:
    """(m, p) coordinates of users whose utilities (m, n) for n texts are known.

    features   (n, p + 1) of the texts
    scale      logits for one unit of the utilities

    What each user has beyond the population's mean is regressed on the features; a mixture prior
    is fitted to the result (`hare.user_state.mixture.fit_archetypes`).
    """
    phi = features[:, :-1]
    if utilities.ndim != 2 or utilities.shape[1] != len(phi):
        raise InputError(f"utilities {utilities.shape}: must be (m, {len(phi)})")
    if not np.isfinite(utilities).all():
        raise InputError("utilities must be finite")
    tastes = scale * (utilities - utilities.mean(axis=0))
    gram = phi.T @ phi + ridge * np.eye(phi.shape[1])
    return np.linalg.solve(gram, phi.T @ tastes.T).T
