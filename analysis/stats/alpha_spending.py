"""Stopping early at a known error rate: alpha spending and classical group-sequential boundaries.

K. K. G. Lan and D. L. DeMets (1983), Biometrika 70, 659-663: the cumulative alpha spent by
information t is 2(1 - Φ(z_{alpha/2} / sqrt(t))) for the O'Brien-Fleming type and
alpha ln(1 + (e - 1) t) for the Pocock type (alpha one-sided; a two-sided test spends half on each
side). S. J. Pocock (1977) has one boundary for all looks; P. C. O'Brien and T. R. Fleming (1979)
one that falls as 1 / sqrt(t). Crossing probabilities by the recursive integration of P. Armitage,
C. K. McPherson and B. C. Rowe (1969), J. R. Statist. Soc. A 132, 235-244, on Gauss-Legendre nodes.
By hand: no library of the stack has them.

The boundaries are for z. For a t test compare its p-value with the `nominal` level of the look.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast, get_args

import numpy as np
from scipy import optimize, special, stats

from analysis.errors import InputError
from analysis.stats.arrays import Array, vector
from analysis.stats.results import number
from analysis.stats.tabular import Cells, Tabular

Rule = Literal["obrien_fleming", "pocock"]
FAR = 10.0  # standard deviations beyond which a one-sided path is not followed
LEAST = 1e-280  # the smallest alpha that a look may spend
NODES_PER_SD = 5.0  # of the increment between two looks; twice as many change z by 1e-12
MOST_NODES = 3_000


@dataclass(frozen=True, slots=True)
class Boundaries(Tabular):
    """When to stop: at look k when z >= z[k], or |z| >= z[k] for two sides.

    rule         name of the boundary
    sides, alpha of the whole test
    information  share of the planned information at each look, rising, the last at most 1
    z            the boundary at each look
    nominal      the p-value that is as far out as z, for as many sides
    spent        cumulative probability of stopping under the null
    """

    rule: str
    sides: int
    alpha: float
    information: tuple[float, ...]
    z: tuple[float, ...]
    nominal: tuple[float, ...]
    spent: tuple[float, ...]

    def table_rows(self) -> list[Cells]:
        whole: Cells = {"rule": self.rule, "sides": self.sides, "alpha": self.alpha}
        names = ("information", "z", "nominal", "spent")
        looks = zip(self.information, self.z, self.nominal, self.spent, strict=True)
        return [
            whole | {"look": k} | dict(zip(names, look, strict=True))
            for k, look in enumerate(looks, start=1)
        ]

    def apa(self) -> str:
        """One line for a protocol or a results section."""
        looks = ", ".join(
            f"{number(z, 3)} at {100 * t:.4g}%"
            for z, t in zip(self.z, self.information, strict=True)
        )
        sides = "one-sided" if self.sides == 1 else "two-sided"
        return f"{self.rule}, {sides} alpha = {self.alpha:g}: z = {looks} of the information"

    def power(self, drift: float) -> tuple[float, ...]:
        """Cumulative probability of stopping at each look when z at full information has mean
        `drift`; for a paired design with N participants, drift = d_z sqrt(N). Both sides count.

        >>> round(classical_boundaries("pocock", 1).power(2.8016)[-1], 3)
        0.8
        """
        return _stopping(self.z, self.information, self.sides, drift)


def spend(rule: Rule, information: float, *, alpha: float = 0.05, sides: int = 2) -> float:
    """Cumulative alpha that `rule` has spent at `information` in (0, 1], all sides together.

    >>> round(spend("pocock", 0.5), 4), round(spend("obrien_fleming", 0.5), 4)
    (0.031, 0.0031)
    """
    _check(rule, alpha, sides)
    if not 0.0 < information <= 1.0:
        raise InputError(f"information = {information!r}: must be in (0, 1]")
    one = alpha / sides
    if rule == "pocock":
        return sides * one * math.log1p((math.e - 1.0) * information)
    return float(sides * 2.0 * stats.norm.sf(stats.norm.isf(one / 2.0) / math.sqrt(information)))


def spending_boundaries(
    rule: Rule, information: Sequence[float] | int, *, alpha: float = 0.05, sides: int = 2
) -> Boundaries:
    """Lan and DeMets's boundaries that spend alpha by `rule`.

    information  rising shares in (0, 1] at which data are looked at, or the number of equal steps
    alpha        in (0, 0.5), of all sides together; sides: 1 or 2
    InputError for looks that do not rise or lie too close together, or too early to spend anything.

    >>> [round(z, 3) for z in spending_boundaries("obrien_fleming", 5).z]
    [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    _check(rule, alpha, sides)
    looks = _looks(information)
    spent = [spend(rule, t, alpha=alpha, sides=sides) for t in looks]
    path = _Path(sides)
    z: list[float] = []
    for look, (t, new) in enumerate(zip(looks, np.diff(spent, prepend=0.0), strict=True)):
        if new < LEAST:
            raise InputError(f"information[{look}] = {t:g}: this early nothing is spent yet")

        def excess(bound: float, t: float = t, new: float = float(new)) -> float:
            return math.log(max(path.crossing(bound, t), LEAST / 1e10)) - math.log(new)

        bound = cast(float, optimize.brentq(excess, -FAR, 40.0, xtol=1e-12))
        path.follow(bound, t)
        z.append(bound)
    return _boundaries(f"{_NAMES[rule]} type spending", sides, alpha, looks, z)


def classical_boundaries(
    rule: Rule, information: Sequence[float] | int, *, alpha: float = 0.05, sides: int = 2
) -> Boundaries:
    """Pocock's constant, or O'Brien and Fleming's falling, boundary; arguments as above.

    >>> [round(z, 3) for z in classical_boundaries("pocock", 5).z]
    [2.413, 2.413, 2.413, 2.413, 2.413]
    """
    _check(rule, alpha, sides)
    looks = _looks(information)
    shape: Callable[[float], float] = (
        (lambda t: 1.0) if rule == "pocock" else (lambda t: math.sqrt(looks[-1] / t))
    )

    def excess(constant: float) -> float:
        return _stopping([constant * shape(t) for t in looks], looks, sides)[-1] - alpha

    constant = cast(float, optimize.brentq(excess, 0.0, 8.0, xtol=1e-12))
    return _boundaries(_NAMES[rule], sides, alpha, looks, [constant * shape(t) for t in looks])


_NAMES: dict[Rule, str] = {"obrien_fleming": "O'Brien–Fleming", "pocock": "Pocock"}


class _Path:
    """The Brownian path of z sqrt(t) so far: its density where no boundary was crossed.

    drift  mean of the path at t = 1
    """

    def __init__(self, sides: int, drift: float = 0.0) -> None:
        self.sides, self.drift, self.t = sides, drift, 0.0
        self.place, self.mass = np.zeros(1), np.ones(1)  # quadrature nodes, density × weight

    def crossing(self, bound: float, t: float) -> float:
        """Probability of first crossing z = bound (or ±bound) at information t."""
        sd, edge = math.sqrt(t - self.t), bound * math.sqrt(t)
        mean = self.place + self.drift * (t - self.t)
        chance = stats.norm.sf((edge - mean) / sd)
        if self.sides == 2:
            chance = chance + stats.norm.cdf((-edge - mean) / sd)
        return float(self.mass @ chance)

    def follow(self, bound: float, t: float) -> None:
        """Go on to information t, where the path has stayed inside the bound."""
        sd, edge = math.sqrt(t - self.t), bound * math.sqrt(t)
        far = FAR * math.sqrt(t)
        top = min(edge, self.drift * t + far)
        bottom = self.drift * t - far
        if self.sides == 2:
            bottom = max(-edge, bottom)
        count = max(64, 32 * math.ceil(NODES_PER_SD / 32.0 * (top - bottom) / sd))
        if count > MOST_NODES:
            raise InputError(f"information {t:.9g}: is too close to the look before, {self.t:.9g}")
        node, weight = _nodes(count)
        half = (top - bottom) / 2.0
        place = bottom + half * (node + 1.0)
        mean = self.place + self.drift * (t - self.t)
        density = stats.norm.pdf((place[:, None] - mean[None, :]) / sd) / sd @ self.mass
        self.place, self.mass, self.t = place, density * weight * half, t


@lru_cache(maxsize=64)
def _nodes(count: int) -> tuple[Array, Array]:
    """Gauss–Legendre nodes and weights on [-1, 1]."""
    node, weight = special.roots_legendre(count)
    return np.asarray(node, dtype=np.float64), np.asarray(weight, dtype=np.float64)


def _stopping(
    z: Sequence[float], information: Sequence[float], sides: int, drift: float = 0.0
) -> tuple[float, ...]:
    """Cumulative probability of having crossed the boundary at each look."""
    path, total = _Path(sides, drift), 0.0
    stopped: list[float] = []
    for look, (bound, t) in enumerate(zip(z, information, strict=True)):
        total += path.crossing(bound, t)
        stopped.append(total)
        if look + 1 < len(z):
            path.follow(bound, t)
    return tuple(stopped)


def _boundaries(
    rule: str, sides: int, alpha: float, looks: Sequence[float], z: Sequence[float]
) -> Boundaries:
    nominal = tuple(float(sides * stats.norm.sf(bound)) for bound in z)
    spent = _stopping(z, looks, sides)
    return Boundaries(rule, sides, alpha, tuple(looks), tuple(z), nominal, spent)


def _looks(information: Sequence[float] | int) -> list[float]:
    if isinstance(information, int):
        if information < 1:
            raise InputError(f"information = {information}: needs at least 1 look")
        return [(look + 1) / information for look in range(information)]
    looks: Array = vector(information, "information")
    if looks.size == 0 or looks[0] <= 0.0 or looks[-1] > 1.0 or (np.diff(looks) <= 0.0).any():
        raise InputError(f"information = {looks.tolist()}: must rise, within (0, 1]")
    return [float(t) for t in looks]


def _check(rule: str, alpha: float, sides: int) -> None:
    if rule not in get_args(Rule):
        raise InputError(f"rule = {rule!r}: must be 'obrien_fleming' or 'pocock'")
    if not 0.0 < alpha < 0.5:
        raise InputError(f"alpha = {alpha!r}: must be in (0, 0.5)")
    if sides not in (1, 2):
        raise InputError(f"sides = {sides!r}: must be 1 or 2")
