"""Figures of the design: power, the blinding, and estimates one under the other."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from analysis.confirmatory import arm_label
from analysis.report.style import INK, MUTED, Look, bars, figure, look


def power_figure(frame: pd.DataFrame, target: float) -> go.Figure:
    """Power over d_z, a line for each sample size and level of the power-curve table."""
    drawn = figure(x="true standardised difference d<sub>z</sub>", y="power", legend=True)
    drawn.add_hline(y=target, line={"color": MUTED, "width": 1, "dash": "dot"})
    for place, ((n, alpha), rows) in enumerate(frame.groupby(["n", "alpha"], sort=False)):
        style = look(place)
        drawn.add_scatter(
            x=rows["d_z"].tolist(),
            y=rows["power"].tolist(),
            mode="lines",
            name=f"N = {n}, α = {alpha:.3g}",
            line={"color": style.colour, "dash": style.dash, "width": 2},
            hovertemplate="d_z %{x:.2f}: power %{y:.3f}<extra></extra>",
        )
    drawn.update_yaxes(range=[0, 1.02], dtick=0.2)
    drawn.update_xaxes(range=[0, 1.5])
    return drawn


def blinding_figure(rows: pd.DataFrame, looks: dict[str, Look]) -> go.Figure:
    """The index of every arm with its interval; 0 is what guessing gives."""
    drawn = figure(height=90 + 44 * len(rows), x="index: 0 guessing, 1 everyone named the arm")
    drawn.add_vline(x=0, line={"color": MUTED, "width": 1, "dash": "dot"})
    for row in rows.to_dict(orient="records"):
        style = looks[row["arm"]]
        known = row["ci_low"] is not None
        drawn.add_scatter(
            x=[row["index"]],
            y=[arm_label(row["arm"])],
            error_x=bars(row["index"], row["ci_low"], row["ci_high"]) if known else None,
            mode="markers",
            marker={"size": 11, "color": style.colour, "symbol": style.marker},
            hovertemplate="%{y}: %{x:.2f}<extra></extra>",
        )
    low = min([-0.5, *(float(v) for v in rows["ci_low"] if v is not None)])
    drawn.update_xaxes(range=[low - 0.05, 1.05])
    _categories(drawn, [arm_label(arm) for arm in rows["arm"]])
    return drawn


def effects_figure(
    rows: pd.DataFrame, x: str, names: Sequence[str], *, zero: bool = True
) -> go.Figure:
    """Estimates with their intervals, one under the other: a forest.

    rows   estimate, ci_low, ci_high, and `filled`; names: one a row, from the top
    """
    drawn = figure(height=80 + 26 * len(rows), x=x)
    if zero:
        drawn.add_vline(x=0, line={"color": MUTED, "width": 1, "dash": "dot"})
    records = zip(rows.to_dict(orient="records"), names, strict=True)
    for row, name in records:
        value, low, high = row["estimate"], row["ci_low"], row["ci_high"]
        if value is None:
            continue
        drawn.add_scatter(
            x=[value],
            y=[name],
            error_x=None if low is None else bars(value, low, high),
            mode="markers",
            marker={
                "size": 9,
                "color": INK,
                "symbol": "diamond" if row["filled"] else "circle-open",
            },
            hovertemplate="%{x:.2f}<extra>" + name + "</extra>",
        )
    _categories(drawn, list(names))
    drawn.update_yaxes(tickfont={"size": 12})
    return drawn


def _categories(drawn: go.Figure, names: list[str]) -> None:
    """Names from the top, with half a line of room above and below."""
    drawn.update_yaxes(
        categoryorder="array",
        categoryarray=names,
        range=[len(names) - 0.4, -0.6],
        ticks="",
        showline=False,
    )
