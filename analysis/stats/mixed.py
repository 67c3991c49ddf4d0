"""The linear mixed model of the ratings: secondary, beside the participant-level t tests.

`rating ~ arm * round + (1 | p) + (1 | p:arm) + (0 + round | p:arm)`, by REML (N. M. Laird and
J. H. Ware, 1982, Biometrics 38, 963-974), fitted by statsmodels' MixedLM with the last two terms
as variance components. Rounds are centred, so that the coefficient of an arm is its mean
difference from the reference arm.

MixedLM tests by z, as if there were very many participants: with few, its intervals are too
narrow. The default optimisers stop early on this model, so Powell's method comes first; a fit
counts only when it converged and, for complete ratings, when its coefficients equal the differences
of the cell means and slopes, as they then must for any variances.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM, VCSpec

from analysis.errors import InputError
from analysis.stats.arrays import Array, matrix, vector
from analysis.stats.results import Interval

METHODS = ("powell", "nm")
LIMIT = 200  # iterations of each method
NEGLIGIBLE = 1e-6  # a variance below this share of the residual one is called zero
CELL_TOLERANCE = 1e-4  # points of the scale, and points a round


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A fixed effect with its standard error; z and p are asymptotic."""

    term: str
    estimate: float
    error: float
    interval: Interval

    @property
    def z(self) -> float:
        return self.estimate / self.error

    @property
    def p(self) -> float:
        return float(2.0 * stats.norm.sf(abs(self.z)))


@dataclass(frozen=True, slots=True)
class MixedModel:
    """A fitted model, or why there is none.

    coefficients  fixed effects; empty when not estimable
    variances     variance (or "a, b" covariance) by name, with "residual"
    n             participants; rows: ratings
    note          why it is not estimable, or what to know about the fit
    """

    n: int
    rows: int
    coefficients: tuple[Coefficient, ...] = ()
    variances: Mapping[str, float] | None = None
    log_likelihood: float | None = None
    note: str = ""


