"""The page: one HTML file with its style, numbers and plotly.js inside, readable on paper too."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from analysis.confirmatory import arm_label
from analysis.data.sample import ATTENTION, INCOMPLETE, STRAIGHT_LINING
from analysis.findings import Findings
from analysis.report.figures import Figure
from analysis.report.table import Table

_HERE = Path(__file__).parent
_SYMBOL = re.compile(r"\b([dgrMp])_(z|av|rb|diff|Holm|BH)\b")


def report_title(findings: Findings) -> str:
    """The title of the report; simulated data are named first."""
    title = f"{findings.export.protocol.study.title}: analysis report"
    return f"Simulated data — {title}" if findings.export.simulated else title


def render_page(
    findings: Findings, tables: Mapping[str, Table], figures: Mapping[str, Figure]
) -> str:
    """The whole report as one HTML document."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["arm"] = arm_label
    environment.filters["symbols"] = symbols
    protocol = findings.export.protocol
    numbered = {name: number for number, name in enumerate(figures, start=1)}
    return environment.get_template("page.html.j2").render(
        title=report_title(findings),
        findings=findings,
        protocol=protocol,
        sample=findings.sample,
        flow=dict(findings.sample.flow()),
        reasons=(INCOMPLETE, ATTENTION, STRAIGHT_LINING),
        families=findings.families,
        tables=tables,
        figures=figures,
        numbered=numbered,
        panels=_panels(figures),
        power={(row["sample"], row["alpha"]): row for row in tables["power"].records()},
        hypotheses=tables["hypotheses"].records(),
        provenance={row["name"]: row["value"] for row in tables["provenance"].records()},
        style=(_HERE / "page.css").read_text(encoding="utf-8"),
        plotly=get_plotlyjs(),
    )


def symbols(text: str) -> Markup:
    """Escaped text in which statistical symbols are set as such, and equations are kept whole.

    >>> str(symbols("d_z = 1"))
    '<i>d</i><sub>z</sub>\xa0=\xa01'
    """
    escaped = re.sub(r" (=|&lt;) ", "\u00a0\\1\u00a0", str(escape(text)))
    return Markup(_SYMBOL.sub(r"<i>\1</i><sub>\2</sub>", escaped))


def _panels(figures: Mapping[str, Figure]) -> str:
    """Every panel's figure by its element id, as JSON that is safe inside a script element."""
    panels: dict[str, Any] = {}
    for name, entry in figures.items():
        for number, (_, drawn) in enumerate(entry.panels):
            panels[f"{name}-{number}"] = json.loads(drawn.to_json() or "{}")
    return json.dumps(panels, separators=(",", ":")).replace("<", "\\u003c")
