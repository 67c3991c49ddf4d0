"""The figures of the results page, in one style, from the results folder.

Colours are Okabe and Ito's, told apart by colour-blind readers; lines differ in their dashes too.
Bands and bars are 95% intervals over seeds. SVG comes from kaleido, which drives a local Chromium.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from hare.errors import SettingsError
from hare.experiments.policies import POLICIES
from hare.experiments.results import read_curves, read_rows

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#777777"
LINES = {  # policies that are drawn as curves; the tables have all
    "hare": (VERMILION, "solid"),
    "hare_no_user": (ORANGE, "dash"),
    "attention_only": (PURPLE, "dot"),
    "linucb": (BLACK, "solid"),
    "linucb_disjoint": (GREY, "dash"),
    "linucb_crossed": (GREEN, "dashdot"),
    "neural_ucb": (BLUE, "solid"),
    "neural_ucb_users": (SKY, "dash"),
}
MEASURES = {
    "entropy": "H(Ā), nats",
    "expected_entropy": "E[H(A<sub>u</sub>)], nats",
    "mutual_information": "I(item; u), nats",
    "uncertainty": "share of prior variance left",
}
FONT = {"family": "Helvetica, Arial, sans-serif", "size": 12, "color": "#222222"}


def regret_curves(folder: Path) -> go.Figure:
    """Cumulative regret by round, a panel an environment."""
    curves = read_curves(folder / "curves.npz")
    environments = list(dict.fromkeys(key.split("/")[0] for key in curves))
    figure, cells = _panels([_title(name) for name in environments], columns=3)
    shown: set[str] = set()
    for environment, cell in zip(environments, cells, strict=True):
        at = curves[f"{environment}/at"]
        for policy, (colour, dash) in LINES.items():
            if f"{environment}/{policy}" not in curves:
                continue
            mean, low, high = curves[f"{environment}/{policy}"]
            _band(figure, cell, at, low, high, colour, policy)
            figure.add_scatter(
                x=at,
                y=mean,
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2},
                name=POLICIES[policy].label,
                legendgroup=policy,
                showlegend=policy not in shown,
                row=cell[0],
                col=cell[1],
            )
            shown.add(policy)
    figure.update_yaxes(rangemode="nonnegative")
    rows = math.ceil(len(environments) / 3)
    return _style(figure, "Cumulative regret by round", 300, 280 * rows + 140)


def ratio_forest(folder: Path) -> go.Figure:
    """Regret as a ratio to LinUCB's, a panel an environment, a line a policy."""
    rows = [r for r in read_rows(folder / "regret.json") if r["ratio_to_linucb"] is not None]
    names = [name for name in POLICIES if name not in ("linucb", "random", "rag")]
    labels = {name: POLICIES[name].label for name in names}
    environments = list(dict.fromkeys(row["environment"] for row in rows))
    figure, cells = _panels(
        [_title(name) for name in environments], columns=4, shared_yaxes=True, log=True
    )
    for environment, cell in zip(environments, cells, strict=True):
        own = {r["policy"]: r for r in rows if r["environment"] == environment}
        picked = [own[name] for name in reversed(names) if name in own]
        _forest(
            figure,
            cell,
            [labels[r["policy"]] for r in picked],
            [(r["ratio_to_linucb"], r["ratio_ci_low"], r["ratio_ci_high"]) for r in picked],
            [VERMILION if r["policy"].startswith("hare") else BLUE for r in picked],
            at=1.0,
        )
    figure.update_yaxes(categoryorder="array", categoryarray=[labels[n] for n in reversed(names)])
    panels = math.ceil(len(environments) / 4)
    return _style(figure, "Regret / LinUCB's regret (1: equal)", 330, 330 * panels + 100)


def ablation_forest(folder: Path) -> go.Figure:
    """Regret less the default's, a panel an environment, a line a variant."""
    rows = [r for r in read_rows(folder / "ablations.json") if r["variant"] != "default"]
    environments = list(dict.fromkeys(row["environment"] for row in rows))
    figure, cells = _panels([_title(n) for n in environments], columns=2, shared_yaxes=True)
    for environment, cell in zip(environments, cells, strict=True):
        own = [r for r in reversed(rows) if r["environment"] == environment]
        _forest(
            figure,
            cell,
            [r["variant"] for r in own],
            [(r["difference"], r["difference_ci_low"], r["difference_ci_high"]) for r in own],
            [BLUE] * len(own),
            at=0.0,
        )
    return _style(figure, "Regret less the default's (0: equal)", 420, 560)


