"""Gaussian ratings: reward = intercept + slope * utility + noise, noise ~ N(0, variance).

The posterior of a normal is normal, and exactly (Bishop 2006, section 3.3):

    P' = P - P phi phi'P / (s2 + phi'P phi),    m' = m + P'phi (r - phi'm) / s2

so it does not depend on the order of the ratings, and the covariance not on the ratings at all.
The seeds put the prior covariance P where P' belongs in the second formula; that overshoots by
(s2 + phi'P phi) / s2 and diverges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hare.errors import InputError, SettingsError
from hare.user_state.posterior import NODE_WEIGHTS, NODES, Array, Update, utilities


@dataclass(frozen=True, slots=True)
class GaussianRatings:
    """The rating model. variance > 0 of the noise in rewards; slope: rewards a unit of utility."""

    variance: float
    intercept: float = 0.0
    slope: float = 1.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.variance) and self.variance > 0):
            raise SettingsError("variance", self.variance, "must be finite and > 0")
        if not np.isfinite(self.intercept):
            raise SettingsError("intercept", self.intercept, "must be finite")
        if not (np.isfinite(self.slope) and self.slope != 0):
            raise SettingsError("slope", self.slope, "must be finite and not 0")

    @property
    def name(self) -> str:
        return "gaussian"

    def check_rewards(self, rewards: ArrayLike) -> Array:
        array = np.asarray(rewards, dtype=np.float64)
        if not np.isfinite(array).all():
            raise InputError("rewards: must be finite")
        return array

    def step(self, mean: Array, covariance: Array, features: Array, rewards: Array) -> Update:
        phi = features[..., :-1]
        across = (covariance @ phi[..., None])[..., 0]  # P phi
        s2 = self.variance / self.slope**2  # of the noise, in squared units of utility
        total = s2 + np.maximum((across * phi).sum(axis=-1), 0.0)
        surprise = self._as_utility(rewards) - (mean * phi).sum(axis=-1) - features[..., -1]
        outer = across[..., :, None] * across[..., None, :]
        return Update(
            mean + across * (surprise / total)[..., None],  # P'phi / s2 = P phi / total
            covariance - outer / total[..., None, None],
            -0.5 * (np.log(2 * np.pi * total * self.slope**2) + surprise**2 / total),
        )

    def batch(self, mean: Array, covariance: Array, features: Array, rewards: Array) -> Update:
        phi = features[..., :-1]  # (..., t, p)
        s2 = self.variance / self.slope**2
        across = covariance @ phi.swapaxes(-1, -2)  # (..., p, t)
        total = phi @ across + s2 * np.eye(phi.shape[-2])  # (..., t, t)
        surprise = self._as_utility(rewards) - utilities(mean, features)
        solved = np.linalg.solve(total, np.concatenate([surprise[..., None], phi @ covariance], -1))
        P = covariance - across @ solved[..., 1:]
        fit = (surprise * solved[..., 0]).sum(axis=-1)
        log_volume = np.linalg.slogdet(2 * np.pi * self.slope**2 * total)[1]
        return Update(
            mean + (across @ solved[..., :1])[..., 0],
            (P + P.swapaxes(-1, -2)) / 2,
            -0.5 * (fit + log_volume),
        )

    def information(self, weights: Array, means: Array, variances: Array) -> Array:
        """1/2 log(1 + phi'P phi / s2) of one normal, whatever the rating; else by quadrature."""
        s2 = self.variance / self.slope**2
        if weights.shape[-1] == 1:
            return 0.5 * np.log1p(variances[..., 0] / s2)
        total = variances + s2  # of the rating given the component, (..., K)
        x = means[..., None] + np.sqrt(total)[..., None] * NODES  # (..., K, nodes)
        deviation = x[..., None, :, :] - means[..., :, None, None]  # (..., component, K, nodes)
        logs = -0.5 * (
            deviation**2 / total[..., :, None, None] + np.log(2 * np.pi * total)[..., :, None, None]
        )
        top = logs.max(axis=-3, keepdims=True)
        density = (weights[..., :, None, None] * np.exp(logs - top)).sum(axis=-3)
        surprise = -(np.log(density) + top[..., 0, :, :])  # (..., K, nodes)
        entropy = (weights * (surprise @ NODE_WEIGHTS)).sum(axis=-1)
        return np.maximum(entropy - 0.5 * np.log(2 * np.pi * np.e * s2), 0.0)

    def _as_utility(self, rewards: Array) -> Array:
        return (rewards - self.intercept) / self.slope


def fit_gaussian_ratings(utilities: ArrayLike, rewards: ArrayLike) -> GaussianRatings:
    """Least squares of observed rewards (n,) on known utilities (n,), n >= 3."""
    s, r = np.asarray(utilities, dtype=np.float64), np.asarray(rewards, dtype=np.float64)
    if s.ndim != 1 or s.shape != r.shape or len(s) < 3:
        raise InputError(f"utilities {s.shape} and rewards {r.shape}: must be (n,) with n >= 3")
    if not (np.isfinite(s).all() and np.isfinite(r).all()):
        raise InputError("utilities and rewards: must be finite")
    centred = s - s.mean()
    if not centred.any():
        raise InputError("utilities: must not all be equal")
    slope = float(centred @ (r - r.mean()) / (centred @ centred))
    intercept = float(r.mean() - slope * s.mean())
    residual = r - intercept - slope * s
    return GaussianRatings(float(residual @ residual / (len(s) - 2)), intercept, slope)
