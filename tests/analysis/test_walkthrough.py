"""The walkthrough notebook runs from top to bottom, on its own export and on a given one."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import analysis

PACKAGE = Path(analysis.__file__).parent
NOTEBOOK = PACKAGE / "notebooks" / "walkthrough.ipynb"


def printed() -> str:
    """What the notebook prints when it is run in a fresh kernel."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=240, kernel_name="python3").execute()
    return "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )


def test_the_notebook_runs_on_its_own_synthetic_export(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent))
    monkeypatch.delenv("HARE_EXPORT", raising=False)
    text = printed()
    assert "simulated participants" in text
    assert "F3. Every remaining comparison" in text
    assert "'index.html', 'latex', 'report.md', 'results.json', 'tables'" in text


def test_the_notebook_runs_on_the_export_it_is_given(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent))
    monkeypatch.setenv("HARE_EXPORT", str(folder))
    assert "N = 6: smallest d_z" in printed()


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
