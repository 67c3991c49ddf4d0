"""The Open Bandit comparison, on a small shop whose click rates are known."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hare.errors import SettingsError
from hare.experiments.off_policy import markdown, off_policy, report

RATES = np.array([0.1, 0.2, 0.3, 0.6])  # clicks of four items, the same at each position
LEARNER = np.array([[0.1, 0.2, 0.3, 0.4], [0.15, 0.15, 0.3, 0.4], [0.2, 0.2, 0.2, 0.4]])
TRUTH = {"uniform": RATES.mean(), "bts": (LEARNER @ RATES).mean()}
HEADER = ["", "timestamp", "item_id", "position", "click", "propensity_score"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("obd")
    rng = np.random.default_rng(5)
    for policy, chances in (("random", np.full((3, 4), 0.25)), ("bts", LEARNER)):
        (folder / policy).mkdir()
        with (folder / policy / "men.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*HEADER, *(f"user_feature_{i}" for i in range(4))])
            for number in range(1800):
                position = number % 3
                item = int(rng.choice(4, p=chances[position]))
                click = int(rng.random() < RATES[item])
                user = "young" if rng.random() < 0.5 else "old"
                time = "2019-11-24 00:03:13.442536+00:00"
                chance = chances[position, item]
                writer.writerow([number, time, item, position + 1, click, chance, user, 1, 2, 3])
    return folder


@pytest.fixture(scope="module")
def rows(shop: Path) -> list[dict[str, Any]]:
    return off_policy(shop, resamples=200, simulations=30)


def test_there_is_a_row_for_each_target_position_and_method(rows: list[dict[str, Any]]) -> None:
    keys = {(r["target"], r["position"], r["method"]) for r in rows}
    assert len(keys) == len(rows) == 2 * 4 * 4
    assert json.loads(json.dumps(rows)) == rows


def test_the_measured_rate_is_the_share_of_clicks(rows: list[dict[str, Any]]) -> None:
    measured = [r for r in rows if r["method"] == "measured"]
    assert {r["log"] for r in measured if r["target"] == "uniform"} == {"random"}
    for r in measured:
        assert r["estimate"] == pytest.approx(r["clicks"] / r["rows"])
        assert r["max_weight"] == r["mean_weight"] == 1.0
        assert r["agrees"] is None


def test_every_method_finds_the_true_rate_from_the_other_policys_log(
    rows: list[dict[str, Any]],
) -> None:
    for r in rows:
        if r["position"] == "all":
            assert abs(r["estimate"] - TRUTH[r["target"]]) < 3.5 * r["standard_error"], r
            assert (r["log"] == {"uniform": "bts", "bts": "random"}[r["target"]]) == (
                r["method"] != "measured"
            )


def test_agreement_is_zero_within_the_interval_of_the_difference(
    rows: list[dict[str, Any]],
) -> None:
    estimates = [r for r in rows if r["agrees"] is not None]
    for r in estimates:
        assert r["agrees"] == (r["difference_low"] <= 0 <= r["difference_high"])
        assert r["detectable"] > r["difference_high"] - r["difference"]
    assert np.mean([r["agrees"] for r in estimates]) > 0.8


def test_simulated_logs_agree_about_as_often_as_promised_where_clicks_abound(
    rows: list[dict[str, Any]],
) -> None:
    shares = [r["simulated_agreement"] for r in rows if r["agrees"] is not None]
    assert 0.88 < np.mean(shares) <= 1.0


def test_the_report_and_the_page_say_what_was_found(rows: list[dict[str, Any]]) -> None:
    text, page = report(rows), markdown(rows)
    for row in rows:
        assert f"{100 * row['estimate']:.3f}" in text
        assert (f"| {100 * row['estimate']:.3f} |" in page) or row["position"] != "all"
    for said in (text, page):
        assert "of 6 estimates over all positions agree" in said
        assert "The smallest difference that would be found with 80% power" in said


def test_a_disagreement_is_said_where_it_is(rows: list[dict[str, Any]]) -> None:
    changed = [dict(r) for r in rows]
    for r in changed:
        if r["agrees"] is not None:
            r["agrees"] = (r["target"], r["position"]) != ("bts", "2")
    assert "21 of 24" in report(changed)
    assert "; apart are bts at position 2 (ips, snips, dr)." in markdown(changed)


def test_equal_seeds_give_equal_rows(shop: Path, rows: list[dict[str, Any]]) -> None:
    assert off_policy(shop, resamples=200, simulations=30) == rows


def test_no_simulations_are_refused(shop: Path) -> None:
    with pytest.raises(SettingsError, match="simulations = 0"):
        off_policy(shop, simulations=0)
