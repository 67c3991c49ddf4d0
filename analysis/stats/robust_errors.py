"""The regression rating ~ arm × round with errors that are robust to what participants share.

Both keep the participant as the unit, without a model of why their ratings resemble each other:

OLS  with the covariance of K.-Y. Liang and S. L. Zeger (1986), Biometrika 73, 13-22, clustered by
     participant, times G/(G − 1) · (N − 1)/(N − K) for G participants, N ratings and K terms
GEE  with one correlation between any two ratings of a participant, and the covariance of
     L. A. Mancl and T. A. DeRouen (2001), Biometrics 57, 126-134, which few participants need

By statsmodels. t on G − 1 degrees of freedom for both, where statsmodels' GEE takes z.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.stats.arrays import Array, check_level
from analysis.stats.coefficients import Coefficient, coefficients, model_rows, named
from analysis.stats.long_form import LongRatings, long_ratings
from analysis.stats.tabular import Cells, Tabular
from analysis.stats.tidy import Columns, by_round_and_arm


@dataclass(frozen=True, slots=True)
class ClusteredModel(Tabular):
    """A regression with cluster-robust errors, or why there is none.

    method        "OLS" or "GEE"
    n             participants; rows: ratings
    coefficients  as those of `linear_mixed`, with df = n − 1; empty when not estimable
    correlation   between two ratings of a participant, of the GEE
    note          why it is not estimable
    """

    method: str
    n: int
    rows: int
    coefficients: tuple[Coefficient, ...] = ()
    correlation: float | None = None
    note: str = ""

    def table_rows(self) -> list[Cells]:
        return model_rows(self, self.coefficients)

    def coefficient(self, term: str) -> Coefficient:
        """The coefficient of this name; KeyError names those there are, or says why none is."""
        return named(self.coefficients, term, self.note)


def clustered_ols(
    values: ArrayLike | pd.DataFrame,
    arms: Sequence[str] | None = None,
    *,
    reference: str,
    level: float = 0.95,
    **tidy: Unpack[Columns],
) -> ClusteredModel:
    """Least squares of `values` (participants, rounds, arms), with errors clustered by participant.

    values, arms, reference, tidy  as for `linear_mixed`, and so are the terms

    InputError for a wrong shape, an unknown reference or infinite values; what cannot be estimated
    is a ClusteredModel that says why.

    >>> rng = np.random.default_rng(1)
    >>> values = rng.normal(size=(8, 4, 2)) + rng.normal(size=(8, 1, 1)) + [0.0, 1.0]
    >>> clustered_ols(values, ["rag", "hare"], reference="rag").coefficient("hare").df
    7.0
    """
    return _fitted("OLS", *by_round_and_arm(values, arms, tidy), reference, level)


def clustered_gee(
    values: ArrayLike | pd.DataFrame,
    arms: Sequence[str] | None = None,
    *,
    reference: str,
    level: float = 0.95,
    **tidy: Unpack[Columns],
) -> ClusteredModel:
    """Generalised estimating equations of `values`, exchangeable within participants.

    values, arms, reference, tidy  as for `linear_mixed`; errors and notes as for `clustered_ols`
    """
    return _fitted("GEE", *by_round_and_arm(values, arms, tidy), reference, level)


def _fitted(
    method: str, values: ArrayLike, arms: Sequence[str], reference: str, level: float
) -> ClusteredModel:
    check_level(level)
    rows = long_ratings(values, arms, reference=reference)
    reason = rows.why_not() or _why_not(rows)
    if reason:
        return ClusteredModel(method, rows.n, rows.rating.size, note=reason)
    found = _ols(rows) if method == "OLS" else _gee(rows)
    if isinstance(found, str):
        return ClusteredModel(method, rows.n, rows.rating.size, note=found)
    b, covariance, correlation = found
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    if not errors.min() > 1e-7 * max(1.0, float(np.abs(rows.rating).max())):
        reason = "some errors are zero: participants differ in nothing that a term tells"
        return ClusteredModel(method, rows.n, rows.rating.size, note=reason)
    df = np.full(b.size, rows.n - 1.0)
    terms = coefficients(rows.terms, b, errors, level=level, df=df)
    return ClusteredModel(method, rows.n, rows.rating.size, terms, correlation)


def _why_not(rows: LongRatings) -> str:
    X = rows.design
    if np.linalg.matrix_rank(X) < X.shape[1]:
        return "the fixed effects are collinear"
    residual = rows.rating - X @ np.linalg.lstsq(X, rows.rating, rcond=None)[0]
    if len(X) <= X.shape[1] or np.abs(residual).max() <= 1e-9 * np.abs(rows.rating).max():
        return "the fixed effects leave no residual"
    return ""


def _ols(rows: LongRatings) -> tuple[Array, Array, None]:
    """Estimates (p,) and their covariance (p, p)."""
    from statsmodels.regression.linear_model import OLS  # here: 0.2 s that few commands need

    fit = OLS(rows.rating, rows.design).fit(
        cov_type="cluster", cov_kwds={"groups": rows.people, "use_correction": True}
    )
    return cast(Array, fit.params), cast(Array, fit.cov_params()), None


def _gee(rows: LongRatings) -> tuple[Array, Array, float] | str:
    """Estimates (p,), their covariance (p, p) and the correlation, or why there are none."""
    from statsmodels.genmod.cov_struct import Exchangeable
    from statsmodels.genmod.generalized_estimating_equations import GEE
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, IterationLimitWarning

    model = GEE(rows.rating, rows.design, groups=rows.people, cov_struct=Exchangeable())
    with warnings.catch_warnings():
        failures = (ConvergenceWarning, IterationLimitWarning, RuntimeWarning)
        for category in failures:
            warnings.simplefilter("error", category)
        try:
            fit = model.fit(cov_type="bias_reduced")
        except (*failures, np.linalg.LinAlgError) as error:
            return f"the estimating equations have no solution: {error}"
    if fit is None:
        return "the estimating equations have no solution"
    return fit.params, fit.cov_params(), float(fit.cov_struct.dep_params)
