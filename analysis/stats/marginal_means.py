"""Estimated marginal means of the linear mixed model, and contrasts of them.

S. R. Searle, F. M. Speed and G. A. Milliken (1980), "Population marginal means in the linear
model", The American Statistician 34, 216-221. A mean is a linear combination of the fixed effects,
which for complete ratings is the mean of the cell; where ratings are missing, those that are there
count as the model weighs them. t with Satterthwaite's degrees of freedom, one for each combination.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from numbers import Real

import numpy as np
from scipy import stats

from analysis.errors import InputError
from analysis.stats.arrays import Array, check_level
from analysis.stats.fixed_effects import ArmsByRound, FixedEffects
from analysis.stats.mixed import MixedModel
from analysis.stats.multiplicity import adjust_p
from analysis.stats.results import NOT_ESTIMABLE, Interval, df_text, number, p_text
from analysis.stats.tabular import Cells, Tabular, cells

Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class MarginalMean(Tabular):
    """The mean of an arm, or a contrast of means, in a round (counted from 1).

    statistic, p  t against zero on df, two-sided; None for a mean
    adjusted      p over all contrasts that were asked for together
    """

    name: str
    round: float
    estimate: float
    error: float
    df: float
    interval: Interval
    statistic: float | None = None
    p: float | None = None
    adjusted: float | None = None

    def apa(self) -> str:
        """One line for the results section."""
        text = f"{self.name}, round {self.round:g}: {number(self.estimate)}, "
        text += f"SE = {number(self.error)}, {self.interval.apa()}"
        if self.statistic is None:
            return f"{text}, df = {df_text(round(self.df, 2))}"
        test = f"t({df_text(round(self.df, 2))}) = {number(self.statistic)}, {p_text(self.p)}"
        return f"{text}, {test}, adjusted {p_text(self.adjusted)}"


@dataclass(frozen=True, slots=True)
class MarginalMeans(Tabular):
    """The means by round and arm, and the contrasts by round; empty where `note` says why."""

    means: tuple[MarginalMean, ...]
    contrasts: tuple[MarginalMean, ...]
    adjust: str
    note: str = ""

    def apa(self) -> str:
        """One line a mean and a contrast."""
        if not self.means:
            return f"marginal means: {NOT_ESTIMABLE} ({self.note})"
        return "\n".join(row.apa() for row in (*self.means, *self.contrasts))

    def table_rows(self) -> list[Cells]:
        """One row a mean and a contrast, told apart by `kind`."""
        kinds = (("mean", self.means), ("contrast", self.contrasts))
        rows = [{"kind": kind} | row.table_rows()[0] for kind, found in kinds for row in found]
        return rows or [cells(self)]


def emmeans(
    model: MixedModel,
    *,
    rounds: Sequence[float] | None = None,
    contrasts: Mapping[str, Weights] | None = None,
    adjust: str = "holm",
    level: float = 0.95,
) -> MarginalMeans:
    """The mean of every arm by a `linear_mixed` model, and contrasts of the arms.

    rounds     where, counted from 1; the mean round when None
    contrasts  weights by arm, which sum to zero, for each contrast by name; every pair of arms,
               first − second, when None
    adjust     "holm", "hochberg", "benjamini_hochberg" or "none", over all contrasts and rounds
    level      of the intervals, in (0, 1); they are not adjusted

    InputError for rounds beyond the study's, unknown arms, and weights that do not sum to zero; a
    model that could not be fitted has no means, and its note.

    >>> from analysis.stats.mixed import linear_mixed
    >>> rng = np.random.default_rng(1)
    >>> values = rng.normal(size=(8, 4, 2)) + rng.normal(size=(8, 1, 1)) + [0.0, 1.0]
    >>> model = linear_mixed(values, ["rag", "hare"], reference="rag")
    >>> found = emmeans(model, contrasts={"hare − rag": {"hare": 1, "rag": -1}})
    >>> means = [round(mean.estimate, 6) for mean in found.means]
    >>> means == [round(float(mean), 6) for mean in values.mean(axis=(0, 1))]
    True
    """
    check_level(level)
    adjust_p([], adjust)
    design, fixed = model.design, model.fixed
    if design is None or fixed is None:
        reason = model.note or "emmeans needs the model of arm × round that linear_mixed fits"
        return MarginalMeans((), (), adjust, reason)
    places = [(design.rounds + 1) / 2.0] if rounds is None else list(rounds)
    for place in places:
        if not (isinstance(place, Real) and 1 <= place <= design.rounds):
            raise InputError(f"rounds = {place!r}: must be from 1 to {design.rounds}")
    asked = _pairs(design.arms) if contrasts is None else contrasts
    for name, weights in asked.items():
        _check(name, weights, design.arms)
    means = {(arm, place): design.weights(arm, place) for place in places for arm in design.arms}
    differences = {
        (name, place): _contrast(design, weights, place)
        for place in places
        for name, weights in asked.items()
    }
    contrasted = _rows(fixed, differences, level, adjust)
    return MarginalMeans(_rows(fixed, means, level), contrasted, adjust, model.note)


def _pairs(arms: Sequence[str]) -> dict[str, Weights]:
    return {f"{a} − {b}": {a: 1.0, b: -1.0} for a, b in combinations(arms, 2)}


def _check(name: str, weights: Weights, arms: Sequence[str]) -> None:
    for arm in weights:
        if arm not in arms:
            raise InputError(f"contrasts[{name!r}] names {arm!r}: the arms are {', '.join(arms)}")
    values = np.array([float(weight) for weight in weights.values()])
    if not np.isfinite(values).all() or abs(values.sum()) > 1e-9 or not values.any():
        raise InputError(
            f"contrasts[{name!r}] has weights {list(weights.values())}: they must sum to zero, "
            "and not all be zero"
        )


def _contrast(design: ArmsByRound, weights: Weights, place: float) -> Array:
    """(terms,) of the weighted sum of the arms' means."""
    return np.sum([w * design.weights(arm, place) for arm, w in weights.items()], axis=0)


def _rows(
    fixed: FixedEffects,
    combinations: Mapping[tuple[str, float], Array],
    level: float,
    adjust: str | None = None,
) -> tuple[MarginalMean, ...]:
    """A row each of the combinations; with t, p and adjusted p where `adjust` says how."""
    if not combinations:
        return ()
    estimates, errors, df = fixed.combine(np.array(list(combinations.values())))
    half = stats.t.ppf((1.0 + level) / 2.0, df) * errors
    t = estimates / errors
    p = [float(value) for value in 2.0 * stats.t.sf(np.abs(t), df)]
    adjusted = None if adjust is None else adjust_p(p, adjust)
    return tuple(
        MarginalMean(
            name,
            float(place),
            float(estimates[k]),
            float(errors[k]),
            float(df[k]),
            Interval(float(estimates[k] - half[k]), float(estimates[k] + half[k]), level, "t"),
            *(() if adjusted is None else (float(t[k]), p[k], adjusted[k])),
        )
        for k, (name, place) in enumerate(combinations)
    )
