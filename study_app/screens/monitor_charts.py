"""The monitor's figures. They name slots while the study is blinded, systems afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from hare.arms import views
from study_app.monitor import Overview, RoundMean
from study_app.participants import Step
from study_design.parts import Item

BAR = "#3a8193"  # clear on the light and the dark page
_BAND = "rgba(58, 129, 147, 0.22)"
# The points of a scale from low to high; a lighter middle would be lost on one of the pages.
POINTS = ("#b0682a", "#cf9a66", "#a3a7a3", "#6da3b0", "#2b7384")


def places(overview: Overview, rounds: int) -> go.Figure | None:
    """Participants at each step now, rounds one by one; None when nobody is taking part."""
    before = [(Step.BACKGROUND, "About you"), (Step.INSTRUCTIONS, "Practice")]
    counts = {name: overview.by_step.get(step, 0) for step, name in before}
    counts |= {str(round_): overview.by_round.get(round_, 0) for round_ in range(1, rounds + 1)}
    counts |= {"Closing": overview.by_step.get(Step.CLOSING, 0)}
    return _counts(counts, "participants")


def choices(overview: Overview, slots: Sequence[str]) -> go.Figure | None:
    """How often the text in each slot was chosen as best; None before the first choice."""
    return _counts({slot: overview.choices.get(slot, 0) for slot in slots}, "times")


def ratings(overview: Overview, item: Item) -> go.Figure:
    """Shares of the points of one item's scale, one bar a slot (or system), first on top."""
    groups = overview.slot_ratings if overview.arm_ratings is None else overview.arm_ratings
    names = sorted(groups, reverse=True)
    totals = {name: sum(groups[name].get(item.id, {}).values()) or 1 for name in names}
    figure = go.Figure()
    for number, point in enumerate(item.scale.points):
        counts = [groups[name].get(item.id, {}).get(point, 0) for name in names]
        figure.add_bar(
            y=names,
            x=[count / totals[name] for count, name in zip(counts, names, strict=True)],
            customdata=counts,
            name=str(point),
            orientation="h",
            marker_color=colour(number, len(item.scale.points)),
            hovertemplate=f"%{{y}}: {point} in %{{x:.0%}} (%{{customdata}})<extra></extra>",
        )
    figure.update_xaxes(tickformat=".0%", range=[0, 1], dtick=0.5, showgrid=False)
    figure.update_layout(barmode="stack", showlegend=False, bargap=0.25)
    return _laid_out(figure, height=60 + 30 * len(names))


def by_round(means: Sequence[RoundMean], unit: str) -> go.Figure | None:
    """Mean by round, with the band that holds the middle 80 % of the texts; None without any."""
    if not means:
        return None
    rounds = [mean.round for mean in means]
    figure = go.Figure()
    figure.add_scatter(
        x=[*rounds, *reversed(rounds)],
        y=[*(mean.high for mean in means), *(mean.low for mean in reversed(means))],
        fill="toself",
        fillcolor=_BAND,
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=rounds,
        y=[mean.mean for mean in means],
        mode="lines+markers",
        line={"color": BAR, "width": 2},
        hovertemplate="round %{x}: %{y:.3f}<extra></extra>",
    )
    figure.update_xaxes(title="round", dtick=1)
    figure.update_yaxes(title=unit, rangemode="tozero")
    figure.update_layout(showlegend=False)
    return _laid_out(figure)


def attention(overview: Overview) -> go.Figure | None:
    """Mean entropies of the attention by round, adaptive systems unnamed; None without any.

    Means over participants alone: a user's state, or attention by slot, would tell who is HARE.
    """
    known = {
        round_: means
        for round_, means in overview.attention.items()
        if means.entropy is not None and means.expected_entropy is not None
    }
    if not known:
        return None
    figure = views.entropies(list(known.values()), rounds=list(known))
    return figure.update_layout(height=240, margin={"l": 8, "r": 8, "t": 40, "b": 8})


def colour(number: int, of: int) -> str:
    """The colour of the number-th of so many points of a scale.

    >>> colour(0, 5) != colour(4, 5)
    True
    """
    return POINTS[round(number * (len(POINTS) - 1) / max(of - 1, 1))]


def _counts(counts: Mapping[str, int], unit: str) -> go.Figure | None:
    highest = max(counts.values(), default=0)
    if highest == 0:
        return None
    figure = go.Figure(go.Bar(x=list(counts), y=list(counts.values()), marker_color=BAR))
    figure.update_xaxes(type="category", tickangle=0)
    figure.update_yaxes(title=unit, rangemode="tozero", dtick=max(1, highest // 4))
    return _laid_out(figure)


def _laid_out(figure: go.Figure, height: int = 240) -> go.Figure:
    margin = {"l": 8, "r": 8, "t": 12, "b": 8}
    figure.update_layout(height=height, margin=margin, dragmode=False)
    return figure
