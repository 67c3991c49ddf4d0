"""The command line: simulated studies, checks, exports, and refusals without a traceback."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from playing import changed_protocol, fresh_study, stand_ins
from sqlalchemy import text

from hare.arms import Recommendation, Request
from hare.arms.fake import FakeArm
from study_app import bots
from study_app.__main__ import main
from study_app.bots import population as real_population
from study_app.errors import BotsError
from study_app.storage.engine import make_engine
from study_design import NULL


@pytest.fixture(autouse=True)
def _stand_ins_rate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bots, "population", stand_ins)
    monkeypatch.setenv("HARE_DATA_DIR", str(tmp_path / "data"))


def run(*words: str) -> int:
    return main(words)


def bots_on(url: str, participants: int = 6, seed: int = 1) -> int:
    given = ["--participants", str(participants), "--seed", str(seed), "--quiet"]
    return run("bots", "--database", url, "--protocol", str(NULL), *given)


def test_bots_complete_a_whole_study(database_url: str, tmp_path: Path) -> None:
    assert bots_on(database_url) == 0
    assert run("verify", "--database", database_url) == 0
    assert run("replay", "--database", database_url, "--regenerate", "--quiet") == 0
    out = str(tmp_path / "export")
    assert run("export", "--database", database_url, "--out", out, "--simulated") == 0
    people = pd.read_csv(tmp_path / "export" / "participants.csv")
    assert people["simulated"].all()
    assert (people["status"] == "completed").all()
    assert sorted(people["sequence"] % 6) == list(range(6))


def test_the_same_seed_gives_the_same_data(tmp_path: Path) -> None:
    tables: list[dict[str, pd.DataFrame]] = []
    for name in ("one", "other"):
        url = f"sqlite:///{tmp_path / name}.sqlite"
        assert bots_on(url, seed=7) == 0
        assert run("export", "--database", url, "--out", str(tmp_path / name), "--simulated") == 0
        tables.append(
            {
                table: pd.read_csv(tmp_path / name / f"{table}.csv").drop(
                    columns=["consented_at", "completed_at", "shown_at", "latency_s"],
                    errors="ignore",
                )
                for table in ("participants", "ratings", "choices", "texts", "states", "closing")
            }
        )
    for table, frame in tables[0].items():
        keys = list(frame.columns)
        pd.testing.assert_frame_equal(
            frame.sort_values(keys, ignore_index=True),
            tables[1][table].sort_values(keys, ignore_index=True),
        )


def test_bots_go_on_where_they_were_and_add_nothing_when_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'study.sqlite'}"
    assert bots_on(url, participants=2) == 0
    assert bots_on(url, participants=6) == 0
    assert "6 of 6 simulated participants completed; 16 rounds" in capsys.readouterr().out
    assert bots_on(url, participants=6) == 0
    assert "; 0 rounds" in capsys.readouterr().out


def test_bots_write_their_texts_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    write = FakeArm.recommend

    def slowly(arm: FakeArm, requests: Sequence[Request]) -> list[Recommendation]:
        sizes.append(len(requests))
        time.sleep(0.15)  # a model takes longer than the database
        return write(arm, requests)

    monkeypatch.setattr(FakeArm, "recommend", slowly)
    study = fresh_study(tmp_path)
    report = bots.run_bots(study, stand_ins(6), seed=3)
    study.close()
    assert (report.completed, report.rounds) == (6, 24)
    assert sum(sizes) == 6 * 4 * 3  # each text once
    assert len(sizes) < sum(sizes) / 2


@pytest.mark.parametrize(("number", "seed"), [(0, 1), (-3, 1), (4, -1)])
def test_senseless_numbers_of_bots_are_refused(number: int, seed: int) -> None:
    with pytest.raises(BotsError, match="must be at least"):
        real_population(number, seed)


def test_tampering_turns_verify_and_replay_red(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'study.sqlite'}"
    bots_on(url, participants=1)
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE rating SET value = 6 - value WHERE item = 'relevance'"))
    engine.dispose()
    assert run("verify", "--database", url) == 1
    assert run("replay", "--database", url, "--quiet") == 1
    said = capsys.readouterr().err
    assert "was changed after it was logged" in said
    assert "the stored state is not the one that the ratings give" in said


def test_expected_errors_are_a_message_and_exit_code_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = f"sqlite:///{tmp_path / 'missing.sqlite'}"
    broken = changed_protocol(tmp_path, lambda content: content.update(rounds=0))
    for words in (
        ["verify", "--database", missing],
        ["replay", "--database", missing],
        ["export", "--database", missing, "--out", str(tmp_path / "out")],
        ["migrate", "--database", "mysql://host/name"],
        ["bots", "--database", missing, "--protocol", str(broken)],
        ["prepare", "--database", missing, "--protocol", str(tmp_path / "none.yaml")],
    ):
        assert main(words) == 1, words
        said = capsys.readouterr().err
        assert said
        assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_mistakes_in_the_command_are_exit_code_two() -> None:
    for words in ([], ["unknown"], ["export"], ["bots", "--participants", "many"]):
        with pytest.raises(SystemExit) as left:
            main(words)
        assert left.value.code == 2


def test_prepare_migrates_and_prints_the_links_and_the_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("prepare", "--protocol", str(NULL)) == 0
    first = capsys.readouterr().out
    assert "http://localhost:8501/monitor" in first
    assert "made for this installation" in first
    assert (tmp_path / "data" / "study.sqlite").exists()
    assert run("prepare", "--protocol", str(NULL), "--port", "9000") == 0
    second = capsys.readouterr().out
    assert "http://localhost:9000/monitor" in second
    assert "already has schema" in second
    password = next(line for line in first.splitlines() if "Password" in line)
    assert password in second


def test_the_help_of_every_command_is_shown() -> None:
    for command in ("migrate", "prepare", "serve", "links", "bots", "export", "verify", "replay"):
        with pytest.raises(SystemExit) as left:
            main([command, "--help"])
        assert left.value.code == 0


def test_the_module_runs_as_a_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "study_app", "verify", "--database", f"sqlite:///{tmp_path}/no.db"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 1
    assert "There is no database" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_no_rehearsal_needs_is_imported_by_the_commands_that_need_it() -> None:
    code = "import sys, study_app.__main__; print(*sys.modules)"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=root, check=True)
    assert not {"pandas", "scipy", "sklearn", "torch", "analysis"} & set(
        done.stdout.decode().split()
    )
