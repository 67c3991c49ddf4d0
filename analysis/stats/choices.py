"""Best-of-k choices and rankings: shares against chance, Bradley–Terry and Plackett–Luce worths.

R. A. Bradley and M. E. Terry (1952), Biometrika 39, 324-345, compare two arms at a time; R. L.
Plackett (1975), Applied Statistics 24, 193-202, extends their worths to rankings, where from the
arms that are left each is chosen next with probability worth / sum of worths.

A best-of-k choice is a ranking that stops after the first place. When all choices are among the
same k arms, the worths are the shares (R. D. Luce, 1959). Counted as wins over each of the k − 1
others, the choices give the same Bradley–Terry worths, and P(i beats j) = share_i / (share_i +
share_j). The fits are in analysis.stats.worths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.errors import InputError
from analysis.stats.arrays import (
    Array,
    check_aligned,
    check_level,
    check_whole,
    matrix,
    numbers,
    vector,
)
from analysis.stats.bootstrap import bca
from analysis.stats.proportions import exact_share
from analysis.stats.results import Estimate, TestResult
from analysis.stats.tabular import Tabular
from analysis.stats.worths import Stages, Worths, fit_worths, stages_of_rankings

__all__ = [
    "ChoiceShare",
    "Worths",
    "bradley_terry",
    "choice_shares",
    "choice_test",
    "plackett_luce",
    "win_probability",
    "wins_of_best",
]

TOLERANCE = 1e-12  # largest change of a worth in the last step
MOST_ARMS = 16


@dataclass(frozen=True, slots=True)
class ChoiceShare(Tabular):
    """How often one arm was chosen.

    share     of all choices, with a BCa interval over participants
    p         two-sided exact binomial against 1/k; it takes the choices as independent
    """

    arm: str
    count: int
    total: int
    share: Estimate
    p: float | None


def bradley_terry(
    wins: ArrayLike, *, tolerance: float = TOLERANCE, level: float = 0.95, bootstrap: bool = True
) -> Worths:
    """Worths from `wins`, where wins[..., i, j] counts how often i beat j.

    wins       (k, k), or (participants, k, k) for intervals over participants
    tolerance  largest change of a worth in the last step
    bootstrap  False leaves out the intervals, which are what takes time

    InputError for tables that are not square or have negative counts. The worths are undefined
    when some group of arms never lost to, or never met, the others (Ford 1957).

    >>> [round(worth, 3) for worth in bradley_terry([[0, 3], [1, 0]]).values]
    [0.75, 0.25]
    """
    table = numbers(wins, "wins")
    if table.ndim not in (2, 3) or table.shape[-1] != table.shape[-2] or table.shape[-1] < 2:
        raise InputError(
            "wins must be (arms, arms) or (participants, arms, arms) with at least 2 arms, "
            f"has shape {table.shape}"
        )
    if not (table >= 0).all():
        raise InputError("wins must hold counts >= 0")
    k = table.shape[-1]
    each = table.reshape(-1, k, k)
    each[:, np.arange(k), np.arange(k)] = 0.0
    first, second = np.triu_indices(k, 1)
    pairs = np.zeros((first.size, k))
    pairs[np.arange(first.size), first] = pairs[np.arange(first.size), second] = 1.0
    met = each[:, first, second] + each[:, second, first]
    stages = Stages(pairs, each.sum(axis=2), met, each)
    return fit_worths(stages, tolerance, level, bootstrap and table.ndim == 3)


def plackett_luce(ranks: ArrayLike, *, level: float = 0.95, bootstrap: bool = True) -> Worths:
    """Worths from rankings, with intervals over participants.

    ranks      (participants, arms), or (participants, rounds, arms); the smallest is the best. nan
               for an arm below all that are ranked: a best-of-three choice is 1, nan, nan. A
               ranking of nan alone is missing.
    bootstrap  False leaves out the intervals

    InputError for other shapes, infinite ranks and ties. Worths are undefined as Bradley–Terry's.

    >>> worths = plackett_luce([[1, 2, 3], [2, 1, 3], [1, 3, 2], [3, 2, 1]], bootstrap=False)
    >>> [round(worth, 3) for worth in worths.values]
    [0.442, 0.338, 0.22]
    """
    table = numbers(ranks, "ranks")
    shape = table.shape
    if table.ndim == 2:
        table = table[:, None, :]
    if table.ndim != 3 or not 2 <= table.shape[2] <= MOST_ARMS:
        raise InputError(
            "ranks must be (participants, arms) or (participants, rounds, arms) with 2 to "
            f"{MOST_ARMS} arms, has shape {shape}"
        )
    ordered = np.sort(table, axis=2)
    tied = np.argwhere(np.diff(ordered, axis=2) == 0.0)
    if tied.size:
        where = ", ".join(str(int(index)) for index in tied[0, :2])
        raise InputError(f"ranks must differ within a ranking; those at position {where} tie")
    return fit_worths(stages_of_rankings(table), TOLERANCE, level, bootstrap)


def wins_of_best(counts: ArrayLike) -> Array:
    """The wins that best-of-k choices stand for, by arm: (k,) to (k, k), or (n, k) to (n, k, k)."""
    chosen = np.asarray(counts, dtype=np.float64)
    return cast(Array, chosen[..., :, None] * (1.0 - np.eye(chosen.shape[-1])))


def choice_test(count: int, total: int, *, choices: int = 3, level: float = 0.95) -> TestResult:
    """Exact two-sided binomial test of `count` of `total` choices against 1/choices.

    The statistic is the count; the estimate is the share, with Clopper and Pearson's interval. All
    of it takes the choices as independent, which those of one participant are not: the interval of
    choice_shares does not.

    >>> choice_test(110, 240).apa()
    'k = 110, p < .001, share = 0.46, 95% CI [0.39, 0.52]'
    """
    check_level(level)
    check_whole(count=count, total=total, choices=choices)
    if choices < 2 or count > total:
        raise InputError(f"{count} of {total} choices among {choices} is not possible")
    test = f"exact binomial against 1/{choices}"
    if total == 0:
        reason = "no choices were made"
        none = Estimate("share", None, note=reason)
        return TestResult(test, "k", None, None, 0, estimate=none, note=reason)
    p = float(stats.binomtest(count, total, 1.0 / choices).pvalue)
    note = f"takes the {total} choices as independent"
    return TestResult(
        test,
        "k",
        float(count),
        p,
        total,
        estimate=exact_share(count, total, level=level),
        note=note,
    )


def choice_shares(
    counts: ArrayLike, arms: Sequence[str], *, level: float = 0.95
) -> tuple[ChoiceShare, ...]:
    """Each arm's share of the best-of-k choices.

    counts  (participants, arms) choices of each participant, all among the same arms
    arms    names of the columns

    >>> choice_shares([[3, 1], [2, 2], [4, 0]], ["a", "b"])[0].share.value
    0.75
    """
    table = _counts(counts, len(arms))
    total = int(table.sum())
    made = table.sum(axis=1)
    shares: list[ChoiceShare] = []
    for column, arm in enumerate(arms):
        count = int(table[:, column].sum())
        if total == 0:
            none = Estimate("share", None, note="no choices were made")
            shares.append(ChoiceShare(arm, 0, 0, none, None))
            continue
        interval, reason = bca(_ratio, table[:, column], made, level=level)
        share = Estimate("share", count / total, interval, reason)
        p = choice_test(count, total, choices=len(arms)).p
        shares.append(ChoiceShare(arm, count, total, share, p))
    return tuple(shares)


def win_probability(first: ArrayLike, second: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Bradley–Terry probability that the first arm beats the second, BCa over participants.

    first, second  (participants,) how often each participant chose either arm

    >>> win_probability([3, 2, 4], [1, 2, 0]).value
    0.75
    """
    check_aligned({"first": first, "second": second})
    own, other = vector(first, "first"), vector(second, "second")
    if own.shape != other.shape:
        raise InputError(f"first and second must pair up: {own.size} and {other.size} values")
    table = _counts(np.column_stack([own, other]), 2)
    both = table.sum(axis=1)
    if both.sum() == 0:
        return Estimate("P(win)", None, note="neither arm was ever chosen")
    interval, reason = bca(_ratio, table[:, 0], both, level=level)
    return Estimate("P(win)", float(table[:, 0].sum() / both.sum()), interval, reason)


def _ratio(part: Array, whole: Array, axis: int = -1) -> Array:
    return part.sum(axis=axis) / whole.sum(axis=axis)


def _counts(counts: ArrayLike, arms: int) -> Array:
    table = matrix(counts, "counts")
    if table.shape[1] != arms or (table < 0).any() or (table != np.rint(table)).any():
        raise InputError(f"counts must be whole, >= 0 and have {arms} columns, got {table.shape}")
    return table
