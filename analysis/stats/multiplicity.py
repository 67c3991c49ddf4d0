"""Corrections for several tests: adjusted p-values, to be compared with the level itself.

Holm (1979) for the confirmatory families; Benjamini and Hochberg (1995) for what is exploratory.
Hochberg (1988), Biometrika 75, 800-802, is never less powerful than Holm, but holds its level only
for tests that are independent or positively dependent, so a protocol has to ask for it. A test that
cannot be estimated still counts in the size of its family, as if its p were 1.

By statsmodels' multipletests, but for Holm: there it collects the garbage of the whole process at
every call, 66 ms with this package loaded against 0.02 ms, and a simulation of studies calls it
three times a study.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import cast

import numpy as np
from statsmodels.stats.multitest import multipletests

from analysis.errors import InputError
from analysis.stats.arrays import Array


def holm(p: Sequence[float | None]) -> tuple[float | None, ...]:
    """Holm-adjusted p-values in the order given; None stays None.

    >>> [round(value, 3) for value in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    raised = _raised(p)
    order = np.argsort(raised, kind="stable")
    adjusted = np.empty_like(raised)
    left = np.arange(raised.size, 0, -1)  # tests that are left
    adjusted[order] = np.minimum(np.maximum.accumulate(left * raised[order]), 1.0)
    return _given(p, adjusted)


def hochberg(p: Sequence[float | None]) -> tuple[float | None, ...]:
    """Hochberg-adjusted p-values in the order given; None stays None.

    >>> [round(value, 3) for value in hochberg([0.01, 0.04, 0.03])]
    [0.03, 0.04, 0.04]
    """
    return _by_statsmodels(p, "simes-hochberg")


def benjamini_hochberg(p: Sequence[float | None]) -> tuple[float | None, ...]:
    """Benjamini–Hochberg-adjusted p-values in the order given; None stays None.

    >>> [round(value, 3) for value in benjamini_hochberg([0.01, 0.04, 0.02])]
    [0.03, 0.04, 0.03]
    """
    return _by_statsmodels(p, "fdr_bh")


def unadjusted(p: Sequence[float | None]) -> tuple[float | None, ...]:
    """The p-values as they are, checked."""
    return _given(p, _raised(p))


ADJUSTMENTS = {
    "holm": holm,
    "hochberg": hochberg,
    "benjamini_hochberg": benjamini_hochberg,
    "none": unadjusted,
}


def adjust_p(p: Sequence[float | None], method: str) -> tuple[float | None, ...]:
    """p-values adjusted by the method of this name; InputError names those there are.

    >>> adjust_p([0.01, 0.04, None], "holm")
    (0.03, 0.08, None)
    """
    if method not in ADJUSTMENTS:
        raise InputError(f"adjust = {method!r}: must be one of {', '.join(ADJUSTMENTS)}")
    return ADJUSTMENTS[method](p)


def _by_statsmodels(p: Sequence[float | None], method: str) -> tuple[float | None, ...]:
    return _given(p, cast(Array, multipletests(_raised(p), method=method)[1]))


def _raised(p: Sequence[float | None]) -> Array:
    """The p-values as an array; None counts as 1."""
    for position, value in enumerate(p):
        if value is not None and not (isinstance(value, Real) and 0.0 <= value <= 1.0):
            raise InputError(f"p[{position}] = {value!r}: must be in [0, 1] or None")
    return np.array([1.0 if value is None else value for value in p], dtype=np.float64)


def _given(p: Sequence[float | None], adjusted: Array) -> tuple[float | None, ...]:
    return tuple(
        None if raw is None else float(value) for raw, value in zip(p, adjusted, strict=True)
    )
