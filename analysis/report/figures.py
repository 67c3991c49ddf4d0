"""The figures of the report: what each shows, its caption, and the plotly figure itself.

Every figure is drawn from the numbers of a table file. A figure holds one panel; the page lays
panels side by side where there is room and one under the other on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.confirmatory import arm_label
from analysis.describe import MEASURES
from analysis.findings import Findings
from analysis.report.estimation import estimation_panel, slope_panel
from analysis.report.style import INK, LIKERT, MUTED, Look, figure, look
from analysis.report.table import Table

_AXES = {"uncertainty": "share of the prior's", "entropy": "nats", "mutual_information": "nats"}


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """One figure: panels with their headings, and what a reader sees in them."""

    name: str
    caption: str
    panels: tuple[tuple[str, go.Figure], ...]


def report_figures(findings: Findings, tables: dict[str, Table]) -> dict[str, Figure]:
    """Every figure that the data allow, by name. One without data to draw is left out."""
    looks = {arm: look(position) for position, arm in enumerate(findings.ratings.arms)}
    drawn = [
        _estimation(findings, looks),
        _slopes(findings, tables["round_differences"].frame, looks),
        _learning(findings, tables["round_means"].frame, looks),
        _forest(findings),
        _likert(findings, tables["likert"].frame),
        _choices(tables["choices"].frame, looks),
        _trajectories(findings, tables["trajectories"].frame, looks),
    ]
    return {entry.name: entry for entry in drawn if entry.panels}


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
    results = [
        result
        for family in findings.families
        for result in family.contrasts
        if result.contrast.kind == "slope" and result.test.estimate and result.values
    ]
    panels = tuple(
        (
            result.label.removeprefix("slope of "),
            slope_panel(result, findings.ratings, frame, looks),
        )
        for result in results
    )
    _share_range(panels, "yaxis")
    caption = (
        "Does the gap widen? Mean difference by round with its 95% t interval between "
        "participants, and the line of the mean slope of the participants."
    )
    return Figure("slopes", caption, panels)


def _share_range(
    panels: Sequence[tuple[str, go.Figure]], axis: str, *, around_zero: bool = False
) -> None:
    """Give every panel the same range on an axis, from what its traces reach with their bars."""
    ends: list[float] = []
    for _, drawn in panels:
        for trace in drawn.to_dict()["data"]:
            if trace.get("yaxis", "y").replace("y", "yaxis", 1) != axis:
                continue
            bars = trace.get("error_y", {})
            ups, downs = bars.get("array"), bars.get("arrayminus")
            for k, y in enumerate(value for value in trace["y"] if value is not None):
                ends += [y + (ups[k] if ups else 0.0), y - (downs[k] if downs else 0.0)]
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
    results = [
        (family.name, result)
        for family in findings.families
        for result in family.contrasts
        if result.contrast.kind == "mean"
        and result.test.estimate is not None
        and result.test.estimate.interval is not None
    ]
    caption = (
        "Mean differences of every contrast of F1 (filled) and F3 (open) in points of the rating "
        "scale, with unadjusted 95% t intervals. Right of zero favours the first-named arm."
    )
    if not results:
        return Figure("forest", caption, ())
    drawn = figure(height=80 + 26 * len(results), x="difference in points")
    drawn.add_vline(x=0, line={"color": MUTED, "width": 1, "dash": "dot"})
    labels = [result.label for _, result in results]
    for (family, result), label in zip(results, labels, strict=True):
        estimate = result.test.estimate
        if estimate is None or estimate.value is None or estimate.interval is None:
            continue
        drawn.add_scatter(
            x=[estimate.value],
            y=[label],
            error_x=_bars(estimate.value, estimate.interval.low, estimate.interval.high),
            mode="markers",
            marker={
                "size": 9,
                "color": INK,
                "symbol": "diamond" if family == "F1" else "circle-open",
            },
            name=result.label,
            hovertemplate=f"{estimate.apa()}<extra>{result.label}</extra>",
        )
    drawn.update_yaxes(
        autorange="reversed", categoryorder="array", categoryarray=labels, ticks="", showline=False
    )
    drawn.update_yaxes(tickfont={"size": 12})
    return Figure("forest", caption, (("Mean differences", drawn),))


def _bars(value: float, low: float, high: float) -> dict[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value],
        "arrayminus": [value - low],
        "thickness": 1.5,
        "width": 0,
        "color": INK,
    }


def _learning(findings: Findings, frame: pd.DataFrame, looks: dict[str, Look]) -> Figure:
    panels = []
    for item in findings.export.protocol.items:
        own = frame[frame["item"] == item.id]
        if own.empty or own["mean"].isna().all():
            continue
        drawn = figure(x="round", y="mean rating", legend=True)
        for arm, style in looks.items():
            add_band(drawn, own[own["arm"] == arm], arm_label(arm), style)
        drawn.update_yaxes(range=[item.scale.low - 0.1, item.scale.high + 0.1], dtick=1)
        drawn.update_xaxes(dtick=1)
        panels.append((item.id, drawn))
    caption = (
        "Mean rating by round and arm. Bands are 95% t intervals between participants, round by "
        "round; the test of a widening gap is on the participants' slopes."
    )
    return Figure("learning", caption, tuple(panels))


def add_band(drawn: go.Figure, rows: pd.DataFrame, name: str, style: Look) -> None:
    """A line of means over rounds with the band of its intervals, where they can be estimated."""
    held = rows[rows["ci_low"].notna()]
    rounds = held["round"].tolist()
    if len(rounds) > 1:
        drawn.add_scatter(
            x=[*rounds, *rounds[::-1]],
            y=[*held["ci_high"], *held["ci_low"][::-1]],
            fill="toself",
            fillcolor=style.band,
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            showlegend=False,
        )
    drawn.add_scatter(
        x=rows["round"].tolist(),
        y=rows["mean"].tolist(),
        mode="lines+markers",
        name=name,
        line={"color": style.colour, "dash": style.dash, "width": 2},
        marker={"symbol": style.marker, "size": 7},
        hovertemplate="round %{x}: %{y:.2f}<extra>" + name + "</extra>",
    )


def _likert(findings: Findings, frame: pd.DataFrame) -> Figure:
    panels = []
    for item in findings.export.protocol.items:
        own = frame[(frame["item"] == item.id) & frame["share"].notna()]
        if own.empty:
            continue
        points = list(item.scale.points)
        drawn = figure(height=200, x="share of ratings", legend=True)
        for point, colour in zip(points, _likert_colours(len(points)), strict=True):
            rows = own[own["rating"] == point]
            shares = [float(share) for share in rows["share"]]
            drawn.add_bar(
                x=shares,
                y=[arm_label(arm) for arm in rows["arm"]],
                orientation="h",
                name=str(point),
                marker={"color": colour, "line": {"color": "#ffffff", "width": 1}},
                text=[f"{100 * share:.0f}" if share >= 0.07 else "" for share in shares],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                hovertemplate="%{y}, rated " + str(point) + ": %{x:.1%}<extra></extra>",
            )
        drawn.update_layout(barmode="stack", bargap=0.25, legend={"traceorder": "normal"})
        drawn.update_xaxes(range=[0, 1.005], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
        drawn.update_yaxes(autorange="reversed", ticks="", showline=False)
        panels.append((item.id, drawn))
    caption = (
        "Every rating by arm, in per cent of the arm's ratings (under 7% without a number). 1 is "
        "the lowest point of the scale."
    )
    return Figure("likert", caption, tuple(panels))


def _likert_colours(points: int) -> Sequence[str]:
    if points == len(LIKERT):
        return LIKERT
    shades = np.linspace(225, 60, points).astype(int)
    return [f"rgb({shade}, {shade}, {shade})" for shade in shades]


def _choices(frame: pd.DataFrame, looks: dict[str, Look]) -> Figure:
    caption = (
        "Share of the rounds in which an arm's text was the one to keep, with its BCa interval "
        "over participants. The dotted line is chance."
    )
    held = frame[frame["share"].notna()]
    if held.empty:
        return Figure("choices", caption, ())
    drawn = figure(height=70 + 44 * len(held), x="share of choices")
    for row in held.to_dict(orient="records"):
        share, style = float(row["share"]), looks[row["arm"]]
        low, high = row["ci_low"], row["ci_high"]
        drawn.add_scatter(
            x=[share],
            y=[arm_label(row["arm"])],
            error_x=None if low is None or high is None else _bars(share, low, high),
            mode="markers",
            marker={"size": 11, "color": style.colour, "symbol": style.marker},
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    drawn.add_vline(x=1 / len(frame), line={"color": MUTED, "width": 1, "dash": "dot"})
    drawn.update_xaxes(range=[0, 1.005], tickvals=[0, 0.25, 0.5, 0.75, 1], tickformat=".0%")
    drawn.update_yaxes(autorange="reversed", ticks="", showline=False)
    return Figure("choices", caption, (("Best of the round", drawn),))


def _trajectories(findings: Findings, frame: pd.DataFrame, looks: dict[str, Look]) -> Figure:
    panels = []
    for measure in MEASURES:
        own = frame[frame["measure"] == measure]
        if own.empty:
            continue
        drawn = figure(x="round", y=_AXES[measure], legend=own["arm"].nunique() > 1)
        for arm, rows in own.groupby("arm", sort=False):
            add_band(drawn, rows, arm_label(str(arm)), looks[str(arm)])
        drawn.update_xaxes(tick0=1, dtick=1 if findings.ratings.rounds <= 5 else 3)
        panels.append((f"{measure.replace('_', ' ')}", drawn))
    caption = "What the systems recorded about themselves, by round: " + "; ".join(
        f"{measure.replace('_', ' ')} is {meaning}"
        for measure, meaning in MEASURES.items()
        if (frame["measure"] == measure).any()
    )
    return Figure("trajectories", f"{caption}. Bands are 95% t intervals.", tuple(panels))
