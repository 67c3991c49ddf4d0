"""The commands that measure bandits, at their smallest: what they write is complete and agrees."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hare.experiments import figures
from hare.experiments.__main__ import main
from hare.experiments.ablations import VARIANTS
from hare.experiments.page import page
from hare.experiments.policies import GRID_SIZE
from hare.experiments.results import merge_rows, read_curves, read_rows

DOCS = Path(__file__).parents[3] / "docs" / "results"
COLUMNS = [
    *("environment", "policy", "seeds", "horizon"),
    *("regret_mean", "regret_ci_low", "regret_ci_high"),
    *("ratio_to_linucb", "ratio_ci_low", "ratio_ci_high"),
]
SMALL = ["--quick", "--seeds", "2", "--rounds", "30", "--jobs", "1"]
POLICIES = ["hare", "hare_no_user", "attention_only", "linucb", "neural_ucb", "random"]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every command has left its results."""
    folder = tmp_path_factory.mktemp("results")
    where = ["--out", str(folder)]
    regret = ["regret", "--environments", "linear", "nonlinear", "--policies", *POLICIES]
    files = ["--json", str(folder / "rows.json"), "--csv", str(folder / "rows.csv")]
    assert main([*regret, *SMALL, *where, *files]) == 0
    tiny = ["--quick", "--seeds", "2", "--rounds", "12", "--jobs", "1"]
    assert main(["ablations", *tiny, *where, "--json", str(folder / "variants.json")]) == 0
    assert main(["entropy", *tiny, *where]) == 0
    assert main(["hypotheses", "--results", str(folder), *where]) == 0
    return folder


def test_regret_writes_one_row_an_environment_and_policy(results: Path) -> None:
    rows = read_rows(results / "rows.json")
    assert [(r["environment"], r["policy"]) for r in rows] == [
        (environment, policy) for environment in ("linear", "nonlinear") for policy in POLICIES
    ]
    for row in rows:
        assert list(row)[: len(COLUMNS)] == COLUMNS
        assert (row["seeds"], row["horizon"]) == (2, 30)
        assert row["regret_ci_low"] <= row["regret_mean"] <= row["regret_ci_high"]
        assert row["ratio_ci_low"] <= row["ratio_to_linucb"] <= row["ratio_ci_high"]
        if row["policy"] == "linucb":
            assert row["ratio_to_linucb"] == 1.0
            assert row["difference"] == 0.0


def test_the_table_and_the_folder_hold_the_same_rows(results: Path) -> None:
    rows = read_rows(results / "rows.json")
    assert read_rows(results / "regret.json") == rows
    with (results / "rows.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [float(r["regret_mean"]) for r in table] == [r["regret_mean"] for r in rows]


def test_ratios_and_curves_agree_with_the_seeds_regrets(results: Path) -> None:
    rows = {(r["environment"], r["policy"]): r for r in read_rows(results / "rows.json")}
    totals = {
        (r["environment"], r["policy"]): np.sum(r["quarters"], axis=1)
        for r in read_rows(results / "by_seed.json")
    }
    curves = read_curves(results / "curves.npz")
    assert set(rows) == set(totals)
    for (environment, policy), row in rows.items():
        total = totals[environment, policy]
        assert row["regret_mean"] == pytest.approx(total.mean(), abs=1e-3)
        ratio = total.mean() / totals[environment, "linucb"].mean()
        assert row["ratio_to_linucb"] == pytest.approx(ratio, rel=1e-3)
        assert curves[f"{environment}/{policy}"][0, -1] == pytest.approx(row["regret_mean"], 1e-4)
        assert curves[f"{environment}/at"][-1] == 30


def test_what_was_tried_in_tuning_is_recorded(results: Path) -> None:
    tuning = {(r["environment"], r["policy"]): r for r in read_rows(results / "tuning.json")}
    for row in read_rows(results / "rows.json"):
        choice = tuning[row["environment"], row["policy"]]
        assert choice["settings"] == row["settings"]
        assert len(choice["tried"]) == (0 if row["policy"] == "random" else GRID_SIZE)


def test_vectors_are_rows_of_their_own_measured_against_the_best_vector(results: Path) -> None:
    rows = read_rows(results / "vectors.json")
    assert {r["action_class"] for r in rows} == {"vectors"}
    assert {r["action_class"] for r in read_rows(results / "rows.json")} == {"items"}
    for environment in ("linear", "nonlinear"):
        own = {r["policy"]: r for r in rows if r["environment"] == environment}
        assert set(own) == {"hare_vectors", "hare_items", "best_item"}
        assert own["best_item"]["ratio_to_best_item"] == 1.0
        # Items cannot beat the best item; nothing can beat the best vector.
        assert own["hare_items"]["regret_mean"] >= own["best_item"]["regret_mean"] > 0
        assert own["hare_vectors"]["regret_mean"] >= 0


def test_ablations_compare_every_variant_with_the_default(results: Path) -> None:
    rows = read_rows(results / "variants.json")
    parts = {row["part"] for row in rows}
    assert {"exploration strength", "exploration mode", "heads", "schedule of alpha"} <= parts
    assert {"covariance update", "clusters", "user state", "prior"} <= parts
    for environment in ("nonlinear", "cold_start"):
        own = [r for r in rows if r["environment"] == environment]
        assert own[0]["variant"] == "default"
        assert (own[0]["difference"], own[0]["ratio"]) == (0.0, 1.0)
        for row in own:
            gap = row["regret_mean"] - own[0]["regret_mean"]
            assert row["difference"] == pytest.approx(gap, abs=1e-9)


def test_entropies_are_consistent_along_the_users_own_rounds(results: Path) -> None:
    rows = read_rows(results / "entropy.json")
    value = {(r["environment"], r["alpha"], r["measure"], r["own_round"]): r["mean"] for r in rows}
    for (environment, alpha, measure, k), mean in value.items():
        if measure == "entropy":
            rest = value[environment, alpha, "expected_entropy", k]
            told = value[environment, alpha, "mutual_information", k]
            assert mean == pytest.approx(rest + told, abs=1e-6)
            assert 0 <= told <= mean <= np.log(40) + 1e-9
        if measure == "uncertainty":
            assert 0 < mean <= 1 + 1e-9
    assert {r["alpha"] for r in read_rows(results / "trends.json")} == {0.0, 2.0}


def test_hypotheses_have_a_verdict_each_and_the_aims_are_judged(results: Path) -> None:
    found = json.loads((results / "hypotheses.json").read_text("utf-8"))
    overall = [v for v in found["verdicts"] if v["environment"] == "all"]
    names = {v["hypothesis"] for v in overall}
    assert {"H1", "H3 regret", "H3 diversity", "H4", "H4 widens"} <= names
    assert any(name.startswith("H5") for name in names)
    for verdict in found["verdicts"]:
        assert verdict["verdict"] in ("supported", "not supported", "contradicted")
    assert {aim["environment"] for aim in found["aims"]} == {"linear", "nonlinear"}


def test_rows_of_other_environments_are_kept_when_some_are_measured_again(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    merge_rows(file, [{"environment": "a", "x": 1}, {"environment": "b", "x": 1}])
    merged = merge_rows(file, [{"environment": "b", "x": 2}])
    assert (
        merged
        == read_rows(file)
        == [
            {"environment": "a", "x": 1},
            {"environment": "b", "x": 2},
        ]
    )


def test_quick_runs_say_that_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["regret", "--environments", "linear", "--policies", "random", "linucb"]
    assert main([*command, *SMALL]) == 0
    assert "says nothing about the policies" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (["regret", "--environments", "moon"], "environments = 'moon'"),
        (["regret", "--policies", "oracle"], "policies = 'oracle'"),
        (["regret", "--seeds", "1"], "seeds = 1"),
        (["ablations", "--backend", "threads"], "backend = 'threads'"),
        (["hypotheses", "--results", "nowhere"], "by_seed.json: no such file"),
        (["page", "--results", "nowhere", "--no-figures"], "regret.json: no such file"),
    ],
)
def test_what_cannot_be_run_is_refused_by_name(
    told: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*told, "--quick"] if told[0] != "page" else told) == 1
    assert message in capsys.readouterr().err


