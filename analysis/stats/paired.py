"""The paired t test: the participant is the unit, the interval is in the data's own units.

Student (1908). Computed here in three lines rather than by scipy.stats.ttest_rel, because the
differences are rounded first and constant ones get a reason instead of nan.
"""

from __future__ import annotations

from typing import Unpack

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from analysis.stats.arrays import check_level, differences
from analysis.stats.effects import cohens_dav, cohens_dz, hedges_gz, why_constant
from analysis.stats.results import Estimate, Interval, TestResult, noted
from analysis.stats.tidy import Pair, paired


def paired_t(
    x: ArrayLike | pd.DataFrame,
    y: ArrayLike | None = None,
    /,
    *,
    level: float = 0.95,
    test: str = "paired t",
    name: str = "M_diff",
    **tidy: Unpack[Pair],
) -> TestResult:
    """Is the mean of x − y zero? Two-sided, df = n − 1.

    x, y   (n,) one value a participant, two Series with the same index; or x alone, the differences
           or a tidy DataFrame
    tidy   treatment and comparator, two arms: x − y is treatment − comparator; mean_over="round"
           averages the rounds that a participant has of both, and without it several rows are
           refused; participant, arm, value and item: columns not called as in the export
    level  of the intervals, in (0, 1)
    test, name  how the test and its estimate are called, e.g. "one-sample t" and "slope"

    Effects: d_z and g_z, and d_av where both conditions are given. InputError for arrays that do
    not pair up or are not finite; constant or single differences are "not estimable".

    >>> paired_t([5.0, 4.0, 4.5, 3.0], [4.0, 3.5, 4.5, 2.0]).apa().split(", p")[0]
    't(3) = 2.61'
    >>> rows = [("p1", "hare", 5.0), ("p1", "rag", 4.0), ("p2", "hare", 3.0), ("p2", "rag", 3.5)]
    >>> frame = pd.DataFrame(rows, columns=["participant", "arm", "rating"])
    >>> paired_t(frame, treatment="hare", comparator="rag").estimate.value
    0.25
    """
    check_level(level)
    x, y, note = paired(x, y, tidy)
    if note:
        return noted(paired_t(x, y, level=level, test=test, name=name), note)
    d = differences(x, y)
    effects = (cohens_dz(d, level=level), hedges_gz(d, level=level))
    if y is not None:
        effects = (*effects, cohens_dav(x, y, level=level))
    reason = why_constant(d)
    if reason:
        mean = Estimate(name, float(d.mean()) if d.size else None, note=reason)
        return TestResult(test, "t", None, None, d.size, None, mean, effects, reason)
    df = d.size - 1
    mean, error = float(d.mean()), float(d.std(ddof=1) / np.sqrt(d.size))
    half = float(stats.t.ppf((1.0 + level) / 2.0, df)) * error
    return TestResult(
        test=test,
        symbol="t",
        statistic=mean / error,
        p=float(2.0 * stats.t.sf(abs(mean / error), df)),
        n=d.size,
        df=float(df),
        estimate=Estimate(name, mean, Interval(mean - half, mean + half, level, "t")),
        effects=effects,
    )
