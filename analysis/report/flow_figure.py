"""The flow of participants as a diagram: boxes downwards, those who leave to the right.

After the CONSORT statement (Schulz, Altman and Moher 2010), for a study in which every participant
sees every arm, so that there is one column and no allocation to groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from analysis.data.sample import ATTENTION, INCOMPLETE, STRAIGHT_LINING
from analysis.report.style import INK, figure

_STAGES = (
    ("Consented", "consented", "Not eligible", ("screened out",)),
    ("Eligible", "eligible", "Left", ("withdrew", INCOMPLETE)),
    ("Completed", "completed", "Excluded as<br>pre-registered", (ATTENTION, STRAIGHT_LINING)),
)
_BOX, _MIDDLE = 0.46, 0.23


def flow_figure(flow: Mapping[str, int]) -> go.Figure:
    """The diagram of a sample's `flow()`: each step with its count, each loss with its reason."""
    drawn = figure(height=460)
    drawn.update_layout(margin={"l": 2, "r": 2, "t": 4, "b": 4})
    hidden = {"visible": False, "fixedrange": True}
    drawn.update_xaxes(**hidden, range=[-0.004, 1.004])
    drawn.update_yaxes(**hidden, range=[-0.5, 6.5])
    for place, (heading, step, lost, reasons) in enumerate(_STAGES):
        y = 6.0 - 2.0 * place
        _box(drawn, 0.0, y, [f"<b>{heading}</b>", f"n = {flow[step]:,}"])
        counts = [flow[reason] for reason in reasons]
        words = [f"{reason}: {count:,}" for reason, count in zip(reasons, counts, strict=True)]
        lines = [f"<b>{lost}</b>", f"n = {sum(counts):,}"]
        _box(drawn, 1.0 - _BOX, y - 1.0, lines if len(words) == 1 else [*lines, *words])
        _arrow(drawn, (_MIDDLE, y - 0.42), (_MIDDLE, y - 1.58))
        _arrow(drawn, (_MIDDLE, y - 1.0), (1.0 - _BOX, y - 1.0))
    _box(drawn, 0.0, 0.0, ["<b>Analysed</b>", f"n = {flow['analysed']:,}"], strong=True)
    return drawn


def _box(
    drawn: go.Figure, left: float, y: float, lines: Sequence[str], *, strong: bool = False
) -> None:
    half = 0.42 if len(lines) <= 2 else 0.2 + 0.155 * "<br>".join(lines).count("<br>")
    drawn.add_shape(
        type="rect",
        x0=left,
        x1=left + _BOX,
        y0=y - half,
        y1=y + half,
        line={"color": INK, "width": 2.5 if strong else 1.2},
        fillcolor="#ffffff",
        layer="above",
    )
    drawn.add_annotation(
        x=left + _BOX / 2.0, y=y, text="<br>".join(lines), showarrow=False, font={"size": 12.5}
    )


def _arrow(drawn: go.Figure, start: tuple[float, float], end: tuple[float, float]) -> None:
    drawn.add_annotation(
        x=end[0],
        y=end[1],
        ax=start[0],
        ay=start[1],
        xref="x",
        yref="y",
        axref="x",
        ayref="y",
        showarrow=True,
        arrowhead=2,
        arrowwidth=1.2,
        arrowcolor=INK,
        text="",
    )
