"""Credit of a reward to the clusters of knowledge that were attended to.

The reward is r = sum_j a_j theta_j'q + noise, with attention a (k,) and query q (d,). Every cluster
shares one innovation,

    e = r - sum_i a_i theta_i'q,    s = s2 + sum_i a_i^2 q'P_i q,
    theta_j += a_j P_j q e / s,     P_j -= a_j^2 P_j q q'P_j / s,

which is the Kalman update of the joint state with the covariances between clusters left out. The
information about cluster j is a_j^2 qq'/s2. Crediting the whole reward to each cluster by its share
a_j is another thing: it takes what the others earned for the cluster's own, and counts it in full.

Attention must vary: under constant attention only sum_j a_j theta_j is identifiable, for any
method, and the block form is then over-confident about the single theta_j.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from hare.errors import InputError, SettingsError
from hare.user_state.posterior import Array, check_normal


@dataclass(frozen=True, slots=True, eq=False)
class ClusterCredit:
    """means (k, d) of the theta_j, covariances (k, d, d), variance > 0 of the noise in rewards."""

    means: Array
    covariances: Array
    variance: float

    def __post_init__(self) -> None:
        means, covariances = check_normal(self.means, self.covariances)
        if means.ndim != 2:
            raise InputError(f"means of shape {means.shape}: must be (k, d)")
        if not (np.isfinite(self.variance) and self.variance > 0):
            raise SettingsError("variance", self.variance, "must be finite and > 0")
        object.__setattr__(self, "means", means)
        object.__setattr__(self, "covariances", covariances)

    @classmethod
    def start(
        cls, clusters: int, size: int, prior_variance: float, variance: float
    ) -> ClusterCredit:
        """theta_j ~ N(0, prior_variance I) for each cluster."""
        for field, value in (("clusters", clusters), ("size", size)):
            if value < 1:
                raise SettingsError(field, value, "must be at least 1")
        if not (np.isfinite(prior_variance) and prior_variance > 0):
            raise SettingsError("prior_variance", prior_variance, "must be finite and > 0")
        covariances = np.tile(prior_variance * np.eye(size), (clusters, 1, 1))
        return cls(np.zeros((clusters, size)), covariances, variance)

    def predict(self, attention: ArrayLike, query: ArrayLike) -> tuple[float, float]:
        """Mean and variance of the expected reward, without the noise."""
        a, q = self._check(attention, query)
        across = self.covariances @ q  # (k, d)
        return float(a @ (self.means @ q)), float(a**2 @ (across @ q))

    def update(self, attention: ArrayLike, query: ArrayLike, reward: float) -> ClusterCredit:
        """What is known after a reward was earned with this attention (k,) and query (d,)."""
        a, q = self._check(attention, query)
        if not np.isfinite(reward):
            raise InputError(f"reward = {reward}: must be finite")
        across = self.covariances @ q  # P_j q, (k, d)
        innovation = float(reward) - float(a @ (self.means @ q))
        total = self.variance + float(a**2 @ (across @ q))
        weighed = a[:, None] * across
        return replace(
            self,
            means=self.means + weighed * (innovation / total),
            covariances=self.covariances - weighed[:, :, None] * weighed[:, None, :] / total,
        )

    def _check(self, attention: ArrayLike, query: ArrayLike) -> tuple[Array, Array]:
        a, q = np.asarray(attention, dtype=np.float64), np.asarray(query, dtype=np.float64)
        k, d = self.means.shape
        if a.shape != (k,) or not np.isfinite(a).all() or (a < 0).any():
            raise InputError(f"attention of shape {a.shape}: must be ({k},), finite and >= 0")
        if q.shape != (d,) or not np.isfinite(q).all():
            raise InputError(f"query of shape {q.shape}: must be ({d},) and finite")
        return a, q
