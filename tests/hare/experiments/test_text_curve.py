"""The learning curve of simulated raters, on instant arms: plan, contrasts, verdicts, command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hare.__main__ import main as hare_main
from hare.arms import build_arms
from hare.errors import SettingsError
from hare.experiments.__main__ import main
from hare.experiments.text_curve import draw_plan, measure_text_curve, play, verdicts


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    arms = build_arms({"hare": "fake", "rag": "fake", "hare_no_user": "fake"})
    return measure_text_curve(arms, raters=4, rounds=3, seed=4)


def test_a_curve_has_one_row_an_arm_and_round_with_its_interval(found: dict[str, Any]) -> None:
    places = [(point["arm"], point["round"]) for point in found["points"]]
    assert places == [(a, r) for a in ("hare", "rag", "hare_no_user") for r in (1, 2, 3)]
    for point in found["points"]:
        assert point["rating_ci_low"] <= point["rating"] <= point["rating_ci_high"]
        assert 0 <= point["liked_domain"] <= 1
        assert 0 <= point["bertscore"] <= 1


def test_every_other_arm_is_contrasted_by_round_overall_and_as_a_slope(
    found: dict[str, Any],
) -> None:
    for arm in ("rag", "hare_no_user"):
        told = [row["what"] for row in found["contrasts"] if row["comparator"] == arm]
        assert told[:5] == ["round 1", "round 2", "round 3", "all rounds", "slope a round"]


def test_contrasts_are_differences_of_the_points(found: dict[str, Any]) -> None:
    rating = {(p["arm"], p["round"]): p["rating"] for p in found["points"]}
    for row in found["contrasts"]:
        if row["what"] == "round 2":
            expected = rating["hare", 2] - rating[row["comparator"], 2]
            assert row["difference"] == pytest.approx(expected)


def test_the_plan_asks_no_task_twice_and_holds_out_about_a_fifth() -> None:
    plan = draw_plan(30, 10, seed=2)
    assert all(len(set(row)) == 10 for row in plan.queries.tolist())
    assert 0.1 < plan.held_out.mean() < 0.3
    again = draw_plan(30, 10, seed=2)
    assert (plan.queries == again.queries).all()
    assert (plan.seeds == again.seeds).all()


def test_equal_arms_earn_equal_ratings_whatever_their_names() -> None:
    plan = draw_plan(3, 2, seed=5)
    played = play(build_arms({"one": "fake"}), plan, seed=5)
    again = play(build_arms({"one": "fake"}), plan, seed=5)
    np.testing.assert_array_equal(played["one"].rating, again["one"].rating)
    assert np.isnan(played["one"].bertscore).all()


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.1, 0.3, "supported"), (-0.1, 0.3, "not supported"), (-0.3, -0.1, "contradicted")],
)
def test_a_verdict_follows_from_the_interval(low: float, high: float, verdict: str) -> None:
    row = {
        "treatment": "hare",
        "comparator": "best_existing",
        "what": "all rounds",
        "difference": (low + high) / 2,
        "ci_low": low,
        "ci_high": high,
    }
    told = verdicts([row], "hare")
    assert [(v["hypothesis"], v["verdict"]) for v in told] == [("H6", verdict)]


def test_too_few_raters_and_too_many_rounds_are_refused_by_name() -> None:
    arms = build_arms({"one": "fake"})
    with pytest.raises(SettingsError, match="raters = 2"):
        measure_text_curve(arms, 2, 2, seed=1)
    with pytest.raises(SettingsError, match="rounds = 99"):
        measure_text_curve(arms, 3, 99, seed=1)


def test_the_command_writes_its_figures_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "curve.json"
    options = ["--arms", "fake", "--raters", "3", "--rounds", "2", "--json", str(file)]
    assert main(["text-curve", *options]) == 0
    assert len(json.loads(file.read_text("utf-8"))["points"]) == 2
    assert "round  2" in capsys.readouterr().out


def test_an_unknown_arm_and_a_missing_model_are_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["text-curve", "--arms", "oracle"]) == 1
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
