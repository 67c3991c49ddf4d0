"""Exact power of the paired t test, for the statements a protocol makes about its size.

J. Cohen (1988), "Statistical power analysis for the behavioral sciences", 2nd ed., chapter 2: under
a true standardised difference d_z the statistic is noncentral t with n - 1 degrees of freedom and
noncentrality d_z * sqrt(n). By scipy's nct, because the power of statsmodels' TTestPower is nan for
n = 5, d_z = 5, alpha = .001, and its solve_power stops early (0.566, not 0.578, for n = 100, power
.99, alpha .001).
"""

from __future__ import annotations

import math

from study_design.errors import DesignError


def power_paired(participants: int, effect: float, alpha: float = 0.05) -> float:
    """Power of the two-sided paired t test.

    participants   n >= 2; effect is d_z = mean(d) / SD(d); 0 < alpha < 1

    >>> round(power_paired(20, 0.45), 2)
    0.48
    """
    if not (participants >= 2 and float(participants).is_integer()):
        raise DesignError(f"participants = {participants}: must be a whole number, at least 2")
    if not math.isfinite(effect):
        raise DesignError(f"effect = {effect}: must be finite")
    if not 0 < alpha < 1:
        raise DesignError(f"alpha = {alpha}: must be between 0 and 1")
    from scipy import stats  # takes a second to import, and most who read a protocol need no power

    df, noncentrality = participants - 1, abs(effect) * math.sqrt(participants)
    critical = stats.t.isf(alpha / 2, df)
    upper = stats.nct.sf(critical, df, noncentrality)
    # The lower tail by symmetry: nct.cdf(-critical, df, noncentrality) is nan far from the centre.
    lower = stats.nct.sf(critical, df, -noncentrality)
    return float(upper + lower)


def smallest_effect(participants: int, power: float = 0.80, alpha: float = 0.05) -> float:
    """The smallest d_z that the two-sided paired t test detects with this power.

    >>> round(smallest_effect(20), 3)
    0.66
    """
    if not alpha < power < 1:
        raise DesignError(f"power = {power}: must be between alpha = {alpha} and 1")
    from scipy import optimize

    largest = 1.0
    while power_paired(participants, largest, alpha) < power:
        largest *= 2
    found = optimize.root_scalar(
        lambda effect: power_paired(participants, effect, alpha) - power, bracket=(0.0, largest)
    )
    return float(found.root)