def linear_mixed(
    values: ArrayLike, arms: Sequence[str], *, reference: str, level: float = 0.95
) -> MixedModel:
    """Fit the model to `values` (participants, rounds, arms), nan where a rating is missing.

    reference  the arm that the others are compared with
    Terms: "intercept", each other arm, "round", and "ARM × round". InputError for a wrong shape, an
    unknown reference or infinite values; a fit that fails is a MixedModel that says why.

    >>> rng = np.random.default_rng(1)
    >>> values = rng.normal(size=(8, 4, 2)) + rng.normal(size=(8, 1, 1)) + [0.0, 1.0]
    >>> model = linear_mixed(values, ["rag", "hare"], reference="rag")
    >>> [term.term for term in model.coefficients]
    ['intercept', 'hare', 'round', 'hare × round']
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 3 or table.shape[2] != len(arms) or len(arms) < 2:
        raise InputError(
            f"values must be (participants, rounds, {len(arms)} arms), has shape {table.shape}"
        )
    if reference not in arms:
        raise InputError(f"reference {reference!r} is none of {list(arms)}")
    if np.isinf(table).any():
        raise InputError("values must be finite, or nan where a rating is missing")
    people, rounds, arm = np.nonzero(~np.isnan(table))
    rated = table[people, rounds, arm]
    n = np.unique(people).size
    reason = _why_not(rated, n, table.shape[1])
    if reason:
        return MixedModel(n, rated.size, note=reason)
    time = rounds - (table.shape[1] - 1) / 2.0
    others = [k for k, name in enumerate(arms) if name != reference]
    dummies = [(arm == k).astype(np.float64) for k in others]
    design = np.column_stack([np.ones(rated.size), *dummies, time, *(d * time for d in dummies)])
    names = [arms[k] for k in others]
    terms = ["intercept", *names, "round", *(f"{name} × round" for name in names)]
    own = (arm[:, None] == np.arange(len(arms))).astype(np.float64)
    parts = {"p:arm": own, "round | p:arm": own * time[:, None]}
    model = mixed_model(rated, design, people, terms=terms, parts=parts, level=level)
    if not model.coefficients:
        return model
    if rated.size < table.size:
        note = "ratings are missing, so the coefficients cannot be checked against cell means"
        return _noted(model, note)
    found = np.array([term.estimate for term in model.coefficients])
    cells = np.linalg.lstsq(design, rated, rcond=None)[0]  # complete: cell means and slopes
    gap = float(np.max(np.abs(found - cells)))
    if gap > CELL_TOLERANCE:
        note = f"the optimiser stopped early: a coefficient is {gap:.2g} away from the cell means"
        return MixedModel(n, rated.size, note=note)
    return model


def mixed_model(
    y: ArrayLike,
    fixed: ArrayLike,
    groups: ArrayLike,
    *,
    terms: Sequence[str],
    random: ArrayLike | None = None,
    parts: Mapping[str, Array] | None = None,
    level: float = 0.95,
) -> MixedModel:
    """Fit y = fixed b + random effects + residual by REML.

    y       (rows,); fixed (rows, len(terms)); groups (rows,) whose rows belong together
    random  (rows, k) with free covariance within the group; a column of ones when None
    parts   further variance components: (rows, m) columns that share one variance, by name

    >>> x = np.tile(np.arange(4.0), 6)
    >>> noise = np.random.default_rng(0).normal(size=24)
    >>> y = 2.0 + x + np.repeat([-3.0, -2.0, 0.0, 1.0, 1.5, 2.5], 4) + noise
    >>> fixed = np.column_stack([np.ones(24), x])
    >>> fit = mixed_model(y, fixed, np.repeat(range(6), 4), terms=["intercept", "x"])
    >>> round(fit.coefficients[1].estimate), sorted(fit.variances)
    (1, ['group', 'residual'])
    """
    outcome, design = vector(y, "y"), matrix(fixed, "fixed")
    members = np.asarray(groups)
    effects = np.ones((outcome.size, 1)) if random is None else matrix(random, "random")
    n = np.unique(members).size
    components = dict(parts or {})
    with warnings.catch_warnings():
        # What it warns of is looked at below: convergence, singular matrices, variances at zero.
        warnings.simplefilter("ignore")
        try:
            model = MixedLM(
                outcome, design, members, effects, exog_vc=_components(components, members)
            )
            fit = model.fit(reml=True, method=list(METHODS), maxiter=LIMIT, xtol=1e-6, ftol=1e-10)
        except (np.linalg.LinAlgError, ValueError, ZeroDivisionError) as error:
            return MixedModel(n, outcome.size, note=f"the fit failed ({error})")
    estimates = np.asarray(fit.fe_params, dtype=np.float64)
    errors = np.asarray(fit.bse_fe, dtype=np.float64)
    if not fit.converged:
        return MixedModel(n, outcome.size, note="the optimiser did not converge")
    if not (np.isfinite(estimates).all() and np.isfinite(errors).all() and (errors > 0).all()):
        return MixedModel(n, outcome.size, note="the standard errors cannot be computed")
    half = float(stats.norm.ppf((1.0 + level) / 2.0)) * errors
    coefficients = tuple(
        Coefficient(term, float(b), float(e), Interval(float(b - h), float(b + h), level, "z"))
        for term, b, e, h in zip(terms, estimates, errors, half, strict=True)
    )
    covariance = np.asarray(fit.cov_re, dtype=np.float64)
    names = ["group"] if effects.shape[1] == 1 else [f"group {k}" for k in range(len(covariance))]
    variances = {
        names[i] if i == j else f"{names[j]}, {names[i]}": float(covariance[i, j])
        for i in range(len(names))
        for j in range(i + 1)
    }
    variances |= dict(zip(sorted(components), np.asarray(fit.vcomp, float).tolist(), strict=True))
    variances["residual"] = float(fit.scale)
    zero = [k for k in variances if "," not in k and variances[k] < NEGLIGIBLE * float(fit.scale)]
    note = f"variance estimated as zero: {', '.join(zero)}" if zero else ""
    return MixedModel(n, outcome.size, coefficients, variances, float(fit.llf), note)


def _components(parts: Mapping[str, Array], groups: np.ndarray) -> VCSpec | None:
    """The columns of each part, cut to each group in the order that MixedLM uses."""
    if not parts:
        return None
    names = sorted(parts)
    labels = np.unique(groups)
    mats = [[parts[name][groups == label] for label in labels] for name in names]
    columns = [[[str(k) for k in range(part.shape[1])] for part in mat] for mat in mats]
    return VCSpec(names, columns, mats)


def _why_not(rated: Array, n: int, rounds: int) -> str:
    if n < 3:
        return f"needs at least 3 participants, has {n}"
    if rounds < 2:
        return "needs at least 2 rounds"
    return "every rating is the same" if np.ptp(rated) == 0 else ""


def _noted(model: MixedModel, note: str) -> MixedModel:
    return replace(model, note="; ".join(part for part in (model.note, note) if part))
