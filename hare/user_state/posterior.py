"""What is known of a user, behind one type, and what a rating model must be able to do.

A text with features (phi, b), as a `FeatureMap` gives them, has utility s = phi'u + b for the user
u. A rating model says how ratings follow from utilities; a posterior says where u may lie. Leading
axes stand for users: a posterior is that of one user, or of many at once.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hare.errors import InputError, StateError
from hare.user_state.state import UserState

Array = NDArray[np.float64]

NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(32)
"""Gauss-Hermite rule for the standard normal: sum(NODE_WEIGHTS * f(NODES)) is about E f(x)."""
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()


class Prediction(NamedTuple):
    """Utility of texts, in logits: mean (..., n) and variance (..., n)."""

    mean: Array
    variance: Array


class Update(NamedTuple):
    """A normal after ratings: mean (..., p), covariance (..., p, p), log_evidence (...) in nats."""

    mean: Array
    covariance: Array
    log_evidence: Array


class RatingModel(Protocol):
    """How ratings follow from utilities.

    name   how states name it; a state of one model is not read by another
    """

    @property
    def name(self) -> str: ...

    def check_rewards(self, rewards: ArrayLike) -> Array:
        """The rewards as float64; InputError when one is not finite or off the model's scale."""
        ...

    def step(self, mean: Array, covariance: Array, features: Array, rewards: Array) -> Update:
        """One rating: features (..., p + 1) and rewards (...) upon normals (..., p)."""
        ...

    def batch(self, mean: Array, covariance: Array, features: Array, rewards: Array) -> Update:
        """A history at once: features (..., t, p + 1) and rewards (..., t)."""
        ...

    def information(self, weights: Array, means: Array, variances: Array) -> Array:
        """I(rating; utility) in nats, (...), the utility being a mixture of K normals (..., K)."""
        ...


class Posterior(Protocol):
    """What is known of the users after `rounds` ratings each; a frozen value.

    mean (..., p) and covariance (..., p, p) are those of u, exactly.
    """

    @property
    def mean(self) -> Array: ...

    @property
    def covariance(self) -> Array: ...

    @property
    def rounds(self) -> int: ...

    def predict(self, features: Array) -> Prediction:
        """Utility of n texts: features (n, p + 1), the same for all users, or (..., n, p + 1)."""
        ...

    def information_gain(self, features: Array) -> Array:
        """Nats that a rating of each of n texts is expected to tell, (..., n), >= 0."""
        ...

    def update(self, features: Array, rewards: ArrayLike) -> Self:
        """Streaming: one rating of a text with features (..., p + 1)."""
        ...

    def learn(self, features: Array, rewards: ArrayLike) -> Self:
        """Batch: t ratings at once, features (..., t, p + 1) and rewards (..., t)."""
        ...

    def drifted(self, variance: ArrayLike) -> Self:
        """Between rounds u moves: P + Q, Q = variance * I or a (p, p) matrix. Entropy rises."""
        ...

    def sample(self, rng: np.random.Generator) -> Array:
        """One draw of u for each user, (..., p)."""
        ...

    def to_state(self) -> UserState:
        """The value as arrays; `from_state` of its class gives it back bit for bit."""
        ...


def check_features(features: ArrayLike, size: int, rank: int) -> Array:
    """Features as float64 of at least `rank` axes, the last of length size + 1."""
    array = np.asarray(features, dtype=np.float64)
    if array.ndim < rank or array.shape[-1] != size + 1:
        axes = ", ".join(["..."] + ["n"] * (rank - 1) + [str(size + 1)])
        raise InputError(f"features of shape {array.shape}: must be ({axes})")
    if not np.isfinite(array).all():
        raise InputError("features: must be finite")
    return array


def check_shares(rewards: ArrayLike) -> Array:
    """Rewards of a scale with ends, 0 the lowest and 1 the highest, as float64."""
    array = np.asarray(rewards, dtype=np.float64)
    if not ((array >= 0) & (array <= 1)).all():
        raise InputError("rewards: must be finite and in [0, 1]")
    return array


def check_normal(mean: ArrayLike, covariance: ArrayLike) -> tuple[Array, Array]:
    """Mean (..., p) and covariance (..., p, p), finite, symmetric, of positive variances."""
    m, P = np.asarray(mean, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    if m.ndim < 1 or m.shape[-1] < 1:
        raise InputError(f"mean of shape {m.shape}: must be (..., p) with p >= 1")
    if P.shape != (*m.shape, m.shape[-1]):
        raise InputError(f"covariance of shape {P.shape}: must be {(*m.shape, m.shape[-1])}")
    if not np.isfinite(m).all():
        raise InputError("mean: must be finite")
    if not np.isfinite(P).all():
        raise InputError("covariance: must be finite")
    if not np.array_equal(P, P.swapaxes(-1, -2)):
        raise InputError("covariance: must be symmetric")
    if not (np.diagonal(P, axis1=-2, axis2=-1) > 0).all():
        raise InputError("covariance: must have positive variances")
    return m, P


def check_drift(variance: ArrayLike, size: int) -> Array:
    """Q (p, p) of a drift: a number >= 0 times I, or a symmetric positive semi-definite matrix."""
    Q = np.asarray(variance, dtype=np.float64)
    if Q.ndim == 0:
        Q = Q * np.eye(size)
    if Q.shape != (size, size) or not np.isfinite(Q).all() or not np.array_equal(Q, Q.T):
        raise InputError(
            f"variance of shape {Q.shape}: must be a number or a finite symmetric ({size}, {size})"
        )
    if np.linalg.eigvalsh(Q)[0] < -1e-12 * max(1.0, float(np.abs(Q).max())):
        raise InputError("variance: must be positive semi-definite")
    return Q


def read_arrays(state: UserState, kind: str, names: set[str]) -> dict[str, Array]:
    """The arrays of a state of this kind; StateError for a state of another."""
    if state.kind != kind:
        raise StateError(f"a state of kind {state.kind!r}: this posterior reads {kind!r}")
    if set(state.arrays) != names:
        raise StateError(f"arrays {sorted(state.arrays)}: a state of {kind!r} has {sorted(names)}")
    return dict(state.arrays)


def utilities(mean: Array, features: Array) -> Array:
    """phi'm + b, (..., n), for mean (..., p) and features (..., n, p + 1)."""
    return (features[..., :-1] @ mean[..., None])[..., 0] + features[..., -1]


def variances(covariance: Array, features: Array) -> Array:
    """phi'P phi, (..., n), never below 0, for features (..., n, p + 1)."""
    phi = features[..., :-1]
    return np.maximum(((phi @ covariance) * phi).sum(axis=-1), 0.0)


def categorical_information(probabilities: Array, weights: Array) -> Array:
    """I(category; utility) in nats, (...): of categories (..., K, nodes, c) given utilities at the
    nodes of K normals that are weighed (..., K)."""
    given = -(probabilities * np.log(np.maximum(probabilities, 1e-300))).sum(axis=-1)
    left = (weights * (given @ NODE_WEIGHTS)).sum(axis=-1)
    within = (probabilities * NODE_WEIGHTS[:, None]).sum(axis=-2)  # (..., K, c)
    marginal = (weights[..., None] * within).sum(axis=-2)
    entropy = -(marginal * np.log(np.maximum(marginal, 1e-300))).sum(axis=-1)
    return np.maximum(entropy - left, 0.0)
