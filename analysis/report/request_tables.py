"""The primary differences by request: the table, and the forest that is drawn from it."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.data.frames import frame
from analysis.findings import Findings
from analysis.report.design_figures import effects_figure
from analysis.report.table import Shown, Table, with_interval

REQUEST_CAPTION = (
    "The primary differences request by request: mean over the participants, with its 95% t "
    "interval. Requests on one side of zero speak for a finding that does not rest on a few."
)


def request_table(findings: Findings) -> Table:
    """One row a primary contrast and request."""
    rows = [
        (d.contrast, d.request, d.work, d.n, d.mean, d.low, d.high) for d in findings.by_request
    ]
    columns = (
        Shown("Contrast", "contrast"),
        Shown("Request", "request"),
        Shown("Kind of work", "work"),
        Shown("n", "n", "count"),
        Shown("Difference [95% CI]", with_interval("estimate"), "interval"),
    )
    note = (
        "Points of the scale; t intervals over participants, one request at a time and uncorrected."
    )
    names = ["contrast", "request", "work", "n", "estimate", "ci_low", "ci_high"]
    caption = "The primary differences by request"
    return Table("requests", caption, frame(rows, names), columns, note, stacked=True, grouped=1)


def request_panels(rows: pd.DataFrame) -> tuple[tuple[str, go.Figure], ...]:
    """A forest for each contrast, on one range, so that their widths can be compared."""
    held = rows[rows["estimate"].notna()]
    panels = [
        (
            str(contrast),
            effects_figure(
                own[["estimate", "ci_low", "ci_high"]].assign(filled=True),
                "difference in points",
                [str(name) for name in own["request"]],
            ),
        )
        for contrast, own in held.groupby("contrast", sort=False)
    ]
    ends = [abs(float(end)) for name in ("ci_low", "ci_high") for end in held[name].dropna()]
    reach = 1.05 * max(ends, default=1.0)
    for _, drawn in panels:
        drawn.update_xaxes(range=[-reach, reach])
    return tuple(panels)
