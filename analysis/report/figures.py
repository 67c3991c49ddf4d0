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

from analysis.confirmatory import ContrastResult, arm_label
from analysis.describe import MEASURES
from analysis.findings import Findings
from analysis.report.estimation import estimation_panel, slope_panel
from analysis.report.style import INK, LIKERT, MUTED, Look, figure, look
from analysis.report.table import Table


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
        _forest(findings),
        _learning(findings, tables["round_means"].frame, looks),
        _likert(findings, tables["likert"].frame),
        _choices(tables["choices"].frame, looks),
        _trajectories(tables["trajectories"].frame, looks),
    ]
    return {entry.name: entry for entry in drawn if entry.panels}


def _estimation(findings: Findings, looks: dict[str, Look]) -> Figure:
    results = [r for r in findings.families[0].contrasts if r.test.estimate and r.values]
    panels = tuple(
        (result.label, estimation_panel(result, findings.ratings, looks)) for result in results
    )
    caption = (
        "The primary comparison, every participant shown. Left of the line: each participant's mean "
        "rating of the two arms, joined. Right: the differences, each a point; the diamond is their "
        "mean with its 95% t interval."
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
    caption = (
        "Does the gap widen? Mean difference by round with its 95% t interval between participants, "
        "and the line of the mean slope of the participants."
    )
    return Figure("slopes", caption, panels)


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
    labels = [_two_lines(result) for _, result in results]
    for (family, result), label in zip(results, labels, strict=True):
        estimate = result.test.estimate
        assert estimate is not None and estimate.value is not None
        assert estimate.interval is not None
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


def _two_lines(result: ContrastResult) -> str:
    return result.label.replace(", ", " · ")


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
        drawn.update_xaxes(range=[0, 1], tickformat=".0%")
        drawn.update_yaxes(autorange="reversed", ticks="", showline=False)
        panels.append((item.id, drawn))
    caption = "Every rating by arm, in per cent of the arm's ratings; 1 is the lowest point."
    return Figure("likert", caption, tuple(panels))


def _likert_colours(points: int) -> Sequence[str]:
    if points == len(LIKERT):
        return LIKERT
    shades = np.linspace(225, 60, points).astype(int)
    return [f"rgb({shade}, {shade}, {shade})" for shade in shades]


def _choices(frame: pd.DataFrame, looks: dict[str, Look]) -> Figure:
    caption = (
        "Share of the rounds in which an arm's text was the one to keep, with its BCa interval over "
        "participants. The dotted line is chance."
    )
    held = frame[frame["share"].notna()]
    if held.empty:
        return Figure("choices", caption, ())
    drawn = figure(height=70 + 44 * len(held), x="share of choices")
    for row in held.to_dict(orient="records"):
        share, style = float(row["share"]), looks[row["arm"]]
        known = row["ci_low"] is not None and row["ci_high"] is not None
        drawn.add_scatter(
            x=[share],
            y=[arm_label(row["arm"])],
            error_x=_bars(share, row["ci_low"], row["ci_high"]) if known else None,
            mode="markers",
            marker={"size": 11, "color": style.colour, "symbol": style.marker},
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    drawn.add_vline(x=1 / len(frame), line={"color": MUTED, "width": 1, "dash": "dot"})
    drawn.update_xaxes(range=[0, 1], tickformat=".0%")
    drawn.update_yaxes(autorange="reversed", ticks="", showline=False)
    return Figure("choices", caption, (("Best of the round", drawn),))


def _trajectories(frame: pd.DataFrame, looks: dict[str, Look]) -> Figure:
    panels = []
    for measure, meaning in MEASURES.items():
        own = frame[frame["measure"] == measure]
        if own.empty:
            continue
        drawn = figure(x="round", y=meaning.split(",")[0], legend=own["arm"].nunique() > 1)
        for arm, rows in own.groupby("arm", sort=False):
            add_band(drawn, rows, arm_label(str(arm)), looks[str(arm)])
        drawn.update_xaxes(dtick=1)
        panels.append((f"{measure.replace('_', ' ')}", drawn))
    caption = "What the systems recorded about themselves, by round: " + "; ".join(
        f"{measure.replace('_', ' ')} is the {meaning}"
        for measure, meaning in MEASURES.items()
        if (frame["measure"] == measure).any()
    )
    return Figure("trajectories", f"{caption}. Bands are 95% t intervals.", tuple(panels))
