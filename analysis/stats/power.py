"""Power of the paired t test, exact from the noncentral t, by statsmodels' TTestPower.

Effects are d_z: the mean difference over the SD of the participants' differences.
"""

from __future__ import annotations

from statsmodels.stats.power import TTestPower

from analysis.errors import InputError


def power_paired(n: int, d_z: float, *, alpha: float = 0.05) -> float:
    """Power of the two-sided paired t test with n participants at effect d_z.

    >>> round(power_paired(20, 0.45), 2)
    0.48
    """
    _check(n, alpha)
    return float(TTestPower().power(d_z, n, alpha))


def smallest_effect(n: int, *, power: float = 0.80, alpha: float = 0.05) -> float:
    """The smallest d_z that n participants detect with this power.

    >>> round(smallest_effect(20), 4)
    0.6604
    """
    _check(n, alpha)
    if not alpha < power < 1.0:
        raise InputError(f"power = {power!r}: must lie between alpha and 1")
    return float(TTestPower().solve_power(nobs=n, alpha=alpha, power=power))


def _check(n: int, alpha: float) -> None:
    if n < 2:
        raise InputError(f"n = {n!r}: must be at least 2 participants")
    if not 0.0 < alpha < 1.0:
        raise InputError(f"alpha = {alpha!r}: must lie in (0, 1)")
