"""The likelihood of a cumulative-logit model with random effects, with its exact gradient.

P(y <= j) = F(alpha_j − eta), F the logistic distribution, eta = X b + the random effects of the
row, each N(0, sd²) times a covariate (P. McCullagh, 1980, JRSS B 42, 109-142). Effects are
integrated out by Laplace's approximation, or by Gauss–Hermite points centred and scaled at the mode
of each group (J. C. Pinheiro and D. M. Bates, 1995, JCGS 4, 12-35). One point is Laplace. The
gradient follows the modes by implicit differentiation.

Effects that are nested in the first one are laid out within its groups; those that cross them, such
as requests that all participants get, border the matrix of second derivatives, whose other blocks
stay small (analysis.stats.arrow). By hand: statsmodels' OrderedModel has no random effects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy.special import logsumexp

from analysis.stats.arrays import Array
from analysis.stats.arrow import Arrow, times
from analysis.stats.logit_rows import Codes, LogitRows, gap_gradient, log_gap
from analysis.stats.optimum import NotEstimableError

CELLS = 30_000_000  # of the padded design; 8 bytes each
INNER_STEPS = 60


@dataclass(frozen=True, slots=True)
class RandomEffect:
    """Codes (rows,) of the groups, and what multiplies the effect of a row's group: ones, or x."""

    codes: Codes
    covariate: Array


