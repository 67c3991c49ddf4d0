"""Cumulative-logit mixed models of ordered ratings: the robustness check of the linear mixed model.

logit P(y <= j) = alpha_j − (X b + random effects), as R's ordinal::clmm has it (R. H. B.
Christensen, 2019): a positive coefficient means higher ratings. With one grouping factor its
intercepts are integrated out by Laplace's approximation (`points=1`) or adaptive Gauss–Hermite
quadrature; with several, nested or crossed, and with slopes, by Laplace's. The likelihood is in
analysis.stats.cumulative_link.

Standard errors come from the observed information, z and its intervals from them; profile
intervals are there on request. A fit counts only when its gradient is zero and its curvature
positive definite, and when no coefficient runs away to infinity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Unpack

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.errors import InputError
from analysis.stats.arrays import Array, check_aligned, check_level, check_whole, matrix, vector
from analysis.stats.coefficients import Coefficient, coefficients, model_rows, named
from analysis.stats.cumulative_link import CumulativeLogit, RandomEffect
from analysis.stats.long_form import (
    PARTICIPANT,
    PARTICIPANT_ARM,
    REQUEST,
    REQUEST_ARM,
    ROUND_SLOPE,
    long_ratings,
)
from analysis.stats.optimum import Maximum, NotEstimableError, maximise, profile_bounds
from analysis.stats.tabular import Cells, Tabular
from analysis.stats.tidy import Columns, with_requests

LIMIT = 500  # iterations of the optimiser
NEGLIGIBLE = 1e-4  # a standard deviation below this, on the logit scale, is called zero
RUNAWAY = 50.0  # log odds; an error or a deviation beyond this means there is no estimate
FAR = 4.0  # log odds by SD of the term; where a failed fit got so far, the term separates
STARTS = (1.0, 0.3, 2.5)  # standard deviations of the random effects to start from


@dataclass(frozen=True, slots=True)
class OrdinalModel(Tabular):
    """A fitted model, or why there is none.

    coefficients  fixed effects, in log odds of a higher rating; empty when not estimable
    thresholds    alpha_j, named "1|2" by the categories on their sides
    variances     variance of the random effects by name, in squared log odds
    n             groups of the first factor, the participants; rows: ratings
    method        how the random effects were integrated out
    gradient      largest slope of the log-likelihood that is left
    note          why it is not estimable, or what to know about the fit
    """

    n: int
    rows: int
    coefficients: tuple[Coefficient, ...] = ()
    thresholds: tuple[Coefficient, ...] = ()
    variances: Mapping[str, float] | None = None
    log_likelihood: float | None = None
    method: str = ""
    gradient: float | None = None
    note: str = ""

    def table_rows(self) -> list[Cells]:
        return model_rows(self, self.coefficients, self.variances, self.thresholds)

    def coefficient(self, term: str) -> Coefficient:
        """The fixed effect of this name; KeyError names those there are, or says why none is."""
        return named(self.coefficients, term, self.note)


def ordinal_mixed(
    ratings: ArrayLike,
    fixed: ArrayLike,
    groups: Mapping[str, ArrayLike],
    *,
    terms: Sequence[str],
    slopes: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    points: int = 1,
    level: float = 0.95,
    profile: bool = False,
) -> OrdinalModel:
    """Fit ratings ~ fixed + (1 | each of groups) + (0 + x | each of slopes), free thresholds.

    ratings  (rows,) ordered categories as whole numbers; those that occur are the categories
    fixed    (rows, len(terms)), without a constant column: the thresholds stand for it
    groups   labels (rows,) by the name of their factor, the participants first
    slopes   labels (rows,) and x (rows,) by the name of their variance; free of the intercepts
    points   quadrature points, 1 to 50; more than 1 needs a single factor and no slopes
    level    of the intervals, in (0, 1); profile: whether to add profile-likelihood intervals

    InputError for arrays that do not fit together; a fit that fails is an OrdinalModel that says
    why.

    >>> rng = np.random.default_rng(4)
    >>> people, warm = np.repeat(range(8), 6), np.tile([0.0, 1.0], 24)
    >>> latent = 3 + warm + rng.normal(size=8)[people] + rng.normal(size=48)
    >>> ratings = np.clip(np.rint(latent), 1, 5)
    >>> model = ordinal_mixed(ratings, warm[:, None], {"p": people}, terms=["warm"], points=7)
    >>> model.coefficient("warm").estimate > 0, model.method
    (True, 'adaptive Gauss–Hermite, 7 points')
    """
    check_aligned({"ratings": ratings, "fixed": fixed} | dict(groups))
    outcome, X = vector(ratings, "ratings"), matrix(fixed, "fixed")
    effects, scale = _random_effects(groups, slopes or {}, outcome.size)
    _check(outcome, X, effects, terms, points, level)
    n = int(next(iter(effects.values())).codes.max(initial=-1)) + 1
    method = "Laplace" if points == 1 else f"adaptive Gauss–Hermite, {points} points"
    categories, category = np.unique(outcome, return_inverse=True)
    none = OrdinalModel(n, outcome.size, method=method)
    reason = _why_not(n, categories.size, X)
    if reason:
        return replace(none, note=reason)
    J, p = categories.size, X.shape[1]
    fixed_at, sd_at = slice(J - 1, J - 1 + p), slice(J - 1 + p, None)
    try:
        likelihood = CumulativeLogit(category, X, list(effects.values()), points)
        top = _maximise(likelihood, category)
        covariance = top.covariance
        errors = np.sqrt(np.diag(covariance))[fixed_at]
        if reason := _runaway(top.point[sd_at], errors * X.std(axis=0), RUNAWAY, terms, effects):
            return replace(none, note=reason)
        profiles = None
        if profile:
            profiles = [
                profile_bounds(likelihood, top, J - 1 + k, level=level, limit=LIMIT)
                for k in range(p)
            ]
    except NotEstimableError as error:
        reason = ""
        if (point := error.point) is not None:
            size = np.abs(point[fixed_at]) * X.std(axis=0)
            reason = _runaway(point[sd_at], size, FAR, terms, effects)
        return replace(none, note=reason or str(error))
    b = top.point[fixed_at]
    jacobian = likelihood.alpha_jacobian(top.point)
    spread = jacobian @ covariance[: J - 1, : J - 1] @ jacobian.T
    names = [f"{low:g}|{high:g}" for low, high in pairwise(categories)]
    sd = np.abs(top.point[sd_at])
    found = np.where(sd < NEGLIGIBLE, 0.0, np.square(sd / scale))
    variances = dict(zip(effects, found.tolist(), strict=True))
    zero = [name for name, variance in variances.items() if variance == 0.0]
    notes = [f"variance estimated as zero: {', '.join(zero)}"] if zero else []
    if profiles is not None and None in profiles:
        without = ", ".join(t for t, f in zip(terms, profiles, strict=True) if f is None)
        notes.append(f"no profile interval for {without}")
    return replace(
        none,
        coefficients=coefficients(terms, b, errors, level=level, profiles=profiles),
        thresholds=coefficients(
            names, likelihood.alpha(top.point), np.sqrt(np.diag(spread)), level=level
        ),
        variances=variances,
        log_likelihood=top.value,
        gradient=float(np.abs(top.gradient).max()),
        note="; ".join(notes),
    )


def ordinal_by_arm(
    values: ArrayLike | pd.DataFrame,
    arms: Sequence[str] | None = None,
    *,
    reference: str,
    requests: ArrayLike | str | None = None,
    level: float = 0.95,
    profile: bool = False,
    **tidy: Unpack[Columns],
) -> OrdinalModel:
    """The study's model, with the random effects and the arguments of `linear_mixed`.

    values  (participants, rounds, arms) whole ratings, nan where one is missing; or a tidy
            DataFrame, for which arms, requests and tidy are as for linear_mixed

    Terms: each arm but the reference, "round", and "ARM × round"; rounds are centred.

    >>> rng = np.random.default_rng(2)
    >>> values = np.clip(np.rint(3 + rng.normal(size=(8, 5, 2)) + [0.0, 1.0]), 1, 5)
    >>> model = ordinal_by_arm(values, ["rag", "hare"], reference="rag")
    >>> [term.term for term in model.coefficients]
    ['hare', 'round', 'hare × round']
    """
    values, requests, arms = with_requests(values, requests, arms, tidy)
    rows = long_ratings(values, arms, reference=reference, requests=requests)
    reason = rows.why_not()
    if reason:
        return OrdinalModel(rows.n, rows.rating.size, method="Laplace", note=reason)
    own = rows.people * len(arms) + rows.arm
    groups = {PARTICIPANT: rows.people, PARTICIPANT_ARM: own}
    if rows.request is not None:
        groups |= {REQUEST: rows.request, REQUEST_ARM: rows.request * len(arms) + rows.arm}
    return ordinal_mixed(
        rows.rating,
        rows.design[:, 1:],
        groups,
        slopes={ROUND_SLOPE: (own, rows.time)},
        terms=rows.terms[1:],
        level=level,
        profile=profile,
    )


def _maximise(likelihood: CumulativeLogit, category: np.ndarray) -> Maximum:
    """Climb from the thresholds that the shares of the categories stand for."""
    reached = np.cumsum(np.bincount(category))[:-1] / category.size
    alpha = np.log(reached / (1.0 - reached))
    for start in STARTS:
        spread = np.sqrt(1.0 + start**2 / 3.0)  # thresholds spread as the effects do
        gaps = np.log(np.diff(alpha * spread))
        sd = np.full(likelihood.effects, start)
        point = np.concatenate([alpha[:1] * spread, gaps, np.zeros(likelihood.p), sd])
        try:
            return maximise(likelihood, point, limit=LIMIT)
        except NotEstimableError:
            if start == STARTS[-1]:
                raise
    raise AssertionError("STARTS is empty")


def _runaway(
    sd: Array, sizes: Array, far: float, terms: Sequence[str], effects: Iterable[str]
) -> str:
    """What is finite only because the optimiser stopped: effects without bound, or a term."""
    for name, deviation in zip(effects, sd, strict=True):
        if abs(deviation) > RUNAWAY:
            return f"the effects of {name} have no finite variance"
    for term, size in zip(terms, sizes, strict=True):
        if size > far:
            return f"{term} separates the ratings: it has no finite estimate"
    return ""


def _why_not(n: int, categories: int, X: Array) -> str:
    if n < 3:
        return f"needs at least 3 participants, has {n}"
    if categories < 2:
        return "every rating is the same"
    with_constant = np.column_stack([np.ones(len(X)), X])
    if np.linalg.matrix_rank(with_constant) < with_constant.shape[1]:
        return "the fixed effects are collinear with one another or with the thresholds"
    return ""


def _random_effects(
    groups: Mapping[str, ArrayLike], slopes: Mapping[str, tuple[ArrayLike, ArrayLike]], size: int
) -> tuple[dict[str, RandomEffect], Array]:
    """The effects by name, and the root mean square that each covariate was divided by."""
    effects = {
        name: RandomEffect(_codes(labels, f"groups[{name!r}]", size), np.ones(size))
        for name, labels in groups.items()
    }
    scale = [1.0] * len(effects)
    for name, (labels, covariate) in slopes.items():
        if name in effects:
            raise InputError(f"slopes[{name!r}] has the name of one of groups")
        check_aligned({f"slopes[{name!r}]": covariate})
        x = vector(covariate, f"slopes[{name!r}]")
        if x.size != size or not x.any():
            raise InputError(
                f"slopes[{name!r}] must have an x for each of the {size} ratings, not all zero"
            )
        scale.append(float(np.sqrt(np.mean(np.square(x)))))
        effects[name] = RandomEffect(_codes(labels, f"slopes[{name!r}]", size), x / scale[-1])
    return effects, np.array(scale)


def _codes(labels: ArrayLike, name: str, size: int) -> np.ndarray:
    try:
        array = np.asarray(labels)
    except ValueError as error:
        raise InputError(f"{name} must hold labels: {error}") from None
    if array.shape != (size,):
        raise InputError(f"{name} must have a label for each of the {size} ratings")
    return np.unique(array, return_inverse=True)[1]


def _check(
    ratings: Array,
    X: Array,
    effects: Mapping[str, RandomEffect],
    terms: Sequence[str],
    points: int,
    level: float,
) -> None:
    if X.shape != (ratings.size, len(terms)):
        raise InputError(
            f"fixed must be ({ratings.size} ratings, {len(terms)} terms), has shape {X.shape}"
        )
    if (ratings != np.rint(ratings)).any():
        raise InputError("ratings must be whole numbers, one a category")
    if not effects:
        raise InputError("groups must name at least one grouping factor")
    check_whole(1, points=points)
    if points > 50 or (points > 1 and len(effects) > 1):
        raise InputError(
            f"points = {points}: must be 1 to 50, and 1 with more than one random effect"
        )
    check_level(level)
