"""Do ratings of the same thing agree? Intraclass correlations and Krippendorff's alpha.

K. O. McGraw and S. P. Wong (1996), "Forming inferences about some intraclass correlation
coefficients", Psychological Methods 1, 30-46: estimates of table 4, intervals of table 7. The
coefficient of the mean of k ratings, and its limits, are those of one rating stepped up by Spearman
and Brown's k r / (1 + (k - 1) r). By hand: pingouin's intraclass_corr knows 95% intervals only, and
brings two plotting libraries with it.

K. Krippendorff (2011), "Computing Krippendorff's alpha-reliability", 1 - D_o / D_e, by the package
krippendorff, which has no interval: here it is the BCa bootstrap over units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Unpack, cast, get_args

import krippendorff
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from analysis.errors import InputError
from analysis.stats.arrays import DECIMALS, Array, check_level, check_whole, numbers
from analysis.stats.bootstrap import SEED, bca
from analysis.stats.results import Estimate, Interval, number, p_text
from analysis.stats.tabular import Cells, Tabular, cells
from analysis.stats.tidy import Values, crossed

Form = Literal["ICC(1)", "ICC(A,1)", "ICC(C,1)", "ICC(k)", "ICC(A,k)", "ICC(C,k)"]
Measurement = Literal["nominal", "ordinal", "interval"]
RESAMPLES = 1_999
EQUAL = 1e-12  # mean squares below this share of the largest one are called zero


@dataclass(frozen=True, slots=True)
class IntraclassCorrelation(Tabular):
    """An intraclass correlation, and the F test that it is zero.

    estimate  the coefficient, named by its form, with its F interval
    f, p      of the test of no differences between targets, df = (between, within); None when not
              estimable, or when the raters differ by a shift at most
    n, k      targets and raters
    """

    estimate: Estimate
    f: float | None
    df: tuple[int, int]
    p: float | None
    n: int
    k: int

    def table_rows(self) -> list[Cells]:
        between, within = self.df
        return [{"form": self.estimate.name} | cells(self) | {"df": between, "df_error": within}]

    def apa(self) -> str:
        """One line for the results section."""
        text = self.estimate.apa()
        if self.f is None:
            return text
        return f"{text}, F({self.df[0]}, {self.df[1]}) = {number(self.f)}, {p_text(self.p)}"


def icc(
    values: ArrayLike | pd.DataFrame,
    *,
    form: Form = "ICC(A,1)",
    level: float = 0.95,
    targets: str = "participant",
    raters: str = "round",
    **tidy: Unpack[Values],
) -> IntraclassCorrelation:
    """The intraclass correlation of `values` (targets, raters).

    values may be a tidy DataFrame, whose columns `targets` and `raters` cross: by default it says
    how well the rounds of one arm measure one thing about a participant. tidy: value and item,
    columns not called as in the export.

    form  ICC(1)    one-way: the raters of a target are any k people
          ICC(A,1)  two-way, absolute agreement: raters are a sample, and their means count
          ICC(C,1)  two-way, consistency: differences between the raters' means do not count
          ICC(k), ICC(A,k), ICC(C,k)  the same for the mean of the k ratings
    Targets with a missing rating (nan) are left out and counted in the note. InputError for an
    unknown form, fewer than two raters, or infinite values.

    >>> icc([[4, 4], [2, 3], [5, 5], [1, 2], [3, 3], [4, 5]]).apa()
    'ICC(A,1) = 0.87, 95% CI [0.24, 0.98], F(5, 5) = 23.22, p = .002'
    """
    if form not in get_args(Form):
        raise InputError(f"form = {form!r}: must be one of {', '.join(get_args(Form))}")
    check_level(level)
    table = _table(crossed(values, targets, [raters], tidy))
    complete = table[~np.isnan(table).any(axis=1)]
    n, k = complete.shape
    if k < 2:
        raise InputError(f"values must have at least 2 raters (columns), has {k}")
    one_way = form in ("ICC(1)", "ICC(k)")
    df = (n - 1, n * (k - 1) if one_way else (n - 1) * (k - 1))
    left_out = len(table) - n
    note = f"{left_out} targets with missing ratings left out" if left_out else ""
    reason = ""
    if n < 2:
        reason = f"needs at least 2 targets rated by all, has {n}"
    elif np.ptp(complete) == 0:
        reason = f"all ratings equal {complete[0, 0]:g}"
    if reason:
        return IntraclassCorrelation(Estimate(form, None, note=reason), None, df, None, n, k)
    rows, columns, error, within = _mean_squares(complete)
    noise = within if one_way else error
    tiny = EQUAL * max(rows, columns, within)
    if rows <= tiny and (noise <= tiny or columns <= tiny):
        reason = "neither the targets nor the raters differ in their means"
        if noise <= tiny:
            reason = "the targets have equal means, and the raters differ by a shift alone"
        return IntraclassCorrelation(Estimate(form, None, note=reason), None, df, None, n, k)
    single = _single(form, n, k, rows, columns, error, within)
    value = single if form.endswith("1)") else _stepped_up(single, k)
    if noise <= tiny:
        estimate = Estimate(form, value, note="no interval: the raters differ by a shift at most")
        return IntraclassCorrelation(estimate, None, df, None, n, k)
    f = rows / noise
    p = float(stats.f.sf(f, *df))
    if value is None:
        estimate = Estimate(form, None, note="the targets have equal means")
        return IntraclassCorrelation(estimate, f, df, p, n, k)
    low, high = _limits(form, n, k, (rows, columns, error), f, df, level)
    if not form.endswith("1)"):
        low, high = _stepped_up(low, k), _stepped_up(high, k)
    interval = None if low is None or high is None else Interval(low, high, level, "F")
    return IntraclassCorrelation(Estimate(form, value, interval, note), f, df, p, n, k)


def krippendorff_alpha(
    values: ArrayLike | pd.DataFrame,
    *,
    measurement: Measurement = "ordinal",
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    raters: str = "participant",
    units: Sequence[str] = ("arm", "request"),
    **tidy: Unpack[Values],
) -> Estimate:
    """Krippendorff's alpha of `values` (raters, units), nan where a rater gave no value.

    values may be a tidy DataFrame, with a column of the `raters`, and one or more columns whose
    combinations are the `units`. tidy: value and item, columns not called as in the export.

    measurement  how far two values are apart: "nominal", "ordinal" or "interval"
    1 is perfect agreement, 0 what chance gives. Units with fewer than two values are left out. The
    interval takes seconds from a thousand units on: time grows with their square.
    InputError for an unknown measurement or infinite values.

    >>> nan = float("nan")
    >>> first, second = [1, 2, 3, 3, 2, 4, 5, 1, 2, nan], [1, 2, 3, 4, 2, 4, 4, 1, 3, 5]
    >>> krippendorff_alpha([first, second]).apa()
    'α = 0.91, 95% CI [0.68, 1.00]'
    """
    if measurement not in get_args(Measurement):
        raise InputError(
            f"measurement = {measurement!r}: must be one of {', '.join(get_args(Measurement))}"
        )
    check_level(level)
    check_whole(1, resamples=resamples)
    table = np.round(_table(crossed(values, raters, units, tidy)), DECIMALS)
    domain, place = np.unique(table[~np.isnan(table)], return_inverse=True)
    unit = np.nonzero(~np.isnan(table))[1]
    counts = np.zeros((table.shape[1], domain.size), dtype=np.int64)  # (units, values)
    np.add.at(counts, (unit, place), 1)
    counts = counts[counts.sum(axis=1) >= 2]
    used = counts.sum(axis=0) > 0
    counts, domain = counts[:, used], domain[used]
    if len(counts) == 0:
        return Estimate("α", None, note="no unit was rated twice")
    if domain.size < 2:
        return Estimate("α", None, note=f"all ratings equal {domain[0]:g}")

    def alpha(units: Array) -> float:
        chosen = counts[units.astype(np.int64)]
        if np.count_nonzero(chosen.sum(axis=0)) < 2:
            return float("nan")  # without variation alpha is undefined
        return float(
            krippendorff.alpha(
                value_counts=chosen, value_domain=domain, level_of_measurement=measurement
            )
        )

    def alphas(units: Array, axis: int = -1) -> Array:
        return cast(Array, np.apply_along_axis(alpha, axis, units))

    everything = np.arange(len(counts), dtype=np.float64)
    if len(counts) < 3:
        return Estimate("α", alpha(everything), note=f"no interval from {len(counts)} units")
    interval, reason = bca(alphas, everything, level=level, resamples=resamples, seed=seed)
    if interval is not None:
        interval = replace(interval, method=f"BCa, {resamples:,} resamples of units")
    return Estimate("α", alpha(everything), interval, reason)


def _table(values: ArrayLike) -> Array:
    table = numbers(values, "values")
    if table.ndim != 2:
        raise InputError(f"values must have two dimensions, has shape {table.shape}")
    return table


def _mean_squares(table: Array) -> tuple[float, float, float, float]:
    """Between rows, between columns, residual of the two-way layout, and within rows."""
    n, k = table.shape
    row, column, grand = table.mean(axis=1), table.mean(axis=0), table.mean()
    residual = table - row[:, None] - column[None, :] + grand
    return (
        float(k * np.square(row - grand).sum() / (n - 1)),
        float(n * np.square(column - grand).sum() / (k - 1)),
        float(np.square(residual).sum() / ((n - 1) * (k - 1))),
        float(np.square(table - row[:, None]).sum() / (n * (k - 1))),
    )


def _single(
    form: Form, n: int, k: int, rows: float, columns: float, error: float, within: float
) -> float:
    """The coefficient of one rating."""
    if form in ("ICC(1)", "ICC(k)"):
        return (rows - within) / (rows + (k - 1) * within)
    bias = k * (columns - error) / n if form in ("ICC(A,1)", "ICC(A,k)") else 0.0
    return (rows - error) / (rows + (k - 1) * error + bias)


def _stepped_up(single: float | None, k: int) -> float | None:
    """Spearman and Brown's reliability of the mean of k ratings; None at its pole."""
    if single is None or 1.0 + (k - 1) * single <= 1e-12:
        return None
    return k * single / (1.0 + (k - 1) * single)


def _limits(
    form: Form,
    n: int,
    k: int,
    squares: tuple[float, float, float],
    f: float,
    df: tuple[int, int],
    level: float,
) -> tuple[float, float]:
    """Confidence limits of the coefficient of one rating."""
    upper = (1.0 + level) / 2.0
    if form not in ("ICC(A,1)", "ICC(A,k)"):
        low = f / float(stats.f.ppf(upper, *df))
        high = f * float(stats.f.ppf(upper, df[1], df[0]))
        return (low - 1.0) / (low + k - 1.0), (high - 1.0) / (high + k - 1.0)
    rows, columns, error = squares
    single = _single("ICC(A,1)", n, k, *squares, 0.0)
    a = k * single / (n * (1.0 - single))
    b = 1.0 + k * single * (n - 1) / (n * (1.0 - single))
    v = (a * columns + b * error) ** 2 / (
        (a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    )
    spread = k * columns + (k * n - k - n) * error
    over, under = float(stats.f.ppf(upper, n - 1, v)), float(stats.f.ppf(upper, v, n - 1))
    low = n * (rows - over * error) / (over * spread + n * rows)
    high = n * (under * rows - error) / (spread + n * under * rows)
    return low, high
