"""Missing ratings, counted: who rated every round, who stopped, and which rounds are missing.

Dropouts are reported as CONSORT asks; whether they could have made the result is the question of
`analysis.stats.imputation`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.errors import InputError
from analysis.stats.arrays import numbers
from analysis.stats.results import number
from analysis.stats.tabular import Cells, Tabular, cells


@dataclass(frozen=True, slots=True)
class MissingSummary(Tabular):
    """Which rounds are there. A round counts as rated when every value of it is there.

    participants  all of them: complete + stopped + gaps + empty
    complete      rated every round
    stopped       rated some rounds and none after the first missing one
    gaps          rated a round after one that is missing
    empty         rated no round
    by_round      how many participants rated each round
    """

    participants: int
    complete: int
    stopped: int
    gaps: int
    empty: int
    by_round: tuple[int, ...]

    @property
    def missing_rounds(self) -> int:
        """Rounds that are missing, over all participants."""
        return self.participants * len(self.by_round) - sum(self.by_round)

    def table_rows(self) -> list[Cells]:
        rounds = {f"round_{k}": count for k, count in enumerate(self.by_round, start=1)}
        return [cells(self) | rounds]

    def apa(self) -> str:
        """One sentence for the results section."""
        total = self.participants * len(self.by_round)
        share = 100.0 * self.missing_rounds / total if total else 0.0
        return (
            f"{self.complete} of {self.participants} participants rated every round, "
            f"{self.stopped} stopped early, {self.gaps} left a gap, {self.empty} rated none; "
            f"{self.missing_rounds} of {total} rounds ({number(share, 1)}%) are missing"
        )


def missing_summary(values: ArrayLike) -> MissingSummary:
    """Count what is missing in `values` (participants, rounds, …), nan where a value is missing.

    >>> nan = float("nan")
    >>> missing_summary([[1, 2, 3], [1, nan, nan], [nan, 2, 1], [nan, nan, nan]]).by_round
    (2, 2, 2)
    """
    table = numbers(values, "values")
    if table.ndim < 2:
        raise InputError(f"values must be (participants, rounds, …), has shape {table.shape}")
    rated = np.logical_not(np.isnan(table).any(axis=tuple(range(2, table.ndim))))
    done, rounds = rated.sum(axis=1), table.shape[1]
    whole, none = done == rounds, done == 0
    gaps = (np.diff(rated.astype(np.int8), axis=1) > 0).any(axis=1)
    return MissingSummary(
        participants=len(table),
        complete=int((whole & ~none).sum()),
        stopped=int((~gaps & ~whole & ~none).sum()),
        gaps=int(gaps.sum()),
        empty=int(none.sum()),
        by_round=tuple(int(count) for count in rated.sum(axis=0)),
    )
