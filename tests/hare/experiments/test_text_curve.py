"""The learning curve of simulated participants, on instant arms and on the tiny model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hare.__main__ import main as hare_main
from hare.arms import build_arms
from hare.experiments.__main__ import main
from hare.experiments.curve import learning_curve


def test_a_curve_has_one_row_an_arm_and_round_with_its_interval() -> None:
    arms = build_arms({"one": "fake", "two": "fake"})
    points = learning_curve(arms, raters=3, rounds=2, seed=4)
    assert [(point.arm, point.round) for point in points] == [
        ("one", 1),
        ("one", 2),
        ("two", 1),
        ("two", 2),
    ]
    for point in points:
        assert point.rating_ci_low <= point.rating_mean <= point.rating_ci_high
        assert 0 <= point.liked_domain <= 1


def test_equal_seeds_give_equal_curves() -> None:
    arms = build_arms({"one": "fake"})
    assert learning_curve(arms, 2, 2, seed=9) == learning_curve(arms, 2, 2, seed=9)


def test_the_command_writes_its_figures_as_json(tmp_path: Path) -> None:
    file = tmp_path / "curve.json"
    command = ["curve", "--arms", "fake", "--raters", "2", "--rounds", "2", "--json", str(file)]
    assert main(command) == 0
    assert len(json.loads(file.read_text("utf-8"))) == 2


def test_an_unknown_arm_and_a_missing_model_are_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["curve", "--arms", "oracle"]) == 1
    assert "unknown arm 'oracle'" in capsys.readouterr().err
    assert main(["text", "--model", str(tmp_path / "nothing")]) == 1
    assert str(tmp_path / "nothing") in capsys.readouterr().err


def test_training_from_a_base_that_is_not_there_says_so_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model"
    assert hare_main(["train", "--out", str(out), "--base", str(tmp_path / "none")]) == 1
    assert str(tmp_path / "none") in capsys.readouterr().err
    assert not out.exists()
