"""The whole study in one command, with the instant arms and the library's own simulated raters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from study_app.__main__ import main
from study_design import PILOT


def test_a_dry_run_goes_from_an_empty_folder_to_a_report_that_says_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    protocol = PILOT.with_name("null.yaml")
    assert main(["dry-run", "--protocol", str(protocol), "--participants", "6", "--quiet"]) == 0
    page = (tmp_path / "report" / "index.html").read_text("utf-8")
    title = page[page.index("<title>") : page.index("</title>")]
    assert "simulated" in title.lower()
    results = json.loads((tmp_path / "report" / "results.json").read_text("utf-8"))
    assert "nan" not in json.dumps(results).lower().split()
    manifest = json.loads((tmp_path / "dry-run" / "export" / "manifest.json").read_text("utf-8"))
    assert manifest["simulated"] is True
    assert manifest["tables"]["ratings"]["rows"] == 6 * 4 * 3 * 4


def test_a_second_dry_run_starts_from_a_fresh_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["dry-run", "--protocol", str(PILOT.with_name("null.yaml")), "--quiet"]
    assert main([*command, "--participants", "6", "--seed", "1"]) == 0
    assert main([*command, "--participants", "6", "--seed", "2"]) == 0
    manifest = json.loads((tmp_path / "dry-run" / "export" / "manifest.json").read_text("utf-8"))
    assert manifest["tables"]["participants"]["rows"] == 6
