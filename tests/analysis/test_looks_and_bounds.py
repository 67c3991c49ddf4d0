"""Reports of studies whose protocol plans several looks at the data, or equivalence bounds."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from odd_studies import protocol_with

from analysis import holm, smallest_effect, spending_boundaries, tost
from analysis.data.exports import Export, read_export
from analysis.data.synthetic import write_synthetic_export
from analysis.data.synthetic_losses import Losses
from analysis.findings import Findings, analyse
from analysis.report.datasheet import render_datasheet
from analysis.report.write import report_files
from study_design import Protocol

LOOKS = {"rule": "obrien_fleming", "looks": [12, 24]}
BOUNDS = {"low": -0.3, "high": 0.25}
EMPTY = re.compile(r"\b(nan|NaN|None|inf)\b")


def planned(**plan: Any) -> Protocol:
    return protocol_with(lambda fields: fields["analysis"].update(plan))


def export_of(
    folder: Path, protocol: Protocol, participants: int, losses: Losses | None = None
) -> Export:
    return read_export(
        write_synthetic_export(
            folder, participants=participants, seed=3, protocol=protocol, losses=losses
        )
    )


def rows_of(files: dict[str, str], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[f"tables/{name}.csv"])))


@pytest.fixture(scope="module")
def between(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """Thirteen completed and count, two more are excluded; looks are planned at 12 and 24."""
    protocol = planned(stopping=LOOKS, equivalence=BOUNDS)
    losses = Losses(inattentive=2, incomplete=1)
    return analyse(export_of(tmp_path_factory.mktemp("between"), protocol, 13, losses))


@pytest.fixture(scope="module")
def between_files(between: Findings) -> dict[str, str]:
    return report_files(between)


@pytest.fixture(scope="module")
def early_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Six completed and count, one more is excluded, before the first look."""
    protocol = planned(stopping=LOOKS, equivalence=BOUNDS)
    losses = Losses(straight_lining=1)
    return report_files(analyse(export_of(tmp_path_factory.mktemp("early"), protocol, 6, losses)))


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    return analyse(export_of(tmp_path_factory.mktemp("bounded"), planned(equivalence=BOUNDS), 24))


def test_the_look_counts_those_who_completed_and_are_not_excluded(between: Findings) -> None:
    stage = between.stage
    assert stage is not None
    assert (stage.completed, stage.number, between.sample.n) == (13, 1, 13)


def test_each_p_is_held_to_the_level_of_its_step_at_this_look(between: Findings) -> None:
    for family in (*between.families, between.unexcluded):
        tests = sorted(family.contrasts, key=lambda result: result.test.p or 1.0)
        m, failed = len(tests), False
        for step, result in enumerate(tests):
            alpha = 0.05 / (m - step)
            level = spending_boundaries("obrien_fleming", [0.5, 1.0], alpha=alpha).nominal[0]
            failed = failed or (result.test.p or 1.0) > level
            assert family.rejected(result) is (not failed)
            assert result.p_adjusted is None


def test_the_tables_show_p_level_and_decision_and_no_adjusted_p(
    between: Findings, between_files: dict[str, str]
) -> None:
    for family in between.families:
        rows = rows_of(between_files, f"confirmatory_{family.name.lower()}")
        assert "p_holm" not in rows[0]
        for row in rows:
            assert (float(row["p"]) <= float(row["level"])) == (row["rejected"] == "yes")
    text = between_files["report.md"]
    section = text[text.index("F1. The primary comparison") :]
    assert "| p | Level | Rejected |" in section[: section.index("Figure")]
    assert "Holm-adjusted" not in text
    assert "of this look" in rows_of(between_files, "apa_sentences")[0]["sentence"]
    contrast = json.loads(between_files["results.json"])["families"][0]["contrasts"][0]
    assert contrast["level"] == pytest.approx(0.000824, abs=1e-6)


def test_a_look_at_other_numbers_than_planned_is_called_a_deviation(
    between_files: dict[str, str],
) -> None:
    text = between_files["report.md"]
    assert "This is look 1 of 2, a deviation from the plan" in text
    assert (
        "states it for 12 completed participants who are not excluded, and the data hold 13" in text
    )
    assert "nominal levels of .00305 and .0490 for a single test" in text
    assert "rejected at look 1 of 2." in text
    assert EMPTY.search(text) is None


def test_power_is_stated_at_the_level_of_the_look(between_files: dict[str, str]) -> None:
    levels = spending_boundaries("obrien_fleming", [0.5, 1.0]).nominal
    rows = {(row["sample"], i % 2): row for i, row in enumerate(rows_of(between_files, "power"))}
    for sample, n, level in (("planned", 24, levels[1]), ("reached", 13, levels[0])):
        row = rows[sample, 0]
        assert float(row["alpha"]) == pytest.approx(level)
        assert float(row["smallest_d_z"]) == pytest.approx(smallest_effect(n, 0.8, level))
    assert "two-sided level .00305 of look 1 of 2" in between_files["datasheet.md"]


def test_no_power_is_stated_at_a_level_that_is_next_to_nothing(tmp_path: Path) -> None:
    protocol = planned(stopping={"rule": "obrien_fleming", "looks": [2, 24]})
    files = report_files(analyse(export_of(tmp_path, protocol, 3)))
    rows = [row for row in rows_of(files, "power") if row["sample"] == "reached"]
    assert {row["smallest_d_z"] for row in rows} == {"not estimable"}
    assert {row["note"] for row in rows} == {"the level of this look is below 0.0001"}
    assert "What 3 participants can detect is not stated" in files["report.md"]
    assert "suffice to detect" not in files["datasheet.md"]
    assert EMPTY.search(files["report.md"]) is None


