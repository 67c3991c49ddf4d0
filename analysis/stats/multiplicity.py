"""Corrections for several tests, by statsmodels' multipletests.

Holm (1979) for the confirmatory families; Benjamini and Hochberg (1995) for what is exploratory.
A test that cannot be estimated still counts in the size of its family, as if its p were 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from statsmodels.stats.multitest import multipletests

from analysis.errors import InputError


def holm(p: Sequence[float | None]) -> tuple[float | None, ...]:
    """Holm-adjusted p-values in the order given; None stays None.

    >>> [round(value, 3) for value in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    return _adjust(p, "holm")


def benjamini_hochberg(p: Sequence[float | None]) -> tuple[float | None, ...]:
    """Benjamini–Hochberg-adjusted p-values in the order given; None stays None."""
    return _adjust(p, "fdr_bh")


def _adjust(p: Sequence[float | None], method: str) -> tuple[float | None, ...]:
    for position, value in enumerate(p):
        if value is not None and not 0.0 <= value <= 1.0:
            raise InputError(f"p[{position}] = {value!r}: must be in [0, 1] or None")
    if not p:
        return ()
    raised = [1.0 if value is None else value for value in p]
    adjusted = np.asarray(multipletests(raised, method=method)[1])
    return tuple(
        None if raw is None else float(value) for raw, value in zip(p, adjusted, strict=True)
    )
