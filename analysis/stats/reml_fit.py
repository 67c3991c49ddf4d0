"""A verified REML fit of a linear mixed model, in the units of the data.

The likelihood is that of analysis.stats.reml, climbed by analysis.stats.optimum from several
starts. What comes out are the fixed effects with what their degrees of freedom need, the variances
by name, and profile intervals by the unrestricted likelihood.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from analysis.stats.arrays import Array
from analysis.stats.fixed_effects import FixedEffects
from analysis.stats.optimum import STEP, Maximum, NotEstimableError, maximise, profile_bounds
from analysis.stats.reml import GaussianModel

LIMIT = 200  # iterations of the optimiser
NEGLIGIBLE = 1e-6  # a variance below this share of the residual one is called zero
STARTS = (0.5, 0.1, 1.5)  # standard deviations to start from, in residual ones


class RemlFit:
    """A REML fit in the data's units; inside, the outcome is in ordinary residual deviations."""

    def __init__(
        self,
        y: Array,
        X: Array,
        groups: np.ndarray,
        random: Array,
        parts: Mapping[str, Array],
        crossed: Mapping[str, Array],
        group: str,
    ) -> None:
        if groups.max(initial=-1) < 1:
            raise NotEstimableError("needs at least 2 groups")
        if np.linalg.matrix_rank(X) < X.shape[1]:
            raise NotEstimableError("the fixed effects are collinear")
        residual = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
        self.unit = float(np.sqrt(residual @ residual / max(len(y) - X.shape[1], 1)))
        if len(y) <= X.shape[1] or self.unit <= 1e-9 * float(np.abs(y).max()):
            raise NotEstimableError("the fixed effects leave no residual")
        self.names, Z, patterns = _random_effects(random, parts, group)
        self.free = random.shape[1]
        self.scale = _scale(Z, patterns)
        self.model = GaussianModel(
            *(y / self.unit, X, groups, Z / self.scale, patterns, list(crossed.values()))
        )
        self.crossed = list(crossed)
        self.top = self._maximise(patterns)
        b, C = self.model.fixed_effects(self.top.point)
        square = self.unit**2
        self.fixed = FixedEffects(
            b * self.unit, C * square, self._slopes() * square, self.top.covariance
        )
        rank = len(y) - X.shape[1]
        self.log_likelihood = self.top.value - rank * float(np.log(self.unit))

    def _maximise(self, patterns: Sequence[Array]) -> Maximum:
        diagonal = [float(np.trace(pattern) > 0) for pattern in patterns]
        deviations = np.array(diagonal + [1.0] * len(self.crossed))
        for start in STARTS:
            try:
                at = np.append(start * deviations, np.log(0.8))
                return maximise(self.model.restricted, at, limit=LIMIT)
            except NotEstimableError:
                if start == STARTS[-1]:
                    raise
        raise AssertionError("STARTS is empty")

    def _slopes(self) -> Array:
        """(parameters, terms, terms): how each parameter moves the covariance of the effects."""
        slopes = []
        for k in range(self.top.point.size):
            step = np.zeros(self.top.point.size)
            step[k] = STEP * max(1.0, abs(self.top.point[k]))
            ahead = self.model.fixed_effects(self.top.point + step)[1]
            behind = self.model.fixed_effects(self.top.point - step)[1]
            slopes.append((ahead - behind) / (2.0 * step[k]))
        return np.array(slopes)

    def profiles(self, level: float) -> list[tuple[float, float] | None]:
        """The profile intervals of the coefficients under the unrestricted likelihood."""
        start = np.concatenate([self.fixed.estimates / self.unit, self.top.point])
        try:
            top = maximise(self.model.full, start, limit=LIMIT)
        except NotEstimableError:
            return [None] * self.model.p
        found = [
            profile_bounds(self.model.full, top, k, level=level, limit=LIMIT)
            for k in range(self.model.p)
        ]
        return [None if f is None else (f[0] * self.unit, f[1] * self.unit) for f in found]

    def variances(self) -> dict[str, float]:
        """Variances and covariances by name, zero where they are negligible."""
        residual = float(np.exp(2.0 * self.top.point[-1]))
        psi = self.model.psi(self.top.point)
        k = self.free
        psi[np.abs(psi) < NEGLIGIBLE * residual] = 0.0
        psi = psi * self.unit**2 / np.outer(self.scale, self.scale)
        found = {
            self.names[i] if i == j else f"{self.names[j]}, {self.names[i]}": float(psi[i, j])
            for i in range(k)
            for j in range(i + 1)
        }
        for i in range(k, len(self.names)):
            found.setdefault(self.names[i], float(psi[i, i]))
        across = np.square(self.top.point[len(self.model.patterns) : -1])
        across[across < NEGLIGIBLE * residual] = 0.0
        found |= dict(zip(self.crossed, (across * self.unit**2).tolist(), strict=True))
        return {**found, "residual": residual * self.unit**2}

    def singular(self) -> bool:
        """Whether the free covariance, all its variances positive, has lost a dimension."""
        psi = self.model.psi(self.top.point)[: self.free, : self.free]
        deviations = np.sqrt(np.diag(psi))
        correlation = psi / np.outer(deviations, deviations)
        return bool(np.linalg.eigvalsh(correlation)[0] < NEGLIGIBLE)


def _random_effects(
    random: Array, parts: Mapping[str, Array], group: str
) -> tuple[list[str], Array, list[Array]]:
    """A name for each column of Z, Z, and the patterns of L: a free triangle, then the parts."""
    k = random.shape[1]
    names = [group] if k == 1 else [f"{group} {i}" for i in range(k)]
    names += [name for name, part in parts.items() for _ in range(part.shape[1])]
    Z = np.column_stack([random, *parts.values()])
    patterns = []
    for i in range(k):
        for j in range(i + 1):
            pattern = np.zeros((len(names), len(names)))
            pattern[i, j] = 1.0
            patterns.append(pattern)
    first = k
    for part in parts.values():
        pattern = np.zeros((len(names), len(names)))
        columns = first + np.arange(part.shape[1])
        pattern[columns, columns] = 1.0
        patterns.append(pattern)
        first += part.shape[1]
    return names, Z, patterns


def _scale(Z: Array, patterns: Sequence[Array]) -> Array:
    """The root mean square of every column; columns that share a variance share their scale."""
    square = np.mean(np.square(Z), axis=0)
    for pattern in patterns:
        shared = np.diag(pattern) > 0
        if shared.any():
            square[shared] = square[shared].mean()
    return cast(Array, np.where(square > 0, np.sqrt(square), 1.0))