def entropy_paths(folder: Path) -> go.Figure:
    """Entropies and uncertainty by the user's own round, a row an environment."""
    rows = read_rows(folder / "entropy.json")
    environments = list(dict.fromkeys(row["environment"] for row in rows))
    titles = [f"{_title(e)}: {text}" for e in environments for text in MEASURES.values()]
    figure, cells = _panels(titles, columns=len(MEASURES))
    alphas = list(dict.fromkeys(row["alpha"] for row in rows))
    keys = [(e, m) for e in environments for m in MEASURES]
    for (environment, measure), cell in zip(keys, cells, strict=True):
        for alpha, colour, dash in zip(alphas, (GREY, VERMILION), ("dash", "solid"), strict=False):
            own = [
                r
                for r in rows
                if (r["environment"], r["measure"], r["alpha"]) == (environment, measure, alpha)
            ]
            at = [r["own_round"] for r in own]
            low, high = [r["ci_low"] for r in own], [r["ci_high"] for r in own]
            _band(figure, cell, at, low, high, colour, f"{alpha}")
            figure.add_scatter(
                x=at,
                y=[r["mean"] for r in own],
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2},
                name=f"α = {alpha:g}",
                legendgroup=f"{alpha}",
                showlegend=(environment, measure) == keys[0],
                row=cell[0],
                col=cell[1],
            )
    return _style(figure, "By the user's own round", 290, 290 * len(environments) + 120)


FIGURES: dict[str, Callable[[Path], go.Figure]] = {
    "regret_curves": regret_curves,
    "ratio_forest": ratio_forest,
    "ablations": ablation_forest,
    "entropy": entropy_paths,
}


def write_figures(folder: Path) -> list[Path]:
    """Each figure as SVG in the results folder, from the JSON files there."""
    written = []
    for name, draw in FIGURES.items():
        file = folder / f"{name}.svg"
        figure = draw(folder)
        try:
            figure.write_image(file)
        except (ValueError, RuntimeError, ImportError) as error:
            raise SettingsError(
                "figures", str(file), f"SVG needs kaleido and a Chromium: {error}"
            ) from error
        written.append(file)
    return written


def _panels(
    titles: list[str], columns: int, shared_yaxes: bool = False, log: bool = False
) -> tuple[go.Figure, list[tuple[int, int]]]:
    rows = math.ceil(len(titles) / columns)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=titles,
        shared_yaxes=shared_yaxes,
        horizontal_spacing=0.06,
        vertical_spacing=0.28 / rows if rows > 1 else 0.1,
    )
    if log:
        figure.update_xaxes(type="log", dtick="D2", minor={"showgrid": False})
    return figure, [(i // columns + 1, i % columns + 1) for i in range(len(titles))]


def _band(
    figure: go.Figure, cell: tuple[int, int], at: Any, low: Any, high: Any, colour: str, group: str
) -> None:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    figure.add_scatter(
        x=[*at, *list(at)[::-1]],
        y=[*high, *list(low)[::-1]],
        fill="toself",
        fillcolor=f"rgba({red},{green},{blue},0.18)",
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        legendgroup=group,
        showlegend=False,
        row=cell[0],
        col=cell[1],
    )


def _forest(
    figure: go.Figure,
    cell: tuple[int, int],
    labels: list[str],
    intervals: list[tuple[float, float, float]],
    colours: list[str],
    at: float,
) -> None:
    place: Any = {"row": cell[0], "col": cell[1]}  # plotly types these as text
    figure.add_vline(x=at, line={"color": BLACK, "width": 1}, opacity=0.6, **place)
    values = [value for value, _, _ in intervals]
    figure.add_scatter(
        x=values,
        y=labels,
        mode="markers",
        marker={"color": colours, "size": 8},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - value for value, _, high in intervals],
            "arrayminus": [value - low for value, low, _ in intervals],
            "color": GREY,
            "thickness": 1.2,
            "width": 3,
        },
        showlegend=False,
        row=cell[0],
        col=cell[1],
    )


def _style(figure: go.Figure, title: str, column_width: int, height: int) -> go.Figure:
    columns = len({axis.domain[0] for axis in figure.select_xaxes()})
    figure.update_layout(
        title={"text": title, "x": 0.01, "y": 0.985, "yanchor": "top", "font": {"size": 15}},
        font=FONT,
        template="plotly_white",
        width=column_width * columns + 120,
        height=height,
        margin={"l": 60, "r": 20, "t": 80, "b": 70},
        legend={"orientation": "h", "yanchor": "top", "y": -40 / height, "x": 0},
    )
    figure.update_xaxes(showline=True, linecolor="#999999", ticks="outside")
    figure.update_yaxes(showline=True, linecolor="#999999", automargin=True)
    figure.update_annotations(font={"size": 12})
    return figure


def _title(environment: str) -> str:
    return environment.replace("_", " ")
