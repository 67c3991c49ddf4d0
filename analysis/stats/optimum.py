"""A maximum of a log-likelihood that can be trusted: found, verified, and profiled.

The likelihoods of the mixed models are smooth in parameters without bounds (a standard deviation
enters as a number of either sign), so BFGS climbs and Newton's steps finish. What comes back was
checked by its gradient and its curvature: the curvature is positive definite, and the step that
is left is less than a thousandth of a standard error. Profile intervals hold one parameter, climb
with the others, and end where twice the log-likelihood has fallen by the χ² quantile (D. J. Venzon
and S. H. Moolgavkar, 1988, Applied Statistics 37, 87-94).

By scipy.optimize.minimize; by hand is the verdict, which its `success` does not give.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy import stats
from scipy.optimize import minimize

from analysis.stats.arrays import Array

Objective = Callable[[Array], tuple[float, Array]]  # a point to the value there and its gradient

STEP = 1e-4  # of the central differences, times max(1, |parameter|)
SETTLED = 1e-6  # largest g' H^-1 g that counts as the top: a thousandth of a standard error
FLAT = 1e-6  # a scaled curvature below this is called singular
NEAR = 1e-3  # the gradient at which BFGS hands over to Newton
POLISH = 8  # Newton steps at most


class NotEstimableError(Exception):
    """There is no maximum to report; the message says why, in words for a reader of the report.

    point  where the climb ended, None where there was none
    """

    def __init__(self, reason: str, point: Array | None = None) -> None:
        super().__init__(reason)
        self.point = point


@dataclass(frozen=True, slots=True)
class Maximum:
    """A verified maximum.

    point      (k,) parameters; value: the log-likelihood there
    gradient   (k,) of the log-likelihood, nearly zero
    curvature  (k, k) minus the matrix of second derivatives: the observed information
    """

    point: Array
    value: float
    gradient: Array
    curvature: Array

    @property
    def covariance(self) -> Array:
        """(k, k) inverse of the observed information."""
        return cast(Array, np.linalg.inv(self.curvature))


def maximise(objective: Objective, start: Array, *, limit: int) -> Maximum:
    """The maximum of `objective` near `start` (k,), with at most `limit` iterations of BFGS.

    NotEstimableError when it does not converge, or when the curvature there is not positive
    definite.

    >>> top = maximise(lambda x: (-float(x @ x), -2.0 * x), np.array([1.0, 2.0]), limit=50)
    >>> np.round(top.curvature, 6).tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """
    try:
        return _maximise(objective, start, limit)
    except np.linalg.LinAlgError:  # a variance went to zero, and the likelihood to infinity
        raise NotEstimableError("the likelihood has no finite maximum") from None


def _maximise(objective: Objective, start: Array, limit: int) -> Maximum:
    point, stopped = _climb(objective, start, limit, None)
    if stopped:
        raise NotEstimableError("the optimiser did not converge", point)
    for _ in range(POLISH):
        value, gradient = objective(point)
        curvature = _curvature(objective, point)
        step = _newton_step(curvature, gradient, point)
        left = float(gradient @ step)  # the squared distance to the top, in standard errors
        if left < SETTLED**2 or objective(point + step)[0] < value:
            if left > SETTLED:
                break
            return Maximum(point, value, gradient, curvature)
        point = point + step
    raise NotEstimableError("the optimiser did not converge", point)


def profile_bounds(
    objective: Objective, top: Maximum, index: int, *, level: float, limit: int
) -> tuple[float, float] | None:
    """The profile-likelihood interval of parameter `index`; None where the profile does not fall.

    >>> bowl = lambda x: (-float(x @ x), -2.0 * x)
    >>> top = maximise(bowl, np.array([1.0, 2.0]), limit=50)
    >>> low, high = profile_bounds(bowl, top, 0, level=0.95, limit=50)
    >>> round(2 * low**2, 6), round(2 * high**2, 6)  # the quantile of χ²(1)
    (3.841459, 3.841459)
    """
    quantile = float(np.sqrt(stats.chi2.ppf(level, 1)))
    try:
        with np.errstate(all="ignore"):  # far out; what is not finite ends the search
            low = _profile_bound(objective, top, index, -quantile, limit)
            high = _profile_bound(objective, top, index, quantile, limit)
    except NotEstimableError:
        return None
    return None if low is None or high is None else (low, high)


def _profile_bound(
    objective: Objective, top: Maximum, index: int, target: float, limit: int
) -> float | None:
    """Where the signed root of the profile reaches `target`, by Newton's method on that root."""
    others = np.arange(top.point.size) != index
    spread = top.covariance
    inverse = cast(Array, np.linalg.inv(top.curvature[np.ix_(others, others)]))
    direction = spread[:, index] / spread[index, index]  # how the others follow, to first order
    offset = target * float(np.sqrt(spread[index, index]))
    point = top.point.copy()
    for _ in range(25):
        point = point + direction * (top.point[index] + offset - point[index])

        def rest(free: Array, held: Array = point) -> tuple[float, Array]:
            full = held.copy()
            full[others] = free
            value, gradient = objective(full)
            return value, gradient[others]

        if others.any():
            point[others], stopped = _climb(rest, point[others], limit, inverse)
            if stopped:
                return None
        value, gradient = objective(point)
        root = np.sign(target) * np.sqrt(max(2.0 * (top.value - value), 0.0))
        slope = -gradient[index] / root if root else 0.0  # of the signed root, by the envelope
        if not np.isfinite(slope) or slope <= 0.0:
            return None
        change = (target - root) / slope
        if abs(change) < 1e-6 * abs(offset):
            return float(point[index] + change)
        offset += float(np.clip(change, -abs(offset), abs(offset)))
    return None


def _climb(
    objective: Objective, start: Array, limit: int, inverse: Array | None
) -> tuple[Array, bool]:
    """Where BFGS ends, and whether the limit of iterations stopped it."""

    def descend(point: Array) -> tuple[float, Array]:
        value, gradient = objective(point)
        return -value, -gradient

    options: dict[str, object] = {"maxiter": limit, "gtol": NEAR}
    if inverse is not None:
        options["hess_inv0"] = (inverse + inverse.T) / 2.0
    with np.errstate(all="ignore"):
        found = minimize(descend, start, jac=True, method="BFGS", options=options)
    if not np.isfinite(found.fun):
        raise NotEstimableError("the likelihood has no finite maximum")
    return np.asarray(found.x, dtype=np.float64), found.status == 1


def _curvature(objective: Objective, point: Array) -> Array:
    """Minus the second derivatives, by central differences of the gradient."""
    rows = []
    for k, value in enumerate(point):
        step = np.zeros_like(point)
        step[k] = STEP * max(1.0, abs(value))
        ahead, behind = objective(point + step)[1], objective(point - step)[1]
        rows.append((behind - ahead) / (2.0 * step[k]))
    matrix = np.array(rows)
    return cast(Array, (matrix + matrix.T) / 2.0)


def _newton_step(curvature: Array, gradient: Array, point: Array) -> Array:
    diagonal = np.diag(curvature)
    if not np.isfinite(curvature).all() or (diagonal <= 0.0).any():
        reason = "the likelihood has no clear maximum: it is flat or a saddle there"
        raise NotEstimableError(reason, point)
    scale = np.sqrt(diagonal)
    smallest = float(np.linalg.eigvalsh(curvature / np.outer(scale, scale))[0])
    if smallest < FLAT:
        reason = "the likelihood has no clear maximum: the data do not tell some parameters apart"
        raise NotEstimableError(reason, point)
    return cast(Array, np.linalg.solve(curvature, gradient))
