"""The rows of a cumulative-logit model: log-likelihood and its derivatives, row by row.

P(y = j) = F(a) − F(b), F the logistic distribution, a and b the thresholds above and below less the
linear predictor eta. F(a) − F(b) = F(a) F(−b) (1 − e^(b − a)), and a − b does not depend on eta. So
the log-likelihood of a row has the derivatives F(a) + F(b) − 1, −f(a) − f(b), … toward eta, is
concave, and needs no difference of two numbers close to one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from analysis.stats.arrays import Array

Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class LogitRows:
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


def log_gap(alpha: Array) -> Array:
    """log(1 − e^(−gap)) of every category; zero for the two at the ends."""
    inner = np.log(-np.expm1(-np.diff(alpha)))
    return np.concatenate([[0.0], inner, [0.0]])


def gap_gradient(alpha: Array, counts: Codes) -> Array:
    """The gradient toward alpha of the sum of `log_gap` over rows; counts (J,) by category."""
    with np.errstate(over="ignore"):
        pull = counts[1:-1] / np.expm1(np.diff(alpha))
    return np.concatenate([[0.0], pull]) - np.concatenate([pull, [0.0]])
