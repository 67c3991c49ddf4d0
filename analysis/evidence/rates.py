"""A share of simulated studies, with its exact interval: the unit of every error rate here."""

from __future__ import annotations

from typing import TypedDict

from analysis.errors import InputError
from analysis.stats.proportions import clopper_pearson


class Rate(TypedDict):
    """How often something happened.

    count, of  times it happened, and times it could have
    value      count / of; None when `of` is 0
    low, high  its 95% Clopper–Pearson interval; None when `of` is 0
    """

    count: int
    of: int
    value: float | None
    low: float | None
    high: float | None


def rate(count: int, of: int) -> Rate:
    """The share with its interval; InputError for counts that make none.

    >>> found = rate(5, 100)
    >>> found["value"], round(found["low"], 4), round(found["high"], 4)
    (0.05, 0.0164, 0.1128)
    """
    if not 0 <= count <= of:
        raise InputError(f"count = {count}, of = {of}: must be 0 <= count <= of")
    if of == 0:
        return Rate(count=0, of=0, value=None, low=None, high=None)
    interval = clopper_pearson(count, of)
    return Rate(count=count, of=of, value=count / of, low=interval.low, high=interval.high)
