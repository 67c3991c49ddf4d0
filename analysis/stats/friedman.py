"""Friedman's test: do k conditions differ in their ranks within participants? Descriptive here.

Friedman (1937), with the tie correction; Kendall's W = χ² / (n (k − 1)). By
scipy.stats.friedmanchisquare, which gives nan when every participant ranks all conditions equal.
"""

from __future__ import annotations

from typing import Unpack

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from analysis.errors import InputError
from analysis.stats.arrays import DECIMALS, matrix
from analysis.stats.results import Estimate, TestResult, noted
from analysis.stats.tidy import Averaged, by_factors


def friedman(values: ArrayLike | pd.DataFrame, **tidy: Unpack[Averaged]) -> TestResult:
    """Friedman's χ² of `values` (participants, conditions), df = conditions − 1, with Kendall's W.

    values may be a tidy DataFrame, whose conditions are the levels of the column arm: as for
    `rm_anova`. InputError for fewer than three conditions. All-equal rows are "not estimable".

    >>> friedman([[1, 2, 3], [1, 3, 2], [1, 2, 3]]).apa()
    'χ²(2) = 4.67, p = .097, W = 0.78'
    """
    values, _, note = by_factors(values, None, tidy)
    if note:
        return noted(friedman(values), note)
    table = np.round(matrix(values, "values"), DECIMALS)
    n, k = table.shape
    if k < 3:
        raise InputError(f"values must have at least 3 conditions (columns), has {k}")
    reason = ""
    if n < 2:
        reason = f"needs at least 2 participants, has {n}"
    elif not np.ptp(table, axis=1).any():
        reason = "every participant has equal values in all conditions"
    if reason:
        effect = Estimate("W", None, note=reason)
        return TestResult("Friedman", "χ²", None, None, n, float(k - 1), None, (effect,), reason)
    chi2, p = (float(value) for value in stats.friedmanchisquare(*table.T))
    effect = Estimate("W", chi2 / (n * (k - 1)))
    return TestResult("Friedman", "χ²", chi2, p, n, float(k - 1), None, (effect,))
