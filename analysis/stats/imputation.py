"""Would the result change if nothing were missing? Multiple imputation and its tipping point.

Missing at random (MAR): given what a participant rated, a missing round is like a rated one. Rounds
are imputed in their order by a Bayesian linear regression on the participant's mean of the rounds
before, fitted to those who rated the round (D. B. Rubin 1987, "Multiple imputation for nonresponse
in surveys", ch. 5, with proper draws of the coefficients and the variance). The participants' mean
differences of each completed table are pooled by Rubin's rules with the degrees of freedom of
J. Barnard and D. B. Rubin (1999), Biometrika 86, 948-955.

MAR cannot be tested. Delta adjustment (J. R. Carpenter and M. G. Kenward 2013, "Multiple imputation
and its application", ch. 10) moves every imputed difference by delta points: the tipping point is
the smallest delta that takes the finding away. By hand: statsmodels' MICE has neither.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from analysis.errors import InputError
from analysis.stats.arrays import Array, check_level, check_whole, numbers
from analysis.stats.bootstrap import SEED
from analysis.stats.effects import why_constant
from analysis.stats.paired import paired_t
from analysis.stats.results import Estimate, Interval, TestResult, number
from analysis.stats.tabular import Tabular
from analysis.stats.tidy import Contrast, by_round

FEWEST = 4  # participants who must have rated a round that is imputed for others


@dataclass(frozen=True, slots=True)
class TippingPoint(Tabular):
    """How far imputed differences must move before the finding is lost.

    delta  points a missing round, signed; None when the finding never tips, or there is none
    curve  (delta, p) in steps, from 0 on
    note   why delta is None
    """

    delta: float | None
    curve: tuple[tuple[float, float], ...]
    note: str = ""

    def apa(self) -> str:
        """One sentence for the results section."""
        if self.delta is None:
            return f"no tipping point: {self.note}"
        return (
            f"the finding is lost when missing differences are {number(self.delta)} points "
            "from what is expected under missing at random"
        )


def multiple_imputation(
    values: ArrayLike | pd.DataFrame,
    *,
    imputations: int = 100,
    delta: float = 0.0,
    level: float = 0.95,
    seed: int = SEED,
    **tidy: Unpack[Contrast],
) -> TestResult:
    """Is the mean difference zero, with missing rounds imputed under MAR? Paired t, pooled.

    values  (participants, rounds) treatment − comparator, nan where a round is missing; or a tidy
            DataFrame, with treatment and comparator named and columns as for `participant_slopes`
    delta   points added to every imputed difference; 0 is MAR

    Participants who rated nothing are left out and counted in the note. InputError for another
    shape, infinite values, or fewer than two imputations; a round that hardly anybody rated is
    "not estimable".

    >>> table = np.random.default_rng(0).normal(0.5, 1.0, (20, 6))
    >>> table[:4, 3:] = np.nan
    >>> multiple_imputation(table).note
    '12 of 120 rounds imputed 100 times, 14% of the variance is due to what is missing'
    """
    check_level(level)
    if not np.isfinite(delta):
        raise InputError(f"delta = {delta!r}: must be finite")
    test = "paired t, multiple imputation"
    values = by_round(values, tidy)
    done = _imputed(values, imputations, seed)
    if isinstance(done, str):
        return TestResult(test, "t", None, None, len(np.asarray(values)), note=done)
    means, share, left_out = done
    without = f"{left_out} participants without a rated round left out" if left_out else ""
    if not share.any():
        complete = paired_t(means[0], level=level)
        parts = (complete.note, "nothing is missing", without)
        return replace(complete, note="; ".join(part for part in parts if part))
    moved = means + delta * share
    n = share.size
    mean, variance, df, lost = pool(moved.mean(axis=1), moved.var(axis=1, ddof=1) / n, n)
    error = float(np.sqrt(variance))
    half = float(stats.t.ppf((1.0 + level) / 2.0, df)) * error
    rounds = np.asarray(values).shape[1]
    facts = (
        f"{round(float(share.sum()) * rounds)} of {n * rounds} rounds imputed {imputations} times",
        f"{100.0 * lost:.0f}% of the variance is due to what is missing",
    )
    note = "; ".join(part for part in (", ".join(facts), without) if part)
    estimate = Estimate("M_diff", mean, Interval(mean - half, mean + half, level, "t, pooled"))
    p = float(2.0 * stats.t.sf(abs(mean / error), df))
    return TestResult(test, "t", mean / error, p, n, df, estimate, (), note)


def tipping_point(
    values: ArrayLike | pd.DataFrame,
    *,
    alpha: float = 0.05,
    largest: float = 4.0,
    step: float = 0.05,
    imputations: int = 100,
    seed: int = SEED,
    **tidy: Unpack[Contrast],
) -> TippingPoint:
    """How far imputed differences must move against the finding before p > alpha.

    values, tidy  as for `multiple_imputation`
    largest  points to go at most, e.g. the width of the scale; step between the deltas tried

    >>> table = np.random.default_rng(0).normal(0.5, 1.0, (20, 6))
    >>> table[:6, 3:] = np.nan
    >>> tipping_point(table).delta
    -1.95
    """
    check_level(alpha, "alpha")
    if not (0.0 < step <= largest and np.isfinite(largest)):
        raise InputError(f"step = {step!r}, largest = {largest!r}: must be 0 < step <= largest")
    values = by_round(values, tidy)
    done = _imputed(values, imputations, seed)
    if isinstance(done, str):
        return TippingPoint(None, (), done)
    means, share, _ = done
    if not share.any():
        return TippingPoint(None, (), "nothing is missing")
    against = -1.0 if means.mean() > 0.0 else 1.0
    curve: list[tuple[float, float]] = []
    for number_ in range(round(largest / step) + 1):
        delta = against * number_ * step
        moved = means + delta * share
        mean, variance, df, _ = pool(
            moved.mean(axis=1), moved.var(axis=1, ddof=1) / share.size, share.size
        )
        p = float(2.0 * stats.t.sf(abs(mean) / np.sqrt(variance), df))
        curve.append((round(delta, 10) + 0.0, p))
        if p > alpha:
            break
    tipped = curve[-1][1] > alpha
    if tipped and len(curve) == 1:
        return TippingPoint(None, tuple(curve), f"p > {alpha:g} already under missing at random")
    if not tipped:
        return TippingPoint(None, tuple(curve), f"p <= {alpha:g} up to {number(curve[-1][0])}")
    return TippingPoint(curve[-1][0], tuple(curve))


def pool(estimates: Array, variances: Array, n: int) -> tuple[float, float, float, float]:
    """Rubin's rules with Barnard and Rubin's df: mean, variance, df, and the between share.

    estimates, variances  (m,) of each completed table; n participants, so n - 1 df when complete
    The between share is what part of the variance is due to what is missing.

    >>> [round(x, 4) for x in pool(np.array([1.0, 1.2, 0.9]), np.array([0.04, 0.05, 0.045]), 24)]
    [1.0333, 0.0761, 6.1272, 0.4088]
    """
    m, complete = estimates.size, n - 1
    between, within = float(estimates.var(ddof=1)), float(variances.mean())
    total = within + (1.0 + 1.0 / m) * between
    share = (1.0 + 1.0 / m) * between / total
    observed = (complete + 1.0) / (complete + 3.0) * complete * (1.0 - share)
    df = observed if share == 0.0 else 1.0 / (share**2 / (m - 1) + 1.0 / observed)
    return float(estimates.mean()), total, df, share


def _imputed(values: ArrayLike, imputations: int, seed: int) -> tuple[Array, Array, int] | str:
    """Completed means (m, n), imputed share of each participant (n,), and how many were left out.

    A reason in words when the rounds cannot be imputed.
    """
    table = numbers(values, "values")
    if table.ndim != 2 or table.shape[1] < 1:
        raise InputError(f"values must be (participants, rounds), has shape {table.shape}")
    check_whole(2, imputations=imputations)
    kept = table[~np.isnan(table).all(axis=1)]
    missing = np.isnan(kept)
    for round_ in np.flatnonzero(missing.any(axis=0)):
        there = int((~missing[:, round_]).sum())
        if there < FEWEST:
            return f"round {round_ + 1} was rated by {there}: too few to impute it for others"
    if len(kept) < 2:
        return f"needs at least 2 participants, has {len(kept)}"
    rng = np.random.default_rng(seed)
    whole = np.broadcast_to(kept, (imputations, *kept.shape)).copy()  # (m, n, rounds)
    for round_ in np.flatnonzero(missing.any(axis=0)):
        before = whole[:, :, :round_].mean(axis=2) if round_ else np.zeros(whole.shape[:2])
        gap = missing[:, round_]
        whole[:, np.flatnonzero(gap), round_] = _draw(before, kept[:, round_], gap, rng)
    means: Array = whole.mean(axis=2)
    if all(why_constant(row) for row in means):
        return "all differences are equal, so their spread is zero"
    return means, missing.mean(axis=1), len(table) - len(kept)


def _draw(before: Array, now: Array, gap: Array, rng: np.random.Generator) -> Array:
    """Draws (m, missing) of a round, regressed on `before` (m, n) by those who rated it."""
    there = np.flatnonzero(np.logical_not(gap))
    x, y = before[:, there], now[there]
    m, n = x.shape
    centre = x.mean(axis=1, keepdims=True)
    spread = np.square(x - centre).sum(axis=1)  # (m,)
    known = spread > 1e-12
    slope = np.where(known, (x - centre) @ (y - y.mean()) / np.where(known, spread, 1.0), 0.0)
    residual = y - y.mean() - slope[:, None] * (x - centre)
    sigma = np.sqrt(np.square(residual).sum(axis=1) / rng.chisquare(n - 1 - known))
    level = y.mean() + sigma / np.sqrt(n) * rng.standard_normal(m)
    error = np.where(known, sigma / np.sqrt(np.where(known, spread, 1.0)), 0.0)
    slope = slope + error * rng.standard_normal(m)
    mean = level[:, None] + slope[:, None] * (before[:, np.flatnonzero(gap)] - centre)
    return mean + sigma[:, None] * rng.standard_normal(mean.shape)
