"""Protocols to take apart: the pilot as plain data, and small ones of any size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from study_design import PILOT, Protocol, load_protocol
from study_design.williams import order_count

Content = dict[str, Any]


@pytest.fixture(scope="session")
def pilot() -> Protocol:
    return load_protocol(PILOT)


@pytest.fixture
def content() -> Content:
    """The pilot's file as plain data, free to change."""
    return yaml.safe_load(PILOT.read_text(encoding="utf-8"))


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[Content], Path]:
    """Write plain data as a protocol file and return its path."""

    def save(content: Content) -> Path:
        path = tmp_path / "study.yaml"
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return path

    return save


@pytest.fixture(scope="session")
def sized() -> Callable[[int, int, int], Protocol]:
    """A protocol with so many arms, requests and rounds."""
    base = yaml.safe_load(PILOT.read_text(encoding="utf-8"))

    def make(arms: int, requests: int, rounds: int) -> Protocol:
        changed = {
            "participants": order_count(arms),
            "rounds": rounds,
            "arms": [f"arm_{index}" for index in range(arms)],
            "requests": [
                {"id": f"request_{index}", "text": "Help me.", "work": "helping"}
                for index in range(requests)
            ],
            "practice": {"request": "Help me.", "texts": ["# A text"] * arms},
            "attention_checks": [],
            "analysis": {
                "primary": {"treatment": "arm_0", "comparator": "arm_1", "items": ["quality"]},
                "slope_item": "quality",
            },
        }
        return Protocol.model_validate({**base, **changed})

    return make
