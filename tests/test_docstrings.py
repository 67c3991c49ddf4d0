"""Every example in the docstrings of the four packages is run and gives what it says."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("hare", "analysis", "study_app", "study_design")
EXAMPLE = re.compile(r"^\s*>>> ", re.MULTILINE)


def with_examples() -> list[str]:
    """The modules whose source holds an example: only these are imported."""
    files = (file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    holding = (file for file in files if EXAMPLE.search(file.read_text("utf-8")))
    return sorted(".".join(file.relative_to(ROOT).with_suffix("").parts) for file in holding)


@pytest.mark.parametrize("name", with_examples())
def test_every_example_of_the_module_is_run_and_holds(name: str) -> None:
    module = importlib.import_module(name.removesuffix(".__init__"))
    assert module.__file__ is not None
    result = doctest.testmod(module)
    assert result.attempted == len(EXAMPLE.findall(Path(module.__file__).read_text("utf-8")))
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_has_examples(package: str) -> None:
    assert any(name.startswith(f"{package}.") for name in with_examples())
