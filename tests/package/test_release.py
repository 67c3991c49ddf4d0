"""What a release says of itself: one version and one licence everywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
NEWEST = re.search(r"^## (\S+) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)


def test_project_citation_and_changelog_have_the_same_version() -> None:
    assert NEWEST is not None
    assert PROJECT["version"] == CITATION["version"] == NEWEST[1]


def test_citation_and_changelog_have_the_same_date() -> None:
    assert NEWEST is not None
    assert CITATION["date-released"] == NEWEST[2]


def test_project_citation_and_licence_text_name_the_same_licence() -> None:
    assert PROJECT["license"] == CITATION["license"] == "Apache-2.0"
    assert (
        "Apache License\n                           Version 2.0" in (ROOT / "LICENSE").read_text()
    )
