"""The table of the equivalence tests, in a report whose protocol states bounds."""

from __future__ import annotations

from analysis.data.frames import frame
from analysis.findings import Findings
from analysis.report import words
from analysis.report.table import Shown, Table, bounds, with_interval


def equivalence_tables(findings: Findings) -> list[Table]:
    """The table, or none without bounds."""
    limits = findings.protocol.analysis.equivalence
    if limits is None:
        return []
    rows = []
    for entry in findings.equivalences:
        test, shown = entry.test, entry.shown
        cells = (shown.value, *bounds(shown), test.statistic, test.df, test.p, entry.verdict)
        head = (entry.label, test.n, limits.low, limits.high, limits.units)
        rows.append((*head, *cells, test.note))
    names = ["contrast", "n", "low", "high", "units", "estimate", "ci_low", "ci_high", "t", "df"]
    alpha = findings.protocol.analysis.alpha
    level = f"{100 * (1 - 2 * alpha):.4g}% CI"
    what = "Difference" if limits.units == "raw" else "d_z"
    columns = (
        Shown("Contrast", "contrast"),
        Shown(f"{what} [{level}]", with_interval("estimate"), "interval"),
        Shown("t", "t", 2),
        Shown("df", "df", 0),
        Shown("p", "p", "p"),
        Shown("Verdict", "verdict"),
    )
    note = (
        f"Two one-sided tests against the pre-registered bounds, {words.bounds(limits)}, each at "
        f"α = {alpha:g}; t and p of the one that is further from rejecting. Equivalent: p ≤ α, "
        f"which is the same as a {level} inside the bounds. "
    )
    if limits.units == "d_z":
        note += "The statistic is that of the mean against zero, and p from the noncentral t. "
    note += "Not corrected for the number of contrasts."
    reasons = sorted({entry.test.note for entry in findings.equivalences if entry.verdict is None})
    if reasons:
        note += f" Not estimable: {'; '.join(reasons)}."
    caption = "Equivalence within the bounds of the protocol"
    table = frame(rows, [*names, "p", "verdict", "note"])
    return [Table("equivalence", caption, table, columns, note, stacked=True)]
