"""Estimation plots: every participant's values beside the mean difference and its interval.

After Gardner and Altman (1986), "Confidence intervals rather than P values", and Ho et al. (2019),
"Moving beyond P values: data analysis with estimation graphics".
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.confirmatory import ContrastResult, arm_label
from analysis.data.ratings import Ratings
from analysis.report.style import AXIS, INK, MUTED, Look, figure


def estimation_panel(result: ContrastResult, ratings: Ratings, looks: dict[str, Look]) -> go.Figure:
    """Joined participant means of both arms, and their differences on an axis of their own."""
    contrast = result.contrast
    second = ratings.means(contrast.comparator, contrast.item)
    first = ratings.means(contrast.treatment, contrast.item)
    drawn = figure(height=400, y="mean rating of a participant")
    crowd = min(1.0, 40.0 / max(first.size, 1))  # many participants are drawn fainter
    joined_x = np.tile([0.0, 1.0, np.nan], first.size)
    joined_y = np.column_stack([second, first, np.full(first.size, np.nan)]).ravel()
    drawn.add_scatter(
        x=joined_x,  # arrays, because plotly takes long lists slowly; a nan ends a line
        y=joined_y,
        mode="lines",
        line={"color": f"rgba(90, 90, 90, {max(0.04, 0.35 * crowd):.2f})", "width": 1},
        hoverinfo="skip",
    )
    for x, values, arm in ((0.0, second, contrast.comparator), (1.0, first, contrast.treatment)):
        style = looks[arm]
        drawn.add_scatter(
            x=np.full(values.size, x),
            y=values,
            mode="markers",
            marker={
                "color": style.colour,
                "symbol": style.marker,
                "size": 6,
                "opacity": 0.75 * max(crowd, 0.2),
            },
            text=np.array([participant[:8] for participant in ratings.participants], dtype=object),
            hovertemplate="%{text}…: %{y:.2f}<extra>" + arm_label(arm) + "</extra>",
        )
        drawn.add_scatter(
            x=[x - 0.12, x + 0.12],
            y=[float(values.mean())] * 2,
            mode="lines",
            line={"color": INK, "width": 2.5},
            hoverinfo="skip",
        )
    _differences(drawn, result)
    drawn.add_vline(x=1.45, line={"color": MUTED, "width": 1})
    drawn.update_xaxes(
        tickvals=[0, 1, 2],
        ticktext=[arm_label(contrast.comparator), arm_label(contrast.treatment), "difference"],
        range=[-0.35, 2.45],
        ticks="",
    )
    return drawn


def slope_panel(
    result: ContrastResult, ratings: Ratings, by_round: pd.DataFrame, looks: dict[str, Look]
) -> go.Figure:
    """Mean differences by round with intervals, and the line of the participants' mean slope."""
    contrast = result.contrast
    rows = by_round[
        (by_round["treatment"] == contrast.treatment)
        & (by_round["comparator"] == contrast.comparator)
        & (by_round["item"] == contrast.item)
        & by_round["ci_low"].notna()
    ]
    mean = np.asarray(rows["mean"], dtype=np.float64)
    style = looks[contrast.comparator]
    drawn = figure(x="round", y="difference in points")
    drawn.add_hline(y=0, line={"color": MUTED, "width": 1, "dash": "dot"})
    drawn.add_scatter(
        x=rows["round"].tolist(),
        y=mean.tolist(),
        error_y={
            "type": "data",
            "symmetric": False,
            "array": (np.asarray(rows["ci_high"], dtype=np.float64) - mean).tolist(),
            "arrayminus": (mean - np.asarray(rows["ci_low"], dtype=np.float64)).tolist(),
            "thickness": 1.5,
            "width": 0,
        },
        mode="markers",
        marker={"size": 8, "color": style.colour, "symbol": style.marker},
        hovertemplate="round %{x}: %{y:.2f}<extra></extra>",
    )
    slope = float(np.mean(result.values))
    rounds = np.arange(1, ratings.rounds + 1)
    overall = ratings.difference(contrast.treatment, contrast.comparator, contrast.item)
    centre = float(np.nanmean(overall))
    drawn.add_scatter(
        x=rounds.tolist(),
        y=(centre + slope * (rounds - rounds.mean())).tolist(),
        mode="lines",
        line={"color": INK, "width": 2},
        hoverinfo="skip",
    )
    drawn.update_xaxes(dtick=1)
    return drawn


def _differences(drawn: go.Figure, result: ContrastResult) -> None:
    values = np.asarray(result.values)
    drawn.add_scatter(
        x=2.0 + _spread(values),
        y=values,
        yaxis="y2",
        mode="markers",
        marker={"color": "rgba(90, 90, 90, 0.7)", "size": 5},
        hovertemplate="%{y:.2f}<extra>difference</extra>",
    )
    drawn.add_shape(
        type="line", xref="x", yref="y2", x0=1.45, x1=2.45, y0=0, y1=0,
        line={"color": MUTED, "width": 1, "dash": "dot"},
    )  # fmt: skip
    drawn.update_layout(
        yaxis2=AXIS
        | {
            "overlaying": "y",
            "side": "right",
            "tickmode": "auto",
            "title": {"text": "difference in points", "standoff": 8, "font": {"size": 13}},
        },
        margin={"r": 56},
    )
    estimate = result.test.estimate
    if estimate is None or estimate.value is None:
        return
    bars = None
    if estimate.interval is not None:
        bars = {
            "type": "data",
            "symmetric": False,
            "array": [estimate.interval.high - estimate.value],
            "arrayminus": [estimate.value - estimate.interval.low],
            "thickness": 2.5,
            "width": 0,
            "color": INK,
        }
    drawn.add_scatter(
        x=[1.66],
        y=[estimate.value],
        yaxis="y2",
        error_y=bars,
        mode="markers",
        marker={"color": INK, "size": 11, "symbol": "diamond"},
        hovertemplate=f"{estimate.apa()}<extra></extra>",
    )


def _spread(values: np.ndarray) -> np.ndarray:
    """Sideways places for points so that equal values stand side by side, like a dot plot.

    The distance is the same everywhere, so the width of a row shows how many points it has.
    """
    rounded, counts = np.unique(np.round(values, 2), return_counts=True)
    step = min(0.06, 0.7 / int(counts.max(initial=1)))
    places = np.zeros(values.size)
    for value, count in zip(rounded, counts, strict=True):
        where = np.flatnonzero(np.round(values, 2) == value)
        places[where] = step * (np.arange(count) - (count - 1) / 2.0)
    return places
