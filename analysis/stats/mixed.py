"""The linear mixed model of the ratings: secondary, beside the participant-level t tests.

`rating ~ arm * round + (1 | p) + (1 | p:arm) + (0 + round | p:arm)`, by REML. Fixed effects are
tested by t with Satterthwaite's degrees of freedom, from the observed information of the variance
parameters (F. E. Satterthwaite, 1946, Biometrics Bulletin 2, 110-114; as in A. Kuznetsova and
others, 2017, Journal of Statistical Software 82(13)); z, as if there were very many participants,
stays beside it. Profile intervals are those of the unrestricted likelihood, as lme4's are.

A fit counts only when its gradient is zero and its curvature positive definite. A variance may be
zero, which the note says. For complete ratings the coefficients must equal the differences of the
cell means and slopes, as they then do for any variances.

By hand, on analysis.stats.reml: statsmodels' MixedLM stops early on this model, or leaves the
intercept at exactly zero with converged=True, and has no degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Unpack, cast

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
    ROUND_SLOPE,
    long_ratings,
)
from analysis.stats.optimum import STEP, Maximum, NotEstimableError, maximise, profile_bounds
from analysis.stats.reml import GaussianModel
from analysis.stats.tabular import Cells, Tabular
from analysis.stats.tidy import Columns, by_round_and_arm

__all__ = ["Coefficient", "MixedModel", "linear_mixed", "mixed_model"]

LIMIT = 200  # iterations of the optimiser
NEGLIGIBLE = 1e-6  # a variance below this share of the residual one is called zero
CELL_TOLERANCE = 1e-4  # points of the scale, and points a round
STARTS = (0.5, 0.1, 1.5)  # standard deviations to start from, in residual ones


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
    level: float = 0.95,
    profile: bool = False,
    **tidy: Unpack[Columns],
) -> MixedModel:
    """Fit the model to `values` (participants, rounds, arms), nan where a rating is missing.

    values     or a tidy DataFrame, in which every rating that has no row is missing
    arms       names of the last axis; of a tidy DataFrame: which, and all when None
    tidy       participant, arm, round, value and item: columns not called as in the export
    reference  the arm that the others are compared with
    profile    whether every fixed effect gets a profile-likelihood interval

    Terms: "intercept", each other arm, "round", and "ARM × round". InputError for a wrong shape, an
    unknown reference or infinite values; a fit that fails is a MixedModel that says why.

    >>> rng = np.random.default_rng(1)
    >>> values = rng.normal(size=(8, 4, 2)) + rng.normal(size=(8, 1, 1)) + [0.0, 1.0]
    >>> model = linear_mixed(values, ["rag", "hare"], reference="rag")
    >>> [term.term for term in model.coefficients]
    ['intercept', 'hare', 'round', 'hare × round']
    """
    values, arms = by_round_and_arm(values, arms, tidy)
    rows = long_ratings(values, arms, reference=reference)
    reason = rows.why_not()
    if reason:
        return MixedModel(rows.n, rows.rating.size, note=reason)
    own = (rows.arm[:, None] == np.arange(len(arms))).astype(np.float64)
    model = mixed_model(
        rows.rating,
        rows.design,
        rows.people,
        terms=rows.terms,
        group=PARTICIPANT,
        parts={PARTICIPANT_ARM: own, ROUND_SLOPE: own * rows.time[:, None]},
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
    gap = float(np.max(np.abs(found - cells)))
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
    group: str = "group",
    level: float = 0.95,
    profile: bool = False,
) -> MixedModel:
    """Fit y = fixed b + random effects + residual by REML.

    y       (rows,); fixed (rows, len(terms)); groups (rows,) whose rows belong together
    random  (rows, k) with free covariance within the group; a column of ones when None
    parts   further variance components: (rows, m) columns that share one variance, by name
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
    check_aligned({"y": y, "fixed": fixed, "groups": groups, "random": random} | dict(parts or {}))
    outcome, design = vector(y, "y"), matrix(fixed, "fixed")
    labels, codes = np.unique(np.asarray(groups), return_inverse=True)
    effects = np.ones((outcome.size, 1)) if random is None else matrix(random, "random")
    blocks = {name: matrix(part, f"parts[{name!r}]") for name, part in (parts or {}).items()}
    for name, array in {"fixed": design, "groups": codes, "random": effects, **blocks}.items():
        if len(array) != outcome.size:
            raise InputError(f"{name} must have a row for each of the {outcome.size} in y")
    if design.shape[1] != len(terms):
        raise InputError(f"fixed has {design.shape[1]} columns and terms {len(terms)} names")
    check_level(level)
    try:
        fit = _Fit(outcome, design, codes, effects, blocks, group)
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


