"""The likelihood of a cumulative-logit model with random intercepts, with its exact gradient.

P(y <= j) = F(alpha_j − eta), F the logistic distribution, eta = X b + the intercepts of the row's
groups, each N(0, sd²) (P. McCullagh, 1980, JRSS B 42, 109-142). Intercepts are integrated out by
Laplace's approximation, or by Gauss–Hermite points centred and scaled at the mode of each group
(J. C. Pinheiro and D. M. Bates, 1995, JCGS 4, 12-35). One point is Laplace.

F(a) − F(b) = F(a) F(−b) (1 − e^(b − a)), and a − b does not depend on eta. So the log-likelihood
of a row has the derivatives F(a) + F(b) − 1, −f(a) − f(b), … toward eta, is concave, and needs no
difference of two numbers close to one. The gradient follows the modes by implicit differentiation.
By hand: statsmodels' OrderedModel has no random effects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import expit, log_expit, logsumexp

from analysis.stats.arrays import Array
from analysis.stats.optimum import NotEstimableError

Codes = NDArray[np.intp]

CELLS = 30_000_000  # of the padded design; 8 bytes each
INNER_STEPS = 60


class CumulativeLogit:
    """The data of a model, laid out in independent clusters of rows.

    category (rows,) codes 0 … J − 1, all of them used; X (rows, p) without an intercept
    groups: codes (rows,) of each grouping factor; points: quadrature points, 1 is Laplace

    The parameters are alpha_1, the logs of the gaps to alpha_2 …, b (p,), and one standard
    deviation a factor, whose sign is arbitrary.
    """

    def __init__(self, category: Codes, X: Array, groups: Sequence[Codes], points: int) -> None:
        self.J, self.p, self.factors = int(category.max()) + 1, X.shape[1], len(groups)
        rows, local, factor = _clusters(groups)
        self.mask = rows >= 0  # (C, m): clusters are padded to the rows of the largest
        self.category = np.where(self.mask, category[rows], 0)
        self.X = np.where(self.mask[..., None], X[rows], 0.0)  # (C, m, p)
        self.factor = factor  # (C, q): whose intercept each column of Z is; −1 pads
        C, m, q = *rows.shape, factor.shape[1]
        if C * m * q > CELLS:
            raise NotEstimableError("too many crossed intercepts for this method")
        self.Z = np.zeros((C, m, q))
        cluster, row = np.nonzero(self.mask)
        for codes in local:
            self.Z[cluster, row, codes[rows[cluster, row]]] = 1.0
        nodes, weights = np.polynomial.hermite_e.hermegauss(points)
        self.nodes = np.asarray(nodes, dtype=np.float64)  # (K,)
        self.log_weights = np.log(weights) + self.nodes**2 / 2 - np.log(2.0 * np.pi) / 2
        self.modes = np.zeros((C, q))  # of the last evaluation, where the next one starts

    def alpha(self, parameters: Array) -> Array:
        """The thresholds (J − 1,), ascending."""
        gaps = np.exp(parameters[1 : self.J - 1])
        return parameters[0] + np.concatenate([[0.0], np.cumsum(gaps)])

    def alpha_jacobian(self, parameters: Array) -> Array:
        """(J − 1, J − 1): row j has the derivatives of alpha_j toward alpha_1 and the log gaps."""
        steps = np.concatenate([[1.0], np.exp(parameters[1 : self.J - 1])])
        return cast(Array, np.tril(np.ones((self.J - 1, self.J - 1))) * steps)

    def __call__(self, parameters: Array) -> tuple[float, Array]:
        """The marginal log-likelihood at (alpha_1, log gaps, b, sd), and its gradient."""
        alpha = self.alpha(parameters)
        b = parameters[self.J - 1 : self.J - 1 + self.p]
        sd = parameters[self.J - 1 + self.p :]
        cuts = np.concatenate([[-np.inf], alpha, [np.inf]])
        rows = _Rows(cuts[self.category + 1], cuts[self.category], self.mask)
        fixed = self.X @ b
        scale = np.where(self.factor >= 0, sd[self.factor], 0.0)  # (C, q)
        A = self.Z * scale[:, None, :]  # (C, m, q)
        At = np.swapaxes(A, 1, 2)
        u = self._find_modes(rows, fixed, A)
        eta = fixed + _times(A, u)
        w = rows.weight(eta)
        D = np.eye(u.shape[1]) + At @ (A * w[..., None])
        V = cast(Array, np.linalg.inv(D))  # (C, q, q), posterior covariance of u

        # Points u + tau t, tau = D^(-1/2); with one point t = 0 and any q will do.
        tau = np.sqrt(np.diagonal(V, axis1=1, axis2=2))  # (C, q)
        shift = tau[:, None, :] * self.nodes[None, :, None]  # (C, K, q)
        at = u[:, None, :] + shift
        etas = fixed[:, None, :] + at @ At  # (C, K, m)
        joint = rows.log_likelihood(etas).sum(axis=2) - np.square(at).sum(axis=2) / 2
        terms = self.log_weights + joint  # (C, K)
        whole = cast(Array, logsumexp(terms, axis=1, keepdims=True))
        gaps = _log_gap(alpha)[self.category] * self.mask
        value = float(whole.sum() - np.linalg.slogdet(D)[1].sum() / 2 + gaps.sum())

        share = np.exp(terms - whole)  # (C, K), sums to 1
        slopes = rows.slope(etas)  # (C, K, m)
        pull = slopes @ A - at  # derivative of the joint toward u
        along = 1.0 + (share[..., None] * pull * shift).sum(axis=(1, 2))  # (C,), of −log det / 2
        drift = (share[..., None] * pull).sum(axis=1)  # (C, q), of the mode
        v = ((A @ V) * A).sum(axis=2)  # (C, m), posterior variance of eta
        lever = -0.5 * along[:, None] * v  # derivative toward w
        bend = lever * rows.weight_slope(eta)
        t = _times(V, _times(At, bend) + drift)  # (C, q)
        h = _times(A, t)  # (C, m)
        moved = bend - w * h  # what a change of eta does by way of w and the modes
        mean_slope = (share[..., None] * slopes).sum(axis=1)
        toward_b = np.einsum("cm,cmp->p", mean_slope + moved, self.X)
        toward_alpha = self._toward_alpha(rows, etas, share, eta, lever, h)
        toward_alpha += _gap_gradient(alpha, np.bincount(self.category[self.mask]))
        Zt = np.swapaxes(self.Z, 1, 2)
        spread = ((slopes * share[..., None]) @ self.Z * at).sum(axis=1)  # (C, q)
        spread += u * _times(Zt, moved) + t * _times(Zt, rows.slope(eta))
        spread -= along[:, None] * ((Zt @ (A * w[..., None])) * V).sum(axis=2)
        held = self.factor >= 0
        toward_sd = np.bincount(self.factor[held], spread[held], minlength=self.factors)
        gradient = [toward_alpha @ self.alpha_jacobian(parameters), toward_b, toward_sd]
        return value, np.concatenate(gradient)

    def _find_modes(self, rows: _Rows, fixed: Array, A: Array) -> Array:
        """The most likely u (C, q) given the rows, by damped Newton steps from the last ones."""
        At = np.swapaxes(A, 1, 2)
        u = self.modes if np.isfinite(self.modes).all() else np.zeros_like(self.modes)
        height = self._height(rows, fixed, A, u)
        for _ in range(INNER_STEPS):
            eta = fixed + _times(A, u)
            slope = _times(At, rows.slope(eta)) - u
            D = np.eye(u.shape[1]) + At @ (A * rows.weight(eta)[..., None])
            step = np.linalg.solve(D, slope[..., None])[..., 0]
            if float(np.abs(step).max(initial=0.0)) < 1e-9:
                break
            reached = self._height(rows, fixed, A, u + step)
            while (fell := reached < height - 1e-9 * (1.0 + np.abs(height))).any():
                step[fell] /= 2.0
                reached = self._height(rows, fixed, A, u + step)
            u, height = u + step, reached
        self.modes = u
        return u

    def _height(self, rows: _Rows, fixed: Array, A: Array, u: Array) -> Array:
        likelihood = rows.log_likelihood((fixed + _times(A, u))[:, None, :])[:, 0, :].sum(axis=1)
        return cast(Array, likelihood - np.square(u).sum(axis=1) / 2)

    def _toward_alpha(
        self, rows: _Rows, etas: Array, share: Array, eta: Array, bend: Array, h: Array
    ) -> Array:
        """Toward the thresholds: directly at the points, by way of w, and by way of the modes."""
        upper, lower = rows.threshold_slopes(etas)  # (C, K, m) each
        over = np.einsum("ck,ckm->cm", share, upper)
        under = np.einsum("ck,ckm->cm", share, lower)
        (fa, fb), (ga, gb) = rows.densities(eta), rows.density_slopes(eta)
        above = np.bincount(
            self.category[self.mask], (over + bend * ga + h * fa)[self.mask], minlength=self.J
        )
        below = np.bincount(
            self.category[self.mask], (under + bend * gb + h * fb)[self.mask], minlength=self.J
        )
        return cast(Array, above[:-1] + below[1:])


@dataclass(frozen=True, slots=True)
class _Rows:
    """Functions of eta (C, m) or (C, K, m) for rows with thresholds `upper` and `lower` (C, m)."""

    upper: Array
    lower: Array
    mask: NDArray[np.bool_]

    def _ends(self, eta: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        if eta.ndim == 2:
            return self.upper - eta, self.lower - eta, self.mask
        return self.upper[:, None] - eta, self.lower[:, None] - eta, self.mask[:, None]

    def log_likelihood(self, eta: Array) -> Array:
        """log F(a) + log F(−b), without the part that depends on the gap alone."""
        a, b, mask = self._ends(eta)
        return cast(Array, (log_expit(a) + log_expit(-b)) * mask)

    def slope(self, eta: Array) -> Array:
        """First derivative toward eta."""
        a, b, mask = self._ends(eta)
        return cast(Array, (expit(a) + expit(b) - 1.0) * mask)

    def weight(self, eta: Array) -> Array:
        """Minus the second derivative toward eta."""
        fa, fb = self.densities(eta)
        return fa + fb

    def weight_slope(self, eta: Array) -> Array:
        """The derivative of the weight toward eta."""
        ga, gb = self.density_slopes(eta)
        return -(ga + gb)

    def densities(self, eta: Array) -> tuple[Array, Array]:
        """f(a) and f(b)."""
        a, b, mask = self._ends(eta)
        return expit(a) * expit(-a) * mask, expit(b) * expit(-b) * mask

    def density_slopes(self, eta: Array) -> tuple[Array, Array]:
        """f'(a) and f'(b)."""
        a, b, mask = self._ends(eta)
        fa, fb = expit(a) * expit(-a), expit(b) * expit(-b)
        return fa * (1.0 - 2.0 * expit(a)) * mask, fb * (1.0 - 2.0 * expit(b)) * mask

    def threshold_slopes(self, eta: Array) -> tuple[Array, Array]:
        """First derivatives toward the upper and the lower threshold, gap part left out."""
        a, b, mask = self._ends(eta)
        return expit(-a) * mask, -expit(b) * mask


def _log_gap(alpha: Array) -> Array:
    """log(1 − e^(−gap)) of every category; zero for the two at the ends."""
    inner = np.log(-np.expm1(-np.diff(alpha)))
    return np.concatenate([[0.0], inner, [0.0]])


def _gap_gradient(alpha: Array, counts: Codes) -> Array:
    """The gradient toward alpha of the sum of `_log_gap` over rows; counts (J,) by category."""
    with np.errstate(over="ignore"):
        pull = counts[1:-1] / np.expm1(np.diff(alpha))
    return np.concatenate([[0.0], pull]) - np.concatenate([pull, [0.0]])


def _times(matrices: Array, vectors: Array) -> Array:
    """(C, a, b) times (C, b)."""
    return cast(Array, (matrices @ vectors[..., None])[..., 0])


def _clusters(groups: Sequence[Codes]) -> tuple[Codes, list[Codes], Codes]:
    """Rows by cluster, where two rows are of one cluster when shared groups connect them.

    Returns rows (C, m), −1 pads; for each factor the local column (rows,) of the row's group; and
    the factor (C, q) that each local column belongs to, −1 pads.
    """
    sizes = [int(codes.max()) + 1 for codes in groups]
    ends = np.cumsum(sizes)
    nodes = [codes + end - size for codes, end, size in zip(groups, ends, sizes, strict=True)]
    links = coo_array(
        (
            np.ones(len(nodes[0]) * len(nodes)),
            (np.concatenate([nodes[0]] * len(nodes)), np.concatenate(nodes)),
        ),
        shape=(int(ends[-1]),) * 2,
    )
    count, cluster = connected_components(links, directed=False)
    column = _places(cluster, count)
    factor = np.full((count, int(column.max()) + 1), -1)
    factor[cluster, column] = np.repeat(np.arange(len(groups)), sizes)
    of_row = cluster[nodes[0]]
    place = _places(of_row, count)
    rows = np.full((count, int(place.max()) + 1), -1)
    rows[of_row, place] = np.arange(of_row.size)
    return rows, [column[codes] for codes in nodes], factor


def _places(cluster: Codes, count: int) -> Codes:
    """The position of every member within its cluster, in the order given."""
    order = np.argsort(cluster, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(cluster, minlength=count))[:-1]])
    places = np.empty(cluster.size, dtype=np.intp)
    places[order] = np.arange(cluster.size) - starts[cluster[order]]
    return places