def test_before_the_first_look_nothing_is_tested_and_the_reason_is_given(
    early_files: dict[str, str],
) -> None:
    reason = "not tested: the first look is at 12 completed participants, there are 6"
    for name in ("confirmatory_f1", "confirmatory_f2", "confirmatory_f3", "sensitivity_unexcluded"):
        for row in rows_of(early_files, name):
            assert {row[k] for k in ("p", "level", "rejected", "estimate", "t", "d_z")} == {
                "not estimable"
            }
            assert row["note"] == reason
    for name in ("sensitivity", "sensitivity_f2_f3", "no_difference"):
        assert {row["note"] for row in rows_of(early_files, name)} == {reason}
    for name in ("sensitivity_imputed", "mixed", "ordinal", "differences"):
        assert rows_of(early_files, name) == []
    assert f"HARE − RAG, relevance: not estimable ({reason})." in early_files["report.md"]
    for name, content in early_files.items():
        shown = re.sub(r"<(script|style).*?</\1>", "", content, flags=re.S)
        assert EMPTY.search(shown) is None, name


def test_more_than_planned_at_the_last_look_has_the_last_level(tmp_path: Path) -> None:
    findings = analyse(export_of(tmp_path, planned(stopping=LOOKS), 25))
    last = spending_boundaries("obrien_fleming", [0.5, 1.0], alpha=0.025).nominal[1]
    family = findings.families[0]
    assert min(result.level or 1.0 for result in family.contrasts) == pytest.approx(last)


def test_the_datasheet_of_a_planned_study_states_its_looks() -> None:
    text = render_datasheet(planned(stopping={"rule": "pocock", "looks": [6, 12, 24]}))
    assert "Pocock type spending of α = 0.05 over looks at 6, 12 and 24" in text
    assert "two-sided level .0260 of look 3 of 3" in text
    assert "by Holm's method on their own" not in text


def test_equivalence_is_tested_at_the_last_look_only(
    between_files: dict[str, str], tmp_path: Path
) -> None:
    rows = rows_of(between_files, "equivalence")
    assert {row["verdict"] for row in rows} == {"not estimable"}
    assert {row["note"] for row in rows} == {
        "not tested before the last look, at 24 completed participants"
    }
    findings = analyse(export_of(tmp_path, planned(stopping=LOOKS, equivalence=BOUNDS), 24))
    assert all(entry.test.p is not None for entry in findings.equivalences)


def test_every_contrast_of_means_is_held_to_the_bounds(bounded: Findings) -> None:
    means = [
        result
        for family in bounded.families
        for result in family.contrasts
        if result.contrast.kind == "mean"
    ]
    assert len(bounded.equivalences) == len(means) == 12
    for result, entry in zip(means, bounded.equivalences, strict=True):
        expected = tost(result.values, low=-0.3, high=0.25)
        assert entry.label == result.label
        assert entry.test == expected
        interval = entry.shown.interval
        assert interval is not None
        assert interval.level == pytest.approx(0.9)
        inside = interval.low > -0.3 and interval.high < 0.25
        assert entry.verdict == ("equivalent" if inside else "not shown to be equivalent")
    assert {entry.verdict for entry in bounded.equivalences} == {
        "equivalent",
        "not shown to be equivalent",
    }


def test_the_report_states_the_bounds_and_that_they_were_registered(bounded: Findings) -> None:
    files = report_files(bounded)
    text = files["report.md"]
    assert "Pre-registered: equivalence within −0.3 to 0.25 points" in text
    assert "states no equivalence bounds" not in text
    assert "within −0.3 to 0.25 points by two one-sided tests, each on its own" in text
    row = rows_of(files, "equivalence")[0]
    first = bounded.equivalences[0]
    assert float(row["t"]) == pytest.approx(first.test.statistic)
    assert float(row["p"]) == pytest.approx(first.test.p)
    assert (row["low"], row["high"], row["units"]) == ("-0.3", "0.25", "raw")


def test_bounds_in_standard_deviations_are_tested_and_shown_in_them(tmp_path: Path) -> None:
    bounds = {"low": -0.6, "high": 0.5, "units": "d_z"}
    findings = analyse(export_of(tmp_path, planned(equivalence=bounds), 12))
    result, entry = findings.families[0].contrasts[0], findings.equivalences[0]
    assert entry.test == tost(result.values, low=-0.6, high=0.5, units="d_z")
    assert entry.shown.name == "d_z"


def test_without_bounds_and_looks_the_report_is_as_before(
    pilot_findings: Findings, pilot_files: dict[str, str]
) -> None:
    findings, files = pilot_findings, pilot_files
    assert "tables/equivalence.csv" not in files
    assert "The protocol states no equivalence bounds" in files["report.md"]
    assert "Stopping: fixed." in files["report.md"]
    for family in findings.families:
        adjusted = holm([result.test.p for result in family.contrasts])
        assert [result.p_adjusted for result in family.contrasts] == list(adjusted)
        assert all(result.level is None for result in family.contrasts)
    assert '"level"' not in files["results.json"].split('"test"')[0]
