"""A share with its exact interval: C. J. Clopper and E. S. Pearson (1934), Biometrika 26, 404-413.

By statsmodels' proportion_confint.
"""

from __future__ import annotations

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from analysis.stats.results import Estimate, Interval


def clopper_pearson(count: int, total: int, level: float = 0.95) -> Interval:
    """The exact interval of the chance behind `count` of `total` > 0.

    >>> clopper_pearson(110, 240).apa()
    '95% CI [0.39, 0.52]'
    """
    bounds = proportion_confint(count, total, alpha=1.0 - level, method="beta")
    low, high = np.array(bounds).tolist()
    return Interval(low, high, level, "Clopper–Pearson")


def exact_share(count: int, total: int, name: str = "share", level: float = 0.95) -> Estimate:
    """`count` of `total` > 0 with its exact interval.

    >>> exact_share(5, 100).apa()
    'share = 0.05, 95% CI [0.02, 0.11]'
    """
    return Estimate(name, count / total, clopper_pearson(count, total, level))
