"""How every figure looks: one plotly template, colours that colour-blind readers tell apart.

Okabe and Ito (2008), "Color universal design". Every arm also has its own dash and marker, so that
a black-and-white print still tells the arms apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go

INK = "#1a1a1a"
MUTED = "#6b6b6b"
RULE = "#d9d9d9"
FONT = "'Source Sans 3', 'Helvetica Neue', Helvetica, Arial, sans-serif"

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#8A6D00")
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "cross")
LIKERT = ("#8c510a", "#dfc27d", "#e3e3e3", "#80cdc1", "#01665e")

AXIS = {
    "showline": True,
    "linecolor": INK,
    "linewidth": 1,
    "ticks": "outside",
    "ticklen": 4,
    "tickcolor": INK,
    "showgrid": False,
    "zeroline": False,
    "automargin": True,
    "title": {"standoff": 8, "font": {"size": 13}},
}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 13, "color": INK},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "colorway": list(_COLOURS),
        "margin": {"l": 52, "r": 14, "t": 14, "b": 48},
        "height": 340,
        "hovermode": "closest",
        "xaxis": AXIS,
        "yaxis": AXIS,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "xanchor": "left", "yanchor": "bottom"},
    }
)


@dataclass(frozen=True, slots=True)
class Look:
    """How one arm is drawn, in every figure."""

    colour: str
    dash: str
    marker: str

    @property
    def band(self) -> str:
        """The colour at the opacity of an interval's band."""
        red, green, blue = (int(self.colour[k : k + 2], 16) for k in (1, 3, 5))
        return f"rgba({red}, {green}, {blue}, 0.15)"


def look(position: int) -> Look:
    """The look of the arm at this position in the protocol."""
    return Look(
        _COLOURS[position % len(_COLOURS)],
        _DASHES[position % len(_DASHES)],
        _MARKERS[position % len(_MARKERS)],
    )


def figure(*, height: int = 340, x: str = "", y: str = "", legend: bool = False) -> go.Figure:
    """An empty figure in the house style, with its axis titles."""
    drawn = go.Figure()
    drawn.update_layout(template=TEMPLATE, height=height, showlegend=legend)
    drawn.update_xaxes(title_text=x)
    drawn.update_yaxes(title_text=y)
    if legend:
        drawn.update_layout(margin={"t": 40})
    return drawn


def bars(value: float, low: float, high: float) -> dict[str, object]:
    """The error bars of one point from its interval."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value],
        "arrayminus": [value - low],
        "thickness": 1.5,
        "width": 0,
        "color": INK,
    }
