"""Learning slopes: does a difference widen over the rounds?

Per participant the least-squares slope of d_{p,round} on the centred round, then a one-sample t on
the slopes: the two-stage analysis of repeated measures, exact for complete, equally spaced rounds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analysis.errors import InputError
from analysis.stats.arrays import DECIMALS, Array, matrix
from analysis.stats.paired import paired_t
from analysis.stats.results import TestResult


def participant_slopes(values: ArrayLike) -> Array:
    """Slope per round of each row of `values` (participants, rounds); shape (participants,).

    InputError for fewer than two rounds.

    >>> participant_slopes([[1, 2, 3], [2, 2, 2]]).tolist()
    [1.0, 0.0]
    """
    table = matrix(values, "values")
    rounds = table.shape[1]
    if rounds < 2:
        raise InputError(f"a slope needs at least 2 rounds, values has {rounds}")
    centred = np.arange(rounds) - (rounds - 1) / 2.0
    return np.round(table @ centred / np.square(centred).sum(), DECIMALS)


def slope_test(values: ArrayLike, *, level: float = 0.95) -> TestResult:
    """Is the mean of the participants' slopes zero? One-sample t, estimate in points a round."""
    slopes = participant_slopes(values)
    return paired_t(slopes, level=level, test="one-sample t of participant slopes", name="slope")
