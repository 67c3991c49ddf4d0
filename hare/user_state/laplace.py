"""Normals under a concave log-likelihood of the utility: the mode, and the curvature there.

One rating moves only along P phi, so its MAP is the root of one equation in one unknown,
kappa = l'(phi'm + b + kappa phi'P phi), whose right side falls while the left rises: one root.
Then m' = m + kappa P phi and P' = P - w P phi phi'P / (1 + w phi'P phi), w = -l'' at the root. A
whole history is solved by Newton's method in coordinates where the prior is the standard normal
(MacKay 2003, chapter 27).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from hare.user_state.posterior import NODE_WEIGHTS, NODES, Array, Update, utilities

PLAIN_STEPS = 25


class Likelihood(Protocol):
    """A log-likelihood that is concave in the utility; everything works elementwise."""

    def derivatives(self, utilities: Array, rewards: Array) -> tuple[Array, Array]:
        """Slope l' and negative curvature -l'' >= 0."""
        ...

    def log_likelihood(self, utilities: Array, rewards: Array) -> Array: ...


def one_step(
    likelihood: Likelihood, mean: Array, covariance: Array, features: Array, rewards: Array
) -> Update:
    """One rating upon normals; the evidence by Gauss-Hermite quadrature around the mode."""
    phi = features[..., :-1]
    across = (covariance @ phi[..., None])[..., 0]  # P phi, (..., p)
    spread = np.maximum((across * phi).sum(axis=-1), 0.0)
    centre = (mean * phi).sum(axis=-1) + features[..., -1]
    kappa = _root(likelihood, centre, spread, rewards)
    w = likelihood.derivatives(centre + spread * kappa, rewards)[1]
    gain = w / (1.0 + w * spread)
    return Update(
        mean + kappa[..., None] * across,
        covariance - gain[..., None, None] * (across[..., :, None] * across[..., None, :]),
        _log_evidence(likelihood, centre, spread, rewards, kappa, w),
    )


def batch(
    likelihood: Likelihood, mean: Array, covariance: Array, features: Array, rewards: Array
) -> Update:
    """A history upon normals: mode, inverse curvature, and Laplace's evidence."""
    scale = np.asarray(
        np.linalg.cholesky(covariance), np.float64
    )  # u = m + scale v, v standard normal
    phi = features[..., :-1] @ scale
    appeal = utilities(mean, features)
    v, white = standard_mode(likelihood, phi, appeal, rewards)
    fit = likelihood.log_likelihood(_inner(phi, v) + appeal, rewards).sum(axis=-1)
    log_volume = np.linalg.slogdet(white)[1]
    posterior = scale @ white @ scale.swapaxes(-1, -2)
    return Update(
        mean + _inner(scale, v),
        (posterior + posterior.swapaxes(-1, -2)) / 2,
        fit - (v * v).sum(axis=-1) / 2 + log_volume / 2,
    )


def standard_mode(
    likelihood: Likelihood, phi: Array, appeal: Array, rewards: Array
) -> tuple[Array, Array]:
    """Mode (..., p) and inverse curvature (..., p, p) of u ~ N(0, I), phi (..., t, p).

    Every user's Newton iteration stops for itself, so nobody's result depends on who else is asked.
    """
    turned = phi.swapaxes(-1, -2)
    lead = np.broadcast_shapes(phi.shape[:-2], rewards.shape[:-1], appeal.shape[:-1])
    mean = np.zeros((*lead, phi.shape[-1]))
    identity = np.eye(phi.shape[-1])
    open_ = np.ones(lead, dtype=bool)
    step, promise = np.zeros_like(mean), np.full(lead, np.inf)
    for number in range(300):
        slope, curvature = likelihood.derivatives(_inner(phi, mean) + appeal, rewards)
        gradient = _inner(turned, slope) - mean
        # Newton arrives within ten steps or, on long steep histories, may go round in circles. Then
        # a step that ends on a slope half as steep the other way went too far: half is taken back.
        back = open_ & (promise > 1e-9) & ((gradient * step).sum(axis=-1) < -promise / 2)
        back &= number >= PLAIN_STEPS
        precision = identity + (turned * curvature[..., None, :]) @ phi
        new = np.asarray(np.linalg.solve(precision, gradient[..., None]), np.float64)[..., 0]
        # A bounded step keeps Newton inside the region where the curvature is informative.
        new = new * np.minimum(1.0, 2.0 / np.maximum(_norm(new), 1e-300))[..., None]
        mean = np.where(open_[..., None], mean + np.where(back[..., None], -step / 2, new), mean)
        step = np.where(back[..., None], step / 2, new)
        promise = np.where(back, promise / 2, (gradient * new).sum(axis=-1))
        open_ = open_ & (back | (_norm(new) >= 1e-12))
        if not open_.any():
            break
    _, curvature = likelihood.derivatives(_inner(phi, mean) + appeal, rewards)
    covariance = np.linalg.inv(identity + (turned * curvature[..., None, :]) @ phi)
    return mean, (covariance + covariance.swapaxes(-1, -2)) / 2


def _root(likelihood: Likelihood, centre: Array, spread: Array, rewards: Array) -> Array:
    """kappa = l'(centre + spread kappa): Newton, kept between 0 and l'(centre)."""
    first, _ = likelihood.derivatives(centre, rewards)
    low, high = np.minimum(first, 0.0), np.maximum(first, 0.0)
    kappa = np.zeros_like(first)
    for _ in range(60):
        slope, curvature = likelihood.derivatives(centre + spread * kappa, rewards)
        gap = kappa - slope
        low, high = np.where(gap <= 0, kappa, low), np.where(gap >= 0, kappa, high)
        new = kappa - gap / (1.0 + spread * curvature)
        new = np.where((new < low) | (new > high), (low + high) / 2, new)
        moved, kappa = np.abs(new - kappa), new
        if (moved <= 1e-15 * np.maximum(1.0, np.abs(new))).all():
            break
    return kappa


def _log_evidence(
    likelihood: Likelihood, centre: Array, spread: Array, rewards: Array, kappa: Array, w: Array
) -> Array:
    """log of the integral of likelihood times N(centre, spread), nodes placed where it lives."""
    narrowing = np.sqrt(1.0 + w * spread)[..., None]
    root = np.sqrt(spread)[..., None]
    deviation = root * kappa[..., None] + NODES / narrowing  # of the nodes, in prior deviations
    logs = likelihood.log_likelihood(centre[..., None] + root * deviation, rewards[..., None])
    logs = logs + (NODES**2 - deviation**2) / 2 - np.log(narrowing)
    top = logs.max(axis=-1)
    return top + np.log(np.exp(logs - top[..., None]) @ NODE_WEIGHTS)


def _inner(matrix: Array, vector: Array) -> Array:
    return (matrix @ vector[..., None])[..., 0]


def _norm(vector: Array) -> Array:
    return np.sqrt((vector[..., None, :] @ vector[..., None])[..., 0, 0])
