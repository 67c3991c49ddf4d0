"""The style of the figures: lines that differ in more than colour, and files or a reason."""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects as go
import pytest

from hare.errors import SettingsError
from hare.utils.plots import TEMPLATE, look, panels, style, write_svg


def test_six_lines_differ_in_colour_dash_and_marker() -> None:
    looks = [look(position) for position in range(6)]
    for name in ("colour", "dash", "marker"):
        assert len({getattr(drawn, name) for drawn in looks}) == 6
    assert look(6) == look(0)


def test_panels_fill_row_by_row_and_the_figure_grows_with_its_columns() -> None:
    figure, cells = panels(["a", "b", "c"], columns=2)
    assert cells == [(1, 1), (1, 2), (2, 1)]
    layout = style(figure, "three", 300, 400).to_dict()["layout"]
    assert (layout["width"], layout["height"]) == (720, 400)
    assert layout["template"] == TEMPLATE.to_plotly_json()


def test_where_there_is_no_renderer_the_file_and_the_reason_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no Chromium here")

    monkeypatch.setattr(go.Figure, "write_image", fail)
    with pytest.raises(SettingsError, match=r"one\.svg.*no Chromium here"):
        write_svg(go.Figure(), tmp_path / "one.svg")
