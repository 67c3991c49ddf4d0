"""Equivalence of two paired conditions: two one-sided tests against the bounds of a protocol.

D. J. Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15, 657-680; D. Lakens
(2017), Social Psychological and Personality Science 8, 355-362. Equivalence at level alpha is the
same as an interval at 1 - 2 alpha that lies inside the bounds.

Bounds in d_z are tested by the noncentral t, which is exact and agrees with the interval of d_z.
By hand: statsmodels' ttost_paired and pingouin's tost know raw bounds only. Multiplying bounds in
d_z by the SD of the sample, as is often done, takes an estimate for the truth.
"""

from __future__ import annotations

from typing import Literal, Unpack, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from analysis.errors import InputError
from analysis.stats.arrays import Array, differences
from analysis.stats.effects import cohens_dz, why_constant
from analysis.stats.paired import paired_t
from analysis.stats.results import Estimate, TestResult, noted, number, p_text
from analysis.stats.tidy import Pair, paired

Units = Literal["raw", "d_z"]


def tost(
    x: ArrayLike | pd.DataFrame,
    y: ArrayLike | None = None,
    /,
    *,
    low: float,
    high: float,
    units: Units = "raw",
    alpha: float = 0.05,
    **tidy: Unpack[Pair],
) -> TestResult:
    """Is the mean of x − y between `low` and `high`? Equivalent when p <= alpha.

    x, y, tidy (n,) one value a participant; or x alone, the differences or a tidy DataFrame, as for
               `paired_t`
    low, high  the bounds, low < high, in the data's units ("raw") or in SDs of the differences
               ("d_z"); stated in the protocol, never chosen after looking
    alpha      level of each of the two tests, in (0, 0.5)

    The statistic and p are those of the test that is further from rejecting; both are in the note.
    The intervals of the mean difference and of d_z are at 1 − 2 alpha. InputError for bounds or
    alpha out of range; constant differences are "not estimable".

    >>> tost([0.1, -0.2, 0.0, 0.3, -0.1, 0.2], low=-0.5, high=0.5).apa()
    't(5) = −5.89, p = .001, M_diff = 0.05, 90% CI [−0.10, 0.20], d_z = 0.27, 90% CI [−0.43, 0.94]'
    """
    if units not in get_args(Units):
        raise InputError(f"units = {units!r}: must be 'raw' or 'd_z'")
    if not 0.0 < alpha < 0.5:
        raise InputError(f"alpha = {alpha!r}: must be in (0, 0.5)")
    if not (np.isfinite([low, high]).all() and low < high):
        raise InputError(f"low = {low!r}, high = {high!r}: must be finite, and low < high")
    x, y, note = paired(x, y, tidy)
    if note:
        return noted(tost(x, y, low=low, high=high, units=units, alpha=alpha), note)
    d = differences(x, y)
    level = 1.0 - 2.0 * alpha
    symbol = "" if units == "raw" else "d_z "
    test = f"TOST ({symbol}{number(low)} to {number(high)})"
    effect = cohens_dz(d, level=level)
    reason = why_constant(d)
    if reason:
        mean = Estimate("M_diff", float(d.mean()) if d.size else None, note=reason)
        return TestResult(test, "t", None, None, d.size, None, mean, (effect,), reason)
    (t_low, p_low), (t_high, p_high) = (_raw if units == "raw" else _standardised)(d, low, high)
    t, p = (t_low, p_low) if p_low >= p_high else (t_high, p_high)
    verdict = "equivalent" if p <= alpha else "not shown to be equivalent"
    note = (
        f"above {number(low)}: {p_text(p_low)}; below {number(high)}: {p_text(p_high)}; "
        f"{verdict} at alpha = {alpha:g}"
    )
    mean = paired_t(d, level=level).estimate
    return TestResult(test, "t", t, p, d.size, float(d.size - 1), mean, (effect,), note)


def _raw(d: Array, low: float, high: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """t and one-sided p against each bound in the data's units."""
    df, mean, error = d.size - 1, float(d.mean()), float(d.std(ddof=1) / np.sqrt(d.size))
    over, under = (mean - low) / error, (mean - high) / error
    return (over, float(stats.t.sf(over, df))), (under, float(stats.t.cdf(under, df)))


def _standardised(
    d: Array, low: float, high: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """t of the mean against zero, and its one-sided p under d_z at each bound."""
    df, root_n = d.size - 1, np.sqrt(d.size)
    t = float(d.mean() / d.std(ddof=1) * root_n)
    above = float(stats.nct.sf(t, df, low * root_n))
    below = float(stats.nct.sf(-t, df, -high * root_n))  # mirrored: scipy's upper tail is sound
    return (t, min(1.0, above)), (t, min(1.0, below))
