"""Worths of arms from choices among sets of them: the fit behind Bradley–Terry and Plackett–Luce.

Every choice of one arm from a set has probability worth / sum of the worths of the set. The MM
algorithm of D. R. Hunter (2004), Annals of Statistics 32, 384-406, divides how often an arm was
chosen by the sum, over the choices it took part in, of one over the worths that were there.

choix (L. Maystre and M. Grossglauser, 2015) fits the same likelihood, and the tests hold this fit
to it; by hand is what it lacks: all resamples of participants in one go, where choix takes a
millisecond or more each, and a reason instead of an error where there are no worths.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np
from numpy.typing import NDArray

from analysis.stats.arrays import Array
from analysis.stats.bootstrap import bca
from analysis.stats.results import Estimate
from analysis.stats.tabular import Cells, Tabular, cells

STEPS = 100_000  # of the MM algorithm at most
RESAMPLE_TOLERANCE = 1e-9  # largest change of a resample's worth in its last step


@dataclass(frozen=True, slots=True)
class Worths(Tabular):
    """Worths in the order of the arms, summing to 1; None with a note.

    estimates  the same with BCa intervals over participants, where participants are told apart
    """

    values: tuple[float, ...] | None
    note: str = ""
    estimates: tuple[Estimate, ...] = ()

    def table_rows(self) -> list[Cells]:
        if self.values is None:
            return [cells(self)]
        worths = self.estimates or [Estimate("", value) for value in self.values]
        return [
            {"place": k, **worth.as_columns("worth"), "note": self.note}
            for k, worth in enumerate(worths)
        ]


@dataclass(frozen=True, slots=True)
class Stages:
    """All that the worths need of the choices, one row a participant (or one for all).

    sets    (S, k) the sets of arms that were chosen from, 1 for a member
    chosen  (n, k) how often each arm was chosen; faced (n, S) how often from each set
    beats   (n, k, k) how often the row was chosen while the column was there
    """

    sets: Array
    chosen: Array
    faced: Array
    beats: Array


def stages_of_rankings(ranks: Array) -> Stages:
    """Every ranking as choices from what is left; ranks (n, rounds, k)."""
    n, _, k = ranks.shape
    order = np.argsort(ranks, axis=2)  # nan comes last
    ranked = (~np.isnan(ranks)).sum(axis=2)  # (n, rounds)
    left = np.full(ranked.shape, 2**k - 1)  # a bit for each arm
    chosen, beats = np.zeros((n, k)), np.zeros((n, k, k))
    owners, codes = [], []
    for place in range(k - 1):
        person, game = np.nonzero(ranked > place)
        arm = order[person, game, place]
        members = left[person, game]
        owners.append(person)
        codes.append(members)
        there = (members[:, None] >> np.arange(k)) & 1  # (choices, k)
        np.add.at(chosen, (person, arm), 1.0)
        np.add.at(beats, (person, arm), there.astype(np.float64))
        left[person, game] = members - (1 << arm)
    beats[:, np.arange(k), np.arange(k)] = 0.0
    kinds, column = np.unique(np.concatenate(codes), return_inverse=True)
    faced = np.zeros((n, kinds.size))
    np.add.at(faced, (np.concatenate(owners), column), 1.0)
    sets = ((kinds[:, None] >> np.arange(k)) & 1).astype(np.float64)
    return Stages(sets, chosen, faced, beats)


def fit_worths(stages: Stages, tolerance: float, level: float, bootstrap: bool) -> Worths:
    """The worths of all participants together, and their intervals."""
    n, k = stages.chosen.shape
    chosen, faced = stages.chosen.sum(axis=0)[None], stages.faced.sum(axis=0)[None]
    beats = stages.beats.sum(axis=0)[None]
    if not beats.any():
        return Worths(None, "no choices were made")
    if not _unbeaten(beats).all():
        return Worths(None, "an arm, or a group of arms, won every or no comparison with the rest")
    worths = _worths(stages.sets, chosen, faced, beats, tolerance)[0]
    if np.isnan(worths).any():
        return Worths(None, f"the worths did not settle in {STEPS:,} steps")
    values = tuple(float(worth) for worth in worths)
    if not bootstrap:
        return Worths(values)
    flat = np.column_stack([stages.chosen, stages.faced, stages.beats.reshape(n, -1)])
    ends = np.cumsum([k, stages.faced.shape[1]])

    undefined = False

    def worth(people: Array, axis: int = -1, *, arm: int) -> Array:
        nonlocal undefined
        rows = people.reshape(-1, people.shape[axis]).astype(np.intp)
        cells = rows + n * np.arange(len(rows))[:, None]
        times = np.bincount(cells.ravel(), minlength=n * len(rows)).reshape(-1, n)
        own, met, over = np.split(times @ flat, ends, axis=1)
        found = _worths(stages.sets, own, met, over.reshape(-1, k, k), RESAMPLE_TOLERANCE)
        undefined |= bool(np.isnan(found).any())
        return cast(Array, found[:, arm].reshape(people.shape[:-1]))

    estimates = []
    for arm, value in enumerate(values):
        interval, reason = bca(partial(worth, arm=arm), np.arange(n, dtype=float), level=level)
        if undefined:
            reason = "no bootstrap interval: in some resamples an arm met none of the others"
        estimates.append(Estimate("worth", value, interval, reason))
    return Worths(values, estimates=tuple(estimates))


def _worths(sets: Array, chosen: Array, faced: Array, beats: Array, tolerance: float) -> Array:
    """Worths (B, k) of B data sets; nan where they are undefined or do not settle.

    Arms that lost to a group they never beat get their limit, which is zero.
    """
    best = _unbeaten(beats)
    held = chosen * best
    settled = np.full(chosen.shape, np.nan)
    at = np.flatnonzero(best.any(axis=1))
    worth = best[at] / best[at].sum(axis=1, keepdims=True)
    for _ in range(STEPS):
        if not at.size:
            break
        total = worth @ sets.T  # (B, S)
        share = np.divide(faced[at], total, out=np.zeros_like(total), where=total > 0)
        updated = np.divide(held[at], share @ sets, out=np.zeros_like(worth), where=best[at])
        updated /= updated.sum(axis=1, keepdims=True)
        done = np.abs(updated - worth).max(axis=1) < tolerance
        settled[at[done]] = updated[done]
        at, worth = at[~done], updated[~done]
    return settled


def _unbeaten(beats: Array) -> NDArray[np.bool_]:
    """(B, k) whether a chain of wins leads from the arm to every other; beats (B, k, k)."""
    k = beats.shape[1]
    reach = (beats > 0) | np.eye(k, dtype=bool)
    for _ in range(int(np.ceil(np.log2(k)))):
        reach = (reach.astype(np.float64) @ reach) > 0
    return cast(NDArray[np.bool_], reach.all(axis=2))
