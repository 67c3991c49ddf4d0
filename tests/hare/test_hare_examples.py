"""Every example in the docstrings of hare gives what it says."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import hare

ROOT = Path(hare.__file__).parent


def with_examples() -> list[str]:
    """The modules whose source holds an example: only these are imported."""
    holding = (file for file in ROOT.rglob("*.py") if ">>> " in file.read_text("utf-8"))
    return sorted(".".join(file.relative_to(ROOT.parent).with_suffix("").parts) for file in holding)


@pytest.mark.parametrize("name", with_examples())
def test_the_examples_of_the_module_hold(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted
    assert not result.failed
