"""Repeated-measures analysis of variance, one or two factors, all within participants.

Every effect is a set of orthonormal contrasts of the participants' cell means: F compares the mean
square of the contrasts' means with that of their spread over participants. Sphericity is not
assumed for the p-values that count: Greenhouse and Geisser (1959), Psychometrika 24, 95-112, and
Huynh and Feldt (1976), Journal of Educational Statistics 1, 69-82, shrink both df by an epsilon.

By hand, because statsmodels' AnovaRM has no epsilon, and pingouin's rm_anova no Huynh–Feldt p, no
interval, nan for constant data, and no word about the incomplete participants that it leaves out.
Descriptive in this study, no gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from scipy.optimize import brentq

from analysis.errors import InputError
from analysis.stats.arrays import DECIMALS, Array, check_level, numbers
from analysis.stats.results import NOT_ESTIMABLE, Estimate, Interval, noted, number, p_text
from analysis.stats.tabular import Cells, Tabular
from analysis.stats.tidy import Averaged, by_factors

LARGEST_F = 1e5


@dataclass(frozen=True, slots=True)
class AnovaEffect(Tabular):
    """A main effect or an interaction.

    ss, ss_error     sums of squares of the effect and of its error term
    df, df_error     degrees of freedom, before any correction
    statistic, p     F and its p-value under sphericity; None when not estimable
    epsilon_gg, p_gg Greenhouse–Geisser: p at both df times epsilon; 1 for an effect of one df
    epsilon_hf, p_hf Huynh–Feldt, cut at 1
    partial_eta2     SS / (SS + SS_error), with the noncentral-F interval (sphericity assumed)
    generalized_eta2 SS / (SS + all variation between and within participants)
    note             why it is not estimable, or what to know
    """

    name: str
    ss: float
    ss_error: float
    df: int
    df_error: int
    statistic: float | None
    p: float | None
    epsilon_gg: float | None
    p_gg: float | None
    epsilon_hf: float | None
    p_hf: float | None
    partial_eta2: Estimate
    generalized_eta2: Estimate
    note: str = ""

    @property
    def estimable(self) -> bool:
        return self.p is not None

    def apa(self) -> str:
        """One line, with the Greenhouse–Geisser df and p where there is more than one contrast."""
        if self.statistic is None or self.epsilon_gg is None:
            return f"{self.name}: {NOT_ESTIMABLE} ({self.note})"
        corrected = self.df > 1
        df = [d * self.epsilon_gg for d in (self.df, self.df_error)]
        shown = ", ".join(number(d) if corrected else f"{d:.0f}" for d in df)
        epsilon = [f"ε_GG = {number(self.epsilon_gg).removeprefix('0')}"] if corrected else []
        parts = [
            f"{self.name}: F({shown}) = {number(self.statistic)}",
            p_text(self.p_gg),
            *epsilon,
            _share_text(self.partial_eta2),
            _share_text(self.generalized_eta2),
        ]
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Anova(Tabular):
    """The effects of a design on n participants."""

    n: int
    effects: tuple[AnovaEffect, ...]

    def table_rows(self) -> list[Cells]:
        return [{"n": self.n} | effect.table_rows()[0] for effect in self.effects]

    def effect(self, name: str) -> AnovaEffect:
        """The effect of this name; KeyError names those there are."""
        for effect in self.effects:
            if effect.name == name:
                return effect
        raise KeyError(f"no effect {name!r}; there are {[effect.name for effect in self.effects]}")

    def apa(self) -> str:
        """One line an effect."""
        return "\n".join(effect.apa() for effect in self.effects)


def rm_anova(
    values: ArrayLike | pd.DataFrame,
    *,
    factors: Sequence[str] | None = None,
    level: float = 0.90,
    **tidy: Unpack[Averaged],
) -> Anova:
    """The analysis of variance of `values` (participants, a) or (participants, a, b).

    values   or a tidy DataFrame, in which `factors` names the columns; ["arm"] when None
    factors  one name an axis after the first; "A" and "B" when None
    tidy     mean_over="round" averages the rounds that a participant has in every cell;
             participant, arm, value and item: columns not called as in the export
    level    of the intervals of partial eta squared: 90% is the interval that excludes zero
             exactly when p < .05 (J. H. Steiger, 2004, Psychological Methods 9, 164-182)

    Every participant needs a value in every cell: InputError for one that is missing or infinite,
    for other shapes, and for factors of one level. Effects are "not estimable" with fewer than two
    participants, or when all participants respond to the factor exactly alike.

    >>> rm_anova([[1, 2, 4], [2, 2, 5], [1, 3, 3], [2, 4, 6]], factors=["arm"]).apa()
    'arm: F(1.58, 4.73) = 17.21, p = .008, ε_GG = .79, η²_p = .85, 90% CI [.49, .93], η²_G = .67'
    """
    values, factors, note = by_factors(values, factors, tidy)
    table = complete_cells(values)
    n, shape = table.shape[0], table.shape[1:]
    names = list(factors) if factors is not None else ["A", "B"][: len(shape)]
    if len(names) != len(shape):
        raise InputError(f"factors must name the {len(shape)} factors of values, has {len(names)}")
    check_level(level)
    contrasts = [_contrasts(size) for size in shape]
    means = [np.full((size, 1), size**-0.5) for size in shape]
    if len(shape) == 1:
        bases = {names[0]: contrasts[0]}
    else:
        bases = {
            names[0]: np.kron(contrasts[0], means[1]),
            names[1]: np.kron(means[0], contrasts[1]),
            f"{names[0]} × {names[1]}": np.kron(contrasts[0], contrasts[1]),
        }
    flat = table.reshape(n, int(np.prod(shape)))  # (n, cells)
    projected = {name: flat @ basis for name, basis in bases.items()}  # (n, df) each
    people = flat.mean(axis=1) * np.sqrt(flat.shape[1])
    variation = sum(float(np.square(_centred(y)).sum()) for y in (people, *projected.values()))
    size = float(np.abs(flat).max(initial=0.0))
    effects = (_effect(k, y, variation, size, level) for k, y in projected.items())
    return Anova(n, tuple(noted(effect, note) for effect in effects))


def complete_cells(values: ArrayLike) -> Array:
    """`values` as the table of an analysis of variance, or InputError; rounded to ten decimals."""
    table = numbers(values, "values")
    if table.ndim not in (2, 3) or min(table.shape[1:], default=0) < 2:
        raise InputError(
            "values must be (participants, levels) or (participants, levels, levels) with at least "
            f"2 levels, has shape {table.shape}"
        )
    bad = np.argwhere(np.isnan(table))
    if bad.size:
        where = ", ".join(str(int(index)) for index in bad[0])
        raise InputError(f"values must be finite in every cell; position {where} is not")
    return cast(Array, np.round(table, DECIMALS))


def _effect(name: str, y: Array, variation: float, size: float, level: float) -> AnovaEffect:
    """Test whether the contrasts y (n, df) have mean zero; `size` is that of the ratings."""
    n, df = y.shape
    centred = _centred(y)
    ss, ss_error = float(n * np.square((y - centred)[:1]).sum()), float(np.square(centred).sum())
    df_error = df * max(n - 1, 0)
    reason = ""
    if n < 2:
        reason = f"needs at least 2 participants, has {n}"
    elif ss_error <= (1e-9 * size) ** 2 * n:
        reason = "every participant has equal means in all conditions"
        if ss > (1e-9 * size) ** 2 * n:
            reason = "the conditions differ by the same amounts for every participant"
    if reason:
        none = Estimate("η²_p", None, note=reason), Estimate("η²_G", None, note=reason)
        return AnovaEffect(
            name, ss, ss_error, df, df_error, None, None, None, None, None, None, *none, reason
        )
    f = (ss / df) / (ss_error / df_error)
    spread = centred.T @ centred / (n - 1)
    gg = float(np.trace(spread) ** 2 / (df * np.square(spread).sum()))
    hf = _huynh_feldt(gg, df, n)
    note = ""
    if hf is None:
        note = "ε_HF needs at least 3 participants"
    elif n - 1 < df:
        note = f"{n} participants for {df} contrasts: their covariance is singular"
    return AnovaEffect(
        name=name,
        ss=ss,
        ss_error=ss_error,
        df=df,
        df_error=df_error,
        statistic=f,
        p=float(stats.f.sf(f, df, df_error)),
        epsilon_gg=gg,
        p_gg=float(stats.f.sf(f, gg * df, gg * df_error)),
        epsilon_hf=hf,
        p_hf=None if hf is None else float(stats.f.sf(f, hf * df, hf * df_error)),
        partial_eta2=_partial_eta2(f, df, df_error, level),
        generalized_eta2=Estimate("η²_G", ss / (ss + variation)),
        note=note,
    )


def _centred(y: Array) -> Array:
    """Deviations from the mean over participants, the first axis; none of nobody."""
    return y - y.mean(axis=0) if len(y) else y


def _huynh_feldt(gg: float, df: int, n: int) -> float | None:
    if df == 1:
        return 1.0
    if n < 3:
        return None
    contrasts = min(df * gg, n - 1.0)  # how many of them the spread amounts to
    rest = df * (n - 1.0 - contrasts)
    return 1.0 if rest <= 1e-12 else min(1.0, (n * contrasts - 2.0) / rest)


def _partial_eta2(f: float, df: int, df_error: int, level: float) -> Estimate:
    """F df / (F df + df_error), and the same of the bounds of F's noncentrality."""
    value = f * df / (f * df + df_error)
    if f > LARGEST_F:
        return Estimate("η²_p", value, note="no interval: F is beyond the noncentral F's range")
    low, high = _noncentrality(f, df, df_error, level)
    interval = Interval(low / (low + df_error), high / (high + df_error), level, "noncentral F")
    return Estimate("η²_p", value, interval)


