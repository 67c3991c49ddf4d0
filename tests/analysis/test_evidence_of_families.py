"""Errors over all families and over an exploratory table, and runs of null studies added up."""

from __future__ import annotations

from typing import Any

import pytest

from analysis import InputError
from analysis.evidence.exploratory_errors import order_errors
from analysis.evidence.gates import GATES, OWN, PATTERNS, gate_rows
from analysis.evidence.null_tally import together
from analysis.evidence.pipeline_page import pipeline_section
from analysis.evidence.rates import rate
from study_design import PILOT, families, load_protocol


@pytest.fixture(scope="module")
def gates() -> dict[str, dict[str, Any]]:
    return {row["false"]: row for row in gate_rows(1_500, seed=4)}


def test_gates_hold_alpha_over_all_families_whatever_null_hypotheses_are_false(
    gates: dict[str, dict[str, Any]],
) -> None:
    assert set(gates) == set(PATTERNS)
    for name, row in gates.items():
        # an upper 99.9% bound of 1,500 studies at level .05
        assert row["errors"][GATES]["count"] <= 102, name
        assert row["errors"][GATES]["count"] <= row["errors"][OWN]["count"], name


def test_families_on_their_own_err_together_more_often_than_alpha(
    gates: dict[str, dict[str, Any]],
) -> None:
    # 1 − .95³ = .143 for independent families; these share ratings
    assert 0.09 < gates["none"]["errors"][OWN]["low"] < 0.143


def test_a_gate_opens_when_all_before_it_is_found_and_hardly_ever_else(
    gates: dict[str, dict[str, Any]],
) -> None:
    assert gates["both of F1"]["tested"]["F2"]["value"] > 0.95
    assert gates["all of F1 and F2"]["tested"]["F3"]["value"] > 0.95
    assert gates["none"]["tested"]["F2"]["value"] < 0.02
    assert gates["both of F1"]["tested"]["F3"]["value"] < 0.05


def test_a_pattern_tells_which_null_hypotheses_are_true() -> None:
    true = {
        name: [[p.true_null(c) for c in f.contrasts] for f in families(load_protocol(PILOT))]
        for name, p in PATTERNS.items()
    }
    assert all(all(family) for family in true["none"])
    assert true["one of the two of F1"][0] == [False, True]
    assert true["all of F1 and F2"][:2] == [[False, False], [False, False]]
    assert true["both of F1"][1] == [True, True]
    assert sum(true["both of F1"][2]) == 8  # rag and gpt2 differ on relevance and quality


def test_few_null_studies_have_any_corrected_p_of_order_and_carry_over_below_the_level() -> None:
    found = order_errors(60, seed=2)
    # an upper 99.9% bound of 60 studies at level .05; Holm in threes gave half of the studies
    assert found["corrected"]["count"] <= 9
    assert found["raw"]["count"] > 30


def run(seed: int, studies: int, rejected: int, **other: Any) -> dict[str, Any]:
    share = rate(rejected, studies)
    test = {"contrast": "one − two, relevance", "estimable": studies, "false_positives": share}
    return {
        "command": f"python -m study_app null-studies --studies 50 --participants 24 --seed {seed}",
        **{"system": "fake", "labels": ["one", "two"], "participants": 24, "rounds": 4},
        **{"alpha": 0.05, "mean_analysed": 24.0, "seconds_a_study": 1.5, "database": "SQLite"},
        **{"protocol_hash": "ab12", "studies": studies},
        "tests": [
            {"family": "F1", "test": "paired t", **test, "coverage": rate(0, studies)},
            {"family": "F1", "test": "sign test", **test, "coverage": rate(0, 0)},
        ],
        "families": [{"family": "F1", "false_positives": share}],
        **other,
    }


def test_runs_of_null_studies_add_up() -> None:
    found = together([run(1, 50, 4), run(51, 30, 1)])
    assert found["studies"] == 80
    assert found["families"] == [{"family": "F1", "false_positives": rate(5, 80)}]
    assert found["tests"][0]["coverage"] == rate(0, 80)
    assert found["tests"][1]["coverage"] == rate(0, 0)
    assert found["tests"][1]["estimable"] == 80


def test_runs_of_different_protocols_do_not_add_up() -> None:
    with pytest.raises(InputError, match="protocol_hash = 'cd34': the first run has 'ab12'"):
        together([run(1, 50, 4), run(51, 30, 1, protocol_hash="cd34")])


def test_the_page_shows_each_run_and_all_together() -> None:
    text = pipeline_section({"a.json": run(1, 50, 4), "b.json": run(51, 30, 1)})
    assert "| family | studies | seeds 1 to 50 | seeds 51 to 80 | together |" in text
    assert (
        "| F1 | 80 | 0.080 [0.022, 0.192] | 0.033 [0.001, 0.172] | 0.062 [0.021, 0.140] |" in text
    )
    assert "30 studies, stopped before all 50 were done" in text
    assert "was made to see whether that was chance" in text


def test_the_page_of_one_run_has_one_column() -> None:
    text = pipeline_section({"a.json": run(1, 50, 4)})
    assert "| family | studies | false positives |" in text
    assert "was chance" not in text
