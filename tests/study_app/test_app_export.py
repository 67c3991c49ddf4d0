"""The export: what pandas reads is what the database holds, and nothing else is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from playing import complete, enrolled_at_round
from sqlalchemy import text

from analysis.data.exports import read_export
from study_app import exporting, participants
from study_app.errors import ExportError
from study_app.storage.canonical import sha256
from study_app.study import Study
from study_design import load_protocol

PERSON = {"PROLIFIC_PID": "somebody-in-particular"}


def test_the_export_matches_the_database(either_study: Study, tmp_path: Path) -> None:
    _, one = complete(either_study, recruitment=PERSON)
    _, other = enrolled_at_round(either_study, 3)
    complete(either_study, simulated=True)
    out = tmp_path / "export"
    manifest = exporting.export(either_study, out, simulated=False)
    people = pd.read_csv(out / "participants.csv")
    assert list(people["participant"]) == [one.id, other.id]
    assert list(people["rounds_completed"]) == [4, 2]
    assert not people["simulated"].any()
    ratings = pd.read_csv(out / "ratings.csv")
    with either_study.engine.connect() as connection:
        stored = connection.execute(
            text(
                "SELECT r.participant, r.round, r.slot, t.arm, t.request, r.item, r.value "
                "FROM rating r JOIN text t ON t.id = r.text JOIN participant p "
                "ON p.id = r.participant WHERE NOT p.simulated"
            )
        ).all()
    assert sorted(map(tuple, stored)) == sorted(ratings.itertuples(index=False, name=None))
    assert manifest.tables["ratings"]["rows"] == len(stored) == (4 + 2) * 3 * 4
    for name in manifest.tables:
        as_parquet = pd.read_parquet(out / f"{name}.parquet")
        as_csv = pd.read_csv(out / f"{name}.csv", dtype=as_parquet.dtypes.to_dict())
        pd.testing.assert_frame_equal(as_csv, as_parquet.replace("", pd.NA))


def test_the_codebook_names_every_column_in_order(study: Study, tmp_path: Path) -> None:
    complete(study)
    exporting.export(study.engine, tmp_path / "out")
    codebook = pd.read_csv(tmp_path / "out" / "codebook.csv")
    for name, described in codebook.groupby("table"):
        columns = pd.read_csv(tmp_path / "out" / f"{name}.csv", nrows=0).columns
        assert list(columns) == list(described["column"])
    assert codebook["description"].notna().all()


def test_the_manifest_and_the_protocol_identify_the_data(study: Study, tmp_path: Path) -> None:
    complete(study)
    exporting.export(study, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["simulated"] is False
    assert manifest["protocol_hash"] == study.protocol.hash
    assert load_protocol(tmp_path / "out" / "protocol.yaml").hash == study.protocol.hash
    for name, content in manifest["tables"].items():
        for ending, digest in (("csv", "sha256"), ("parquet", "parquet_sha256")):
            file = tmp_path / "out" / f"{name}.{ending}"
            assert sha256(file.read_bytes()) == content[digest]


def test_the_analysis_reads_the_export_and_finds_the_parquet_equal_to_the_csv(
    study: Study, tmp_path: Path
) -> None:
    complete(study)
    complete(study, simulated=True)  # whose events the export leaves out
    enrolled_at_round(study, 2)
    exporting.export(study, tmp_path / "out")
    assert len(read_export(tmp_path / "out").tables["participants"]) == 2
    file = tmp_path / "out" / "manifest.json"
    manifest = json.loads(file.read_text())
    for content in manifest["tables"].values():
        del content["parquet_sha256"]  # then the cells are compared
    file.write_text(json.dumps(manifest))
    assert len(read_export(tmp_path / "out").tables["participants"]) == 2


def test_no_recruitment_id_or_token_leaves_with_the_data(study: Study, tmp_path: Path) -> None:
    token, _ = complete(study, recruitment=PERSON)
    exporting.export(study, tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        content = path.read_bytes()
        assert PERSON["PROLIFIC_PID"].encode() not in content
        assert token.encode() not in content


def test_simulated_and_real_participants_are_never_mixed(study: Study, tmp_path: Path) -> None:
    _, real = complete(study)
    _, bot = complete(study, simulated=True)
    for simulated, expected in ((False, real.id), (True, bot.id)):
        exporting.export(study, tmp_path / "out", simulated=simulated)
        for path in (tmp_path / "out").glob("*.csv"):
            table = pd.read_csv(path)
            if "participant" in table.columns:
                assert set(table["participant"].dropna()) <= {expected}


def test_without_participants_of_the_kind_nothing_is_written(study: Study, tmp_path: Path) -> None:
    complete(study, simulated=True)
    with pytest.raises(ExportError, match="No real participant"):
        exporting.export(study, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_files_is_refused_and_left_alone(study: Study, tmp_path: Path) -> None:
    complete(study)
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(ExportError, match="left alone"):
        exporting.export(study, out)
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]
    with pytest.raises(ExportError, match="is a file"):
        exporting.export(study, out / "thesis.txt")


def test_a_failure_on_the_way_leaves_the_earlier_export(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete(study)
    exporting.export(study, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(ExportError, match="No space left"):
        exporting.export(study, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".out")]


def test_a_withdrawn_participant_leaves_only_that_they_took_part(
    study: Study, tmp_path: Path
) -> None:
    complete(study)
    _, gone = complete(study)
    participants.withdraw(study, gone)
    exporting.export(study, tmp_path / "out")
    people = pd.read_csv(tmp_path / "out" / "participants.csv")
    left = people[people["participant"] == gone.id]
    assert list(left["status"]) == ["withdrawn"]
    assert left.filter(like="background_").isna().all(axis=None)
    for name in ("ratings", "choices", "comments", "texts", "states", "closing", "timings"):
        table = pd.read_csv(tmp_path / "out" / f"{name}.csv")
        assert gone.id not in set(table["participant"])
