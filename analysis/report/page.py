"""The page: one HTML file with its style, numbers and plotly.js inside, readable on paper too."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from analysis.report.figures import panel_names
from analysis.report.report import Report

_HERE = Path(__file__).parent
_SUBSCRIPT = re.compile(r"\b([dgrMp]|η²)_(z|av|rb|diff|Holm|BH|GG|HF|p)\b")
_LETTER = re.compile(r"\b([tF])(?=\()|\b([ptzFWSNnb])(?=\u00a0(?:=|&lt;|&gt;))")
_CODE = re.compile(r"`([^`]+)`")
_ITALIC = frozenset({"t", "p", "z", "F", "W", "S", "N", "n", "b", "M", "SD", "SE", "df", "(df)"})


def render_page(report: Report) -> str:
    """The whole report as one HTML document."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["symbols"] = symbols
    environment.filters["heading"] = heading
    return environment.get_template("page.html.j2").render(
        report=report,
        names={name: panel_names(entry) for name, entry in report.figures.items()},
        panels=_panels(report),
        style=(_HERE / "page.css").read_text(encoding="utf-8"),
        plotly=get_plotlyjs(),
    )


def symbols(text: str) -> Markup:
    """Escaped text in which statistical symbols and `code` are set, and equations are kept whole.

    >>> str(symbols("d_z = 1, p < .001"))
    '<i>d</i><sub>z</sub>\xa0=\xa01, <i>p</i>\xa0&lt;\xa0.001'
    """
    escaped = re.sub(r" (=|&lt;) ", "\u00a0\\1\u00a0", str(escape(text)))
    escaped = _LETTER.sub(lambda found: f"<i>{found[1] or found[2]}</i>", escaped)
    escaped = _SUBSCRIPT.sub(r"<i>\1</i><sub>\2</sub>", escaped)
    return Markup(_CODE.sub(r"<code>\1</code>", escaped))


def heading(text: str) -> Markup:
    """A column's heading, with single letters that are statistics in italics.

    >>> str(heading("t (df)"))
    '<i>t</i> (<i>df</i>)'
    """
    words = []
    for word in text.split(" "):
        inner = word.strip("()")
        marked = str(symbols(word))
        words.append(marked.replace(inner, f"<i>{inner}</i>") if word in _ITALIC else marked)
    return Markup(" ".join(words))


def _panels(report: Report) -> str:
    """Every panel's figure by its element id, as JSON that is safe inside a script element."""
    panels: dict[str, Any] = {}
    for entry in report.figures.values():
        for name, (_, drawn) in zip(panel_names(entry), entry.panels, strict=True):
            panels[name] = json.loads(drawn.to_json() or "{}")
    return json.dumps(panels, separators=(",", ":")).replace("<", "\\u003c")