def _noncentrality(f: float, df: int, df_error: int, level: float) -> tuple[float, float]:
    """The noncentralities at which F has (1 − level)/2 above it and below it; zero at least."""

    def excess(noncentrality: float, below: float) -> float:
        return float(stats.ncf.cdf(f, df, df_error, noncentrality)) - below

    bounds = []
    for below in ((1.0 + level) / 2.0, (1.0 - level) / 2.0):
        if excess(0.0, below) <= 0.0:
            bounds.append(0.0)
            continue
        ceiling = 2.0 * f * df + 10.0
        while excess(ceiling, below) > 0.0:
            ceiling *= 2.0
        bounds.append(cast(float, brentq(excess, 0.0, ceiling, args=(below,), xtol=1e-10)))
    return bounds[0], bounds[1]


def _contrasts(size: int) -> Array:
    """(size, size − 1) orthonormal columns that sum to zero."""
    centring = np.eye(size) - 1.0 / size
    return cast(Array, np.linalg.svd(centring)[0][:, : size - 1])


def _share_text(estimate: Estimate) -> str:
    """A share of variance without leading zeros."""
    if estimate.value is None:
        return estimate.apa()
    text = f"{estimate.name} = {number(estimate.value).removeprefix('0')}"
    if estimate.interval is None:
        return text
    interval = estimate.interval
    low, high = (number(bound).removeprefix("0") for bound in (interval.low, interval.high))
    return f"{text}, {100 * interval.level:.4g}% CI [{low}, {high}]"
