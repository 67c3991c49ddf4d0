"""The report: refusals, completeness of its files, no empty number, and how it names its data."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from broken_exports import call_human, edit_table, set_cell
from odd_studies import protocol_with
from scipy import stats

from analysis import benjamini_hochberg
from analysis.__main__ import main
from analysis.data.exports import Export, read_export
from analysis.data.synthetic import write_synthetic_export
from analysis.findings import Findings, analyse
from analysis.report.write import report_files
from study_design import NULL, load_protocol


def words(page: str) -> str:
    """The page's text without scripts, styles and tags."""
    body = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.S)
    return re.sub(r"<[^>]+>", " ", body)


def nowhere_nan(files: dict[str, str]) -> bool:
    numbers = [content for name, content in files.items() if name != "index.html"]
    shown = words(files["index.html"])
    return not any(re.search(r"\b(nan|NaN|None|inf)\b", text) for text in [*numbers, shown])


def run(data: Path, out: Path, *flags: str) -> int:
    return main(["report", "--data", str(data), "--out", str(out), *flags])


def test_the_report_of_a_simulated_export_says_so_in_its_title(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, tmp_path / "report", "--simulated") == 0
    page = (tmp_path / "report" / "index.html").read_text()
    assert "<title>Simulated data — " in page
    assert "These participants are simulated." in page
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    assert results["simulated"] is True
    assert results["title"].startswith("Simulated data")
    assert str(tmp_path / "report" / "index.html") in capsys.readouterr().out


def test_the_report_of_a_human_export_does_not(folder: Path, tmp_path: Path) -> None:
    call_human(folder)
    assert run(folder, tmp_path / "report") == 0
    assert "imulated" not in words((tmp_path / "report" / "index.html").read_text())


@pytest.mark.parametrize(("human", "flags"), [(False, ()), (True, ("--simulated",))])
def test_the_wrong_kind_of_data_is_refused(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    human: bool,
    flags: tuple[str, ...],
) -> None:
    if human:
        call_human(folder)
    assert run(folder, tmp_path / "report", *flags) == 1
    assert "--simulated" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()


def test_a_broken_export_leaves_the_earlier_report_as_it_was(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    assert run(folder, out, "--simulated") == 0
    before = (out / "index.html").read_bytes()
    set_cell(folder, "ratings", 1, "rating", "9")
    assert run(folder, out, "--simulated") == 1
    assert (out / "index.html").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "report"]


def test_a_new_report_replaces_the_earlier_one_whole(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    assert run(folder, out, "--simulated") == 0
    (out / "tables" / "stale.csv").write_text("old\n")
    assert run(folder, out, "--simulated") == 0
    assert not (out / "tables" / "stale.csv").exists()


def test_a_folder_with_something_else_in_it_is_left_alone(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine\n")
    assert run(folder, tmp_path / "thesis", "--simulated") == 1
    assert "no earlier report" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter.txt"]


def test_the_same_export_gives_the_same_files(pilot: Export, pilot_files: dict[str, str]) -> None:
    assert report_files(analyse(read_export(pilot.folder))) == pilot_files


def test_the_page_loads_nothing_and_holds_plotly_once(pilot_files: dict[str, str]) -> None:
    page = pilot_files["index.html"]
    assert page.count("plotly.js v") == 1
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)


def test_every_number_of_the_confirmatory_tables_is_in_a_table_file(
    pilot_findings: Findings, pilot_files: dict[str, str]
) -> None:
    findings, files = pilot_findings, pilot_files
    for family in findings.families:
        rows = list(
            csv.DictReader(io.StringIO(files[f"tables/confirmatory_{family.name.lower()}.csv"]))
        )
        assert len(rows) == len(family.contrasts)
        for row, result in zip(rows, family.contrasts, strict=True):
            assert float(row["p_holm"]) == pytest.approx(result.p_adjusted)
            assert float(row["t"]) == pytest.approx(result.test.statistic)
            assert result.contrast.item == row["item"]
    shown = set(re.findall(r'href="(tables/[a-z0-9_]+\.csv)"', files["index.html"]))
    assert shown == {name for name in files if name.startswith("tables/")}


def test_the_report_says_what_these_arms_cannot_test(pilot_files: dict[str, str]) -> None:
    text = words(pilot_files["index.html"])
    assert "not testable with these arms: needs hare and hare_no_user" in text
    assert "0.597" in text


def test_the_report_prints_the_hashes_and_every_deviation(
    pilot: Export, pilot_files: dict[str, str]
) -> None:
    files = pilot_files
    for digest in (pilot.protocol.hash, pilot.data_hash, pilot.manifest.code_hash):
        assert digest in files["index.html"]
    assert files["tables/deviations.csv"].count("\n") == 1 + len(pilot.tables["deviations"])


@pytest.mark.parametrize("people", [0, 1, 2, 3])
def test_few_participants_are_explained_and_never_nan(tmp_path: Path, people: int) -> None:
    folder = write_synthetic_export(tmp_path, participants=6, seed=2, protocol=load_protocol(NULL))
    for row in range(people + 1, 7):
        set_cell(folder, "participants", row, "attention_failed", "2")
    files = report_files(analyse(read_export(folder)))
    assert nowhere_nan(files)
    if people < 2:
        assert f"needs at least 2 participants, has {people}" in words(files["index.html"])


def test_ratings_that_never_differ_are_explained_and_never_nan(folder: Path) -> None:
    def equal(table):
        return table.assign(rating=np.where(table["round"].astype(int) % 2 == 0, "4", "3"))

    edit_table(folder, "ratings", equal)
    files = report_files(analyse(read_export(folder)))
    assert nowhere_nan(files)
    assert "not estimable" in files["tables/confirmatory_f1.csv"]


def test_an_export_without_diagnostics_or_guesses_is_reported(tmp_path: Path) -> None:
    def nothing_required(fields: dict[str, Any]) -> None:
        for question in fields["closing"]:
            question["required"] = False

    protocol = protocol_with(nothing_required)
    folder = write_synthetic_export(tmp_path / "e", participants=6, seed=4, protocol=protocol)
    measures = ["entropy", "expected_entropy", "mutual_information", "uncertainty"]
    edit_table(folder, "texts", lambda t: t.assign(**dict.fromkeys(measures, "")))
    edit_table(folder, "closing", lambda t: t.iloc[:0])
    edit_table(folder, "deviations", lambda t: t.iloc[:0])
    files = report_files(analyse(read_export(folder)))
    assert nowhere_nan(files)
    assert "No deviation was recorded." in files["index.html"]


def test_help_and_wrong_command_lines_exit_as_usual(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, code in ((["--help"], 0), ([], 2), (["report"], 2)):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == code
    assert "--data" in capsys.readouterr().err


def rows_of(files: dict[str, str], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[f"tables/{name}.csv"])))


