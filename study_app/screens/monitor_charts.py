"""The monitor's figures. They name slots while the study is blinded, systems afterwards."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from study_app.monitor import Overview, RoundMean
from study_app.participants import Step
from study_design.parts import Item

_COLOURS = ("#3a8193", "#c58a52", "#8d7fb3", "#7f9f5c", "#b06a78")  # clear on light and dark
_HEIGHT = 260
_MARGIN = {"l": 8, "r": 8, "t": 24, "b": 8}


def places(overview: Overview, rounds: int) -> go.Figure:
    """Participants at each step now, rounds one by one."""
    before = [(Step.BACKGROUND, "About you"), (Step.INSTRUCTIONS, "Practice")]
    counts = {name: overview.by_step.get(step, 0) for step, name in before}
    counts |= {f"{k}": overview.by_round.get(k, 0) for k in range(1, rounds + 1)}
    counts |= {"Closing": overview.by_step.get(Step.CLOSING, 0)}
    figure = go.Figure(go.Bar(x=list(counts), y=list(counts.values())))
    figure.update_xaxes(type="category")
    figure.update_yaxes(title="participants", rangemode="tozero")
    return _laid_out(figure)


def choices(overview: Overview) -> go.Figure:
    """How often the text in each slot (or of each system) was chosen as best."""
    figure = go.Figure(go.Bar(x=list(overview.choices), y=list(overview.choices.values())))
    figure.update_yaxes(title="times", rangemode="tozero")
    return _laid_out(figure)


def ratings(overview: Overview, items: Sequence[Item]) -> go.Figure:
    """Share of each point of the scale, one panel an item, one line of bars a slot or system."""
    groups = overview.slot_ratings if overview.arm_ratings is None else overview.arm_ratings
    figure = make_subplots(1, len(items), subplot_titles=[item.id for item in items])
    for column, item in enumerate(items, start=1):
        for number, (group, by_item) in enumerate(groups.items()):
            counts = by_item.get(item.id, {})
            total = sum(counts.values()) or 1
            figure.add_bar(
                x=list(item.scale.points),
                y=[counts.get(point, 0) / total for point in item.scale.points],
                name=group,
                legendgroup=group,
                showlegend=column == 1,
                marker_color=_COLOURS[number % len(_COLOURS)],
                row=1,
                col=column,
            )
    figure.update_yaxes(tickformat=".0%", rangemode="tozero", matches="y")
    figure.update_xaxes(dtick=1)
    figure.update_layout(barmode="group", legend={"orientation": "h", "y": -0.15})
    return _laid_out(figure)


def by_round(means: Sequence[RoundMean], unit: str) -> go.Figure:
    """Mean over participants by round, with the band that holds the middle 80 % of them."""
    rounds = [mean.round for mean in means]
    figure = go.Figure()
    figure.add_scatter(
        x=[*rounds, *reversed(rounds)],
        y=[*(mean.high for mean in means), *(mean.low for mean in reversed(means))],
        fill="toself",
        line={"width": 0},
        opacity=0.25,
        name="middle 80 %",
        hoverinfo="skip",
    )
    figure.add_scatter(x=rounds, y=[mean.mean for mean in means], mode="lines+markers", name="mean")
    figure.update_xaxes(title="round", dtick=1)
    figure.update_yaxes(title=unit, rangemode="tozero")
    figure.update_layout(showlegend=False)
    return _laid_out(figure)


def _laid_out(figure: go.Figure) -> go.Figure:
    figure.update_layout(height=_HEIGHT, margin=_MARGIN, dragmode=False)
    return figure
