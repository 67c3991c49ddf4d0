"""Corrections for several tests: adjusted p-values, to be compared with the level itself.

Holm (1979) for the confirmatory families; Benjamini and Hochberg (1995) for what is exploratory.
Hochberg (1988), Biometrika 75, 800-802, is never less powerful than Holm, but holds its level only
for tests that are independent or positively dependent, so a protocol has to ask for it. A test that
cannot be estimated still counts in the size of its family, as if its p were 1.

By hand: statsmodels' multipletests agrees, but collects the garbage of the whole process at every
call, which took 0.3 s here and would decide how long a simulation of studies takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from analysis.errors import InputError


def holm(p: Sequence[float | None]) -> tuple[float | None, ...]:
    """Holm-adjusted p-values in the order given; None stays None.

    >>> [round(value, 3) for value in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order, rising = _sorted(p)
    steps = np.arange(rising.size, 0, -1)  # tests that are left
    return _back(p, order, np.maximum.accumulate(steps * rising))


def hochberg(p: Sequence[float | None]) -> tuple[float | None, ...]:
    """Hochberg-adjusted p-values in the order given; None stays None.

    >>> [round(value, 3) for value in hochberg([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]
    """
    order, rising = _sorted(p)
    steps = np.arange(rising.size, 0, -1)
    return _back(p, order, np.minimum.accumulate((steps * rising)[::-1])[::-1])


def benjamini_hochberg(p: Sequence[float | None]) -> tuple[float | None, ...]:
    """Benjamini–Hochberg-adjusted p-values in the order given; None stays None.

    >>> [round(value, 3) for value in benjamini_hochberg([0.01, 0.04, 0.02])]
    [0.03, 0.04, 0.03]
    """
    order, rising = _sorted(p)
    steps = rising.size / np.arange(1.0, rising.size + 1.0)
    return _back(p, order, np.minimum.accumulate((steps * rising)[::-1])[::-1])


def _sorted(p: Sequence[float | None]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The order of the p-values, and the p-values in it; None counts as 1."""
    for position, value in enumerate(p):
        if value is not None and not (isinstance(value, Real) and 0.0 <= value <= 1.0):
            raise InputError(f"p[{position}] = {value!r}: must be in [0, 1] or None")
    raised = np.array([1.0 if value is None else value for value in p], dtype=np.float64)
    order = np.argsort(raised, kind="stable")
    return order, raised[order]


def _back(
    p: Sequence[float | None], order: NDArray[np.int64], adjusted: NDArray[np.float64]
) -> tuple[float | None, ...]:
    """Adjusted p-values in the order given, cut at 1."""
    given = np.empty_like(adjusted)
    given[order] = np.minimum(adjusted, 1.0)
    return tuple(None if raw is None else float(value) for raw, value in zip(p, given, strict=True))
