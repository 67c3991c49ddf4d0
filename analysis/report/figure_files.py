"""Figures as files, SVG or PNG, by kaleido and the Chrome or Chromium that it finds.

Neither is needed for the report itself, whose page draws its figures in the reader's browser and
offers each as SVG. So kaleido is no requirement of this package, and its absence is explained.
"""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

import plotly.graph_objects as go
import plotly.io as pio

from analysis.errors import ReportError
from analysis.report.figures import panel_names
from analysis.report.report import Report

Format = Literal["svg", "png"]
FORMATS: tuple[Format, ...] = get_args(Format)
WIDTH = 620  # pixels; PNG files have three times as many
SCALE = {"svg": 1, "png": 3}
_BUTTON = "or open index.html and use the camera above a figure, which saves it as SVG"


def figure_paths(report: Report, kind: Format) -> dict[str, list[str]]:
    """For each figure the paths of its panels' files, relative to the report's folder."""
    return {
        name: [f"figures/{panel}.{kind}" for panel in panel_names(figure)]
        for name, figure in report.figures.items()
    }


def figure_files(report: Report, kind: Format) -> dict[str, bytes]:
    """The content of every figure's file by its path in the report's folder.

    ReportError when kaleido is not installed, or finds no browser.
    """
    if find_spec("kaleido") is None:
        raise ReportError(
            "figures as files need the package kaleido, which is not installed: "
            f"`pip install kaleido`, {_BUTTON}"
        )
    panels: dict[str, go.Figure] = {}
    paths = figure_paths(report, kind)
    for name, figure in report.figures.items():
        for path, (_, drawn) in zip(paths[name], figure.panels, strict=True):
            panels[path] = drawn
    with tempfile.TemporaryDirectory() as scratch:
        files = {path: Path(scratch) / Path(path).name for path in panels}
        _write(list(panels.values()), list(files.values()), kind)
        return {path: file.read_bytes() for path, file in files.items()}


def _write(figures: list[go.Figure], files: list[Path], kind: Format) -> None:
    heights: list[int | None] = [figure.to_dict()["layout"]["height"] for figure in figures]
    try:
        pio.write_images(
            list(figures), list(files), format=kind, width=WIDTH, height=heights, scale=SCALE[kind]
        )
    except RuntimeError as error:
        raise ReportError(
            "figures as files need Chrome or Chromium, and kaleido could not use one; install it, "
            f"or name its program in the environment as BROWSER_PATH, {_BUTTON}"
        ) from error
