"""What `hare.experiments.five_users` found, as a section of the page and a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from hare.experiments import markdown as md
from hare.experiments.results import read_object
from hare.utils.plots import SCALE, look, panels, style

FIGURE = "five_users"
FILE = "five_users.json"
OTHERS = {"rag": "RAG", "gpt2": "GPT-2"}
CELL = 110  # characters of a text in a table's cell, at most
WRITTEN = 14  # columns of a panel whose values still have room to be written
HEADINGS = ("When to use", "Instructions", "Example")


def section(found: Mapping[str, Any], folder: Path) -> str:
    """C as Markdown; the figure is put in where the folder holds it."""
    rows = [
        [
            f"HARE, {spoken(user['domain'])}",
            *_opening(user["shown"]["text"]),
            _domains(user["shown"]),
            f"{user['by_domain'].get(user['domain'], 0.0):.0%}",
            f"{user['uncertainty'][-1]:.2f}",
        ]
        for user in found["users"]
    ]
    rows += [
        [f"{OTHERS[name]}, everybody", *_opening(shown["text"]), _domains(shown), "", ""]
        for name, shown in found["others"].items()
    ]
    beside = md.table(
        ["for", "title", "begins", "speaks of", "attention on own domain", "uncertainty left"], rows
    )
    attended = md.table(
        ["user", "pool items with most attention (share of it)"],
        [[spoken(user["domain"]), "; ".join(map(_item, user["top"]))] for user in found["users"]],
    )
    texts = [
        _details(f"HARE for {spoken(u['domain'])}, {u['level']}", u["shown"])
        for u in found["users"]
    ]
    texts += [
        _details(f"{OTHERS[name]} for everybody", shown) for name, shown in found["others"].items()
    ]
    whole = "\n\n".join(texts)
    return f""""{found["query"]}", asked by {len(found["users"])} simulated users whom HARE knows by
{len(found["users"][0]["ratings"])} ratings each, and by nothing else. One seed for all texts
({found["seed"]}): only the user differs. RAG and GPT-2 do not see the user and write the same for
all. Model `{found["fingerprint"]}`.

{beside}

{md.image(folder, FIGURE, "Attention by domain and cluster; uncertainty and information by rating")}

Attention by domain is that of the heads which training set on the user's wish, half of all; the
other half seek the kind of work asked for. By cluster and by item it is the mean over all heads.
Clusters are named after the domain of most of their items.

{attended}

{whole}"""


def draw_attention(folder: Path) -> go.Figure:
    """The figure of C from the folder's five_users.json."""
    return attention_figure(read_object(folder / FILE))


def attention_figure(found: Mapping[str, Any]) -> go.Figure:
    """Attention by domain and by cluster (a row a user), uncertainty and information by rating."""
    users = found["users"]
    people = [spoken(user["domain"]) for user in users]
    domains = list(users[0]["by_domain"])
    titles = [
        "Attention by domain, the heads for the user's wish",
        "Attention by cluster of the pool, all heads",
        "Share of the prior's variance left",
        "I(item; u), nats",
    ]
    figure, cells = panels(titles, columns=2, horizontal_spacing=0.16, vertical_spacing=0.36)
    _heat(
        figure,
        cells[0],
        people,
        [spoken(domain) for domain in domains],
        [[user["by_domain"][domain] for domain in domains] for user in users],
    )
    _heat(figure, cells[1], people, found["clusters"], [user["by_cluster"] for user in users])
    for measure, cell in zip(("uncertainty", "mutual_information"), cells[2:], strict=True):
        for k, user in enumerate(users):
            figure.add_scatter(
                x=list(range(len(user[measure]))),
                y=user[measure],
                mode="lines",
                line={"color": look(k).colour, "dash": look(k).dash, "width": 2},
                name=people[k],
                legendgroup=people[k],
                showlegend=measure == "uncertainty",
                row=cell[0],
                col=cell[1],
            )
        figure.update_xaxes(row=cell[0], col=cell[1], title="ratings")
        figure.update_yaxes(row=cell[0], col=cell[1], rangemode="tozero")
    style(figure, f"“{found['query']}”, five users", 440, 820)
    return figure.update_layout(margin={"b": 90}, legend={"y": -0.09})


def spoken(domain: str) -> str:
    """A domain's id as words.

    >>> spoken("data_engineering")
    'data engineering'
    """
    return domain.replace("_", " ")


def _heat(
    figure: go.Figure,
    cell: tuple[int, int],
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float]],
) -> None:
    figure.add_heatmap(
        z=[list(row) for row in values],
        x=list(columns),
        y=list(rows),
        colorscale=SCALE,
        zmin=0,
        zmax=max(map(max, values)),
        showscale=False,
        text=[[f"{value:.0%}" if value >= 0.1 else "" for value in row] for row in values],
        texttemplate="%{text}" if len(columns) <= WRITTEN else "",
        hovertemplate="%{y}, %{x}: %{z:.1%}<extra></extra>",
        row=cell[0],
        col=cell[1],
    )
    figure.update_xaxes(
        row=cell[0], col=cell[1], type="category", tickangle=-60, showgrid=False, dtick=1
    )
    if len(columns) > WRITTEN:
        figure.update_xaxes(row=cell[0], col=cell[1], tickfont={"size": 9})
    figure.update_yaxes(row=cell[0], col=cell[1], autorange="reversed", showgrid=False)


def _opening(text: str) -> tuple[str, str]:
    """Title and first line below it, as far as a table's cells hold them."""
    lines = [line.strip("# \t") for line in text.split("\n") if line.strip("# \t")]
    title, below = (*lines, "", "")[:2]
    return _cell(title), _cell(below)


def _cell(line: str) -> str:
    kept = line if len(line) <= CELL else f"{line[: CELL - 1].rstrip()}…"
    return kept.replace("|", "\\|")


def _domains(shown: Mapping[str, Any]) -> str:
    return ", ".join(map(spoken, shown["speaks_of"])) or "none it names"


def _item(item: Mapping[str, Any]) -> str:
    about = f"{spoken(item['domain'])}, {spoken(item['task'])}, {item['level']}"
    return f"{_cell(item['title'])} [{about}] ({item['weight']:.1%})"


def _details(title: str, shown: Mapping[str, Any]) -> str:
    """A whole text, folded away; its headings become bold, so that they are none of the page."""
    lines = []
    for line in shown["text"].split("\n"):
        words = line.lstrip("#").strip()
        heading = line.startswith("# ") or words in HEADINGS
        lines.append(f"> **{words}**  " if heading else f"> {line}".rstrip())
    notes = f"\n\n({'; '.join(shown['notes'])})" if shown["notes"] else ""
    text = "\n".join(lines)
    return f"<details><summary>{title}</summary>\n\n{text}{notes}\n\n</details>"
