"""The JZS Bayes factor of a one-sample or paired t test: evidence for and against a difference.

J. N. Rouder, P. L. Speckman, D. Sun, R. D. Morey and G. Iverson (2009), "Bayesian t tests for
accepting and rejecting the null hypothesis", Psychonomic Bulletin & Review 16, 225-237, equation 1,
with the Cauchy prior on d_z scaled by r: g becomes r² g. By hand, on the logarithm: pingouin's
bayesfactor_ttest is nine orders of magnitude off at t = 1,000 and n = 24, and divides by zero at
t = 60 and n = 5,000.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Unpack, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import integrate, optimize

from analysis.errors import InputError
from analysis.stats.arrays import differences
from analysis.stats.effects import why_constant
from analysis.stats.results import NOT_ESTIMABLE, noted, number
from analysis.stats.tabular import Tabular
from analysis.stats.tidy import Pair, paired

MEDIUM = math.sqrt(2.0) / 2.0  # the prior scale that is usually called medium


@dataclass(frozen=True, slots=True)
class BayesFactor(Tabular):
    """How much more likely the data are under a difference than under none.

    log    natural logarithm of BF₁₀: above 0 speaks for a difference; None when not estimable
    t, n   the statistic and the participants that it rests on
    scale  r of the Cauchy prior on d_z
    note   why there is no Bayes factor, or what was left out of the means it is of
    """

    log: float | None
    t: float | None
    n: int
    scale: float
    note: str = ""

    @property
    def value(self) -> float | None:
        """BF₁₀, or None when it is not estimable or too large for a float (see `log`)."""
        if self.log is None or self.log > 700.0:
            return None
        return math.exp(self.log)

    def apa(self) -> str:
        """One line for the results section; BF₀₁ when the data speak for no difference."""
        if self.log is None:
            return f"BF₁₀ {NOT_ESTIMABLE} ({self.note})"
        name, size = ("BF₁₀", self.log) if self.log >= 0.0 else ("BF₀₁", -self.log)
        if size > math.log(1e4):
            return f"{name} = 10^{number(size / math.log(10.0), 1)}, r = {self.scale:.3g}"
        return f"{name} = {number(math.exp(size))}, r = {self.scale:.3g}"


def jzs_bayes_factor(
    x: ArrayLike | pd.DataFrame,
    y: ArrayLike | None = None,
    /,
    *,
    scale: float = MEDIUM,
    **tidy: Unpack[Pair],
) -> BayesFactor:
    """BF₁₀ of x − y: a Cauchy prior on d_z against d_z = 0.

    x, y   (n,) one value a participant; or x alone, the differences or a tidy DataFrame
    tidy   as for `paired_t`
    scale  r > 0 of the prior: half of its mass lies within ±r

    InputError for arrays that do not pair up or a scale out of range; constant or single
    differences are "not estimable".

    >>> jzs_bayes_factor([0.3, -0.2, 0.1, 0.0, -0.1]).apa()
    'BF₀₁ = 2.46, r = 0.707'
    """
    if not (math.isfinite(scale) and scale > 0.0):
        raise InputError(f"scale = {scale!r}: must be finite and > 0")
    x, y, note = paired(x, y, tidy)
    if note:
        return noted(jzs_bayes_factor(x, y, scale=scale), note)
    d = differences(x, y)
    reason = why_constant(d)
    if reason:
        return BayesFactor(None, None, d.size, scale, reason)
    t = float(d.mean() / d.std(ddof=1) * np.sqrt(d.size))
    return BayesFactor(log_bayes_factor(t, d.size, scale), t, d.size, scale)


def log_bayes_factor(t: float, n: int, scale: float = MEDIUM) -> float:
    """The natural logarithm of BF₁₀ from the statistic of n participants.

    >>> round(log_bayes_factor(0.0, 10), 4)
    -1.1751
    """
    df = n - 1
    half = (df + 1) / 2.0

    def height(u: float) -> float:
        """Log integrand over u = log g, the Jacobian included."""
        growth = 1.0 + n * scale**2 * math.exp(u)
        likelihood = -0.5 * math.log(growth) - half * math.log1p(t * t / (growth * df))
        return likelihood - 0.5 * math.log(2.0 * math.pi) - 0.5 * u - 0.5 * math.exp(-u)

    # Below u = -8 the prior is nil, and beyond the peak the integrand falls as exp(-u).
    bounds = (-8.0, 10.0 + math.log1p(t * t))
    peak = float(cast(float, optimize.fminbound(lambda u: -height(u), *bounds)))
    top = height(peak)
    parts = [
        integrate.quad(lambda u: math.exp(height(u) - top), low, high, epsabs=1e-13, limit=200)[0]
        for low, high in ((-8.0, peak), (peak, peak + 15.0), (peak + 15.0, peak + 80.0))
    ]
    return top + math.log(sum(parts)) + half * math.log1p(t * t / df)
