"""Best-of-k choices: shares against chance, and Bradley–Terry worths.

Bradley and Terry (1952), fitted by the MM algorithm of Hunter (2004), Annals of Statistics 32. A
best-of-k choice counts as a win over each of the k − 1 others; when every choice is among the same
k arms, the worths are then the shares (Luce's choice rule), and the win probability of one arm
over another is share_i / (share_i + share_j). By hand: no library of the stack fits it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.sparse.csgraph import connected_components

from analysis.errors import InputError
from analysis.stats.arrays import Array, matrix
from analysis.stats.bootstrap import bca
from analysis.stats.results import Estimate


@dataclass(frozen=True, slots=True)
class ChoiceShare:
    """How often one arm was chosen.

    share     of all choices, with a BCa interval over participants
    p         two-sided exact binomial against 1/k; it takes the choices as independent
    """

    arm: str
    count: int
    total: int
    share: Estimate
    p: float | None


@dataclass(frozen=True, slots=True)
class Worths:
    """Bradley–Terry worths in the order of the arms, summing to 1; None with a note."""

    values: tuple[float, ...] | None
    note: str = ""


def bradley_terry(wins: ArrayLike, *, tolerance: float = 1e-12) -> Worths:
    """Worths from `wins` (k, k), where wins[i, j] counts how often i beat j.

    InputError for a table that is not square or has negative counts. The worths are undefined
    when some group of arms never lost to, or never met, the others (Ford 1957).

    >>> [round(worth, 3) for worth in bradley_terry([[0, 3], [1, 0]]).values]
    [0.75, 0.25]
    """
    table = matrix(wins, "wins").copy()
    if table.shape[0] != table.shape[1] or (table < 0).any():
        raise InputError(f"wins must be square with counts >= 0, has shape {table.shape}")
    np.fill_diagonal(table, 0.0)
    groups, _ = connected_components(table > 0, directed=True, connection="strong")
    if groups > 1:
        return Worths(None, "an arm, or a group of arms, won every or no comparison with the rest")
    met = table + table.T
    worth = np.full(table.shape[0], 1.0 / table.shape[0])
    for _ in range(100_000):
        updated = table.sum(axis=1) / (met / (worth[:, None] + worth[None, :])).sum(axis=1)
        updated /= updated.sum()
        if np.abs(updated - worth).max() < tolerance:
            return Worths(tuple(float(value) for value in updated))
        worth = updated
    return Worths(None, "the worths did not settle in 100,000 steps")


def wins_of_best(counts: ArrayLike) -> Array:
    """The wins (k, k) that best-of-k choices stand for; counts (k,) of choices by arm."""
    chosen = np.asarray(counts, dtype=np.float64)
    return cast(Array, chosen[:, None] * (1.0 - np.eye(chosen.size)))


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
        p = float(stats.binomtest(count, total, 1.0 / len(arms)).pvalue)
        shares.append(ChoiceShare(arm, count, total, share, p))
    return tuple(shares)


def win_probability(first: ArrayLike, second: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Bradley–Terry probability that the first arm beats the second, BCa over participants.

    first, second  (participants,) how often each participant chose either arm

    >>> win_probability([3, 2, 4], [1, 2, 0]).value
    0.75
    """
    table = _counts(np.column_stack([np.asarray(first), np.asarray(second)]), 2)
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