class CumulativeLogit:
    """The data of a model, laid out in the groups of the first random effect.

    category (rows,) codes 0 … J − 1, all of them used; X (rows, p) without an intercept
    points: of the quadrature, 1 is Laplace; more needs a single effect

    The parameters are alpha_1, the logs of the gaps to alpha_2 …, b (p,), and one standard
    deviation an effect, whose sign is arbitrary.
    """

    def __init__(
        self, category: Codes, X: Array, effects: Sequence[RandomEffect], points: int
    ) -> None:
        self.J, self.p, self.effects = int(category.max()) + 1, X.shape[1], len(effects)
        cluster = effects[0].codes
        C = int(cluster.max()) + 1
        rows = np.full((C, int(np.bincount(cluster).max())), -1)
        rows[cluster, _places(cluster, C)] = np.arange(cluster.size)
        self.mask = rows >= 0  # (C, m): clusters are padded to the rows of the largest
        self.category = np.where(self.mask, category[rows], 0)
        self.X = np.where(self.mask[..., None], X[rows], 0.0)  # (C, m, p)
        local, self.local, crossed, self.crossed = _layout(effects, C)
        if rows.size * (self.local.shape[1] + self.crossed.size) > CELLS:
            raise NotEstimableError("too many crossed effects for this method")
        self.Z = self._columns(rows, effects, local, self.local.shape[1])  # (C, m, q)
        self.W = self._columns(rows, effects, crossed, self.crossed.size)  # (C, m, G)
        nodes, weights = np.polynomial.hermite_e.hermegauss(points)
        self.nodes = np.asarray(nodes, dtype=np.float64)  # (K,)
        self.log_weights = np.log(weights) + self.nodes**2 / 2 - np.log(2.0 * np.pi) / 2
        # Modes of the last evaluation, where the next one starts
        self.modes = np.zeros(self.local.shape), np.zeros(self.crossed.size)

    def _columns(
        self,
        rows: Codes,
        effects: Sequence[RandomEffect],
        columns: Sequence[Codes | None],
        width: int,
    ) -> Array:
        cluster, row = np.nonzero(self.mask)
        source = rows[cluster, row]
        found = np.zeros((*rows.shape, width))
        for effect, column in zip(effects, columns, strict=True):
            if column is not None:
                found[cluster, row, column[effect.codes[source]]] = effect.covariate[source]
        return found

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
        rows = LogitRows(cuts[self.category + 1], cuts[self.category], self.mask)
        fixed = self.X @ b
        A = self.Z * np.where(self.local >= 0, sd[self.local], 0.0)[:, None, :]  # (C, m, q)
        At = np.swapaxes(A, 1, 2)
        B = self.W * sd[self.crossed]  # (C, m, G)
        u, g = self._find_modes(rows, fixed, A, B)
        fixed = fixed + B @ g
        eta = fixed + times(A, u)
        w = rows.weight(eta)
        arrow = Arrow(A, B, w)

        # Points u + tau t, tau = D^(-1/2); with one point t = 0, and so where effects are crossed.
        tau = np.sqrt(np.diagonal(arrow.inverse, axis1=1, axis2=2))  # (C, q)
        shift = tau[:, None, :] * self.nodes[None, :, None]  # (C, K, q)
        at = u[:, None, :] + shift
        etas = fixed[:, None, :] + at @ At  # (C, K, m)
        joint = rows.log_likelihood(etas).sum(axis=2) - np.square(at).sum(axis=2) / 2
        terms = self.log_weights + joint  # (C, K)
        whole = cast(Array, logsumexp(terms, axis=1, keepdims=True))
        gaps = log_gap(alpha)[self.category] * self.mask
        value = float(whole.sum() - (g @ g + arrow.log_det) / 2 + gaps.sum())

        share = np.exp(terms - whole)  # (C, K), sums to 1
        slopes = rows.slope(etas)  # (C, K, m)
        pull = slopes @ A - at  # derivative of the joint toward u
        along = 1.0 + (share[..., None] * pull * shift).sum(axis=(1, 2))  # (C,), of −log det / 2
        drift = (share[..., None] * pull).sum(axis=1)  # (C, q), of the mode
        P, Q = arrow.with_rows()
        v = (P * A).sum(axis=2) + (Q * B).sum(axis=2)  # (C, m), posterior variance of eta
        lever = -0.5 * along[:, None] * v  # derivative toward w
        bend = lever * rows.weight_slope(eta)
        t, s = arrow.solve(times(At, bend) + drift, np.einsum("cm,cmg->g", bend, B))
        h = times(A, t) + B @ s  # (C, m)
        moved = bend - w * h  # what a change of eta does by way of w and the modes
        mean_slope = (share[..., None] * slopes).sum(axis=1)
        toward_b = np.einsum("cm,cmp->p", mean_slope + moved, self.X)
        toward_alpha = self._toward_alpha(rows, etas, share, eta, lever, h)
        toward_alpha += gap_gradient(alpha, np.bincount(self.category[self.mask]))
        Zt, slope = np.swapaxes(self.Z, 1, 2), rows.slope(eta)
        spread = ((slopes * share[..., None]) @ self.Z * at).sum(axis=1)  # (C, q)
        spread += u * times(Zt, moved) + t * times(Zt, slope)
        spread -= along[:, None] * (self.Z * w[..., None] * P).sum(axis=1)
        across = g * np.einsum("cm,cmg->g", slope + moved, self.W)  # (G,)
        across += s * np.einsum("cm,cmg->g", slope, self.W)
        across -= (self.W * w[..., None] * Q).sum(axis=(0, 1))
        held = self.local >= 0
        toward_sd = np.bincount(self.local[held], spread[held], minlength=self.effects)
        toward_sd += np.bincount(self.crossed, across, minlength=self.effects)
        gradient = [toward_alpha @ self.alpha_jacobian(parameters), toward_b, toward_sd]
        return value, np.concatenate(gradient)

    def _find_modes(self, rows: LogitRows, fixed: Array, A: Array, B: Array) -> tuple[Array, Array]:
        """The most likely u (C, q) and g (G,) given the rows, by damped Newton steps."""
        At = np.swapaxes(A, 1, 2)
        u, g = self.modes
        if not (np.isfinite(u).all() and np.isfinite(g).all()):
            u, g = np.zeros_like(u), np.zeros_like(g)
        height = self._height(rows, fixed, A, B, u, g)
        for _ in range(INNER_STEPS):
            eta = fixed + times(A, u) + B @ g
            slope = rows.slope(eta)
            step, across = Arrow(A, B, rows.weight(eta)).solve(
                times(At, slope) - u, np.einsum("cm,cmg->g", slope, B) - g
            )
            if max(np.abs(step).max(initial=0.0), np.abs(across).max(initial=0.0)) < 1e-9:
                break
            reached = self._height(rows, fixed, A, B, u + step, g + across)
            while (fell := reached < height - 1e-9 * (1.0 + np.abs(height))).any():
                step = np.where(fell[:, None], step / 2.0, step)
                across = across / 2.0
                reached = self._height(rows, fixed, A, B, u + step, g + across)
            u, g, height = u + step, g + across, reached
        self.modes = u, g
        return u, g

    def _height(
        self, rows: LogitRows, fixed: Array, A: Array, B: Array, u: Array, g: Array
    ) -> Array:
        """Of each cluster (C,); of all together (1,) where crossed effects connect them."""
        likelihood = rows.log_likelihood(fixed + times(A, u) + B @ g).sum(axis=1)
        height = cast(Array, likelihood - np.square(u).sum(axis=1) / 2)
        return np.array([height.sum() - g @ g / 2]) if g.size else height

    def _toward_alpha(
        self, rows: LogitRows, etas: Array, share: Array, eta: Array, bend: Array, h: Array
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


def _layout(
    effects: Sequence[RandomEffect], count: int
) -> tuple[list[Codes | None], Codes, list[Codes | None], Codes]:
    """Which column the groups of each effect have within their cluster, or in the border.

    Returns, for each effect, the local column (groups,), None where it is crossed; the effect
    (count, q) that each local column belongs to, −1 pads; the same of the crossed ones, with the
    effect (G,) of each column.
    """
    cluster = effects[0].codes
    local: list[Codes | None] = []
    crossed: list[Codes | None] = []
    taken = np.zeros(count, dtype=np.intp)  # columns of each cluster
    owners, border = list[tuple[Codes, Codes, int]](), list[int]()
    for place, effect in enumerate(effects):
        groups = int(effect.codes.max()) + 1
        home = np.zeros(groups, dtype=np.intp)
        home[effect.codes] = cluster
        if (home[effect.codes] == cluster).all():  # nested
            column = taken[home] + _places(home, count)
            owners.append((home, column, place))
            taken += np.bincount(home, minlength=count)
            local.append(column)
            crossed.append(None)
        else:
            local.append(None)
            crossed.append(len(border) + np.arange(groups))
            border += [place] * groups
    of_local = np.full((count, int(taken.max())), -1)
    for home, column, place in owners:
        of_local[home, column] = place
    return local, of_local, crossed, np.array(border, dtype=np.intp)


def _places(cluster: Codes, count: int) -> Codes:
    """The position of every member within its cluster, in the order given."""
    order = np.argsort(cluster, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(cluster, minlength=count))[:-1]])
    places = np.empty(cluster.size, dtype=np.intp)
    places[order] = np.arange(cluster.size) - starts[cluster[order]]
    return places
