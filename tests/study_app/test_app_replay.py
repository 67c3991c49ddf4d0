"""Replay: states come out of stored texts and ratings bit for bit, under every update policy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playing import changed_protocol, complete, enrolled_at_round, fresh_study
from sqlalchemy import text
from sqlmodel import col, select

from hare.arms import UserState
from study_app import replay
from study_app.errors import ReplayError
from study_app.storage.engine import reading
from study_app.storage.models import StateRow
from study_app.study import Study


def with_policy(folder: Path, policy: str) -> Study:
    return fresh_study(
        folder,
        protocol=changed_protocol(folder, lambda content: content["update"].update(policy=policy)),
    )


@pytest.mark.parametrize(
    ("policy", "ratings_learned"), [("own", 4), ("all_slots", 12), ("frozen", 0)]
)
def test_replay_equals_the_stored_states_under_each_policy(
    tmp_path: Path, policy: str, ratings_learned: int
) -> None:
    study = with_policy(tmp_path, policy)
    complete(study)
    report = replay.replay(study.engine, regenerate=True)
    assert report.ok
    assert report.states == (3 if policy == "frozen" else 3 * (1 + study.protocol.rounds))
    assert (report.texts, report.equal_texts) == (12, 12)
    with reading(study.engine) as session:
        last = session.exec(select(StateRow).order_by(col(StateRow.round))).all()[-1]
    assert UserState.from_bytes(last.data).rounds == ratings_learned
    study.close()


def test_replay_is_equal_on_both_databases(either_study: Study) -> None:
    complete(either_study)
    enrolled_at_round(either_study, 2)
    report = replay.replay(either_study.engine)
    assert report.ok
    assert report.participants == 2


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE rating SET value = 6 - value WHERE round = 2", "after round 2: the stored state"),
        (
            "UPDATE state SET data = (SELECT data FROM state WHERE id = 1) WHERE id = 5",
            "the stored",
        ),
        ("DELETE FROM state_rating; DELETE FROM state WHERE round = 4", "the state is missing"),
        (
            "DELETE FROM state_rating; DELETE FROM rating WHERE item = 'relevance'",
            "'relevance' is missing",
        ),
        ("UPDATE state SET round = 9 WHERE round = 4", "a state that no rating explains"),
    ],
)
def test_replay_finds_what_does_not_follow(study: Study, statement: str, finding: str) -> None:
    complete(study)
    with study.engine.connect() as connection:
        for part in statement.split(";"):
            if part.strip():
                connection.execute(text(part))
        connection.commit()
    findings = replay.replay(study.engine).findings
    assert any(finding in line for line in findings), findings


def store(study: Study, row: StateRow, data: bytes) -> None:
    """Put other bytes in a state's place."""
    with study.engine.begin() as connection:
        connection.execute(
            text("UPDATE state SET data = :data WHERE id = :id"), {"data": data, "id": row.id}
        )


def nudge_last_state(study: Study, factor: float) -> None:
    """Multiply every number of one state of the last round."""
    with reading(study.engine) as session:
        row = session.exec(select(StateRow).where(StateRow.round == 4)).first()
    assert row is not None
    state = UserState.from_bytes(row.data)
    nudged = {name: array * factor for name, array in state.arrays.items()}
    store(study, row, UserState(state.kind, state.rounds, nudged).to_bytes())


def test_another_state_of_the_same_system_is_not_equal(study: Study) -> None:
    """A difference in the last bit is found."""
    complete(study)
    nudge_last_state(study, 1 + 2**-52)
    assert len(replay.replay(study.engine).findings) == 1


def test_a_tolerance_bears_the_rounding_of_another_processor_and_says_how_much(
    study: Study,
) -> None:
    complete(study)
    assert replay.replay(study.engine, tolerance=replay.ACROSS_PLATFORMS).largest == 0
    nudge_last_state(study, 1 + 1e-11)
    report = replay.replay(study.engine, tolerance=replay.ACROSS_PLATFORMS)
    assert report.ok
    assert 0 < report.largest < replay.ACROSS_PLATFORMS


@pytest.mark.parametrize("spoilt", ["number", "shape", "rounds", "kind", "bytes"])
def test_a_tolerance_bears_nothing_else(study: Study, spoilt: str) -> None:
    complete(study)
    with reading(study.engine) as session:
        row = session.exec(select(StateRow).where(StateRow.round == 4)).first()
    assert row is not None
    state = UserState.from_bytes(row.data)
    longer = {name: np.append(array, 0.0) for name, array in state.arrays.items()}
    other = {
        "number": {name: array * (1 + 1e-7) for name, array in state.arrays.items()},
        "shape": longer,
    }.get(spoilt, state.arrays)
    kind = "another" if spoilt == "kind" else state.kind
    data = UserState(kind, state.rounds + (spoilt == "rounds"), other).to_bytes()
    store(study, row, b"nothing" if spoilt == "bytes" else data)
    findings = replay.replay(study.engine, tolerance=replay.ACROSS_PLATFORMS).findings
    assert len(findings) == 1
    assert "the stored state is not the one" in findings[0]


@pytest.mark.parametrize("tolerance", [-1e-9, float("nan"), float("inf")])
def test_a_tolerance_that_is_no_distance_is_refused(study: Study, tolerance: float) -> None:
    with pytest.raises(ReplayError, match=f"tolerance = {tolerance}: must be a finite number >= 0"):
        replay.replay(study.engine, tolerance=tolerance)
