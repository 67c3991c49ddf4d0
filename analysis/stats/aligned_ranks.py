"""The aligned rank transform: a factorial analysis of variance on ranks, interactions included.

J. O. Wobbrock, L. Findlater, D. Gergle and J. J. Higgins (2011), "The aligned rank transform for
nonparametric factorial analyses using only ANOVA procedures", CHI '11, 143-146. For every effect
the ratings lose all other effects (residual of the cell mean, plus the estimated effect), are
ranked, and go through the analysis of variance of the design, of which that effect alone is read.

Exploratory, beside rm_anova: with coarse or skewed ratings and large other effects its error rate
exceeds the level (T. Tsandilas and G. Casiez, 2024, "The illusory promise of the aligned rank
transform"). By hand: no library of the stack has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from analysis.stats.anova import Anova, complete_cells, rm_anova
from analysis.stats.arrays import DECIMALS, Array
from analysis.stats.results import noted
from analysis.stats.tidy import Averaged, by_factors


def aligned_ranks(
    values: ArrayLike | pd.DataFrame,
    *,
    factors: Sequence[str] | None = None,
    level: float = 0.90,
    **tidy: Unpack[Averaged],
) -> Anova:
    """The analysis of variance of the aligned ranks of `values` (participants, a[, b]).

    values, factors, level, tidy  as for `rm_anova`; factors=["arm", "round"] for a tidy DataFrame

    Sums of squares and eta squared are those of the ranks. With one factor, aligning takes nothing
    away: the ratings are ranked as they are, over all participants.

    >>> found = aligned_ranks([[1, 2, 4], [2, 2, 5], [1, 3, 3], [2, 4, 6]], factors=["arm"])
    >>> found.apa().split(", ε")[0]
    'arm: F(1.16, 3.47) = 18.38, p = .017'
    """
    values, factors, note = by_factors(values, factors, tidy)
    table = complete_cells(values)
    effects = []
    for k, aligned in enumerate(_aligned(table)):
        ranks = stats.rankdata(aligned).reshape(table.shape)
        effects.append(rm_anova(ranks, factors=factors, level=level).effects[k])
    return Anova(
        len(table),
        tuple(noted(replace(e, note=e.note or "on aligned ranks"), note) for e in effects),
    )


def _aligned(table: Array) -> list[Array]:
    """The ratings stripped of all effects but one, in rm_anova's order: a, b, a × b."""
    if not len(table):
        return [table] * (1 if table.ndim == 2 else 3)
    cells = table.mean(axis=0)
    residual, grand = table - cells, cells.mean()
    if cells.ndim == 1:
        effects = [cells - grand]
    else:
        a = cells.mean(axis=1, keepdims=True) - grand  # (a, 1)
        b = cells.mean(axis=0, keepdims=True) - grand  # (1, b)
        effects = [a, b, cells - grand - a - b]
    return [cast(Array, np.round(residual + effect, DECIMALS)) for effect in effects]
