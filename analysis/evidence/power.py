"""Power of the paired t test on simulated ratings beside the exact noncentral t."""

from __future__ import annotations

from typing import Any

from analysis.stats.power_simulation import LikertStudy, power_simulated

SIZES = (12, 24, 36, 48)
EFFECTS = (0.3, 0.5, 0.66, 0.8)


def power_rows(repetitions: int, seed: int) -> list[dict[str, Any]]:
    """Simulated and exact power of every size and true d_z."""
    rows = []
    for place, (n, effect) in enumerate((n, d) for n in SIZES for d in EFFECTS):
        found = power_simulated(
            n, effect, study=LikertStudy(), repetitions=repetitions, seed=seed + place
        )
        interval = found.power.interval
        rows.append(
            {
                "participants": n,
                "effect": effect,
                "simulated": found.power.value,
                "low": interval.low if interval else None,
                "high": interval.high if interval else None,
                "exact": found.exact,
                "zero_differences": found.zeros,
            }
        )
    return rows
