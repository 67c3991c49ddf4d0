"""The power of slope tests as text, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.report.terminal import text_table
from analysis.stats.results import Estimate
from analysis.stats.slope_power import SlopePower

SLOPES = "one-sample t of the participants' slopes, two-sided, the participant as the unit"


def slopes_text(found: Sequence[SlopePower], *, alpha: float, rounds: int) -> str:
    """A table of sizes and effects: simulated power with its interval, the exact one beside it.

    >>> from analysis.stats.slope_power import power_slopes
    >>> text = slopes_text([power_slopes(24, 0.6, repetitions=50)], alpha=0.05, rounds=10)
    >>> text.splitlines()[0]
    "Power of the slope test (one-sample t of the participants' slopes), two-sided, α = 0.05"
    """
    mixed = any(one.mixed for one in found)
    headings = ["N", "d_z of slopes", "points a round", "simulated", "95% CI", "exact"]
    rows = [
        [
            *(f"{one.participants:,}", f"{one.effect:g}", f"{one.slope:.3f}"),
            *_cells(one.power),
            f"{one.exact:.3f}",
            *(_cells(one.mixed) if one.mixed else []),
        ]
        for one in found
    ]
    if mixed:
        headings += ["mixed model", "95% CI"]
    lines = [
        "Power of the slope test (one-sample t of the participants' slopes), two-sided, "
        f"α = {alpha:.4g}",
        "",
        f"In {found[0].repetitions:,} simulated studies each: ratings from 1 to 5 in {rounds} "
        "rounds, rounded and clipped.",
        "The arms begin alike. Exact: noncentral t, for normal slopes.",
        "",
        text_table(headings, rows, [True] * len(headings)),
    ]
    unfitted = sum(one.unfitted for one in found)
    if mixed:
        lines += [
            "",
            f"Mixed models that could not be fitted, counted as not rejecting: {unfitted}",
        ]
    return "\n".join(lines)


def _cells(power: Estimate) -> list[str]:
    ends = power.interval
    return [
        f"{power.value or 0.0:.3f}",
        "" if ends is None else f"[{ends.low:.3f}, {ends.high:.3f}]",
    ]
