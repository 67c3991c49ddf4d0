"""Ratings (participants, rounds, arms) as the rows of a regression: arm × round, treatment coded.

Rounds are centred, so that the coefficient of an arm is its mean difference from the reference
arm, and that of "ARM × round" is how this difference changes, a round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import InputError
from analysis.stats.arrays import Array, numbers

# What the random effects of the study's models are called
PARTICIPANT, PARTICIPANT_ARM = "participant", "participant × arm"
ROUND_SLOPE = f"round | {PARTICIPANT_ARM}"
REQUEST, REQUEST_ARM = "request", "request × arm"


@dataclass(frozen=True, slots=True)
class LongRatings:
    """One row a rating that is there, in the order participant, round, arm.

    rating, time  (rows,) and the centred round; people, arm: (rows,) indices into the table
    request       (rows,) codes of the requests that were rated, None where they are not told
    design        (rows, terms) of ones, arms, round, and arms × round, named by `terms`
    n             participants who have a rating
    missing       ratings that the table lacks
    """

    rating: Array
    people: NDArray[np.intp]
    arm: NDArray[np.intp]
    time: Array
    request: NDArray[np.intp] | None
    design: Array
    terms: tuple[str, ...]
    n: int
    missing: int

    def why_not(self) -> str:
        """Why no model can be fitted; empty when one can be tried."""
        if self.n < 3:
            return f"needs at least 3 participants, has {self.n}"
        if np.ptp(self.time) == 0:
            return "needs at least 2 rounds"
        if np.ptp(self.rating) == 0:
            return "every rating is the same"
        few = self.request is not None and np.ptp(self.request) == 0
        return "needs at least 2 requests to have effects of requests" if few else ""


def long_ratings(
    values: ArrayLike, arms: Sequence[str], *, reference: str, requests: ArrayLike | None = None
) -> LongRatings:
    """The rows of `values` (participants, rounds, arms), nan where a rating is missing.

    requests  numbers in the shape of values, as `with_requests` gives them

    InputError for a wrong shape, an unknown reference or infinite values.

    >>> rows = long_ratings([[[3.0, 4.0]], [[2.0, np.nan]]], ["rag", "hare"], reference="rag")
    >>> rows.terms, rows.rating.tolist(), rows.missing
    (('intercept', 'hare', 'round', 'hare × round'), [3.0, 4.0, 2.0], 1)
    """
    table = numbers(values, "values")
    if table.ndim != 3 or table.shape[2] != len(arms) or len(arms) < 2:
        raise InputError(
            f"values must be (participants, rounds, {len(arms)} arms), has shape {table.shape}"
        )
    if reference not in arms:
        raise InputError(f"reference {reference!r} is none of {list(arms)}")
    people, rounds, arm = np.nonzero(~np.isnan(table))
    rating = table[people, rounds, arm]
    time = rounds - (table.shape[1] - 1) / 2.0
    others = [k for k, name in enumerate(arms) if name != reference]
    dummies = [(arm == k).astype(np.float64) for k in others]
    columns = [np.ones(rating.size), *dummies, time, *(dummy * time for dummy in dummies)]
    names = [arms[k] for k in others]
    request = None
    if requests is not None:
        told = np.asarray(requests)[people, rounds, arm]
        request = np.unique(told, return_inverse=True)[1]
    return LongRatings(
        rating,
        people,
        arm,
        time,
        request,
        cast(Array, np.column_stack(columns)),
        ("intercept", *names, "round", *(f"{name} × round" for name in names)),
        n=int(np.unique(people).size),
        missing=table.size - rating.size,
    )
