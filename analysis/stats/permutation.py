"""The sign-flip permutation test of paired differences: no distribution assumed, exact with ties.

R. A. Fisher (1935), "The Design of Experiments", section 21. Under the null every participant's
difference could as well have had the other sign, so the sum of the differences is compared with
that of all sign flips. Differences are whole multiples of a small step, so equal sums are one, and
all flips are counted by adding one participant after another. By scipy.stats.permutation_test
where there are too many sums; its exact form lists every flip, 20 s for 20 participants.
"""

from __future__ import annotations

from typing import Unpack

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from analysis.stats.arrays import DECIMALS, Array, check_level, check_whole, differences
from analysis.stats.bootstrap import SEED
from analysis.stats.effects import cohens_dz
from analysis.stats.results import TestResult, noted
from analysis.stats.tidy import Pair, paired

MOST_SUMS = 2**20  # distinct sums up to which all flips are counted
BATCH = 1_000


def permutation_test(
    x: ArrayLike | pd.DataFrame,
    y: ArrayLike | None = None,
    /,
    *,
    resamples: int = 9_999,
    seed: int = SEED,
    level: float = 0.95,
    **tidy: Unpack[Pair],
) -> TestResult:
    """Is x − y symmetric about zero? Two-sided, by the size of the mean difference.

    x, y, tidy  as for `paired_t`
    resamples   random flips where not all can be counted, by `seed`; p is then (b + 1) / (m + 1)
    level       of the interval of the effect d_z

    Exact up to a million distinct sums of differences: always up to 20 participants, and with means
    of ratings, which take few values, up to hundreds. All-zero differences are "not estimable".

    >>> permutation_test([1.0, 2.0, 3.0, 4.0]).p
    0.125
    """
    check_level(level)
    check_whole(1, resamples=resamples)
    check_whole(seed=seed)
    x, y, left_out = paired(x, y, tidy)
    d = differences(x, y)
    if not np.any(d):
        reason = f"all {d.size} differences are zero" if d.size else "there are no differences"
        none = TestResult("sign-flip permutation", "M_diff", None, None, d.size, note=reason)
        return noted(none, left_out)
    whole = _whole(d)
    p, how, note = _exact_p(whole), "exact", ""
    if p is None:
        p, how = _sampled_p(whole, resamples, seed), "sampled"
        note = f"{resamples:,} random sign flips, seed {seed}"
    found = TestResult(
        test=f"sign-flip permutation ({how})",
        symbol="M_diff",
        statistic=float(d.mean()),
        p=p,
        n=d.size,
        effects=(cohens_dz(d, level=level),),
        note=note,
    )
    return noted(found, left_out)


def _whole(d: Array) -> Array:
    """The differences in whole steps, so small that nothing is lost and sums stay exact."""
    step = max(10.0**-DECIMALS, float(np.abs(d).sum()) / 2.0**52)
    return np.rint(d / step)


def _exact_p(whole: Array) -> float | None:
    """The share of all flips whose sum is no nearer to zero; None when sums are too many."""
    sums, chances = np.zeros(1), np.ones(1)
    for step in np.sort(np.abs(whole[whole != 0])):
        sums, place = np.unique(np.append(sums - step, sums + step), return_inverse=True)
        chances = np.bincount(place, np.tile(chances / 2.0, 2))
        if sums.size > MOST_SUMS:
            return None
    return min(1.0, float(chances[np.abs(sums) >= abs(whole.sum())].sum()))


def _sampled_p(whole: Array, resamples: int, seed: int) -> float:
    found = stats.permutation_test(
        (whole,),
        lambda flipped, axis: np.abs(flipped.sum(axis=axis)),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=BATCH,
        alternative="greater",
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)
