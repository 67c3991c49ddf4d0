"""Learning slopes: does a difference widen over the rounds?

Per participant the least-squares slope of d_{p,round} on the centred round, then a one-sample t on
the slopes: the two-stage analysis of repeated measures, exact for complete, equally spaced rounds.
"""

from __future__ import annotations

from typing import Unpack, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.errors import InputError
from analysis.stats.arrays import DECIMALS, Array, numbers
from analysis.stats.paired import paired_t
from analysis.stats.results import TestResult
from analysis.stats.tidy import Contrast, by_round


def participant_slopes(values: ArrayLike | pd.DataFrame, **tidy: Unpack[Contrast]) -> Array:
    """Slope per round of each row of `values` (participants, rounds); shape (participants,).

    values may be a tidy DataFrame of one arm, or of several with treatment and comparator named:
    then it is the slope of treatment − comparator. Participants keep the order in which they first
    appear. tidy: participant, arm, round, value and item, columns not called as in the export.

    A missing round is nan in `values`; a participant with fewer than two rounds has slope nan.
    InputError for fewer than two rounds altogether, or infinite values.

    >>> participant_slopes([[1, 2, 3], [2, 2, 2]]).tolist()
    [1.0, 0.0]
    """
    table = numbers(by_round(values, tidy), "values")
    if table.ndim != 2 or table.shape[1] < 2:
        raise InputError(f"values must be (participants, rounds >= 2), has shape {table.shape}")
    present = ~np.isnan(table)
    rounds = np.arange(table.shape[1], dtype=np.float64)
    held = np.maximum(present.sum(axis=1, keepdims=True), 1)
    centre = (present * rounds).sum(axis=1, keepdims=True) / held
    centred = np.where(present, rounds - centre, 0.0)  # (participants, rounds)
    spread = np.square(centred).sum(axis=1)
    rise = (centred * np.where(present, table, 0.0)).sum(axis=1)
    slopes = np.divide(rise, spread, out=np.full(table.shape[0], np.nan), where=spread > 0)
    return cast(Array, np.round(slopes, DECIMALS))


def slope_test(
    values: ArrayLike | pd.DataFrame, *, level: float = 0.95, **tidy: Unpack[Contrast]
) -> TestResult:
    """Is the mean of the participants' slopes zero? One-sample t, estimate in points a round.

    values, tidy  as for `participant_slopes`

    Participants with fewer than two rounds have no slope and are left out.
    """
    slopes = participant_slopes(values, **tidy)
    slopes = slopes[~np.isnan(slopes)]
    return paired_t(slopes, level=level, test="one-sample t of participant slopes", name="slope")
