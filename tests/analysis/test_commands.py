"""The command line: what each command prints, which exit code it gives, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from broken_exports import call_human, edit_table, set_cell

from analysis.__main__ import main
from analysis.data.synthetic import write_synthetic_export
from study_design import PILOT


def out_of(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    code = main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.mark.parametrize("command", ["check", "describe", "report", "datasheet", "power"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert f"python -m analysis {command}" in capsys.readouterr().out


def test_check_says_what_a_sound_export_holds(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed, errors = out_of(capsys, "check", "--data", folder)
    assert (code, errors) == (0, "")
    assert "sound. Study pilot" in printed
    assert "6 simulated participants, 10 tables" in printed
    assert "open in the protocol: consent.approval" in printed


def test_check_counts_one_participant_as_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_synthetic_export(tmp_path, participants=1)
    assert ", 1 simulated participant, 10 tables" in out_of(capsys, "check", "--data", folder)[1]


def test_check_prints_every_problem_of_every_file_and_exits_with_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_cell(folder, "ratings", 3, "rating", "7")
    set_cell(folder, "ratings", 5, "rating", "many")
    set_cell(folder, "participants", 2, "status", "lost")
    set_cell(folder, "participants", 4, "background_age", "about 30")
    set_cell(folder, "closing", 1, "answer", "Z")
    edit_table(folder, "timings", lambda table: table.drop(columns=["seconds"]))
    (folder / "choices.csv").write_text((folder / "choices.csv").read_text().upper())
    code, printed, errors = out_of(capsys, "check", "--data", folder)
    assert (code, printed) == (1, "")
    for part in (
        "ratings.csv, column rating, row 3: quality must be 1 to 5",
        "ratings.csv, column rating, row 5: must be a whole number, is 'many'",
        "participants.csv, column status, row 2: must be one of active",
        "participants.csv, column background_age, row 4: must be one of the protocol's 18 to 24;",
        "closing.csv, column answer, row 1: the answer to adapted must be one of A; B; C",
        "timings.csv, column seconds: is missing",
        "choices.csv: was changed after the export",
        "choices.csv, column participant: is missing",
    ):
        assert part in errors


def test_check_lists_bad_rows_one_by_one_however_many(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_table(folder, "ratings", lambda table: table.assign(rating="9"))
    code, _, errors = out_of(capsys, "check", "--data", folder)
    assert code == 1
    assert f"{folder}: 720 problems" in errors
    assert errors.count("column rating, row ") == 720


def test_check_names_a_folder_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, errors = out_of(capsys, "check", "--data", tmp_path / "nowhere")
    assert code == 1
    assert "there is no such folder" in errors


def test_describe_prints_the_sample_and_no_p_value(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed, _ = out_of(capsys, "describe", "--data", folder)
    assert code == 0
    assert "SIMULATED DATA." in printed
    assert "How old are you?" in printed
    assert "Ratings by arm and item" in printed
    assert "p = " not in printed
    assert "t(" not in printed


def test_describe_of_people_says_nothing_of_simulation(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_human(folder)
    code, printed, _ = out_of(capsys, "describe", "--data", folder)
    assert code == 0
    assert "simulated" not in printed.lower()


def test_describe_of_a_broken_export_names_the_problem(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_cell(folder, "ratings", 1, "rating", "")
    code, printed, errors = out_of(capsys, "describe", "--data", folder)
    assert (code, printed) == (1, "")
    assert "ratings.csv, column rating, row 1" in errors


def test_power_gives_the_published_figures(capsys: pytest.CaptureFixture[str]) -> None:
    # R: power.t.test(n = 20, power = .8, type = "paired") gives delta/sd = 0.6604;
    # power.t.test(delta = .45, power = .8, type = "paired") gives n = 40.7, so 41 people
    code, printed, _ = out_of(capsys, "power", "--n", 20, "--effect", 0.45, "--json")
    found = json.loads(printed)
    assert code == 0
    assert found["smallest_effect"][0]["d_z"] == pytest.approx(0.6604, abs=5e-5)
    assert found["power"][0]["power"] == pytest.approx(0.4803, abs=5e-5)
    assert found["participants_needed"][0]["n"] == 41


def test_power_prints_tables_and_divides_alpha_over_a_family(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, printed, _ = out_of(capsys, "power", "--n", 24, "--tests", 2)
    assert code == 0
    assert "α = 0.05 / 2 = 0.025" in printed
    assert "0.666" in printed
    assert "Participants needed for power 0.8" in printed


def test_power_simulates_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("power", "--n", 12, "--effect", 0.5, "--simulate", 400)
    code, printed, _ = out_of(capsys, *arguments)
    assert code == 0
    assert "In 400 simulated studies each" in printed
    content = json.loads(out_of(capsys, *arguments, "--json")[1])
    simulated = content["simulated"][0]
    interval = simulated["power"]["interval"]
    assert interval["low"] < content["power"][0]["power"] < interval["high"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--n", 1), "N = 1: must be 2 to 10,000,000"),
        (("--effect", 0), "effect = 0: d_z must be from 0.000001"),
        (("--alpha", 2), "alpha = 2: must be from 0.0001"),
        (("--power", 0.01), "power = 0.01: must be above alpha"),
        (("--effect", "nan"), "effect = nan"),
        (("--effect", 9, "--simulate", 10), "effect = 9.0: more than ratings on this scale"),
    ],
)
def test_power_refuses_values_out_of_range(
    arguments: tuple[object, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed, errors = out_of(capsys, "power", *arguments)
    assert (code, printed) == (1, "")
    assert f"error: {reason}" in errors


def test_a_count_that_is_none_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["power", "--tests", "0"])
    assert left.value.code == 2
    assert "must be at least 1" in capsys.readouterr().err


def test_datasheet_of_a_protocol_needs_no_data(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed, _ = out_of(capsys, "datasheet", "--protocol", PILOT)
    assert code == 0
    assert "The study as planned (no data yet)" in printed


def test_datasheet_is_written_to_a_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "datasheet.md"
    code, printed, _ = out_of(capsys, "datasheet", "--data", folder, "--simulated", "--out", file)
    assert code == 0
    assert str(file) in printed
    assert file.read_text().startswith("# Simulated data — ")


def test_datasheet_refuses_simulated_data_as_a_study(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed, errors = out_of(capsys, "datasheet", "--data", folder)
    assert (code, printed) == (1, "")
    assert "add --simulated" in errors


def test_datasheet_needs_either_data_or_a_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["datasheet"])
    assert left.value.code == 2
    assert "one of the arguments --data --protocol is required" in capsys.readouterr().err


def test_a_protocol_that_is_none_is_refused_by_every_rule_it_breaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "protocol.yaml"
    file.write_text("rounds: 3\n")
    code, _, errors = out_of(capsys, "datasheet", "--protocol", file)
    assert code == 1
    assert "study: is missing" in errors


def test_a_place_that_cannot_be_written_is_an_error_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "no" / "datasheet.md"
    code, _, errors = out_of(capsys, "datasheet", "--protocol", PILOT, "--out", missing)
    assert code == 1
    assert errors.startswith("error: ")


def test_one_participant_is_described_without_an_empty_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write_synthetic_export(tmp_path / "one", participants=1)
    code, printed, _ = out_of(capsys, "describe", "--data", one)
    assert code == 0
    assert "[not estimable]" in printed
    assert "nan" not in printed
