"""What the package asks for, by ranges, and what the lock pins: they agree."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
RANGES = [
    Requirement(line)
    for line in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "dependencies"
    ]
]


def pins(name: str) -> dict[str, str]:
    """Package -> pinned version of a requirements file; a line that pins nothing is an error."""
    found: dict[str, str] = {}
    for line in (ROOT / name).read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "-r ")):
            package, version = line.split("==")
            found[Requirement(package).name.lower()] = version
    return found


LOCK = pins("requirements.txt")


def test_the_lock_says_in_its_first_line_what_it_is() -> None:
    assert (ROOT / "requirements.txt").read_text("utf-8").startswith("# The lock: ")


@pytest.mark.parametrize("asked", RANGES, ids=lambda asked: asked.name)
def test_every_requirement_is_pinned_within_its_range(asked: Requirement) -> None:
    assert asked.specifier.contains(LOCK[asked.name.lower()])


@pytest.mark.parametrize("asked", RANGES, ids=lambda asked: asked.name)
def test_every_requirement_has_a_lower_and_an_upper_end(asked: Requirement) -> None:
    assert sorted(part.operator for part in asked.specifier) == ["<", ">="]


def test_the_lock_pins_nothing_that_the_package_does_not_ask_for() -> None:
    assert LOCK.keys() == {asked.name.lower() for asked in RANGES}


def test_the_checks_and_peers_are_pinned_too_and_none_twice() -> None:
    for name in ("requirements-dev.txt", "requirements-bench.txt"):
        assert not pins(name).keys() & LOCK.keys()
