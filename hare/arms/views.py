"""What HARE knows and where it looks, as plotly figures for a notebook, a page or the monitor.

The functions take what an arm hands out: the `Diagnostics` of recommendations and `UserState`s, one
a round, and the weights of an attention over the pool. They draw; they compute no more than means
and standard deviations of what they are given. Every figure has the house template
(`hare.utils.plots`) and no size of its own but a height, so that it fits the place it is put in.

    resources = load_resources()
    arm, pool = HareArm(resources), resources.trained.pool
    seen = arm.attend(Request("I need help writing tests", state, seed=1))
    titles, domains = [s.title for s in pool.skills], [s.domain for s in pool.skills]
    attention_over_pool(seen.weights[0], titles, domains).show()
    entropies([answer.diagnostics for answer in answers]).show()  # recommendations, one a round
    directions = domain_directions(resources.trained.feature_map(pool.embeddings), domains)
    user_state(states, directions).show()
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from hare.arms.interface import Diagnostics
from hare.errors import InputError, SettingsError, StateError
from hare.user_state.state import Array, UserState
from hare.utils.plots import (
    BLUE,
    GREY,
    SCALE,
    TEMPLATE,
    VERMILION,
    band,
    faint,
    look,
    panels,
)

PANEL = 190  # height of a panel among many, pixels
LINE = 22  # height of a bar, pixels

Path = Sequence[Diagnostics]


def attention_over_pool(
    weights: ArrayLike, titles: Sequence[str], groups: ArrayLike, top: int = 12
) -> go.Figure:
    """Attention by group of items, and the items with the most of it.

    weights   (N,) attention, or (H, N) by head, of which the mean is shown; >= 0, rows sum to 1
    titles    (N,) of the items
    groups    (N,) to which each belongs: clusters, or domains
    top       items shown one by one, >= 1

    A dot at each group marks its share of the pool: what attention without a preference gives it.
    """
    attention = _mean_over_heads(weights)
    names = [str(group) for group in np.asarray(groups).ravel().tolist()]
    if not len(attention) == len(titles) == len(names):
        raise InputError(
            f"titles ({len(titles)}), groups ({len(names)}): must be {len(attention)}, as weights"
        )
    if top < 1:
        raise SettingsError("top", top, "must be >= 1")
    order = [int(i) for i in np.argsort(-attention, kind="stable")[:top]]
    mass = dict.fromkeys(names, 0.0)
    for name, weight in zip(names, attention, strict=True):
        mass[name] += float(weight)
    ranked = sorted(mass, key=lambda name: -mass[name])
    figure, cells = panels(
        ["by group", f"the first {len(order)} of {len(attention)} items"],
        columns=2,
        horizontal_spacing=0.3,
    )
    _bars(figure, cells[0], ranked, [mass[name] for name in ranked])
    figure.add_scatter(
        x=[names.count(name) / len(names) for name in ranked],
        y=ranked,
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 12, "color": VERMILION, "line": {"width": 2}},
        name="share of the pool",
        hovertemplate="%{y}: %{x:.1%} of the pool<extra></extra>",
        row=cells[0][0],
        col=cells[0][1],
    )
    # Titles recur in a pool, and bars of one label would lie on each other.
    labels = [f"{_short(titles[i])}<br><sup>{names[i]}</sup>" for i in order]
    ticks = [str(k) for k in range(len(order))]
    _bars(figure, cells[1], ticks, [float(attention[i]) for i in order], labels)
    figure.update_yaxes(row=cells[1][0], col=cells[1][1], tickvals=ticks, ticktext=labels)
    return _laid_out(figure, 90 + LINE * max(len(ranked), int(1.5 * len(order))))


def attention_by_round(path: Path, names: Sequence[str] = ()) -> go.Figure:
    """Attention by cluster (down) and round (across), one diagnostic a round.

    names   of the clusters; their numbers unless given

    InputError where a diagnostic has no attention by cluster, or another number of clusters.
    """
    rows = [diagnostic.cluster_weights for diagnostic in path]
    if not rows or not rows[0] or len({len(row) for row in rows}) > 1:
        raise InputError("path: every diagnostic needs attention by as many clusters, at least one")
    labels = list(names) or [str(k) for k in range(len(rows[0]))]
    if len(labels) != len(rows[0]):
        raise InputError(f"names: {len(labels)}, but there are {len(rows[0])} clusters")
    figure = go.Figure()
    figure.add_heatmap(
        z=np.array(rows).T.tolist(),
        x=list(range(1, len(rows) + 1)),
        y=labels,
        colorscale=SCALE,
        zmin=0,
        zmax=max(map(max, rows)),
        colorbar={"title": {"text": "attention"}, "tickformat": ".0%", "thickness": 12},
        hovertemplate="round %{x}, %{y}: %{z:.1%}<extra></extra>",
    )
    figure.update_xaxes(title="round", dtick=_tick(len(rows)), showgrid=False)
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    return _laid_out(figure, 90 + LINE * len(labels))


def uncertainty(paths: Path | Mapping[str, Path]) -> go.Figure:
    """The share of the prior's variance that is left, by round; one line a path.

    paths   diagnostics of one user, one a round, or those of several by name

    >>> figure = uncertainty([Diagnostics(uncertainty=1.0), Diagnostics(uncertainty=0.6)])
    >>> list(figure.to_dict()["data"][0]["y"])
    [1.0, 0.6]
    """
    figure = go.Figure()
    named = _named(paths)
    if all(d.uncertainty is None for path in named.values() for d in path):
        raise InputError("paths: no diagnostic has an uncertainty; only arms with a user state do")
    for k, (name, path) in enumerate(named.items()):
        at = [i for i, d in enumerate(path, start=1) if d.uncertainty is not None]
        drawn = look(k)
        figure.add_scatter(
            x=at,
            y=[path[i - 1].uncertainty for i in at],
            mode="lines+markers",
            name=name,
            line={"color": drawn.colour, "dash": drawn.dash, "width": 2},
            marker={"symbol": drawn.marker, "size": 6},
            hovertemplate=f"{name} round %{{x}}: %{{y:.2f}}<extra></extra>",
        )
    longest = max(map(len, named.values()))
    figure.update_xaxes(title="round", dtick=_tick(longest), range=[0.7, longest + 0.3])
    figure.update_yaxes(title="share of the prior's variance", rangemode="tozero")
    figure.update_layout(showlegend=len(named) > 1)
    return _laid_out(figure, 300)


def entropies(paths: Path | Mapping[str, Path], rounds: Sequence[int] = ()) -> go.Figure:
    """H(A), E[H(A_u)] and the gap between them, the mutual information of item and user, in nats.

    paths    diagnostics of one user, one a round, or those of several by name: a panel each
    rounds   numbers of the rounds, when they are not 1, 2, ...

    Under exact Bayes entropy falls in expectation, not along each path.
    """
    named = _named(paths)
    longest = max(map(len, named.values()), default=0)
    if rounds and len(rounds) != longest:
        raise InputError(f"rounds: {len(rounds)}, but there are {longest} diagnostics")
    numbers = list(rounds) or list(range(1, longest + 1))
    known = [_entropies(path, numbers) for path in named.values()]
    if not any(known):
        raise InputError("paths: no diagnostic has entropies; only arms with attention do")
    columns = _columns(len(named))
    figure, cells = panels(list(named), columns, shared_yaxes="all")
    for name, kept, cell in zip(named, known, cells, strict=True):
        at, upper, lower = [[row[k] for row in kept] for k in range(3)]
        for values, label, colour, dash in (
            (lower, "E[H(A<sub>u</sub>)], the user known", VERMILION, "dash"),
            (upper, "H(A), the user uncertain", BLUE, "solid"),
        ):
            figure.add_scatter(
                x=at,
                y=values,
                mode="lines+markers",
                name=label,
                legendgroup=label,
                showlegend=cell == cells[0],
                line={"color": colour, "dash": dash, "width": 2},
                marker={"size": 5},
                fill="tonexty" if values is upper else None,
                fillcolor=faint(GREY, 0.25),
                customdata=[high - low for _, high, low in kept],
                hovertemplate=f"{name} round %{{x}}: %{{y:.3f}} nats, gap %{{customdata:.3f}}"
                "<extra></extra>",
                row=cell[0],
                col=cell[1],
            )
    figure.update_xaxes(
        title="round", dtick=_tick(longest), range=[numbers[0] - 0.3, numbers[-1] + 0.3]
    )
    figure.update_yaxes(col=1, title="nats")
    return _laid_out(figure, 100 + 220 * (-(-len(named) // columns)))


def user_state(
    states: Sequence[UserState], directions: Mapping[str, ArrayLike] | None = None
) -> go.Figure:
    """The posterior by number of ratings: its mean in each direction, with ± one deviation.

    states       of one user, in the order of their rounds
    directions   name -> (p,) direction d: d'm and sqrt(d'Pd) are shown, in logits of liking where
                 d is a difference of texts' features (`domain_directions`). The p axes unless given

    StateError for a state without mean and covariance, InputError for directions of another size.
    """
    if not states:
        raise InputError("states: must hold at least one")
    for state in states:
        if not {"mean", "covariance"} <= set(state.arrays):
            raise StateError(f"a state of kind {state.kind!r} has no mean and covariance to show")
    size = len(states[0].arrays["mean"])
    axes = {f"direction {k + 1}": row for k, row in enumerate(np.eye(size))}
    shown = {name: np.asarray(d, dtype=np.float64) for name, d in (directions or axes).items()}
    for name, direction in shown.items():
        if direction.shape != (size,):
            raise InputError(f"directions[{name!r}]: must have shape ({size},)")
    columns = _columns(len(shown))
    figure, cells = panels(list(shown), columns, shared_yaxes="all")
    at = [state.rounds for state in states]
    for (name, d), cell in zip(shown.items(), cells, strict=True):
        place: Any = {"row": cell[0], "col": cell[1]}  # plotly types these as text
        mean = np.array([d @ state.arrays["mean"] for state in states])
        deviation = np.array([np.sqrt(d @ state.arrays["covariance"] @ d) for state in states])
        band(figure, cell, at, mean - deviation, mean + deviation, BLUE, "")
        figure.add_scatter(
            x=at,
            y=mean.tolist(),
            mode="lines+markers",
            line={"color": BLUE, "width": 2},
            marker={"size": 4},
            customdata=deviation.tolist(),
            hovertemplate=f"{name}, %{{x}} ratings: %{{y:.2f}} ± %{{customdata:.2f}}"
            "<extra></extra>",
            **place,
        )
        figure.add_hline(0, line={"color": GREY, "width": 1}, **place)
    rows = -(-len(shown) // columns)
    figure.update_xaxes(row=rows, title="ratings")
    figure.update_yaxes(col=1, title="± 1 sd")
    figure.update_layout(showlegend=False)
    return _laid_out(figure, 80 + PANEL * rows)


def domain_directions(features: ArrayLike, groups: Sequence[str]) -> dict[str, Array]:
    """For each group of texts, the direction in which its features differ from the mean text's.

    features   (n, p + 1) of the texts, as an arm's feature map gives them; the last column, their
               appeal to everybody, is left out
    groups     (n,) names, such as the texts' domains
    """
    rows = np.asarray(features, dtype=np.float64)
    if rows.ndim != 2 or len(rows) != len(groups) or rows.shape[1] < 2:
        raise InputError(f"features {rows.shape}: must be ({len(groups)}, p + 1), one row a group")
    own = rows[:, :-1] - rows[:, :-1].mean(axis=0)
    where = np.array(groups)
    return {name: own[where == name].mean(axis=0) for name in dict.fromkeys(groups)}


def _mean_over_heads(weights: ArrayLike) -> Array:
    array = np.asarray(weights, dtype=np.float64)
    if array.ndim not in (1, 2) or not array.size:
        raise InputError(f"weights {array.shape}: must be (N,) or (H, N), N >= 1")
    if not np.isfinite(array).all() or array.min() < 0:
        raise InputError("weights: must be finite and >= 0")
    if not np.allclose(array.sum(axis=-1), 1.0, atol=1e-4):
        raise InputError("weights: must sum to 1 over the items")
    return array if array.ndim == 1 else array.mean(axis=0)


def _named(paths: Path | Mapping[str, Path]) -> Mapping[str, Path]:
    return paths if isinstance(paths, Mapping) else {"": paths}


def _entropies(path: Path, rounds: Sequence[int]) -> list[tuple[int, float, float]]:
    """(round, H(A), E[H(A_u)]) of the diagnostics that have them."""
    return [
        (number, diagnostic.entropy, diagnostic.expected_entropy)
        for number, diagnostic in zip(rounds, path, strict=False)
        if diagnostic.entropy is not None and diagnostic.expected_entropy is not None
    ]


def _bars(
    figure: go.Figure,
    cell: tuple[int, int],
    at: Sequence[str],
    values: Sequence[float],
    names: Sequence[str] = (),
) -> None:
    figure.add_bar(
        x=list(values),
        y=list(at),
        orientation="h",
        marker={"color": BLUE},
        customdata=list(names or at),
        name="attention",
        showlegend=False,
        hovertemplate="%{customdata}: %{x:.2%}<extra></extra>",
        row=cell[0],
        col=cell[1],
    )
    figure.update_xaxes(row=cell[0], col=cell[1], tickformat=".2~%", rangemode="tozero")
    figure.update_yaxes(row=cell[0], col=cell[1], autorange="reversed", type="category")


def _short(title: str, most: int = 44) -> str:
    return title if len(title) <= most else f"{title[: most - 1].rstrip()}…"


def _columns(count: int) -> int:
    """Panels side by side: up to five in one row, else rows of four."""
    return count if count <= 5 else 4


def _tick(rounds: int) -> int:
    return 1 if rounds <= 10 else 5


def _laid_out(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(
        template=TEMPLATE,
        height=height,
        margin={"l": 60, "r": 20, "t": 60, "b": 50},
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "top", "yref": "container"},
    )
    figure.update_annotations(font={"size": 12})
    return figure
