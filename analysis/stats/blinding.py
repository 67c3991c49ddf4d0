"""Did participants see which arm adapts to them?

H. Bang, L. Ni and C. E. Davis (2004), "Assessment of blinding in clinical trials", Controlled
Clinical Trials 25, 143-156: the index of one arm is the share of correct guesses minus the share of
wrong ones, where "don't know" counts as neither: 0 is guessing, 1 is unblinded, negative is misled.
For two choices and no "don't know" it is 2p - 1. With k choices chance is 1/k, and a wrong guess
takes off 1/(k - 1): the index is then (p - 1/k) / (1 - 1/k), and Bang's at k = 2.

K. E. James, D. A. Bloch, K. K. Lee, H. C. Kraemer and R. K. Fuller (1996), Statistics in Medicine
15, 1421-1434: one index for all arms from their disagreement with the truth, between 0 (all guess
right) and 1 (all answer "don't know"); guessing at random gives 0.5.

By hand: no library of the stack has them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.errors import InputError
from analysis.stats.arrays import check_level, check_whole, matrix
from analysis.stats.proportions import clopper_pearson
from analysis.stats.results import Estimate, Interval
from analysis.stats.tabular import Tabular

WRONG = 0.5  # James's weight of a wrong guess; a right one has 0 and "don't know" has 1


@dataclass(frozen=True, slots=True)
class GuessIndex(Tabular):
    """Guesses for one arm: how many, the chance-corrected index, and p against chance."""

    arm: str
    count: int
    total: int
    index: Estimate
    p: float | None


def guess_index(
    arm: str, count: int, total: int, choices: int, *, dont_know: int = 0, level: float = 0.95
) -> GuessIndex:
    """The index of `count` guesses for `arm` among `total` participants, one answer each.

    choices    number of arms to guess from, at least 2
    dont_know  how many of the `total` named no arm; p is then that of those who named one
    The interval is Clopper–Pearson's for the share, carried over to the index, or that of
    `bang_index` where some did not know.

    >>> round(guess_index("hare", 12, 24, 3).index.value, 2)
    0.25
    """
    check_level(level)
    check_whole(count=count, total=total, choices=choices, dont_know=dont_know)
    guessed = total - dont_know
    if choices < 2 or count > guessed:
        without = f" ({dont_know} don't know)" if dont_know else ""
        raise InputError(
            f"{count} of {total} guesses{without} among {choices} choices is not possible"
        )
    if total == 0:
        return GuessIndex(arm, 0, 0, Estimate("index", None, note="nobody answered"), None)
    chance = 1.0 / choices
    p = float(stats.binomtest(count, guessed, chance).pvalue) if guessed else None
    if dont_know:
        index = bang_index(count, guessed - count, dont_know, choices=choices, level=level)
        return GuessIndex(arm, count, total, index, p)
    exact = clopper_pearson(count, total, level)

    def corrected(share: float) -> float:
        return (share - chance) / (1.0 - chance)

    interval = replace(exact, low=corrected(exact.low), high=corrected(exact.high))
    return GuessIndex(arm, count, total, Estimate("index", corrected(count / total), interval), p)


def bang_index(
    correct: int, wrong: int, dont_know: int = 0, *, choices: int = 2, level: float = 0.95
) -> Estimate:
    """Bang's index of one arm, from the answers of those who had it.

    correct, wrong, dont_know  how many answered so
    choices  number of arms to guess from, at least 2
    The interval is the normal one of Bang et al., from the variance of a multinomial.

    >>> bang_index(82, 25, 170).apa()
    'index = 0.21, 95% CI [0.14, 0.27]'
    """
    check_level(level)
    check_whole(correct=correct, wrong=wrong, dont_know=dont_know)
    check_whole(2, choices=choices)
    total = correct + wrong + dont_know
    if total == 0:
        return Estimate("index", None, note="nobody answered")
    right, off, penalty = correct / total, wrong / total, 1.0 / (choices - 1)
    value = right - penalty * off
    variance = (right + penalty**2 * off - value**2) / total
    return _normal("index", value, variance, -penalty, level)


def james_index(answers: ArrayLike, *, level: float = 0.95) -> Estimate:
    """James's index of all arms together.

    answers  (arms, arms + 1) counts: by the true arm (row), how many named each arm (columns, in
             the order of the rows), and in the last column how many did not know

    The interval is normal, by the delta method. InputError for another shape, or negative counts.

    >>> james_index([[82, 25, 170], [27, 29, 83]]).apa()
    'James index = 0.75, 95% CI [0.71, 0.79]'
    """
    check_level(level)
    name = "James index"
    table = matrix(answers, "answers")
    k = table.shape[0]
    if k < 2 or table.shape[1] != k + 1 or (table < 0).any():
        raise InputError(
            f"answers must be (arms >= 2, arms + 1) with counts >= 0, has shape {table.shape}"
        )
    total = float(table.sum())
    if total == 0:
        return Estimate(name, None, note="nobody answered")
    share = table / total
    named, unknown = share[:, :k], float(share[:, k].sum())
    if not named.any():
        return Estimate(name, 1.0, note='no interval: everyone answered "don\'t know"')
    weight = WRONG * (1.0 - np.eye(k))
    arm, guess = named.sum(axis=1), named.sum(axis=0)  # shares of those who named an arm
    expected = float(arm @ weight @ guess)
    if expected == 0.0:
        return Estimate(name, None, note="all guesses are for one arm, by those who had it")
    observed, known = float((weight * named).sum()), 1.0 - unknown
    value = unknown + known**2 * observed / (2.0 * expected)
    slope = np.empty_like(share)  # of the index in each share
    own = (weight @ guess)[:, None] + (arm @ weight)[None, :]
    slope[:, :k] = known**2 / (2.0 * expected) * (weight - observed / expected * own)
    slope[:, k] = 1.0 - known * observed / expected
    variance = float((share * slope**2).sum() - (share * slope).sum() ** 2) / total
    return _normal(name, value, variance, 0.0, level)


def _normal(name: str, value: float, variance: float, lowest: float, level: float) -> Estimate:
    """The normal interval within [lowest, 1]; none where all answers agree."""
    if variance <= 1e-15:
        return Estimate(name, value, note="no interval: every answer is alike")
    half = float(stats.norm.ppf((1.0 + level) / 2.0)) * variance**0.5
    bounds = max(lowest, value - half), min(1.0, value + half)
    return Estimate(name, value, Interval(*bounds, level, "normal"))
