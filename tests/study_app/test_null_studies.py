"""Studies of nothing: the whole pipeline, a few times, and what cannot be one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from study_app import bots, null_studies
from study_app.__main__ import main
from study_app.errors import BotsError
from study_app.null_studies import NullStudies
from study_design import PILOT


class Careless:
    """Rates at random, so that no classifier has to be fitted."""

    def rate(self, text: str, request: str, rng: np.random.Generator) -> Mapping[str, int]:
        items = ("quality", "relevance", "personalization", "novelty")
        return {item: int(rng.integers(1, 6)) for item in items}

    def choose(self, by_slot: Mapping[str, Mapping[str, int]], /, rng: np.random.Generator) -> str:
        return str(rng.choice(sorted(by_slot)))


@pytest.fixture(autouse=True)
def _careless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bots, "population", lambda number, seed: [Careless()] * number)


def test_two_studies_go_through_the_pipeline_and_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "null.json"
    command = ["null-studies", "--studies", "2", "--participants", "6", "--seed", "3", "--quiet"]
    assert main([*command, "--json", str(file)]) == 0
    found = json.loads(file.read_text("utf-8"))
    assert (found["studies"], found["participants"], found["rounds"]) == (2, 6, 4)
    assert found["system"] == "fake"
    assert 5.0 <= found["mean_analysed"] <= 6.0
    assert len(found["tests"]) == 4 * 14  # four tests of every contrast of three arms, four items
    assert all(row["false_positives"]["of"] == 2 for row in found["tests"])
    assert [row["family"] for row in found["families"]] == ["F1", "F2", "F3", "any family"]
    assert "2 studies of 6 participants" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_counts(tmp_path: Path) -> None:
    plan = NullStudies(1, 6, seed=9)
    first, second = (
        null_studies.run_null_studies(plan, tmp_path / f"{k}.json") for k in ("one", "two")
    )
    assert first["tests"] == second["tests"]


def test_different_systems_are_no_study_of_nothing(tmp_path: Path) -> None:
    plan = NullStudies(1, 6, protocol=PILOT)
    with pytest.raises(BotsError, match="one system under every label"):
        null_studies.run_null_studies(plan, tmp_path / "null.json")
    with pytest.raises(BotsError, match="--studies 0"):
        NullStudies(0, 6)
