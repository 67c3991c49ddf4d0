"""Figures of the ratings: curves over rounds, shares of the scale, choices, and quantiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.confirmatory import arm_label
from analysis.report.style import INK, LIKERT, MUTED, Look, bars, figure

_SHARES = {"range": [0, 1.012], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%"}
_WRITTEN = 0.07  # a share below this is too narrow for its number


def over_rounds(rows: pd.DataFrame, looks: dict[str, Look], y: str) -> go.Figure:
    """Means over rounds by arm: round, arm, mean, ci_low, ci_high."""
    arms = list(dict.fromkeys(rows["arm"]))
    drawn = figure(x="round", y=y, legend=len(arms) > 1)
    for arm in arms:
        _add_band(drawn, rows[rows["arm"] == arm], arm_label(arm), looks[arm])
    drawn.update_xaxes(dtick=1)
    return drawn


def _add_band(drawn: go.Figure, rows: pd.DataFrame, name: str, style: Look) -> None:
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


def likert_figure(rows: pd.DataFrame, points: Sequence[int]) -> go.Figure:
    """Stacked shares of the points of a scale, one bar an arm."""
    drawn = figure(height=200, x="share of ratings", legend=True)
    for point, colour in zip(points, _likert_colours(len(points)), strict=True):
        own = rows[rows["rating"] == point]
        shares = [float(share) for share in own["share"]]
        drawn.add_bar(
            y=[arm_label(arm) for arm in own["arm"]],
            x=shares,
            orientation="h",
            name=str(point),
            marker={"color": colour, "line": {"color": "#ffffff", "width": 1}},
            text=[f"{100 * share:.0f}" if share >= _WRITTEN else "" for share in shares],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            hovertemplate="%{y}, rated " + str(point) + ": %{x:.1%}<extra></extra>",
        )
    drawn.update_layout(barmode="stack", bargap=0.25, legend={"traceorder": "normal"})
    drawn.update_layout(margin={"r": 24})
    drawn.update_xaxes(**_SHARES)
    drawn.update_yaxes(autorange="reversed", ticks="", showline=False)
    return drawn


def _likert_colours(points: int) -> Sequence[str]:
    if points == len(LIKERT):
        return LIKERT
    shades = np.linspace(225, 60, points).astype(int)
    return [f"rgb({shade}, {shade}, {shade})" for shade in shades]


def choices_figure(rows: pd.DataFrame, looks: dict[str, Look]) -> go.Figure:
    """Share of the choices by arm with its interval, and what chance gives."""
    drawn = figure(height=90 + 44 * len(rows), x="share of choices")
    for row in rows.to_dict(orient="records"):
        share, style = float(row["share"]), looks[row["arm"]]
        low, high = row["ci_low"], row["ci_high"]
        drawn.add_scatter(
            x=[share],
            y=[arm_label(row["arm"])],
            error_x=None if low is None or high is None else bars(share, low, high),
            mode="markers",
            marker={"size": 11, "color": style.colour, "symbol": style.marker},
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    drawn.add_vline(x=1 / len(rows), line={"color": MUTED, "width": 1, "dash": "dot"})
    drawn.update_layout(margin={"r": 24})
    drawn.update_xaxes(**_SHARES)
    drawn.update_yaxes(range=[len(rows) - 0.4, -0.6], ticks="", showline=False)
    return drawn


def quantile_figure(rows: pd.DataFrame) -> go.Figure:
    """A normal Q–Q plot: normal_quantile and value of every participant, and the line of both."""
    values = rows["value"].to_numpy(dtype=np.float64)
    quantiles = rows["normal_quantile"].to_numpy(dtype=np.float64)
    ends = np.array([quantiles[0], quantiles[-1]])
    drawn = figure(x="normal quantile", y="value")
    drawn.add_scatter(
        x=ends.tolist(),
        y=(values.mean() + values.std(ddof=1) * ends).tolist(),
        mode="lines",
        line={"color": MUTED, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    drawn.add_scatter(
        x=quantiles.tolist(),
        y=values.tolist(),
        mode="markers",
        marker={"size": 7, "color": INK, "symbol": "circle-open"},
        hovertemplate="%{y:.2f}<extra></extra>",
    )
    return drawn
