"""Bayesian linear regression with one population and many users: exact, from sufficient statistics.

    r = g'θ + h'δ_u + ε,   θ ~ N(0, diag(scale_b²)),   δ_u ~ N(0, Σ),   ε ~ N(0, noise²)

θ is common to all, δ_u is what user u adds. Given θ the users are independent, so each δ_u is
marginalised in closed form and what is left is a regression for θ alone (Henderson's mixed-model
equations; Harville 1977). With G_u = (Σ⁻¹ + S_hh/noise²)⁻¹ and S_hh = Σ_t h h' of user u:

    Λ = diag(scale_b⁻²) + S_gg/noise² − Σ_u S_gh G_u S_hg / noise⁴       precision of θ
    δ_u | θ ~ N( G_u (b_h − S_hg θ)/noise², G_u )

The prior is learned from the users themselves (empirical Bayes): scales and noise by the marginal
likelihood, Σ by expectation maximisation with an inverse-Wishart weight. Where the truth is one
linear function the other scales shrink, and little is paid for them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize

Array = NDArray[np.float64]

_ARRAYS = (
    "blocks", "scales", "user_covariance", "S_gg", "b_g", "S_hh", "S_hg", "b_h",
    "_first", "_reduction", "_theta",
)  # fmt: skip
_VALUES = ("noise", "weight", "rounds", "r_r")

FARTHEST = 3.0  # a scale stays within a factor e³ of its first value
EVALUATIONS = 60  # of the marginal likelihood, when the scales are learned
EM_STEPS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Predictive:
    """Joint normal prediction for K items: covariance = population population' + user user'.

    mean (K,), population (K, Dg) what is not known of θ, user (K, Dh) what is not known of the user
    when θ is given.
    """

    mean: Array
    population: Array
    user: Array

    @property
    def deviation(self) -> Array:
        """(K,) standard deviations."""
        return np.sqrt((self.population**2).sum(axis=1) + (self.user**2).sum(axis=1))


class MixedEffects:
    """The regression and its sufficient statistics.

    blocks      (Dg,) which of the scales each coefficient of θ has, in 0..B-1
    user_size   Dh, 0 for a population without users
    scales      (B,) prior standard deviations; user_scale that of each coefficient of δ
    noise       standard deviation of one reward
    weight      users that the prior of Σ counts for, > 0
    """

    def __init__(
        self,
        blocks: NDArray[np.intp],
        user_size: int,
        scales: Array,
        user_scale: float,
        noise: float,
        weight: float = 5.0,
    ) -> None:
        size = len(blocks)
        self.blocks, self.user_size, self.weight = blocks, user_size, weight
        self.scales, self.noise = np.array(scales, dtype=np.float64), float(noise)
        self.user_covariance = user_scale**2 * np.eye(user_size)  # Σ
        self._first = np.log([*self.scales, user_scale, noise])
        self.rows: dict[Hashable, int] = {}
        self.rounds = 0
        self.S_gg, self.b_g, self.r_r = np.zeros((size, size)), np.zeros(size), 0.0
        self.S_hh = np.zeros((0, user_size, user_size))
        self.S_hg = np.zeros((0, user_size, size))
        self.b_h = np.zeros((0, user_size))
        self._reduction = np.zeros((size + 1, size + 1))  # Σ_u of the last term of Λ, with b_h
        self._root: Array | None = None
        self._theta = np.zeros(size)

    def add(self, g: Array, h: Array, reward: float, user: Hashable) -> None:
        """Learn from one reward. g (Dg,), h (Dh,)."""
        self.rounds += 1
        self.S_gg += np.outer(g, g)
        self.b_g += reward * g
        self.r_r += reward * reward
        if self.user_size:
            i = self._row(user)
            self._reduction -= self._reduction_of(slice(i, i + 1))[0]
            self.S_hh[i] += np.outer(h, h)
            self.S_hg[i] += np.outer(h, g)
            self.b_h[i] += reward * h
            self._reduction += self._reduction_of(slice(i, i + 1))[0]

    def refresh(self) -> None:
        """Compute the posterior of θ anew from everything added. O(Dg³)."""
        self._root, half, _ = self._posterior(self.scales, self.noise, self._reduction)
        self._theta = solve_triangular(self._root, half, lower=True, trans=1)

    def predict(self, g: Array, h: Array, user: Hashable) -> Predictive:
        """Prediction for items g (K, Dg), h (K, Dh), asked for by `user`, who may be new."""
        if self._root is None:
            self.refresh()
        assert self._root is not None
        mean = np.zeros(len(g))
        root = np.zeros((len(g), 0))
        if self.user_size:
            lower = np.linalg.cholesky(np.linalg.inv(self.user_covariance))
            if user in self.rows:
                i = self.rows[user]
                lower = np.linalg.cholesky(lower @ lower.T + self.S_hh[i] / self.noise**2)
                half = solve_triangular(lower, h.T, lower=True)  # (Dh, K)
                seen = np.column_stack([self.S_hg[i], self.b_h[i]]) / self.noise**2
                shift = half.T @ solve_triangular(lower, seen, lower=True)
                g, mean = g - shift[:, :-1], shift[:, -1]
            root = solve_triangular(lower, h.T, lower=True).T
        population = solve_triangular(self._root, g.T, lower=True).T
        return Predictive(mean + g @ self._theta, population, root)

    def uncertainty(self, user: Hashable) -> float:
        """Trace of the user's covariance given θ over the prior's: 1 for a new user, then less."""
        if user not in self.rows:
            return 1.0
        prior = np.linalg.inv(self.user_covariance)
        known = np.linalg.inv(prior + self.S_hh[self.rows[user]] / self.noise**2)
        return float(np.trace(known) / np.trace(self.user_covariance))

    def learn_prior(self) -> None:
        """Set scales, noise and Σ by empirical Bayes, then refresh."""
        start = np.append(np.log(self.scales), np.log(self.noise))
        shape, scale = self.user_covariance, 1.0
        if self.user_size:
            scale = float(np.sqrt(np.trace(shape) / self.user_size))
            shape = shape / scale**2
            start = np.insert(start, -1, np.log(scale))
        first = self._first if self.user_size else np.delete(self._first, -2)

        def loss(logs: Array) -> float:
            user = np.exp(logs[-2]) ** 2 * shape if self.user_size else shape
            scales, noise = np.exp(logs[: len(self.scales)]), float(np.exp(logs[-1]))
            return -self.log_evidence(scales, user, noise)

        bounds = [(f - FARTHEST, f + FARTHEST) for f in first]
        best = minimize(
            loss, start, method="Powell", bounds=bounds,
            options={"maxfev": EVALUATIONS, "xtol": 0.1, "ftol": 1e-3},
        ).x  # fmt: skip
        self.scales, self.noise = np.exp(best[: len(self.scales)]), float(np.exp(best[-1]))
        if self.user_size:
            self.user_covariance = np.exp(best[-2]) ** 2 * shape
            for _ in range(EM_STEPS):
                self.user_covariance = self._expected_covariance(float(np.exp(2 * best[-2])))
        self._reduction = self._reduction_of(slice(None))[0]
        self.refresh()

    def log_evidence(self, scales: Array, user_covariance: Array, noise: float) -> float:
        """Log marginal likelihood of all rewards, in nats."""
        reduction, log_det = np.zeros_like(self._reduction), 0.0
        if self.user_size and len(self.rows):
            reduction, log_det = self._reduction_of(slice(None), user_covariance, noise)
        root, _, quadratic = self._posterior(scales, noise, reduction)
        log_det += 2 * np.log(np.diag(root)).sum() + 2 * np.log(scales)[self.blocks].sum()
        return -0.5 * float(quadratic + log_det + self.rounds * np.log(2 * np.pi * noise**2))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learned, by name; with `values`, what `restore` takes."""
        arrays = {name: np.asarray(getattr(self, name)) for name in _ARRAYS}
        users = np.array(list(self.rows), dtype=np.int64)
        return {**arrays, "users": users, **({} if self._root is None else {"_root": self._root})}

    def values(self) -> dict[str, float]:
        return {name: float(getattr(self, name)) for name in _VALUES}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], values: Mapping[str, float]) -> Self:
        """The regression of `arrays` and `values`, bit for bit; users must be integers."""
        size = arrays["S_hh"].shape[-1]
        new = cls(arrays["blocks"], size, arrays["scales"], 1.0, values["noise"])
        for name in _ARRAYS:
            setattr(new, name, np.array(arrays[name]))
        for name in _VALUES:
            setattr(new, name, values[name])
        new.rounds = int(new.rounds)
        new.rows = {int(user): i for i, user in enumerate(arrays["users"])}
        new._root = np.array(arrays["_root"]) if "_root" in arrays else None
        return new

    def _posterior(
        self, scales: Array, noise: float, reduction: Array
    ) -> tuple[Array, Array, float]:
        """Cholesky root of Λ, root⁻¹ Λθ, and the quadratic form of the rewards."""
        precision: Array = self.S_gg / noise**2 - reduction[:-1, :-1]
        precision[np.diag_indices_from(precision)] += 1.0 / scales[self.blocks] ** 2
        root: Array = cholesky(precision, lower=True)
        half: Array = np.asarray(
            solve_triangular(root, self.b_g / noise**2 - reduction[:-1, -1], lower=True)
        )
        return root, half, self.r_r / noise**2 - reduction[-1, -1] - float(half @ half)

    def _reduction_of(
        self, rows: slice, user_covariance: Array | None = None, noise: float | None = None
    ) -> tuple[Array, float]:
        """What marginalising these users takes from Λ, and their part of the log determinant."""
        covariance = self.user_covariance if user_covariance is None else user_covariance
        variance = (self.noise if noise is None else noise) ** 2
        prior = np.linalg.inv(covariance)
        roots = np.linalg.cholesky(prior + self.S_hh[rows] / variance)  # (m, Dh, Dh)
        seen = np.concatenate([self.S_hg[rows], self.b_h[rows, :, None]], axis=2) / variance
        half = np.linalg.solve(roots, seen).reshape(-1, len(self.b_g) + 1)
        log_det = 2 * np.log(np.diagonal(roots, axis1=1, axis2=2)).sum()
        return half.T @ half, float(log_det - len(roots) * np.linalg.slogdet(prior)[1])

    def _expected_covariance(self, variance_before: float) -> Array:
        """One step of expectation maximisation for Σ, with the weight of its prior."""
        root, half, _ = self._posterior(self.scales, self.noise, self._reduction_of(slice(None))[0])
        theta = solve_triangular(root, half, lower=True, trans=1)
        variance = self.noise**2
        G = np.linalg.inv(np.linalg.inv(self.user_covariance) + self.S_hh / variance)
        onto = G @ self.S_hg / variance  # (m, Dh, Dg)
        mean = np.einsum("mij,mj->mi", G, self.b_h) / variance - onto @ theta
        spread = solve_triangular(root, onto.reshape(-1, len(theta)).T, lower=True)
        spread = spread.T.reshape(onto.shape)
        moments = mean.T @ mean + G.sum(axis=0) + np.einsum("mik,mjk->ij", spread, spread)
        covariance = self.weight * variance_before * np.eye(self.user_size) + moments
        return covariance / (self.weight + len(G))

    def _row(self, user: Hashable) -> int:
        if user not in self.rows:
            self.rows[user] = len(self.rows)
            h, g = self.user_size, len(self.b_g)
            self.S_hh = np.concatenate([self.S_hh, np.zeros((1, h, h))])
            self.S_hg = np.concatenate([self.S_hg, np.zeros((1, h, g))])
            self.b_h = np.concatenate([self.b_h, np.zeros((1, h))])
        return self.rows[user]
