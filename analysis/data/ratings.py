"""The ratings of the analysed participants as one array: participant × round × arm × item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.data.exports import Export
from analysis.data.sample import Sample
from analysis.stats.arrays import Array


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """values[p, r, a, i]: the rating of participant p in round r + 1 of arm a on item i.

    Whole numbers on the item's scale; nan in rounds that were not committed.
    slots[p, r, a]: the place of that arm on the page, 0 for the first; in rounds that were not
    committed the places are in the order of the arms.
    requests[p, r]: which of the protocol's requests that round was about; -1 in rounds that were
    not committed.
    """

    participants: tuple[str, ...]
    arms: tuple[str, ...]
    items: tuple[str, ...]
    values: Array
    slots: NDArray[np.int64]
    requests: NDArray[np.int64]

    @property
    def n(self) -> int:
        return len(self.participants)

    @property
    def rounds(self) -> int:
        return self.values.shape[1]

    def of(self, arm: str, item: str) -> Array:
        """(participants, rounds) ratings of one arm on one item."""
        return self.values[:, :, self.arms.index(arm), self.items.index(item)]

    def difference(self, treatment: str, comparator: str, item: str) -> Array:
        """(participants, rounds) treatment − comparator: whole numbers, or nan."""
        return self.of(treatment, item) - self.of(comparator, item)

    def means(self, arm: str, item: str) -> Array:
        """(participants,) mean over the committed rounds."""
        return mean_over_rounds(self.of(arm, item))


def mean_over_rounds(values: Array) -> Array:
    """Row means of (participants, rounds) whole numbers, nan left out.

    Sums of whole numbers are exact, so equal means are equal floats and ties stay ties.
    """
    present = ~np.isnan(values)
    totals = np.where(present, values, 0.0).sum(axis=1)
    return totals / np.maximum(present.sum(axis=1), 1)


def collect_ratings(export: Export, sample: Sample) -> Ratings:
    """The ratings of the sample's participants, in its order."""
    protocol = export.protocol
    arms = tuple(arm.name for arm in protocol.arms)
    items = tuple(item.id for item in protocol.items)
    table = export.tables["ratings"]
    table = table[table["participant"].isin(sample.analysed)]
    shape = (sample.n, protocol.rounds, len(arms))
    person = _codes(table["participant"], sample.analysed)
    round_ = table["round"].to_numpy(dtype=np.int64) - 1
    arm = _codes(table["arm"], arms)
    values = np.full((*shape, len(items)), np.nan)
    place = (person, round_, arm, _codes(table["item"], items))
    values[place] = table["rating"].to_numpy(dtype=np.float64)
    slots = np.tile(np.arange(len(arms)), (*shape[:2], 1))
    slots[person, round_, arm] = _codes(table["slot"], protocol.slots)
    requests = np.full(shape[:2], -1)
    names = tuple(request.id for request in protocol.requests)
    requests[person, round_] = _codes(table["request"], names)
    return Ratings(sample.analysed, arms, items, values, slots, requests)


def _codes(column: pd.Series, names: tuple[str, ...]) -> NDArray[np.intp]:
    return pd.Index(list(names)).get_indexer(pd.Index(column))
