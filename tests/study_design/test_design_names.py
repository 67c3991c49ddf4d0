"""What study_design offers: its public names, and the examples of its docstrings."""

from __future__ import annotations

import doctest
import importlib

import pytest

import study_design


def test_the_exported_names_are_the_agreed_ones() -> None:
    assert study_design.__all__ == [
        "NULL", "PILOT", "Contrast", "DesignError", "Family", "Hypothesis", "Letters", "Problem",
        "Protocol", "ProtocolError", "RoundPlan", "Schedule", "ScheduleError", "consent_text",
        "draw_schedule", "families", "familywise_error", "load_protocol", "next_sequence",
        "power_paired", "sequence_count", "smallest_effect", "testable", "williams_square",
    ]  # fmt: skip
    assert all(hasattr(study_design, name) for name in study_design.__all__)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".allocation",
        ".arrivals",
        ".documents",
        ".hypotheses",
        ".power",
        ".protocol",
        ".sequences",
        ".williams",
    ],
)
def test_every_example_runs(name: str) -> None:
    results = doctest.testmod(importlib.import_module(f"study_design{name}"))
    assert results.attempted > 0
    assert results.failed == 0