class _Fit:
    """A REML fit in the data's units; inside, the outcome is in ordinary residual deviations."""

    def __init__(
        self,
        y: Array,
        X: Array,
        groups: np.ndarray,
        random: Array,
        parts: Mapping[str, Array],
        group: str,
    ) -> None:
        if groups.max(initial=-1) < 1:
            raise NotEstimableError("needs at least 2 groups")
        if np.linalg.matrix_rank(X) < X.shape[1]:
            raise NotEstimableError("the fixed effects are collinear")
        residual = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
        self.unit = float(np.sqrt(residual @ residual / max(len(y) - X.shape[1], 1)))
        if len(y) <= X.shape[1] or self.unit <= 1e-9 * float(np.abs(y).max()):
            raise NotEstimableError("the fixed effects leave no residual")
        self.names, Z, patterns = _random_effects(random, parts, group)
        self.free = random.shape[1]
        self.scale = _scale(Z, patterns)
        self.model = GaussianModel(y / self.unit, X, groups, Z / self.scale, patterns)
        self.top = self._maximise(patterns)
        b, C = self.model.fixed_effects(self.top.point)
        square = self.unit**2
        self.fixed = FixedEffects(
            b * self.unit, C * square, self._slopes() * square, self.top.covariance
        )
        rank = len(y) - X.shape[1]
        self.log_likelihood = self.top.value - rank * float(np.log(self.unit))

    def _maximise(self, patterns: Sequence[Array]) -> Maximum:
        diagonal = np.array([float(np.trace(pattern) > 0) for pattern in patterns])
        for start in STARTS:
            try:
                at = np.append(start * diagonal, np.log(0.8))
                return maximise(self.model.restricted, at, limit=LIMIT)
            except NotEstimableError:
                if start == STARTS[-1]:
                    raise
        raise AssertionError("STARTS is empty")

    def _slopes(self) -> Array:
        """(parameters, terms, terms): how each parameter moves the covariance of the effects."""
        slopes = []
        for k in range(self.top.point.size):
            step = np.zeros(self.top.point.size)
            step[k] = STEP * max(1.0, abs(self.top.point[k]))
            ahead = self.model.fixed_effects(self.top.point + step)[1]
            behind = self.model.fixed_effects(self.top.point - step)[1]
            slopes.append((ahead - behind) / (2.0 * step[k]))
        return np.array(slopes)

    def profiles(self, level: float) -> list[tuple[float, float] | None]:
        """The profile intervals of the coefficients under the unrestricted likelihood."""
        start = np.concatenate([self.fixed.estimates / self.unit, self.top.point])
        try:
            top = maximise(self.model.full, start, limit=LIMIT)
        except NotEstimableError:
            return [None] * self.model.p
        found = [
            profile_bounds(self.model.full, top, k, level=level, limit=LIMIT)
            for k in range(self.model.p)
        ]
        return [None if f is None else (f[0] * self.unit, f[1] * self.unit) for f in found]

    def variances(self) -> dict[str, float]:
        """Variances and covariances by name, zero where they are negligible."""
        residual = float(np.exp(2.0 * self.top.point[-1]))
        psi = self.model.psi(self.top.point)
        k = self.free
        psi[np.abs(psi) < NEGLIGIBLE * residual] = 0.0
        psi = psi * self.unit**2 / np.outer(self.scale, self.scale)
        found = {
            self.names[i] if i == j else f"{self.names[j]}, {self.names[i]}": float(psi[i, j])
            for i in range(k)
            for j in range(i + 1)
        }
        for i in range(k, len(self.names)):
            found.setdefault(self.names[i], float(psi[i, i]))
        return {**found, "residual": residual * self.unit**2}

    def singular(self) -> bool:
        """Whether the free covariance, all its variances positive, has lost a dimension."""
        psi = self.model.psi(self.top.point)[: self.free, : self.free]
        deviations = np.sqrt(np.diag(psi))
        correlation = psi / np.outer(deviations, deviations)
        return bool(np.linalg.eigvalsh(correlation)[0] < NEGLIGIBLE)


def _random_effects(
    random: Array, parts: Mapping[str, Array], group: str
) -> tuple[list[str], Array, list[Array]]:
    """A name for each column of Z, Z, and the patterns of L: a free triangle, then the parts."""
    k = random.shape[1]
    names = [group] if k == 1 else [f"{group} {i}" for i in range(k)]
    names += [name for name, part in parts.items() for _ in range(part.shape[1])]
    Z = np.column_stack([random, *parts.values()])
    patterns = []
    for i in range(k):
        for j in range(i + 1):
            pattern = np.zeros((len(names), len(names)))
            pattern[i, j] = 1.0
            patterns.append(pattern)
    first = k
    for part in parts.values():
        pattern = np.zeros((len(names), len(names)))
        columns = first + np.arange(part.shape[1])
        pattern[columns, columns] = 1.0
        patterns.append(pattern)
        first += part.shape[1]
    return names, Z, patterns


def _scale(Z: Array, patterns: Sequence[Array]) -> Array:
    """The root mean square of every column; columns that share a variance share their scale."""
    square = np.mean(np.square(Z), axis=0)
    for pattern in patterns:
        shared = np.diag(pattern) > 0
        if shared.any():
            square[shared] = square[shared].mean()
    return cast(Array, np.where(square > 0, np.sqrt(square), 1.0))


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
