"""Exports that are missing, changed or malformed are refused, by file, column, row and rule."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest
from broken_exports import edit_table, set_cell

from analysis import ExportError
from analysis.data.exports import inspect_export, read_export
from analysis.data.schema import TABLES


def refusal(folder: Path) -> str:
    with pytest.raises(ExportError) as raised:
        read_export(folder)
    return str(raised.value)


def test_a_sound_export_is_read_with_types(folder: Path) -> None:
    export = read_export(folder)
    assert export.simulated
    assert set(export.tables) == set(TABLES)
    ratings = export.tables["ratings"]
    assert len(ratings) == 6 * 10 * 3 * 4
    assert ratings["rating"].between(1, 5).all()
    assert str(export.tables["participants"]["consented_at"].dt.tz) == "UTC"
    assert len(export.data_hash) == 64


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert "there is no such folder" in refusal(tmp_path / "nowhere")


def test_a_folder_that_is_no_export_is_named(tmp_path: Path) -> None:
    assert "manifest.json: is missing: this folder is no export" in refusal(tmp_path)


def test_a_malformed_manifest_names_the_field(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"schema": 2, "study": None}))
    text = refusal(folder)
    assert "schema: Input should be 1" in text
    assert "study: Input should be a valid string" in text
    (folder / "manifest.json").write_text("{")
    assert "manifest.json: is not JSON" in refusal(folder)


def test_another_protocol_is_found_by_its_hash(folder: Path) -> None:
    text = (folder / "protocol.yaml").read_text().replace("alpha: 0.05", "alpha: 0.04")
    (folder / "protocol.yaml").write_text(text)
    assert "protocol.yaml: its hash" in refusal(folder)


def test_a_broken_protocol_is_named(folder: Path) -> None:
    (folder / "protocol.yaml").write_text("rounds: 3\n")
    assert "not a valid protocol" in refusal(folder)
    (folder / "protocol.yaml").unlink()
    assert "protocol.yaml: is missing" in refusal(folder)


def test_a_file_edited_after_the_export_is_found_by_its_digest(folder: Path) -> None:
    content = (folder / "ratings.csv").read_text()
    (folder / "ratings.csv").write_text(content.replace(",1\n", ",5\n", 1))
    assert "ratings.csv: was changed after the export" in refusal(folder)


def test_missing_files_tables_and_columns_are_all_listed(folder: Path) -> None:
    edit_table(folder, "ratings", lambda table: table.drop(columns=["arm", "rating"]))
    (folder / "choices.csv").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["tables"]["texts"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    text = refusal(folder)
    assert "ratings.csv, column arm: is missing" in text
    assert "ratings.csv, column rating: is missing" in text
    assert "choices.csv: is missing" in text
    assert "manifest.json: does not list the table texts" in text


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("ratings", "rating", "three", "must be a whole number, is 'three'"),
        ("ratings", "rating", "", "must be a whole number, is ''"),
        ("ratings", "rating", "6", "must be 1 to 5, is 6"),
        ("ratings", "arm", "linucb", "must be one of the protocol's hare, rag, gpt2"),
        ("ratings", "item", "length", "must be one of the protocol's quality, relevance"),
        ("ratings", "round", "11", "must be 1 to 10"),
        (
            "ratings",
            "participant",
            "somebody",
            "must be a participant of participants.csv, is 'somebody'",
        ),
        ("participants", "status", "gone", "must be one of active, completed, withdrawn"),
        ("participants", "simulated", "perhaps", "must be true or false"),
        ("participants", "simulated", "False", "kinds are never mixed"),
        ("participants", "consented_at", "2026-01-05T09:00:00", "with its offset from UTC"),
        (
            "participants",
            "rounds_completed",
            "9",
            "must be the number of rounds with ratings in ratings.csv, is 9",
        ),
        ("participants", "attention_failed", "3", "must be 0 to 2, is 3"),
        ("participants", "seconds_total", "-5", "must be 0 s or more, is -5.0"),
        ("timings", "seconds", "-0.5", "must be 0 s or more, is -0.5"),
        ("texts", "latency_s", "-3", "must be 0 s or more, is -3.0"),
        (
            "participants",
            "completed_at",
            "2025-12-24T18:00:00+00:00",
            "must not be before consented_at, is 2025-12-24 18:00:00+00:00",
        ),
        ("texts", "uncertainty", "inf", "must be a finite number"),
        ("texts", "decoding", "{", "must be JSON"),
        ("texts", "request", "plan", "is not what texts.csv shows"),
    ],
)
def test_a_bad_cell_is_named_by_file_column_row_and_rule(
    folder: Path, table: str, column: str, value: str, message: str
) -> None:
    set_cell(folder, table, 2, column, value)
    text = refusal(folder)
    assert message in text
    assert f"column {column}, row " in text
    assert f"{table}.csv, column {column}, row 2" in text or "texts.csv shows" in message


def test_repeated_rows_are_named(folder: Path) -> None:
    edit_table(folder, "ratings", lambda t: pd.concat([t, t.iloc[[0]]], ignore_index=True))
    assert "ratings.csv, row 721: repeats an earlier row" in refusal(folder)


def test_a_round_with_missing_ratings_is_named(folder: Path) -> None:
    edit_table(folder, "ratings", lambda table: table.iloc[1:])
    assert "11 ratings instead of 12" in refusal(folder)


@pytest.mark.parametrize(("column", "name"), [("arm", "rag"), ("item", "quality")])
def test_an_arm_or_an_item_without_any_rating_is_named_once(
    folder: Path, column: str, name: str
) -> None:
    edit_table(folder, "ratings", lambda table: table[table[column] != name])
    _, problems = inspect_export(folder)
    assert [p.text() for p in problems] == [
        f"ratings.csv, column {column}: {name}: no ratings at all"
    ]


@pytest.mark.parametrize(("separator", "name"), [(";", "semicolons"), ("\t", "tabs")])
@pytest.mark.parametrize("file", ["ratings.csv", "texts.csv", "codebook.csv"])
def test_a_file_with_another_separator_is_told_so_in_one_line(
    folder: Path, file: str, separator: str, name: str
) -> None:
    table = pd.read_csv(folder / file, dtype=str, keep_default_na=False)
    table.to_csv(folder / file, index=False, sep=separator)
    _, problems = inspect_export(folder)
    mine = [p.rule for p in problems if p.file == file and "changed after" not in p.rule]
    assert mine == [
        f"is separated by {name}, and must be by commas: was it saved by a spreadsheet?"
    ]


@pytest.mark.parametrize("question", ["adapted", "adapted_sure"])
def test_a_closing_answer_that_somebody_who_completed_did_not_give_is_named(
    folder: Path, question: str
) -> None:
    who = pd.read_csv(folder / "participants.csv")["participant"].iloc[1]
    edit_table(
        folder,
        "closing",
        lambda t: t[(t["participant"] != who) | (t["question"] != question)],
    )
    rule = f"closing.csv: must have an answer to {question} of everyone who completed; has none of"
    assert f"{rule} {who}\n" in refusal(folder)
    edit_table(folder, "closing", lambda table: table.iloc[:0])
    assert f"{who}" in refusal(folder)
    assert "and 3 more\n" in refusal(folder)


def test_events_out_of_their_order_are_named(folder: Path) -> None:
    edit_table(folder, "events", lambda table: table[::-1])
    text = refusal(folder)
    assert "events.csv, column id, row 2: must be above 6, the row before: events" in text
    assert "is 5" in text


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("at", "2026-01-05T10:00:00.000001+00:00", "column hash, row 2: must be the SHA-256 of"),
        ("kind", "completed", "column hash, row 2: must be the SHA-256 of"),
        ("participant", "", "column hash, row 2: must be the SHA-256 of"),
        ("hash", "0" * 64, "column hash, row 2: must be the SHA-256 of"),
        ("previous_hash", "0" * 64, "column previous_hash, row 2: must be the hash of the event"),
    ],
)
def test_an_event_edited_after_it_was_logged_is_named(
    folder: Path, column: str, value: str, message: str
) -> None:
    set_cell(folder, "events", 2, column, value)
    assert f"events.csv, {message}" in refusal(folder)


def test_an_event_that_was_dropped_and_the_others_numbered_anew_is_named(folder: Path) -> None:
    def drop(table: pd.DataFrame) -> pd.DataFrame:
        return table.drop(index=2).assign(id=[str(k) for k in range(1, len(table))])

    edit_table(folder, "events", drop)
    assert "events.csv, column previous_hash, row 3: must be the hash of" in refusal(folder)


def test_a_round_without_its_choice_is_named(folder: Path) -> None:
    edit_table(folder, "choices", lambda table: table.iloc[1:])
    assert "has ratings and no choice" in refusal(folder)


def test_many_bad_rows_are_counted_rather_than_listed(folder: Path) -> None:
    edit_table(folder, "ratings", lambda table: table.assign(rating="9"))
    text = refusal(folder)
    assert "column rating, row 1:" in text
    assert "more rows like these" in text
    assert len(text.splitlines()) < 30


def test_a_file_that_is_no_table_is_named(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "comments.csv").write_bytes(b"\xff\xfe\x00")
    manifest["tables"]["comments"]["sha256"] = hashlib.sha256(b"\xff\xfe\x00").hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert "comments.csv: is no CSV table in UTF-8" in refusal(folder)


def test_an_export_without_its_codebook_is_refused(folder: Path) -> None:
    (folder / "codebook.csv").unlink()
    assert "codebook.csv: is missing" in refusal(folder)


def test_a_column_that_the_codebook_does_not_describe_is_named(folder: Path) -> None:
    edit_table(folder, "closing", lambda table: table.assign(mood="fine"))
    assert "closing.csv, column mood: is not described in codebook.csv" in refusal(folder)


def test_a_column_that_only_the_codebook_knows_is_named(folder: Path) -> None:
    edit_table(folder, "participants", lambda t: t.drop(columns=["background_work"]))
    assert (
        "participants.csv, column background_work: is missing, and codebook.csv describes it"
        in refusal(folder)
    )


def edit_codebook(folder: Path, column: str, **cells: str) -> None:
    """Change what the codebook says of every column of this name."""
    book = pd.read_csv(folder / "codebook.csv", dtype=str, keep_default_na=False)
    for field, value in cells.items():
        book.loc[book["column"] == column, field] = value
    book.to_csv(folder / "codebook.csv", index=False)


def test_cells_off_the_codebooks_range_or_list_are_named(folder: Path) -> None:
    edit_codebook(folder, "uncertainty", values="0 to 1")
    edit_codebook(folder, "kind", values="early, late")
    set_cell(folder, "texts", 4, "uncertainty", "1.5")
    set_cell(folder, "deviations", 1, "kind", "lost")
    text = refusal(folder)
    assert "texts.csv, column uncertainty, row 4: must be 0 to 1, is '1.5'" in text
    assert "deviations.csv, column kind, row 1: must be one of early, late, is 'lost'" in text


def test_a_codebook_that_contradicts_the_tables_is_named(folder: Path) -> None:
    edit_codebook(folder, "rating", type="text")
    assert "codebook.csv, column type: says text of ratings.rating, which holds int" in refusal(
        folder
    )
    edit_codebook(folder, "rating", type="stars")
    assert "codebook.csv, column type, row" in refusal(folder)


def test_an_extra_column_must_be_of_its_described_type(folder: Path) -> None:
    edit_table(folder, "participants", lambda table: table.assign(distance_km="near"))
    book = pd.read_csv(folder / "codebook.csv", dtype=str, keep_default_na=False)
    line = ("participants", "distance_km", "number", "way to work", "")
    extra = pd.DataFrame([line], columns=book.columns)
    pd.concat([book, extra]).to_csv(folder / "codebook.csv", index=False)
    assert "participants.csv, column distance_km, row 1: must be a finite number" in refusal(folder)


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("participants", "sequence", "60", "must be 0 to 59"),
        ("participants", "background_field", "Juggling", "must be one of the protocol's Building"),
        ("participants", "eligibility_adult", "Maybe", "must be one of the protocol's Yes; No"),
        ("closing", "question", "mood", "must be one of the protocol's adapted, adapted_sure"),
        ("closing", "arm", "linucb", "must be one of the protocol's hare, rag, gpt2"),
        ("timings", "round", "12", "must be 0 to 10"),
        ("deviations", "arm", "linucb", "must be one of the protocol's hare, rag, gpt2"),
        ("states", "round", "-1", "must be 0 to 10"),
    ],
)
def test_a_cell_that_the_protocol_does_not_allow_is_named(
    folder: Path, table: str, column: str, value: str, message: str
) -> None:
    set_cell(folder, table, 1, column, value)
    assert f"{table}.csv, column {column}, row 1: {message}" in refusal(folder)


def test_an_arm_in_two_slots_of_a_round_is_named(folder: Path) -> None:
    edit_table(
        folder, "texts", lambda t: t.assign(arm=t["arm"].mask(t.index == 1, t["arm"].iloc[0]))
    )
    assert "texts.csv, column arm, row 2: stands in two slots" in refusal(folder)


def test_a_request_that_comes_twice_is_named(folder: Path) -> None:
    def again(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(
            request=table["request"].mask(table.index.isin([3, 4, 5]), table["request"].iloc[0])
        )

    edit_table(folder, "texts", again)
    assert "texts.csv, column request, row 4: comes twice" in refusal(folder)


def test_every_problem_is_found_at_once_and_each_cell_is_named_once(folder: Path) -> None:
    set_cell(folder, "ratings", 1, "rating", "x")
    set_cell(folder, "ratings", 2, "rating", "8")
    set_cell(folder, "ratings", 3, "arm", "nobody")
    set_cell(folder, "texts", 1, "tokens", "")
    edit_table(folder, "comments", lambda table: table.drop(columns=["comment"]))
    export, problems = inspect_export(folder)
    assert export is None
    cells = [(p.file, p.column, p.row) for p in problems if p.row is not None]
    assert len(set(cells)) == len(cells)
    assert {
        ("ratings.csv", "rating", 1),
        ("ratings.csv", "rating", 2),
        ("ratings.csv", "arm", 3),
        ("texts.csv", "tokens", 1),
    } == set(cells)
    assert any(p.text() == "comments.csv, column comment: is missing" for p in problems)


def test_a_folder_without_manifest_is_still_checked_cell_by_cell(folder: Path) -> None:
    set_cell(folder, "ratings", 7, "rating", "x")
    (folder / "manifest.json").unlink()
    text = refusal(folder)
    assert "manifest.json: is missing" in text
    assert "ratings.csv, column rating, row 7" in text


def test_whole_numbers_beyond_what_a_table_holds_are_named(folder: Path) -> None:
    set_cell(folder, "texts", 2, "seed", "9999999999999999999")
    assert "texts.csv, column seed, row 2: must be a whole number" in refusal(folder)