def test_the_mixed_model_agrees_with_the_paired_differences(pilot_files: dict[str, str]) -> None:
    differences = {
        (row["item"], row["treatment"]): float(row["estimate"])
        for row in rows_of(pilot_files, "confirmatory_f1")
    }
    rows = rows_of(pilot_files, "mixed")
    found = {
        (row["item"], row["term"]): float(row["estimate"])
        for row in rows
        if (row["item"], row["term"]) in differences
    }
    assert found == pytest.approx(differences, abs=1e-4)
    assert len(rows) == 6 * len(found)
    assert {"mixed", "mixed_variances"} <= json.loads(pilot_files["results.json"])["tables"].keys()
    assert "without a claim of confirmation" in words(pilot_files["index.html"])


def test_the_clustered_regressions_agree_with_the_mixed_model(
    pilot_files: dict[str, str],
) -> None:
    mixed = {(row["item"], row["term"]): row for row in rows_of(pilot_files, "mixed")}
    rows = rows_of(pilot_files, "robust")
    assert len(rows) == 2 * sum(term != "intercept" for _, term in mixed)
    for row in rows:
        same = mixed[row["item"], row["term"]]
        # rounds differ in their requests, whose effects only the mixed model has
        within = 0.1 * float(same["se"]) if "round" in row["term"] else 1e-4
        assert float(row["estimate"]) == pytest.approx(float(same["estimate"]), abs=within)
        assert row["df"] == f"{int(row['n']) - 1}.0"
    adjusted = benjamini_hochberg([float(row["p"]) for row in rows])
    assert [float(row["p_bh"]) for row in rows] == pytest.approx(adjusted)
    assert "errors clustered by participant" in words(pilot_files["index.html"])


def test_normal_quantiles_are_those_of_every_participants_difference(
    pilot_files: dict[str, str],
) -> None:
    rows = rows_of(pilot_files, "quantiles")
    tested = [
        row for name in ("confirmatory_f1", "confirmatory_f2") for row in rows_of(pilot_files, name)
    ]
    assert len(rows) == sum(int(row["n"]) for row in tested)
    first = [row for row in rows if row["contrast"] == rows[0]["contrast"]]
    n = len(first)
    # the quantile of the i-th of n values is that at i / (n + 1)
    assert [float(row["normal_quantile"]) for row in first] == pytest.approx(
        stats.norm.ppf(np.arange(1, n + 1) / (n + 1)).tolist()
    )
    mean = sum(float(row["value"]) for row in first) / n
    assert mean == pytest.approx(float(tested[0]["estimate"]), abs=1e-9)


def test_the_primary_tests_are_repeated_on_everyone_who_completed(folder: Path) -> None:
    set_cell(folder, "participants", 2, "attention_failed", "2")
    files = report_files(analyse(read_export(folder)))
    kept, everyone = (
        rows_of(files, name) for name in ("confirmatory_f1", "sensitivity_unexcluded")
    )
    assert [row["contrast"] for row in kept] == [row["contrast"] for row in everyone]
    counts = {int(row["n"]) for row in everyone}
    assert counts == {int(row["n"]) + 1 for row in kept}
