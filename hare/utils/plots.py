"""How every figure of hare looks: one plotly template, and lines that anybody can tell apart.

Okabe and Ito (2008), "Color universal design". Lines also differ in dash and marker, so that a
black-and-white print still tells them apart. What has a scale is drawn in Cividis (Nuñez, Anderton
and Renslow 2018), which looks the same to colour-blind readers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import plotly.io
from plotly.subplots import make_subplots

from hare.errors import SettingsError

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#777777"
SCALE = "Cividis"
FONT = {"family": "Helvetica, Arial, sans-serif", "size": 12, "color": "#222222"}
_RULE = {"showline": True, "linecolor": "#999999"}
_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE)
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "cross")


def _template() -> go.layout.Template:
    """plotly_white with our font, colours and axes."""
    parts: dict[str, Any] = plotly.io.templates["plotly_white"].to_plotly_json()
    layout = parts["layout"]
    layout |= {"font": FONT, "colorway": _COLOURS, "hovermode": "closest"}
    layout["xaxis"] |= {**_RULE, "ticks": "outside"}
    layout["yaxis"] |= {**_RULE, "automargin": True}
    return go.layout.Template(parts)


TEMPLATE = _template()


@dataclass(frozen=True, slots=True)
class Look:
    """How one arm, user or measure is drawn, in every panel."""

    colour: str
    dash: str
    marker: str


def look(position: int) -> Look:
    """The look of the one at this position, from 0.

    >>> look(0).colour, look(1).dash
    ('#0072B2', 'dash')
    """
    k = position % len(_COLOURS)
    return Look(_COLOURS[k], _DASHES[k], _MARKERS[k])


def faint(colour: str, opacity: float = 0.18) -> str:
    """A colour #rrggbb made transparent, for bands.

    >>> faint("#0072B2")
    'rgba(0,114,178,0.18)'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def panels(
    titles: list[str],
    columns: int,
    shared_yaxes: Any = False,
    log: bool = False,
    **layout: Any,
) -> tuple[go.Figure, list[tuple[int, int]]]:
    """A figure with a panel a title, row by row, and the (row, column) of each.

    shared_yaxes, layout   as plotly's `make_subplots` takes them
    """
    rows = math.ceil(len(titles) / columns)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=titles,
        shared_yaxes=shared_yaxes,
        **{
            "horizontal_spacing": 0.06,
            "vertical_spacing": 0.28 / rows if rows > 1 else 0.1,
            **layout,
        },
    )
    if log:
        figure.update_xaxes(type="log", dtick="D2", minor={"showgrid": False})
    return figure, [(i // columns + 1, i % columns + 1) for i in range(len(titles))]


def band(
    figure: go.Figure, cell: tuple[int, int], at: Any, low: Any, high: Any, colour: str, group: str
) -> None:
    """The area between two curves, behind the line of the same legend group."""
    figure.add_scatter(
        x=[*at, *list(at)[::-1]],
        y=[*high, *list(low)[::-1]],
        fill="toself",
        fillcolor=faint(colour),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        legendgroup=group,
        showlegend=False,
        row=cell[0],
        col=cell[1],
    )


def style(figure: go.Figure, title: str, column_width: int, height: int) -> go.Figure:
    """The house style for a figure of the results pages: its title, and a size in pixels."""
    columns = len({axis.domain[0] for axis in figure.select_xaxes()})
    figure.update_layout(
        title={"text": title, "x": 0.01, "y": 0.985, "yanchor": "top", "font": {"size": 15}},
        template=TEMPLATE,
        width=column_width * columns + 120,
        height=height,
        margin={"l": 60, "r": 20, "t": 80, "b": 70},
        legend={"orientation": "h", "yanchor": "top", "y": -40 / height, "x": 0},
    )
    figure.update_annotations(font={"size": 12})
    return figure


def write_svg(figure: go.Figure, file: Path) -> Path:
    """Write a figure; SettingsError where there is no kaleido or no Chromium."""
    try:
        figure.write_image(file, format="svg")
    except (ValueError, RuntimeError, ImportError) as error:
        raise SettingsError(
            "figures", str(file), f"SVG needs kaleido and a Chromium: {error}"
        ) from error
    return file
