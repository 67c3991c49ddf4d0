"""Exports that are missing, changed or malformed are refused, by file, column, row and rule."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest
from broken_exports import edit_table, set_cell

from analysis import ExportError
from analysis.data.exports import read_export
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
        ("ratings", "rating", "6", "must be 1 to 5"),
        ("ratings", "arm", "linucb", "must be one of the protocol's hare, rag, gpt2"),
        ("ratings", "item", "length", "must be one of the protocol's quality, relevance"),
        ("ratings", "round", "11", "must be 1 to 10"),
        ("ratings", "participant", "somebody", "is no participant of participants.csv"),
        ("participants", "status", "gone", "must be one of active, completed, withdrawn"),
        ("participants", "simulated", "perhaps", "must be true or false"),
        ("participants", "simulated", "False", "kinds are never mixed"),
        ("participants", "consented_at", "2026-01-05T09:00:00", "with its offset from UTC"),
        ("participants", "rounds_completed", "9", "is not the number of rounds with ratings"),
        ("participants", "attention_failed", "3", "must be 0 to 2"),
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
