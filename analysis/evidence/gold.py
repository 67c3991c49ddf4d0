"""Published and R values beside ours: every gold value, with its source and the digits given.

The data lie beside the R scripts that print the values, in the folder tests/gold of the project.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict, cast

import numpy as np
import pandas as pd

from analysis.errors import InputError
from analysis.stats.alpha_spending import spending_boundaries
from analysis.stats.bayes import jzs_bayes_factor
from analysis.stats.effects import cohens_dav, cohens_dz, rank_biserial
from analysis.stats.friedman import friedman
from analysis.stats.mixed import mixed_model
from analysis.stats.ordinal_mixed import ordinal_mixed
from analysis.stats.paired import paired_t
from analysis.stats.ranks import signed_rank
from analysis.stats.reliability import krippendorff_alpha
from study_design import power_paired, smallest_effect

_NAN = float("nan")
# Krippendorff's canonical example: three observers, fifteen units.
_OBSERVERS = [
    [_NAN, _NAN, _NAN, _NAN, _NAN, 3, 4, 1, 2, 1, 1, 3, 3, _NAN, 3],
    [1, _NAN, 2, 1, 3, 3, 4, 3, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN],
    [_NAN, _NAN, 2, 1, 3, 4, 4, _NAN, 2, 1, 1, 3, 3, _NAN, 4],
]
_Found = tuple[str, str, float | None]  # what, the value as published, ours


class GoldRow(TypedDict):
    """A published value and ours; equal: the same when rounded to the digits published."""

    source: str
    value: str
    published: str
    ours: float | None
    equal: bool


def gold_values(folder: Path) -> list[GoldRow]:
    """All of them; `folder` holds the CSV files of tests/gold, InputError where one is missing."""
    sections = (
        ("R, t.test, MBESS and coin on `sleep`", _sleep(_table(folder, "sleep"))),
        ("R, lme4 on `sleepstudy`", _sleepstudy(_table(folder, "sleepstudy"))),
        ("R, friedman.test, RoundingTimes", _friedman(_table(folder, "rounding_times"))),
        ("Krippendorff's canonical example", _krippendorff()),
        ("R, power.t.test", _power()),
        ("R, ordinal::clmm on `wine`, Laplace", _wine(_table(folder, "wine"))),
        ("R, gsDesign, sfLDOF, one side of .025", _boundaries()),
        ("R, BayesFactor on `sleep`", _bayes(_table(folder, "sleep"))),
    )
    return [
        GoldRow(source=source, value=value, published=text, ours=ours, equal=agrees(text, ours))
        for source, found in sections
        for value, text, ours in found
    ]


def agrees(published: str, ours: float | None) -> bool:
    """Whether ours, rounded to the published digits, is the published value.

    >>> agrees("-4.0621277", -4.06212768), agrees("0.48", 0.49), agrees("-1", -1.0)
    (True, False, True)
    """
    return ours is not None and abs(ours - float(published)) <= 0.5000001 * 10.0 ** -decimals(
        published
    )


def decimals(published: str) -> int:
    """How many decimals a value was published with."""
    return len(published.partition(".")[2])


def _table(folder: Path, name: str) -> pd.DataFrame:
    file = folder / f"{name}.csv"
    if not file.is_file():
        raise InputError(f"{file} is missing: the gold values need the project's tests/gold folder")
    return pd.read_csv(file)


def _sleep(table: pd.DataFrame) -> Iterator[_Found]:
    first, second = table["first"].to_numpy(), table["second"].to_numpy()
    t, d_z = paired_t(first, second), cohens_dz(first, second)
    interval = t.estimate.interval if t.estimate else None
    yield "paired t", "-4.0621277", t.statistic
    yield "paired t, p", "0.00283289", t.p
    yield "mean difference, lower limit", "-2.4598858", interval.low if interval else None
    yield "mean difference, upper limit", "-0.7001142", interval.high if interval else None
    yield "d_z", "-1.28456", d_z.value
    yield "d_z, noncentral-t lower limit", "-2.118", d_z.interval.low if d_z.interval else None
    yield "d_z, noncentral-t upper limit", "-0.4146", d_z.interval.high if d_z.interval else None
    yield "d_av", "-0.83218", cohens_dav(first, second).value
    yield "rank-biserial", "-1", rank_biserial(first, second, bootstrap=False).value
    exact = signed_rank(first, second, method="exact", bootstrap=False)
    pratt = signed_rank(first, second, zeros="pratt", method="asymptotic", bootstrap=False)
    yield "signed rank, exact, p", "0.00390625", exact.p
    yield "signed rank, asymptotic, Pratt, p", "0.005825024", pratt.p


def _sleepstudy(table: pd.DataFrame) -> Iterator[_Found]:
    design = np.column_stack([np.ones(len(table)), table["Days"]])
    names = ["intercept", "days"]
    fit = mixed_model(table["Reaction"], design, table["Subject"], terms=names, random=design)
    intercept, days = (fit.coefficient(name) for name in names)
    variances = fit.variances or {}
    yield "intercept", "251.40510", intercept.estimate
    yield "intercept, SE", "6.8246", intercept.error
    yield "days", "10.46729", days.estimate
    yield "days, SE", "1.54579", days.error
    yield "variance of intercepts", "612.100", variances.get("group 0")
    yield "variance of slopes", "35.0717", variances.get("group 1")
    yield "covariance", "9.6046", variances.get("group 0, group 1")
    yield "residual variance", "654.940", variances.get("residual")
    yield "log-likelihood (REML)", "-871.81414", fit.log_likelihood


def _friedman(table: pd.DataFrame) -> Iterator[_Found]:
    result = friedman(table)
    yield "χ²", "11.142857", result.statistic
    yield "p", "0.003805041", result.p
    yield "Kendall's W", "0.253247", result.effect("W").value


def _krippendorff() -> Iterator[_Found]:
    nominal = krippendorff_alpha(_OBSERVERS, measurement="nominal", resamples=99)
    interval = krippendorff_alpha(_OBSERVERS, measurement="interval", resamples=99)
    yield "alpha, nominal", "0.69136", nominal.value
    yield "alpha, interval", "0.81084", interval.value


def _power() -> Iterator[_Found]:
    yield "smallest d_z at N = 20, power .80", "0.6604", smallest_effect(20)
    yield "smallest d_z at N = 24, power .80", "0.597", smallest_effect(24)
    yield "power at N = 20, d_z = .45", "0.48", power_paired(20, 0.45)


def _wine(table: pd.DataFrame) -> Iterator[_Found]:
    fixed = np.column_stack([table["temp"] == "warm", table["contact"] == "yes"]).astype(float)
    names, judges = ["warm", "contact"], {"judge": cast("list[str]", table["judge"].tolist())}
    fit = ordinal_mixed(table["rating"], fixed, judges, terms=names)
    warm, contact = (fit.coefficient(name) for name in names)
    yield "log-likelihood", "-81.56541", fit.log_likelihood
    yield "warm", "3.0630", warm.estimate
    yield "warm, SE", "0.5954", warm.error
    yield "contact", "1.8349", contact.estimate
    yield "contact, SE", "0.5125", contact.error
    yield "variance of judges", "1.2795", (fit.variances or {}).get("judge")


def _boundaries() -> Iterator[_Found]:
    bounds = spending_boundaries("obrien_fleming", 5, alpha=0.025, sides=1)
    published = ("4.876885", "3.357011", "2.680280", "2.289817", "2.031032")
    for look, (text, z) in enumerate(zip(published, bounds.z, strict=True), start=1):
        yield f"look {look} of 5", text, z


def _bayes(table: pd.DataFrame) -> Iterator[_Found]:
    yield "BF₁₀, r = .707", "17.25888", jzs_bayes_factor(table["first"], table["second"]).value
