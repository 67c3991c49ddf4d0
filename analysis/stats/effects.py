"""Effect sizes of paired data, each named, signed, and with an interval.

d_z   mean(d) / SD(d), interval from the noncentral t (Cumming and Finch 2001)
d_av  mean(d) / sqrt((s1² + s2²) / 2), BCa interval over participants (Cumming 2012)
g_z   J(df) · d_z with Hedges' exact correction, df = n − 1 (Hedges 1981)
r_rb  matched-pairs rank-biserial (W+ − W−) / (W+ + W−), zeros dropped (Kerby 2014), BCa interval

By hand: no library of the stack gives d_z its noncentral-t interval, and the sign of pingouin's
cohen_d is lost.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Unpack, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from scipy.optimize import brentq
from scipy.special import gammaln

from analysis.errors import InputError
from analysis.stats.arrays import DECIMALS, Array, check_level, differences, vector
from analysis.stats.bootstrap import bca
from analysis.stats.results import Estimate, Interval, noted
from analysis.stats.tidy import Pair, paired

LARGEST_T = 1_000.0


def why_constant(d: Array) -> str:
    """Why nothing can be standardised: too few or constant differences; empty when it can."""
    if d.size < 2:
        return f"needs at least 2 participants, has {d.size}"
    if np.ptp(d) == 0:
        return f"all {d.size} differences equal {d[0]:g}, so their spread is zero"
    return ""


def cohens_dz(
    x: ArrayLike | pd.DataFrame,
    y: ArrayLike | None = None,
    /,
    *,
    level: float = 0.95,
    **tidy: Unpack[Pair],
) -> Estimate:
    """Mean difference over the SD of the differences, with its noncentral-t interval.

    x, y, tidy  as for `paired_t`

    >>> cohens_dz([1.0, 2.0, 2.0, 3.0]).apa()
    'd_z = 2.45, 95% CI [0.34, 4.53]'
    """
    check_level(level)
    x, y, note = paired(x, y, tidy)
    if note:
        return noted(cohens_dz(x, y, level=level), note)
    d = differences(x, y)
    reason = why_constant(d)
    if reason:
        return Estimate("d_z", None, note=reason)
    root_n = float(np.sqrt(d.size))
    value = float(d.mean() / d.std(ddof=1))
    bounds = noncentrality_bounds(value * root_n, d.size - 1, level)
    if bounds is None:
        return Estimate("d_z", value, note="no interval: t is beyond the noncentral t's range")
    interval = Interval(bounds[0] / root_n, bounds[1] / root_n, level, "noncentral t")
    return Estimate("d_z", value, interval)


def hedges_gz(
    x: ArrayLike | pd.DataFrame,
    y: ArrayLike | None = None,
    /,
    *,
    level: float = 0.95,
    **tidy: Unpack[Pair],
) -> Estimate:
    """d_z times J(df), which takes out its small-sample bias; df = n − 1 in the note.

    x, y, tidy  as for `paired_t`
    """
    x, y, note = paired(x, y, tidy)
    if note:
        return noted(hedges_gz(x, y, level=level), note)
    d_z = cohens_dz(x, y, level=level)
    if d_z.value is None:
        return Estimate("g_z", None, note=d_z.note)
    df = differences(x, y).size - 1
    if df == 1:
        return Estimate("g_z", None, note="J(df) is zero at df = 1")
    j = float(np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2))
    if d_z.interval is None:
        return Estimate("g_z", d_z.value * j, note=d_z.note)
    low, high = d_z.interval.low * j, d_z.interval.high * j
    interval = Interval(low, high, level, "noncentral t, scaled by J")
    return Estimate("g_z", d_z.value * j, interval, note=f"J({df}) = {j:.4f}")


def cohens_dav(
    x: ArrayLike | pd.DataFrame,
    y: ArrayLike | None = None,
    /,
    *,
    level: float = 0.95,
    **tidy: Unpack[Pair],
) -> Estimate:
    """Mean difference over the root mean variance of the two conditions.

    x, y, tidy  as for `paired_t`, but differences alone do not do: they have lost the variances
    """
    check_level(level)
    x, y, note = paired(x, y, tidy)
    if note:
        return noted(cohens_dav(x, y, level=level), note)
    if y is None:
        raise InputError("y is missing: d_av needs the values of both conditions")
    first, second = np.round(vector(x, "x"), DECIMALS), np.round(vector(y, "y"), DECIMALS)
    d = differences(first, second)
    if d.size < 2:
        return Estimate("d_av", None, note=why_constant(d))
    if np.ptp(first) == 0 and np.ptp(second) == 0:
        return Estimate("d_av", None, note="both conditions are constant, so their spread is zero")
    interval, reason = bca(_d_av, first, second, level=level)
    return Estimate("d_av", float(_d_av(first, second)), interval, reason)


def rank_biserial(
    x: ArrayLike | pd.DataFrame,
    y: ArrayLike | None = None,
    /,
    *,
    level: float = 0.95,
    bootstrap: bool = True,
    **tidy: Unpack[Pair],
) -> Estimate:
    """(W+ − W−) / (W+ + W−) over midranks of the nonzero differences; zeros and ties in the note.

    x, y, tidy as for `paired_t`
    bootstrap  False leaves out the interval, which is what takes time

    >>> rank_biserial([1.0, 2.0, -3.0, 0.0]).value
    0.0
    """
    check_level(level)
    x, y, note = paired(x, y, tidy)
    if note:
        return noted(rank_biserial(x, y, level=level, bootstrap=bootstrap), note)
    d = differences(x, y)
    if not np.any(d):
        return Estimate("r_rb", None, note=f"all {d.size} differences are zero")
    values, codes = np.unique(d, return_inverse=True)
    statistic = partial(_rank_biserial_of, values)
    places = codes.astype(np.float64)
    interval, reason = bca(statistic, places, level=level) if bootstrap else (None, "")
    facts = _ties(d)
    note = "; ".join(part for part in (facts, reason) if part)
    return Estimate("r_rb", float(statistic(places)), interval, note)


@lru_cache(maxsize=256)  # d_z and g_z ask for the same bounds
def noncentrality_bounds(t: float, df: int, level: float) -> tuple[float, float] | None:
    """The noncentralities at which `t` lies in the upper and in the lower (1 − level)/2 tail.

    None beyond |t| = 1,000, where scipy's noncentral t gives no number.

    >>> [round(bound, 4) for bound in noncentrality_bounds(-4.0621277, 9, 0.95)]
    [-6.6978, -1.3112]
    """
    if abs(t) > LARGEST_T:
        return None
    if t < 0.0:  # mirrored: scipy's lower tail of a positive t is sound, that of a negative is not
        mirrored = noncentrality_bounds(-t, df, level)
        return None if mirrored is None else (-mirrored[1], -mirrored[0])
    tail = (1.0 - level) / 2.0

    def excess(noncentrality: float, probability: float) -> float:
        return float(stats.nct.cdf(t, df, noncentrality)) - probability

    # P(T <= t) >= P(T <= 0) = Φ(−noncentrality) encloses the lower bound; the cdf falls as the
    # noncentrality grows, so stepping outwards encloses the upper one.
    floor = float(stats.norm.ppf(tail)) - 1e-6
    ceiling = t + 1.0
    while excess(ceiling, tail) > 0.0:
        ceiling = t + 2.0 * (ceiling - t)
    low = brentq(excess, floor, ceiling, args=(1.0 - tail,), xtol=1e-10)
    high = brentq(excess, floor, ceiling, args=(tail,), xtol=1e-10)
    return cast(float, low), cast(float, high)


def _d_av(x: Array, y: Array, axis: int = -1) -> Array:
    spread = np.sqrt((x.var(axis=axis, ddof=1) + y.var(axis=axis, ddof=1)) / 2.0)
    return (x - y).mean(axis=axis) / spread


def _rank_biserial_of(values: Array, codes: Array, axis: int = -1) -> Array:
    """Rank-biserial of each row of `codes`, positions in the sorted distinct `values`.

    A resample is no more than how often each distinct difference is in it, so that nothing is
    ranked anew: differences of ratings take few values, however many participants there are.
    """
    rows = codes.reshape(-1, codes.shape[axis]).astype(np.intp)
    cells = rows + values.size * np.arange(len(rows))[:, None]
    counts = np.bincount(cells.ravel(), minlength=values.size * len(rows))
    counts = counts.reshape(len(rows), values.size).astype(np.float64)
    sizes, place = np.unique(np.abs(values), return_inverse=True)
    above, below = np.zeros((2, len(rows), sizes.size))
    above[:, place[values > 0]] = counts[:, values > 0]
    below[:, place[values < 0]] = counts[:, values < 0]
    tied = above + below
    ranks = np.cumsum(tied, axis=1) - (tied - 1.0) / 2.0  # midranks, where there are any
    difference = ((above - below) * ranks).sum(axis=1) / (tied * ranks).sum(axis=1)
    return cast(Array, difference.reshape(codes.shape[:-1]))


def _ties(d: Array) -> str:
    sizes = np.round(np.abs(d[d != 0]), DECIMALS)
    tied = sizes.size - int((np.unique(sizes, return_counts=True)[1] == 1).sum())
    zeros = int((d == 0).sum())
    parts = [f"{zeros} zero difference{'s' * (zeros != 1)} dropped"] if zeros else []
    return "; ".join([*parts, *([f"{tied} tied in size"] if tied else [])])
