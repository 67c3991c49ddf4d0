"""What `hare.experiments.divergence` found, as a section of the page and a figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from hare.experiments import markdown as md
from hare.experiments.results import read_object
from hare.utils.plots import look, panels, style

FIGURE = "divergence"
FILE = "divergence.json"
NAMES = {"hare": "HARE", "rag": "RAG", "gpt2": "GPT-2", "ideal": "ideal texts"}
HEAD = (
    "arm",
    "distance by",
    "between users",
    "within a user",
    "effect, over requests",
    "over users",
    "pairs further apart",
    "d",
    "p",
)
MEASURES = {"embedding": "embeddings", "words": "words (TF-IDF)"}


def section(found: Mapping[str, Any], folder: Path) -> str:
    """B as Markdown; the figure is put in where the folder holds it."""
    people = ", ".join(p["domain"].replace("_", " ") for p in found["personas"])
    divergences = md.table(
        HEAD,
        [
            [
                NAMES[row["arm"]],
                MEASURES[row["measure"]],
                f"{row['between']:.3f}",
                f"{row['within']:.3f}",
                md.interval(row["effect"], row["ci_low"], row["ci_high"], 3),
                _range(row["users_ci_low"], row["users_ci_high"]),
                f"{row['superiority']:.2f}",
                "" if row["d"] is None else f"{row['d']:.2f}".replace("-", "−"),
                f"{row['p']:.2g}",
            ]
            for row in found["arms"]
        ],
    )
    contrasts = md.table(
        ["HARE's effect less that of", *MEASURES.values()],
        [
            [
                NAMES[arm],
                *(
                    md.interval(row["difference"], row["ci_low"], row["ci_high"], 3)
                    for row in found["contrasts"]
                    if row["comparator"] == arm
                ),
            ]
            for arm in dict.fromkeys(row["comparator"] for row in found["contrasts"])
        ],
    )
    whats = list(dict.fromkeys(row["what"] for row in found["shares"]))
    kept = md.table(
        ["arm", *(f"texts of the {what}" for what in whats)],
        [
            [
                name,
                *(
                    md.interval(row["share"], row["ci_low"], row["ci_high"], 2)
                    for row in found["shares"]
                    if row["arm"] == arm
                ),
            ]
            for arm, name in NAMES.items()
        ],
    )
    explained = found["map"]["explained"]
    return f"""{len(found["personas"])} simulated users ({people}), each known by
{found["ratings"]} ratings, make {len(found["requests"])} requests in wordings that training has not
seen; every arm writes {found["texts_per"]} texts a user and request, each with a seed of its own.
Distances are 1 less a cosine, of embeddings by {found["encoder"]}, which HARE reads with, and of
TF-IDF vectors, which know nothing of HARE. The effect is the mean distance between users less that
within a user, the control. Intervals are 95%: by t over requests, by jackknife over users. "Pairs
further apart": the probability that two users' texts are further apart than two of one user's (.5:
no difference). d: the requests' mean effect over its standard deviation. p: one-sided, of
{found["arms"][0]["divisions"]:,} divisions of each request's texts among users; not adjusted. RAG
and GPT-2 do not see the user: theirs is what chance does. Ideal texts are composed by the corpus's
grammar for the user's domain and level and the asked task: theirs is the most to be had. Model
`{found["fingerprint"]}`, seed {found["seed"]}.

{divergences}

{contrasts}

{kept}

{md.image(folder, FIGURE, "Texts of the arms in two dimensions, coloured by user")}

Two principal components of the texts' embeddings, each text less the mean of its request
({explained[0]:.0%} and {explained[1]:.0%} of the variance); one map for all arms. Not UMAP, which
bends distances and would be another dependency."""


def draw_map(folder: Path) -> go.Figure:
    """The texts in two dimensions, a panel an arm, from the folder's divergence.json."""
    return map_figure(read_object(folder / FILE))


def map_figure(found: Mapping[str, Any]) -> go.Figure:
    """The texts in two dimensions, a panel an arm; users differ in colour and marker."""
    figure, cells = panels(
        list(NAMES.values()), columns=len(NAMES), shared_xaxes="all", shared_yaxes="all"
    )
    for arm, cell in zip(NAMES, cells, strict=True):
        for k, persona in enumerate(found["personas"]):
            own = [
                point
                for point in found["map"]["points"]
                if (point["arm"], point["domain"]) == (arm, persona["domain"])
            ]
            name = persona["domain"].replace("_", " ")
            requests = [found["requests"][point["request"]]["text"] for point in own]
            figure.add_scatter(
                x=[point["x"] for point in own],
                y=[point["y"] for point in own],
                mode="markers",
                marker={
                    "color": look(k).colour,
                    "symbol": look(k).marker,
                    "size": 7,
                    "opacity": 0.75,
                },
                name=name,
                legendgroup=name,
                showlegend=arm == "hare",
                customdata=requests,
                hovertemplate=f"{name}: %{{customdata}}<extra></extra>",
                row=cell[0],
                col=cell[1],
            )
    first, second = found["map"]["explained"]
    figure.update_xaxes(title=f"first component, {first:.0%}", zeroline=False)
    figure.update_yaxes(zeroline=False)
    figure.update_yaxes(col=1, title=f"second component, {second:.0%}")
    style(figure, "Texts for five users, less the mean of their request", 250, 440)
    return figure.update_layout(margin={"b": 110}, legend={"y": -0.3})  # under the axis titles


def _range(low: float, high: float) -> str:
    return f"[{low:.3f}, {high:.3f}]".replace("-", "−")
