"""A fixed effect of a mixed model: estimate, standard error, tests, intervals, and how it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy import stats

from analysis.stats.arrays import Array
from analysis.stats.results import Interval, number, p_text
from analysis.stats.tabular import Cells, Tabular, cells


@dataclass(frozen=True, slots=True)
class Coefficient(Tabular):
    """A fixed effect with its standard error.

    z            estimate / error, which is t where there are df
    interval     estimate ± z · error, as if there were very many participants; p_z likewise
    df           of the t test, None where there is none (ordinal models)
    t_interval   estimate ± t(df) · error, which belongs to p
    profile      profile-likelihood interval, where it was asked for and found

    >>> half = Interval(0.03, 0.61, 0.95, "z")
    >>> Coefficient("hare", 0.32, 0.14794, half, df=22.0).apa()
    'hare: b = 0.32, SE = 0.15, 95% CI [0.03, 0.61], t(22.0) = 2.16, p = .042'
    """

    term: str
    estimate: float
    error: float
    interval: Interval
    df: float | None = None
    t_interval: Interval | None = None
    profile: Interval | None = None

    @property
    def z(self) -> float:
        return self.estimate / self.error

    @property
    def p(self) -> float:
        """Two-sided: from t on df where there are df, from z where there are none."""
        return self.p_z if self.df is None else float(2.0 * stats.t.sf(abs(self.z), self.df))

    @property
    def p_z(self) -> float:
        """Two-sided and asymptotic, from z; with few participants it is too small."""
        return float(2.0 * stats.norm.sf(abs(self.z)))

    def table_rows(self) -> list[Cells]:
        row = cells(self)
        del row["note"]
        return [row | {"statistic": self.z, "p": self.p}]

    def apa(self, digits: int = 2) -> str:
        """One line: t where the model has degrees of freedom, z otherwise."""
        interval = self.t_interval or self.interval
        statistic = "z" if self.df is None else f"t({self.df:.1f})"
        return (
            f"{self.term}: b = {number(self.estimate, digits)}, SE = {number(self.error, digits)}, "
            f"{interval.apa(digits)}, {statistic} = {number(self.z)}, {p_text(self.p)}"
        )


def named(found: Sequence[Coefficient], term: str, note: str) -> Coefficient:
    """The coefficient of this term; KeyError names those there are, or says why there is none.

    note  of the model: why it could not be fitted, where it has no coefficients

    >>> named([], "hare", "every rating is the same")
    Traceback (most recent call last):
    KeyError: "no term 'hare': the model was not fitted (every rating is the same)"
    """
    for coefficient in found:
        if coefficient.term == term:
            return coefficient
    if not found:
        raise KeyError(f"no term {term!r}: the model was not fitted ({note})")
    raise KeyError(f"no term {term!r}; there are {[c.term for c in found]}")


def coefficients(
    terms: Sequence[str],
    estimates: Array,
    errors: Array,
    *,
    level: float,
    df: Array | None = None,
    profiles: Sequence[tuple[float, float] | None] | None = None,
) -> tuple[Coefficient, ...]:
    """One Coefficient a term, with the intervals that follow from its error, df and profile.

    >>> import numpy as np
    >>> coefficients(["x"], np.array([1.0]), np.array([0.5]), level=0.95)[0].interval.apa()
    '95% CI [0.02, 1.98]'
    """
    found = []
    z = float(stats.norm.ppf((1.0 + level) / 2.0))
    for k, (term, b, error) in enumerate(zip(terms, estimates, errors, strict=True)):
        own = None if df is None else float(df[k])
        t = None if own is None else float(stats.t.ppf((1.0 + level) / 2.0, own))
        bounds = None if profiles is None else profiles[k]
        found.append(
            Coefficient(
                term,
                float(b),
                float(error),
                Interval(float(b - z * error), float(b + z * error), level, "z"),
                own,
                None
                if t is None
                else Interval(float(b - t * error), float(b + t * error), level, "t"),
                None if bounds is None else Interval(*bounds, level, "profile likelihood"),
            )
        )
    return tuple(found)


def model_rows(
    model: Tabular,
    coefficients: Sequence[Coefficient],
    variances: Mapping[str, float] | None = None,
    thresholds: Sequence[Coefficient] = (),
) -> list[Cells]:
    """A row each for the terms, thresholds and variances of a model; one for a model without any.

    `part` says which it is, and what the model is as a whole stands in every row.
    """
    whole = cells(model)
    parts = [("coefficient", coefficients), ("threshold", thresholds)]
    rows = [
        {"part": part} | term.table_rows()[0] | whole for part, terms in parts for term in terms
    ]
    for name, value in (variances or {}).items():
        rows.append({"part": "variance", "term": name, "estimate": value} | whole)
    return rows or [whole]
