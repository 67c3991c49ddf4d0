"""The Gaussian likelihood of a linear mixed model, restricted (REML) or not, with its gradient.

y = X b + Z u + W g + e, Var(u) = Psi the same in every group, Var(e) = s² I, so V0 = Z Psi Z' +
s² I in a group; g, independent normals, cross the groups, so V = V0 + W Var(g) W'. All that the
likelihood needs of a group are the products Z'Z (q, q) and Z'[X y W], by Woodbury's identity, so
that an evaluation costs a q × q solve a group, however many rows it has, and by the same identity
one of the size of g (N. M. Laird and J. H. Ware, 1982, Biometrics 38, 963-974; D. Bates and others,
2015, Journal of Statistical Software 67(1), section 3, for Psi = L L').

By hand, because statsmodels' MixedLM stops early on the model of this study, gives neither
degrees of freedom nor a likelihood to profile, and needs seconds for 200 participants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from analysis.stats.arrays import Array

_LOG_2PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, slots=True)
class _Parts:
    """What one evaluation at (theta, sd, log s) holds; D = [X y W], G columns in W."""

    L: Array  # (q, q), Psi = L L'
    psi: Array  # (q, q)
    log_det: float  # of V
    own: Array  # (p + 1 + G, p + 1 + G), D' V0^-1 D
    VD: Array  # (n, q, p + 1 + G), Z' V0^-1 D
    VZ: Array  # (q, q), sum over groups of Z' V0^-1 Z
    M: Array  # (p + 1, p + 1), [X y]' V^-1 [X y]
    sd: Array  # (G,) of g
    K: Array  # (G, G), V^-1 = V0^-1 − V0^-1 W K W' V0^-1
    lift: Array  # (p + 1 + G, p + 1), V^-1 [X y] = V0^-1 D lift


class GaussianModel:
    """The data of a linear mixed model, reduced to its products.

    y (rows,); X (rows, p); groups (rows,) codes 0 … n − 1
    Z (rows, q): columns of random effects, the same q in every group
    patterns: (q, q) matrices of zeros and ones, L = sum of theta_k times the k-th of them
    crossed: (rows, m) columns of W, of one variance each time

    The parameters are theta (one a pattern; the sign of a column of L is arbitrary), a standard
    deviation for each of `crossed`, whose sign is arbitrary too, and log s at the end.
    """

    def __init__(
        self,
        y: Array,
        X: Array,
        groups: np.ndarray,
        Z: Array,
        patterns: Sequence[Array],
        crossed: Sequence[Array] = (),
    ) -> None:
        D = np.column_stack([X, y, *crossed])  # (rows, p + 1 + G)
        widths = np.array([part.shape[1] for part in crossed], dtype=np.intp)
        self.owner = np.repeat(np.arange(len(crossed)), widths)  # (G,)
        self.rows, self.p = X.shape
        self.crossed = len(crossed)
        self.q = Z.shape[1]
        self.patterns = np.array(patterns)  # (k, q, q)
        self.DD = D.T @ D
        order = np.argsort(groups, kind="stable")
        first = np.flatnonzero(np.diff(groups[order], prepend=-1))
        Z, D = Z[order], D[order]
        ZZ = np.add.reduceat(Z[:, :, None] * Z[:, None, :], first)  # (n, q, q)
        self.ZD = np.add.reduceat(Z[:, :, None] * D[:, None, :], first)  # (n, q, p + 1 + G)
        # Groups of one design share their Z'Z, and the solve with it.
        flat, self.kind, self.times = np.unique(
            ZZ.reshape(len(ZZ), -1), axis=0, return_inverse=True, return_counts=True
        )
        self.ZZ = flat.reshape(-1, self.q, self.q)  # (kinds, q, q)

    def restricted(self, parameters: Array) -> tuple[float, Array]:
        """The REML log-likelihood, b at its best, and its gradient."""
        parts = self._parts(parameters)
        b, C = self._solve(parts.M)
        value = self._value(parts, b) + 0.5 * self.p * _LOG_2PI
        sign, log_det = np.linalg.slogdet(parts.M[:-1, :-1])
        if sign <= 0:
            return -np.inf, np.zeros_like(parameters)
        w = np.append(-b, 1.0)
        outer = np.outer(w, w)
        outer[:-1, :-1] += C
        return value - 0.5 * float(log_det), self._gradient(parts, outer)

    def full(self, parameters: Array) -> tuple[float, Array]:
        """The log-likelihood at (b, theta, sd, log s), and its gradient."""
        b, rest = parameters[: self.p], parameters[self.p :]
        parts = self._parts(rest)
        w = np.append(-b, 1.0)
        toward = (parts.M @ w)[:-1]
        gradient = self._gradient(parts, np.outer(w, w))
        return self._value(parts, b), np.concatenate([toward, gradient])

    def fixed_effects(self, parameters: Array) -> tuple[Array, Array]:
        """b (p,) by generalised least squares, and its covariance (p, p)."""
        return self._solve(self._parts(parameters).M)

    def psi(self, parameters: Array) -> Array:
        """Var(u) (q, q) at (theta, sd, log s)."""
        L = np.tensordot(parameters[: len(self.patterns)], self.patterns, axes=1)
        return cast(Array, L @ L.T)

    def _parts(self, parameters: Array) -> _Parts:
        s2 = float(np.exp(2.0 * parameters[-1]))
        k = len(self.patterns)
        L = np.tensordot(parameters[:k], self.patterns, axes=1)
        psi = L @ L.T
        inner = s2 * np.eye(self.q) + self.ZZ @ psi  # (kinds, q, q)
        log_det = float(self.times @ np.linalg.slogdet(inner)[1])
        log_det += (self.rows - len(self.ZD) * self.q) * float(np.log(s2))
        inverse = cast(Array, np.linalg.inv(inner))
        VD = inverse[self.kind] @ self.ZD
        VZ = np.tensordot(self.times, inverse @ self.ZZ, axes=1)
        own = (self.DD - _summed(self.ZD, psi @ VD)) / s2
        sd, first = parameters[k:-1][self.owner], self.p + 1
        WW, WD = own[first:, first:], own[first:, :first]
        H = np.eye(sd.size) + sd[:, None] * WW * sd
        log_det += float(np.linalg.slogdet(H)[1])
        K = sd[:, None] * cast(Array, np.linalg.inv(H)) * sd
        lift = np.vstack([np.eye(first), -K @ WD])
        M = own[:first, :first] - WD.T @ K @ WD
        return _Parts(L, psi, log_det, own, VD, VZ, M, sd, K, lift)

    def _solve(self, M: Array) -> tuple[Array, Array]:
        C = np.linalg.inv(M[:-1, :-1])
        return cast(Array, C @ M[:-1, -1]), cast(Array, C)

    def _value(self, parts: _Parts, b: Array) -> float:
        w = np.append(-b, 1.0)
        return -0.5 * (parts.log_det + float(w @ parts.M @ w) + self.rows * _LOG_2PI)

    def _gradient(self, parts: _Parts, outer: Array) -> Array:
        """Toward theta, sd and log s; `outer` weights the products of [X y] in the derivative."""
        WV = parts.own[self.p + 1 :] @ parts.lift  # (G, p + 1), W' V^-1 [X y]
        WW = parts.own[self.p + 1 :, self.p + 1 :]
        toward_sd = np.sum((WV @ outer) * WV, axis=1) - np.diag(WW - WW @ parts.K @ WW)
        across = np.bincount(self.owner, parts.sd * toward_sd, minlength=self.crossed)
        # In V0 for V: weights of the products of D, and the trace's own part of them
        outer = parts.lift @ outer @ parts.lift.T
        outer[self.p + 1 :, self.p + 1 :] += parts.K
        VD = parts.VD.transpose(0, 2, 1)  # (n, p + 1 + G, q)
        spread = _summed(VD, outer @ VD)  # (q, q)
        score = 0.5 * (spread - parts.VZ)  # (q, q), derivative toward Psi
        toward = 2.0 * np.einsum("kqr,qr->k", self.patterns, score @ parts.L)
        # s² V0^-2 = V0^-1 − V0^-1 Z Psi Z' V0^-1, within the products as within the trace
        square = float(np.sum(outer * parts.own)) - float(np.sum(spread * parts.psi))
        trace = self.rows - float(np.sum(parts.VZ * parts.psi))
        return np.concatenate([toward, across, [square - trace]])


def _summed(left: Array, right: Array) -> Array:
    """The sum over groups of left' right, for left (n, a, i) and right (n, a, j)."""
    i, j = left.shape[2], right.shape[2]
    return cast(Array, left.reshape(-1, i).T @ right.reshape(-1, j))
