"""The linear mixed model of the ratings: secondary, beside the participant-level t tests.

`rating ~ arm * round + (1 | p) + (1 | p:arm) + (0 + round | p:arm)`, and where it is told which
request was rated `+ (1 | request) + (1 | request:arm)`, crossed with the participants: inference is
then to requests like these, not to these alone (H. H. Clark, 1973, Journal of Verbal Learning and
Verbal Behavior 12, 335-359). By REML. Fixed effects are tested by t with Satterthwaite's degrees of
freedom, from the observed information of the variance parameters (F. E. Satterthwaite, 1946,
Biometrics Bulletin 2, 110-114; as in A. Kuznetsova and others, 2017, Journal of Statistical
Software 82(13)); z, as if there were very many participants, stays beside it. Profile intervals are
those of the unrestricted likelihood, as lme4's are.

A fit counts only when its gradient is zero and its curvature positive definite. A variance may be
zero, which the note says. For complete ratings the coefficients must equal the differences of the
cell means and slopes, as they then do for any variances; with requests, which no order balances
over the rounds, those of the arms must, where every request was rated equally often.

By hand, on analysis.stats.reml_fit: statsmodels' MixedLM stops early on this model, or leaves the
intercept at exactly zero with converged=True, and has no degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Unpack

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.errors import InputError
from analysis.stats.arrays import Array, check_aligned, check_level, matrix, vector
from analysis.stats.coefficients import Coefficient, coefficients, model_rows, named
from analysis.stats.fixed_effects import ArmsByRound, FixedEffects
from analysis.stats.long_form import (
    PARTICIPANT,
    PARTICIPANT_ARM,
    REQUEST,
    REQUEST_ARM,
    ROUND_SLOPE,
    long_ratings,
)
from analysis.stats.optimum import NotEstimableError
from analysis.stats.reml_fit import RemlFit
from analysis.stats.tabular import Cells, Tabular
from analysis.stats.tidy import Columns, with_requests

__all__ = ["Coefficient", "MixedModel", "linear_mixed", "mixed_model"]

CELL_TOLERANCE = 1e-4  # points of the scale, and points a round


@dataclass(frozen=True, slots=True)
class MixedModel(Tabular):
    """A fitted model, or why there is none.

    coefficients  fixed effects; empty when not estimable
    variances     variance (or "a, b" covariance) by name, with "residual"
    n             participants; rows: ratings
    gradient      largest slope that is left of the log-likelihood, toward a standard deviation in
                  units of the residual one
    note          why it is not estimable, or what to know about the fit
    fixed, design what `emmeans` needs: the fixed effects together, and what they mean
    """

    n: int
    rows: int
    coefficients: tuple[Coefficient, ...] = ()
    variances: Mapping[str, float] | None = None
    log_likelihood: float | None = None
    note: str = ""
    gradient: float | None = None
    fixed: FixedEffects | None = field(default=None, repr=False, compare=False)
    design: ArmsByRound | None = None

    def table_rows(self) -> list[Cells]:
        return model_rows(self, self.coefficients, self.variances)

    def coefficient(self, term: str) -> Coefficient:
        """The fixed effect of this name; KeyError names those there are, or says why none is."""
        return named(self.coefficients, term, self.note)


def linear_mixed(
    values: ArrayLike | pd.DataFrame,
    arms: Sequence[str] | None = None,
    *,
    reference: str,
    requests: ArrayLike | str | None = None,
    level: float = 0.95,
    profile: bool = False,
    **tidy: Unpack[Columns],
) -> MixedModel:
    """Fit the model to `values` (participants, rounds, arms), nan where a rating is missing.

    values     or a tidy DataFrame, in which every rating that has no row is missing
    arms       names of the last axis; of a tidy DataFrame: which, and all when None
    tidy       participant, arm, round, value and item: columns not called as in the export
    reference  the arm that the others are compared with
    requests   what was rated, labels (participants, rounds) or as values, or a tidy DataFrame's
               column of them: adds the effects of requests
    profile    whether every fixed effect gets a profile-likelihood interval

    Terms: "intercept", each other arm, "round", and "ARM × round". InputError for a wrong shape, an
    unknown reference or infinite values; a fit that fails is a MixedModel that says why.

    >>> rng = np.random.default_rng(1)
    >>> values = rng.normal(size=(8, 4, 2)) + rng.normal(size=(8, 1, 1)) + [0.0, 1.0]
    >>> model = linear_mixed(values, ["rag", "hare"], reference="rag")
    >>> [term.term for term in model.coefficients]
    ['intercept', 'hare', 'round', 'hare × round']
    """
    values, requests, arms = with_requests(values, requests, arms, tidy)
    rows = long_ratings(values, arms, reference=reference, requests=requests)
    reason = rows.why_not()
    if reason:
        return MixedModel(rows.n, rows.rating.size, note=reason)
    own = (rows.arm[:, None] == np.arange(len(arms))).astype(np.float64)
    crossed = dict[str, Array]()
    if rows.request is not None:
        crossed[REQUEST] = _indicators(rows.request)
        crossed[REQUEST_ARM] = _indicators(rows.request * len(arms) + rows.arm)
    model = mixed_model(
        rows.rating,
        rows.design,
        rows.people,
        terms=rows.terms,
        group=PARTICIPANT,
        parts={PARTICIPANT_ARM: own, ROUND_SLOPE: own * rows.time[:, None]},
        crossed=crossed,
        level=level,
        profile=profile,
    )
    if not model.coefficients:
        return model
    model = replace(model, note=_joined(model.note, _pooled(model.variances or {})))
    design = ArmsByRound(tuple(arms), reference, np.shape(values)[1])
    model = replace(model, design=design)
    if rows.missing:
        note = "ratings are missing, so the coefficients cannot be checked against cell means"
        return replace(model, note=_joined(model.note, note))
    found = np.array([term.estimate for term in model.coefficients])
    cells = np.linalg.lstsq(rows.design, rows.rating, rcond=None)[0]  # cell means and slopes
    checked = np.ones(found.size, dtype=bool)
    if rows.request is not None:
        if np.ptp(np.bincount(rows.request)):
            note = "requests were not rated equally often, so no coefficient can be checked"
            return replace(model, note=_joined(model.note, note))
        checked[len(arms) :] = False  # round, and what has × round
    gap = float(np.max(np.abs(found - cells)[checked]))
    if gap > CELL_TOLERANCE:
        note = f"the optimiser stopped early: a coefficient is {gap:.2g} away from the cell means"
        return MixedModel(rows.n, rows.rating.size, note=note)
    return model


def mixed_model(
    y: ArrayLike,
    fixed: ArrayLike,
    groups: ArrayLike,
    *,
    terms: Sequence[str],
    random: ArrayLike | None = None,
    parts: Mapping[str, Array] | None = None,
    crossed: Mapping[str, Array] | None = None,
    group: str = "group",
    level: float = 0.95,
    profile: bool = False,
) -> MixedModel:
    """Fit y = fixed b + random effects + residual by REML.

    y       (rows,); fixed (rows, len(terms)); groups (rows,) whose rows belong together
    random  (rows, k) with free covariance within the group; a column of ones when None
    parts   further variance components: (rows, m) columns that share one variance, by name
    crossed components that cross the groups: (rows, m) columns that share one variance, by name
    group   what the variances call the group
    level   of the intervals, in (0, 1); profile: whether to add profile-likelihood intervals

    InputError for arrays that do not fit together; a fit that fails is a MixedModel that says why.

    >>> x = np.tile(np.arange(4.0), 6)
    >>> noise = np.random.default_rng(0).normal(size=24)
    >>> y = 2.0 + x + np.repeat([-3.0, -2.0, 0.0, 1.0, 1.5, 2.5], 4) + noise
    >>> fixed = np.column_stack([np.ones(24), x])
    >>> fit = mixed_model(y, fixed, np.repeat(range(6), 4), terms=["intercept", "x"])
    >>> round(fit.coefficients[1].estimate), sorted(fit.variances)
    (1, ['group', 'residual'])
    """
    check_aligned(
        {"y": y, "fixed": fixed, "groups": groups, "random": random}
        | {**(parts or {}), **(crossed or {})}
    )
    outcome, design = vector(y, "y"), matrix(fixed, "fixed")
    labels, codes = np.unique(np.asarray(groups), return_inverse=True)
    effects = np.ones((outcome.size, 1)) if random is None else matrix(random, "random")
    blocks = {name: matrix(part, f"parts[{name!r}]") for name, part in (parts or {}).items()}
    across = {name: matrix(part, f"crossed[{name!r}]") for name, part in (crossed or {}).items()}
    named_arrays = {"fixed": design, "groups": codes, "random": effects, **blocks, **across}
    for name, array in named_arrays.items():
        if len(array) != outcome.size:
            raise InputError(f"{name} must have a row for each of the {outcome.size} in y")
    if design.shape[1] != len(terms):
        raise InputError(f"fixed has {design.shape[1]} columns and terms {len(terms)} names")
    check_level(level)
    try:
        fit = RemlFit(outcome, design, codes, effects, blocks, across, group)
        profiles = fit.profiles(level) if profile else None
    except NotEstimableError as error:
        return MixedModel(labels.size, outcome.size, note=str(error))
    estimates, errors, df = fit.fixed.combine(np.eye(len(terms)))
    found = coefficients(terms, estimates, errors, level=level, df=df, profiles=profiles)
    variances = fit.variances()
    zero = [k for k, v in variances.items() if "," not in k and v == 0.0]
    note = f"variance estimated as zero: {', '.join(zero)}" if zero else ""
    if not zero and fit.singular():
        note = "the covariance of the random effects is singular: they correlate perfectly"
    if profiles is not None and None in profiles:
        without = ", ".join(t for t, p in zip(terms, profiles, strict=True) if p is None)
        note = _joined(note, f"no profile interval for {without}")
    gradient = float(np.abs(fit.top.gradient).max())
    return MixedModel(
        labels.size, outcome.size, found, variances, fit.log_likelihood, note, gradient, fit.fixed
    )


def _indicators(codes: np.ndarray) -> Array:
    """(rows, groups) of ones and zeros."""
    levels = np.unique(codes)
    return (codes[:, None] == levels).astype(np.float64)


def _pooled(variances: Mapping[str, float]) -> str:
    """What a variance at zero does to the degrees of freedom; empty where none is."""
    if 0.0 in (variances[PARTICIPANT_ARM], variances[ROUND_SLOPE]):
        over = "ratings"
    elif variances[PARTICIPANT] == 0.0:
        over = "participants and arms"
    else:
        return ""
    return f"df are then pooled over {over}, and p is not to be read against the paired t"


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