def test_a_verdict_follows_its_interval() -> None:
    from hare.experiments.hypotheses import aims, verdicts

    def rows(hare: list[float], linucb: list[float]) -> list[dict[str, Any]]:
        return [
            {
                "environment": "nonlinear",
                "policy": name,
                "quarters": [[x / 4] * 4 for x in own],
                "effective_items": [1.0] * len(own),
            }
            for name, own in (("hare", hare), ("linucb", linucb))
        ]

    better, worse = rows([50.0, 51.0, 52.0], [100.0, 101.0, 99.0]), rows([100.0, 101.0], [50, 51])
    unclear = rows([90.0, 110.0, 100.0], [100.0, 95.0, 105.0])
    for found, verdict in (
        (better, "supported"),
        (worse, "contradicted"),
        (unclear, "not supported"),
    ):
        assert {v.verdict for v in verdicts(found, [])} == {verdict}
    assert [aim.met for aim in aims(better)] == [True]
    assert [aim.met for aim in aims(unclear)] == [False]


def test_the_page_has_every_section_and_its_numbers_come_from_the_files(results: Path) -> None:
    command = ["page", "--results", str(results), "--no-figures"]
    assert main(command) == 0
    text = (results / "bandits.md").read_text("utf-8")
    for title in ("Aims and hypotheses", "Regret", "Synthesised vectors", "Ablations", "Entropy"):
        assert f"## {title}\n" in text
    assert "Not measured yet" not in text
    rows = read_rows(results / "regret.json")
    assert all(f"{row['regret_mean']:.1f} [" in text for row in rows)
    (results / "notes.md").write_text("A conclusion.\n", "utf-8")
    rows[0]["regret_mean"] = 1234.5
    merge_rows(results / "regret.json", rows)
    assert main(command) == 0
    text = (results / "bandits.md").read_text("utf-8")
    assert "1234.5 [" in text
    assert "## What was learned\n\nA conclusion." in text


def test_figures_have_a_panel_an_environment_and_draw_every_interval(results: Path) -> None:
    drawn = {name: draw(results).to_dict() for name, draw in figures.FIGURES.items()}
    titles = [a["text"] for a in drawn["regret_curves"]["layout"]["annotations"]]
    assert titles == ["linear", "nonlinear"]
    bars = {
        name: [len(trace["x"]) for trace in drawn[name]["data"] if "error_x" in trace]
        for name in ("ratio_forest", "ablations")
    }
    assert bars["ratio_forest"] == [len(POLICIES) - 2] * 2  # LinUCB is 1, and random is left out
    assert bars["ablations"] == [len(VARIANTS) - 1] * 2
    panels = {trace["xaxis"] for trace in drawn["entropy"]["data"]}
    assert len(panels) == len(figures.MEASURES) * 2


def test_the_committed_page_is_what_the_committed_files_give() -> None:
    assert (DOCS / "bandits.md").read_text("utf-8") == page(DOCS)
    for name in figures.FIGURES:
        assert (DOCS / f"{name}.svg").is_file()
