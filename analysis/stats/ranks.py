"""Tests by signs and ranks of paired differences, exact with ties and zeros.

Wilcoxon (1945), Pratt (1959). Under the null every rank carries its sign by a fair coin, given the
ranks. Doubled midranks are whole numbers, so the exact distribution of W+ is a short dynamic
program over them. By hand, because scipy.stats.wilcoxon(method="exact") is silently wrong with
ties or zeros and its "auto" turns asymptotic as soon as there is one.
"""

from __future__ import annotations

from typing import Literal, Unpack

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.errors import InputError
from analysis.stats.arrays import Array, differences
from analysis.stats.effects import rank_biserial
from analysis.stats.results import TestResult, noted
from analysis.stats.tidy import Pair, paired

EXACT_UP_TO = 300

Zeros = Literal["wilcox", "pratt"]
Method = Literal["auto", "exact", "asymptotic"]


def signed_rank(
    x: ArrayLike | pd.DataFrame,
    y: ArrayLike | None = None,
    /,
    *,
    zeros: Zeros = "wilcox",
    method: Method = "auto",
    level: float = 0.95,
    bootstrap: bool = True,
    **tidy: Unpack[Pair],
) -> TestResult:
    """Wilcoxon's signed-rank test of x − y, two-sided. The statistic is W+.

    x, y, tidy as for `paired_t`
    zeros      "wilcox" drops zero differences before ranking, "pratt" after
    bootstrap  whether the rank-biserial effect gets its interval
    method     "exact" (any ties), "asymptotic" (no continuity correction), "auto": exact up to 300

    InputError for an unknown option. All-zero differences are "not estimable".

    >>> signed_rank([1.0, 2.0, 2.0, 3.0, -1.0]).p
    0.1875
    """
    if zeros not in ("wilcox", "pratt"):
        raise InputError(f"zeros = {zeros!r}: must be 'wilcox' or 'pratt'")
    if method not in ("auto", "exact", "asymptotic"):
        raise InputError(f"method = {method!r}: must be 'auto', 'exact' or 'asymptotic'")
    x, y, note = paired(x, y, tidy)
    if note:
        return noted(
            signed_rank(x, y, zeros=zeros, method=method, level=level, bootstrap=bootstrap), note
        )
    d = differences(x, y)
    if method == "auto":
        method = "exact" if np.count_nonzero(d) <= EXACT_UP_TO else "asymptotic"
    test = f"Wilcoxon signed-rank ({method}, zeros by {zeros.title()})"
    effect = rank_biserial(d, level=level, bootstrap=bootstrap)
    if not np.any(d):
        reason = f"all {d.size} differences are zero" if d.size else "there are no differences"
        return TestResult(test, "W", None, None, d.size, effects=(effect,), note=reason)
    ranks = stats.rankdata(np.abs(d[d != 0] if zeros == "wilcox" else d))
    signed = d[d != 0]
    if zeros == "pratt":
        ranks = ranks[d != 0]
    positive = float(ranks[signed > 0].sum())
    p = _exact_p(ranks, positive) if method == "exact" else _asymptotic_p(ranks, positive)
    return TestResult(test, "W", positive, p, d.size, effects=(effect,), note=effect.note)


def sign_test(
    x: ArrayLike | pd.DataFrame, y: ArrayLike | None = None, /, **tidy: Unpack[Pair]
) -> TestResult:
    """Exact two-sided sign test of x − y; zeros are dropped. The statistic counts the positives.

    x, y, tidy  as for `paired_t`

    >>> sign_test([1.0, 1.0, 1.0, 1.0, 0.0]).p
    0.125
    """
    x, y, note = paired(x, y, tidy)
    if note:
        return noted(sign_test(x, y), note)
    d = differences(x, y)
    positive, nonzero = int((d > 0).sum()), int(np.count_nonzero(d))
    if nonzero == 0:
        reason = f"all {d.size} differences are zero" if d.size else "there are no differences"
        return TestResult("sign test", "S", None, None, d.size, note=reason)
    p = float(stats.binomtest(positive, nonzero, 0.5).pvalue)
    note = f"{positive} of {nonzero} nonzero differences are positive"
    return TestResult("sign test", "S", float(positive), p, d.size, note=note)


def null_distribution(ranks: Array) -> Array:
    """P(2W+ = k | ranks) for k = 0 … 2·sum(ranks), each sign a fair coin.

    ranks  (n,) midranks: whole or half numbers

    >>> null_distribution(np.array([1.0, 2.0])).tolist()
    [0.25, 0.0, 0.25, 0.0, 0.25, 0.0, 0.25]
    """
    doubled: NDArray[np.int64] = np.rint(2.0 * ranks).astype(np.int64)
    chance = np.zeros(int(doubled.sum()) + 1)
    chance[0] = 1.0
    reached = 0
    for step in doubled:
        kept = chance[: reached + 1] / 2.0
        chance[: reached + 1] = kept
        chance[step : step + reached + 1] += kept
        reached += int(step)
    return chance


def _exact_p(ranks: Array, positive: float) -> float:
    chance = null_distribution(ranks)
    k = round(2.0 * positive)
    lower, upper = float(chance[: k + 1].sum()), float(chance[k:].sum())
    return min(1.0, 2.0 * min(lower, upper))


def _asymptotic_p(ranks: Array, positive: float) -> float:
    z = (positive - ranks.sum() / 2.0) / np.sqrt(np.square(ranks).sum() / 4.0)
    return float(2.0 * stats.norm.sf(abs(z)))
