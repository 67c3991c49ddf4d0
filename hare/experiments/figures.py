"""The figures of the results page, in one style (`hare.utils.plots`), from the results folder.

Bands and bars are 95% intervals over seeds. SVG comes from kaleido, which drives a local Chromium.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from hare.experiments.policies import POLICIES
from hare.experiments.results import read_curves, read_rows
from hare.utils.plots import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    band,
    panels,
    style,
    write_svg,
)

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


def regret_curves(folder: Path) -> go.Figure:
    """Cumulative regret by round, a panel an environment."""
    curves = read_curves(folder / "curves.npz")
    environments = list(dict.fromkeys(key.split("/")[0] for key in curves))
    figure, cells = panels([_title(name) for name in environments], columns=3)
    shown: set[str] = set()
    for environment, cell in zip(environments, cells, strict=True):
        at = curves[f"{environment}/at"]
        for policy, (colour, dash) in LINES.items():
            if f"{environment}/{policy}" not in curves:
                continue
            mean, low, high = curves[f"{environment}/{policy}"]
            band(figure, cell, at, low, high, colour, policy)
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
    return style(figure, "Cumulative regret by round", 300, 280 * rows + 140)


def ratio_forest(folder: Path) -> go.Figure:
    """Regret as a ratio to LinUCB's, a panel an environment, a line a policy."""
    rows = [r for r in read_rows(folder / "regret.json") if r["ratio_to_linucb"] is not None]
    names = [name for name in POLICIES if name not in ("linucb", "random", "rag")]
    labels = {name: POLICIES[name].label for name in names}
    environments = list(dict.fromkeys(row["environment"] for row in rows))
    figure, cells = panels(
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
    high = math.ceil(len(environments) / 4)
    return style(figure, "Regret / LinUCB's regret (1: equal)", 330, 330 * high + 100)


def ablation_forest(folder: Path) -> go.Figure:
    """Regret less the default's, a panel an environment, a line a variant."""
    rows = [r for r in read_rows(folder / "ablations.json") if r["variant"] != "default"]
    environments = list(dict.fromkeys(row["environment"] for row in rows))
    figure, cells = panels([_title(n) for n in environments], columns=2, shared_yaxes=True)
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
    return style(figure, "Regret less the default's (0: equal)", 420, 560)


def entropy_paths(folder: Path) -> go.Figure:
    """Entropies and uncertainty by the user's own round, a row an environment."""
    rows = read_rows(folder / "entropy.json")
    environments = list(dict.fromkeys(row["environment"] for row in rows))
    titles = [f"{_title(e)}: {text}" for e in environments for text in MEASURES.values()]
    figure, cells = panels(titles, columns=len(MEASURES))
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
            band(figure, cell, at, low, high, colour, f"{alpha}")
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
    return style(figure, "By the user's own round", 290, 290 * len(environments) + 120)


FIGURES: dict[str, Callable[[Path], go.Figure]] = {
    "regret_curves": regret_curves,
    "ratio_forest": ratio_forest,
    "ablations": ablation_forest,
    "entropy": entropy_paths,
}


def write_figures(
    folder: Path, figures: Mapping[str, Callable[[Path], go.Figure]] = FIGURES
) -> list[Path]:
    """Each figure as SVG in the results folder, from the JSON files there."""
    return [write_svg(draw(folder), folder / f"{name}.svg") for name, draw in figures.items()]


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


def _title(environment: str) -> str:
    return environment.replace("_", " ")
