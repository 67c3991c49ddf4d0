"""Incomplete designs, few people, equal ratings: explained, never nan, no traceback."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import odd_studies
import pandas as pd
import pytest
from broken_exports import edit_table, set_cell
from odd_studies import Change, protocol_with

from analysis.data.exports import read_export
from analysis.data.synthetic import write_synthetic_export
from analysis.data.synthetic_losses import Losses
from analysis.findings import analyse
from analysis.report.write import report_files

EMPTY = re.compile(r"\b(nan|NaN|None|inf|NaT|<NA>)\b")


def files_of(folder: Path) -> dict[str, str]:
    """The report's files, after a look that none of them holds an empty number."""
    files = report_files(analyse(read_export(folder)))
    for name, content in files.items():
        shown = re.sub(r"<(script|style).*?</\1>", "", content, flags=re.S)
        found = EMPTY.search(shown)
        assert found is None, f"{name}: …{shown[max(0, found.start() - 60) : found.end() + 20]}…"
    return files


def rows_of(files: dict[str, str], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[f"tables/{name}.csv"])))


@pytest.mark.parametrize(
    ("change", "people"),
    [
        (odd_studies.two_arms, 4),
        (odd_studies.one_round, 6),
        (odd_studies.two_rounds, 3),
        (odd_studies.one_item, 6),
        (odd_studies.longer_scale, 6),
        (odd_studies.no_slopes, 4),
        (odd_studies.no_questions, 4),
        (odd_studies.nothing_learns, 4),
    ],
)
def test_every_protocol_that_is_allowed_can_be_reported(
    tmp_path: Path, change: Change, people: int
) -> None:
    folder = write_synthetic_export(
        tmp_path, participants=people, seed=2, protocol=protocol_with(change)
    )
    assert rows_of(files_of(folder), "flow")[-1] == {
        "step": "analysed",
        "participants": str(people),
    }


def test_a_slope_over_one_round_is_not_estimable_and_said_so(tmp_path: Path) -> None:
    protocol = protocol_with(odd_studies.one_round)
    folder = write_synthetic_export(tmp_path, participants=6, protocol=protocol)
    files = files_of(folder)
    assert {row["note"] for row in rows_of(files, "confirmatory_f2")} == {
        "a slope needs at least 2 rounds"
    }
    assert "slope needs at least 2 rounds" in files["report.md"]


def test_those_who_stopped_are_analysed_where_the_protocol_keeps_them(tmp_path: Path) -> None:
    folder = write_synthetic_export(
        tmp_path,
        participants=6,
        seed=2,
        protocol=protocol_with(odd_studies.nobody_excluded),
        losses=Losses(incomplete=3, withdrawn=1),
    )
    files = files_of(folder)
    assert {row["n"] for row in rows_of(files, "confirmatory_f1")} == {"9"}
    notes = {row["note"] for row in rows_of(files, "mixed")}
    assert any("ratings are missing" in note for note in notes)
    assert "6 of 9 participants rated every round, 3 stopped early" in files["report.md"]


def test_every_way_to_be_lost_is_in_the_flow(tmp_path: Path) -> None:
    losses = Losses(screened_out=1, withdrawn=2, incomplete=3, inattentive=1, straight_lining=1)
    folder = write_synthetic_export(tmp_path, participants=6, seed=5, losses=losses)
    files = files_of(folder)
    flow = {row["step"]: int(row["participants"]) for row in rows_of(files, "flow")}
    assert flow == {
        "consented": 14,
        "screened out": 1,
        "eligible": 13,
        "withdrew": 2,
        "incomplete": 3,
        "completed": 8,
        "attention checks failed": 1,
        "straight-lining": 1,
        "analysed": 6,
    }
    reasons = [row["rule"] for row in rows_of(files, "exclusions")]
    assert reasons == ["incomplete"] * 3 + ["attention checks failed", "straight-lining"]
    imputed = rows_of(files, "sensitivity_imputed")
    assert all(row["n"] == "9" and "imputed 100 times" in row["note"] for row in imputed)


@pytest.mark.parametrize("people", [1, 2])
def test_one_or_two_participants_are_explained(tmp_path: Path, people: int) -> None:
    files = files_of(write_synthetic_export(tmp_path, participants=people, seed=3))
    if people == 1:
        assert "needs at least 2 participants, has 1" in files["report.md"]
        assert rows_of(files, "confirmatory_f1")[0]["p"] == "not estimable"
    assert "needs at least 3 participants" in rows_of(files, "mixed")[0]["note"]


def test_a_study_that_nobody_completed_is_reported_as_that(tmp_path: Path) -> None:
    losses = Losses(screened_out=1, withdrawn=1, incomplete=2)
    files = files_of(write_synthetic_export(tmp_path, participants=0, losses=losses))
    assert "With 0 participants no effect is detectable" in files["report.md"]
    assert "Nobody completed every round." in files["report.md"]


def test_the_same_rating_everywhere_is_not_estimable_anywhere(tmp_path: Path) -> None:
    protocol = protocol_with(odd_studies.nobody_excluded)
    folder = write_synthetic_export(tmp_path, participants=5, protocol=protocol)
    edit_table(folder, "ratings", lambda table: table.assign(rating="3"))
    files = files_of(folder)
    assert rows_of(files, "confirmatory_f1")[0]["p"] == "not estimable"
    for name in ("reliability", "agreement", "no_difference", "mixed", "ordinal", "anova"):
        notes = {row["note"] for row in rows_of(files, name)}
        assert "" not in notes, name


def test_an_arm_that_is_always_best_is_explained(folder: Path) -> None:
    def best(table: pd.DataFrame) -> pd.DataFrame:
        low = np.where(table["round"].astype(int) % 2 == 0, "4", "3")
        return table.assign(rating=np.where(table["arm"] == "hare", "5", low))

    edit_table(folder, "ratings", best)
    texts = pd.read_csv(folder / "texts.csv", dtype=str, keep_default_na=False)
    hare = texts[texts["arm"] == "hare"]
    columns = ["participant", "round", "slot", "arm", "request"]
    edit_table(folder, "choices", lambda table: hare[columns])
    files = files_of(folder)
    worths = rows_of(files, "choices")
    assert {row["worth"] for row in worths} == {"not estimable"}
    assert "won every or no comparison" in worths[0]["note"]


def test_an_export_without_times_deviations_or_choices_of_words_is_reported(folder: Path) -> None:
    edit_table(folder, "timings", lambda table: table.iloc[:0])
    edit_table(folder, "deviations", lambda table: table.iloc[:0])
    edit_table(folder, "comments", lambda table: table.iloc[:0])
    set_cell(folder, "participants", 1, "seconds_total", "")
    files = files_of(folder)
    assert "No deviation was recorded." in files["report.md"]
    assert rows_of(files, "page_times") == []
