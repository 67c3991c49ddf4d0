"""Power of the paired t test as tables: by size and effect, what a size detects and one needs.

Exact, by study_design.power: the noncentral t, two-sided, with the participant as the unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.errors import InputError
from analysis.sequential import Stage
from study_design import power_paired, smallest_effect

MOST = 10_000_000
LEAST_ALPHA, MOST_POWER = 1e-4, 0.999  # beyond them scipy's noncentral t fails for N = 2


@dataclass(frozen=True, slots=True)
class PowerTables:
    """power: (n, d_z, power); smallest: (n, d_z); needed: (d_z, participants or None)."""

    alpha: float
    target: float
    power: tuple[tuple[int, float, float], ...]
    smallest: tuple[tuple[int, float], ...]
    needed: tuple[tuple[float, int | None], ...]


def power_tables(
    sizes: Sequence[int], effects: Sequence[float], *, alpha: float = 0.05, target: float = 0.80
) -> PowerTables:
    """Power of every size and effect, each size's smallest effect, and each effect's least size.

    sizes    numbers of participants, >= 2
    effects  d_z, not 0; its sign does not matter
    alpha    two-sided, from 0.0001 to below 0.5
    target   the power that `smallest` and `needed` are for, above alpha and at most 0.999
    None stands for more than ten million participants. InputError names what is out of range.

    >>> tables = power_tables([20], [0.45])
    >>> round(tables.power[0][2], 2), round(tables.smallest[0][1], 3), tables.needed
    (0.48, 0.66, ((0.45, 41),))
    """
    for size in sizes:
        if not 2 <= size <= MOST:
            raise InputError(f"N = {size}: must be 2 to {MOST:,}")
    for effect in effects:
        if not 1e-6 <= abs(effect) <= 100.0:
            raise InputError(f"effect = {effect:g}: d_z must be from 0.000001 to 100 in size")
    if not LEAST_ALPHA <= alpha < 0.5:
        raise InputError(f"alpha = {alpha:g}: must be from {LEAST_ALPHA:g} to below 0.5")
    if not alpha < target <= MOST_POWER:
        raise InputError(f"power = {target:g}: must be above alpha and at most {MOST_POWER:g}")
    return PowerTables(
        alpha,
        target,
        tuple((n, d, power_paired(n, d, alpha)) for n in sizes for d in effects),
        tuple((n, smallest_effect(n, target, alpha)) for n in sizes),
        tuple((d, participants_needed(d, target, alpha)) for d in effects),
    )


def why_no_power(participants: int, stage: Stage | None, level: float | None) -> str:
    """Why nothing can be said of the power at this level; empty when something can.

    stage, level   where the study stands, and the level of its look; None before the first

    >>> why_no_power(1, None, 0.05), why_no_power(24, None, 0.05)
    ('needs at least 2 participants, has 1', '')
    """
    if stage and stage.too_early:
        return stage.too_early
    if participants < 2:
        return f"needs at least 2 participants, has {participants}"
    if stage and level is not None and level < LEAST_ALPHA:
        return f"the level of this look is below {LEAST_ALPHA:g}"
    return ""


def participants_needed(effect: float, power: float = 0.80, alpha: float = 0.05) -> int | None:
    """The least number of participants with which the test has this power; None beyond ten million.

    >>> participants_needed(0.5), participants_needed(-0.8)
    (34, 15)
    """
    low, high = 1, 2
    while power_paired(high, effect, alpha) < power:
        low, high = high, high * 2
        if high > MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if power_paired(middle, effect, alpha) < power:
            low = middle
        else:
            high = middle
    return high
