"""The figures of the report: what each shows, its caption, and the plotly figures of its panels.

Every figure is drawn from the numbers of a table file. A panel is a figure of its own; the page
lays panels side by side where there is room and one under the other on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.confirmatory import ContrastResult
from analysis.describe import MEASURES
from analysis.findings import Findings
from analysis.report.design_figures import blinding_figure, effects_figure, power_figure
from analysis.report.estimation import estimation_panel, slope_panel
from analysis.report.flow_figure import flow_figure
from analysis.report.rating_figures import (
    choices_figure,
    likert_figure,
    over_rounds,
    quantile_figure,
)
from analysis.report.request_tables import REQUEST_CAPTION, request_panels
from analysis.report.style import Look, look
from analysis.report.table import Table

_AXES = {"uncertainty": "share of the prior's", "entropy": "nats", "mutual_information": "nats"}
Panels = tuple[tuple[str, go.Figure], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """One figure: panels with their headings, and what a reader sees in them."""

    name: str
    caption: str
    panels: Panels


def report_figures(findings: Findings, tables: dict[str, Table]) -> dict[str, Figure]:
    """Every figure that the data allow, by name. One without data to draw is left out."""
    looks = {arm: look(position) for position, arm in enumerate(findings.ratings.arms)}
    drawn = [
        _flow(findings),
        _estimation(findings, looks),
        Figure("requests", REQUEST_CAPTION, request_panels(tables["requests"].frame)),
        _slopes(findings, tables["round_differences"].frame, looks),
        _quantiles(tables["quantiles"].frame),
        _learning(findings, tables["round_means"].frame, looks),
        _forest(findings),
        _likert(findings, tables["likert"].frame),
        _choices(tables["choices"].frame, looks),
        _blinding(tables["blinding"].frame, looks),
        _order(tables["order"].frame),
        _trajectories(findings, tables["trajectories"].frame, looks),
        _power(findings, tables["power_curve"].frame),
    ]
    return {entry.name: entry for entry in drawn if entry.panels}


def _flow(findings: Findings) -> Figure:
    caption = (
        "Flow of participants, from consent to analysis. The exclusions are those of the "
        "protocol, in its order; each participant counts under the first rule that holds."
    )
    drawn = flow_figure(dict(findings.sample.flow()))
    return Figure("flow", caption, (("Flow of participants", drawn),))


def _estimation(findings: Findings, looks: dict[str, Look]) -> Figure:
    results = [r for r in findings.families[0].contrasts if r.test.estimate and r.values]
    panels = tuple(
        (result.label, estimation_panel(result, findings.ratings, looks)) for result in results
    )
    _share_range(panels, "yaxis")
    _share_range(panels, "yaxis2", around_zero=True)
    caption = (
        "The primary comparison, every participant shown. Left of the line: each participant's "
        "mean rating of the two arms, joined. Right: the differences, each a point; the diamond is "
        "their mean with its 95% t interval."
    )
    return Figure("estimation", caption, panels)


def _slopes(findings: Findings, frame: pd.DataFrame, looks: dict[str, Look]) -> Figure:
    panels = tuple(
        (
            result.label.removeprefix("slope of "),
            slope_panel(result, findings.ratings, frame, looks),
        )
        for result in _contrasts(findings, "slope")
        if result.test.estimate and result.values
    )
    _share_range(panels, "yaxis")
    caption = (
        "Does the gap widen? Mean difference by round with its 95% t interval between "
        "participants, and the line of the mean slope of the participants."
    )
    return Figure("slopes", caption, panels)


def _quantiles(frame: pd.DataFrame) -> Figure:
    caption = (
        "What the t tests of F1 and F2 take as normal: each participant's difference (in points) "
        "or slope (in points a round) over the quantile that a normal value would have. The line "
        "is that of a normal distribution with their mean and standard deviation."
    )
    panels = tuple(
        (str(label), quantile_figure(rows)) for label, rows in frame.groupby("contrast", sort=False)
    )
    return Figure("quantiles", caption, panels)


def _contrasts(findings: Findings, kind: str) -> list[ContrastResult]:
    return [
        result
        for family in findings.families
        for result in family.contrasts
        if result.contrast.kind == kind
    ]


def _share_range(panels: Panels, axis: str, *, around_zero: bool = False) -> None:
    """Give every panel the same range on an axis, from what its traces reach with their bars."""
    ends: list[float] = []
    for _, drawn in panels:
        for trace in cast(Any, drawn.data):
            y = np.asarray(trace["y"], dtype=np.float64)
            if (trace["yaxis"] or "y").replace("y", "yaxis", 1) != axis or np.isnan(y).all():
                continue
            ups, downs = trace["error_y"]["array"], trace["error_y"]["arrayminus"]
            top = y + (0.0 if ups is None else np.asarray(ups, dtype=np.float64))
            bottom = y - (0.0 if downs is None else np.asarray(downs, dtype=np.float64))
            ends += [float(np.nanmax(top)), float(np.nanmin(bottom))]
    if not ends:
        return
    low, high = min(ends), max(ends)
    if around_zero:
        high = max(high, -low)
        low = -high
    room = max(0.06 * (high - low), 0.05)
    for _, drawn in panels:
        drawn.update_layout({axis: {"range": [low - room, high + room]}})


def _forest(findings: Findings) -> Figure:
    """Differences in points, and the same standardised."""
    results = [r for r in _contrasts(findings, "mean") if r.test.estimable]
    primary = {id(result) for result in findings.families[0].contrasts}
    caption = (
        "Every contrast of means of F1 (filled) and F3 (open): in points of the rating scale with "
        "t intervals, and as d_z with noncentral-t intervals, 95%, unadjusted. Right of zero "
        "favours the first-named arm."
    )
    if not results:
        return Figure("forest", caption, ())
    names = [result.label for result in results]
    panels = []
    for heading, axis in (
        ("Mean differences", "difference in points"),
        ("Standardised differences", "d<sub>z</sub>"),
    ):
        rows = []
        for result in results:
            points = axis.startswith("difference")
            estimate = result.test.estimate if points else result.test.effect("d_z")
            interval = None if estimate is None else estimate.interval
            bounds = (None, None) if interval is None else (interval.low, interval.high)
            rows.append((estimate and estimate.value, *bounds, id(result) in primary))
        columns = ["estimate", "ci_low", "ci_high", "filled"]
        frame = pd.DataFrame(rows, columns=columns, dtype=object)
        panels.append((heading, effects_figure(frame, axis, names)))
    return Figure("forest", caption, tuple(panels))


def _learning(findings: Findings, frame: pd.DataFrame, looks: dict[str, Look]) -> Figure:
    panels = []
    for item in findings.protocol.items:
        own = frame[frame["item"] == item.id]
        if own.empty or own["mean"].isna().all():
            continue
        drawn = over_rounds(own, looks, "mean rating")
        drawn.update_yaxes(range=[item.scale.low - 0.1, item.scale.high + 0.1], dtick=1)
        panels.append((item.id, drawn))
    caption = (
        "Mean rating by round and arm. Bands are 95% t intervals between participants, round by "
        "round; the test of a widening gap is on the participants' slopes."
    )
    return Figure("learning", caption, tuple(panels))


def _likert(findings: Findings, frame: pd.DataFrame) -> Figure:
    panels = tuple(
        (item.id, likert_figure(own, item.scale.points))
        for item in findings.protocol.items
        if not (own := frame[(frame["item"] == item.id) & frame["share"].notna()]).empty
    )
    caption = (
        "Every rating by arm, in per cent of the arm's ratings (under 7% without a number). The "
        "lowest number is the lowest point of the scale."
    )
    return Figure("likert", caption, panels)


def _choices(frame: pd.DataFrame, looks: dict[str, Look]) -> Figure:
    caption = (
        "Share of the rounds in which an arm's text was the one to keep, with its BCa interval "
        "over participants. The dotted line is chance."
    )
    held = frame[frame["share"].notna()]
    panels = () if held.empty else (("Best of the round", choices_figure(held, looks)),)
    return Figure("choices", caption, panels)


def _blinding(frame: pd.DataFrame, looks: dict[str, Look]) -> Figure:
    panels = tuple(
        (f"“{question}”", blinding_figure(rows, looks))
        for question, rows in frame[frame["index"].notna()].groupby("question", sort=False)
    )
    caption = (
        "Which arm participants thought adapted to them: the share of answers that name the arm, "
        "corrected for chance (Bang's index where there are two arms), with its 95% interval. An "
        "interval that holds zero is in keeping with guessing."
    )
    return Figure("blinding", caption, panels)


def _order(frame: pd.DataFrame) -> Figure:
    """The place on the page and what stood before it, one panel an item."""
    panels = []
    for item, rows in frame.groupby("item", sort=False):
        names = [str(name) for name in rows["name"]]
        held = rows[["estimate", "ci_low", "ci_high"]].assign(filled=True)
        if rows["estimate"].notna().any():
            panels.append((str(item), effects_figure(held, "points of the scale", names)))
    ends = [float(end) for end in (*frame["ci_low"], *frame["ci_high"]) if end is not None]
    reach = 1.05 * max((abs(end) for end in ends), default=1.0)
    for _, drawn in panels:
        drawn.update_xaxes(range=[-reach, reach])
    caption = (
        "Order and carry-over: how far ratings move with the round (points a round), in each slot, "
        "and after each arm, with 95% t intervals between participants. Zero is no disturbance."
    )
    return Figure("order", caption, tuple(panels))


def _trajectories(findings: Findings, frame: pd.DataFrame, looks: dict[str, Look]) -> Figure:
    panels = []
    for measure in MEASURES:
        own = frame[frame["measure"] == measure]
        if not own.empty:
            drawn = over_rounds(own, looks, _AXES[measure])
            if findings.ratings.rounds > 5:
                drawn.update_xaxes(tick0=1, dtick=3)
            panels.append((measure.replace("_", " "), drawn))
    caption = "What the systems recorded about themselves, by round: " + "; ".join(
        f"{measure.replace('_', ' ')} is {meaning}"
        for measure, meaning in MEASURES.items()
        if (frame["measure"] == measure).any()
    )
    return Figure("trajectories", f"{caption}. Bands are 95% t intervals.", tuple(panels))


def _power(findings: Findings, frame: pd.DataFrame) -> Figure:
    target = findings.protocol.analysis.power
    caption = (
        "Power of the two-sided paired t test by the true standardised difference, exact. The "
        f"dotted line is the power of {target:.2f} that the protocol states."
    )
    panels = () if frame.empty else (("Power", power_figure(frame, target)),)
    return Figure("power", caption, panels)


def panel_names(figure: Figure) -> Sequence[str]:
    """A name for each panel, for its element on the page and for its file: NAME-1, NAME-2, …"""
    return [f"{figure.name}-{number + 1}" for number in range(len(figure.panels))]
