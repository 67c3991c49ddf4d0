"""The tables of differences by background: the tests, and the means of those who answered alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.by_background import FEWEST
from analysis.data.frames import frame
from analysis.findings import Findings
from analysis.report.table import Shown, Table, bounds, with_interval
from analysis.stats.results import NOT_ESTIMABLE, Estimate, number


def background_tables(findings: Findings) -> list[Table]:
    """The tests first, then the groups."""
    return [_tests(findings), _groups(findings)]


def _tests(findings: Findings) -> Table:
    rows = [
        (
            *(d.question, d.contrast, len(d.groups), d.statistic, d.df, d.df_error),
            *(d.p, d.p_adjusted, d.note),
        )
        for d in findings.by_background
    ]
    columns = (
        Shown("Question", "question"),
        Shown("Contrast", "contrast"),
        Shown("F (df)", _f_and_df, "F"),
        Shown("p", "p", "p"),
        Shown("p_BH", "p_bh", "p"),
        Shown("Note", "note"),
    )
    note = (
        "Exploratory: does the primary difference depend on the answer? Welch's F of the "
        f"participants' differences, between answers that at least {FEWEST} gave; corrected by "
        "Benjamini and Hochberg over the table."
    )
    names = ["question", "contrast", "groups", "f", "df", "df_error", "p", "p_bh", "note"]
    caption = "The primary differences by background"
    return Table("background", caption, frame(rows, names), columns, note, stacked=True, grouped=1)


def _groups(findings: Findings) -> Table:
    rows = []
    for difference in findings.by_background:
        for group in difference.groups:
            estimate = group.test.estimate or Estimate("", None)
            cells = (group.test.n, estimate.value, *bounds(estimate), group.test.note)
            rows.append((difference.question, difference.contrast, group.answer, *cells))
    columns = (
        Shown("Question", "question"),
        Shown("Contrast", "contrast"),
        Shown("Answer", "answer"),
        Shown("n", "n", "count"),
        Shown("Difference [95% CI]", with_interval("estimate"), "interval"),
    )
    names = ["question", "contrast", "answer", "n", "estimate", "ci_low", "ci_high", "note"]
    note = "Mean difference in points of the scale, of the participants who gave the answer."
    caption = "The primary differences of those who answered alike"
    table = frame(rows, names)
    return Table("background_groups", caption, table, columns, note, stacked=True, grouped=2)


def _f_and_df(row: Mapping[str, Any]) -> str:
    if row["f"] is None:
        return NOT_ESTIMABLE
    return f"{number(row['f'])} ({row['df']:g}, {row['df_error']:.1f})"
