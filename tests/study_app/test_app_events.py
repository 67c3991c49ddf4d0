"""The event log: whatever is edited, dropped, swapped or cut off is found."""

from __future__ import annotations

import re

import pytest
from playing import complete, enrolled_at_round
from sqlalchemy import text

from study_app import participants, replay
from study_app.storage import events
from study_app.study import Study


def tamper(study: Study, *statements: str) -> tuple[str, ...]:
    """Change the database behind the program's back; gives what verification finds."""
    with study.engine.begin() as connection:
        if study.engine.dialect.name == "sqlite":
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        for statement in statements:
            assert connection.execute(text(statement)).rowcount > 0
    return events.verify(study.engine).findings


def test_an_untouched_log_is_intact(either_study: Study) -> None:
    complete(either_study)
    report = events.verify(either_study.engine)
    assert report.ok
    assert report.covered == report.events - 1  # all but the freezing of the protocol


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE event SET payload = '{}' WHERE id = 4", r"event 4 .* was edited"),
        (
            "UPDATE event SET at = '2020-01-01T00:00:00.000000+00:00' WHERE id = 5",
            "event 5 .*edited",
        ),
        ("UPDATE event SET kind = 'withdrawn' WHERE id = 3", "event 3 .* was edited"),
        ("UPDATE event SET participant = NULL WHERE id = 3", "event 3 .* was edited"),
        ("DELETE FROM event WHERE id = 3", "event 3 is missing"),
        ("DELETE FROM event WHERE id = 1", "event 1 is missing"),
        ("DELETE FROM event WHERE id = (SELECT MAX(id) FROM event)", "missing at the end"),
        ("DELETE FROM chain_head", "the head of the log is missing"),
    ],
)
def test_a_changed_event_is_found(study: Study, statement: str, finding: str) -> None:
    complete(study)
    findings = tamper(study, statement)
    assert any(_matches(finding, line) for line in findings), findings


def test_two_swapped_events_are_found(either_study: Study) -> None:
    complete(either_study)
    findings = tamper(
        either_study,
        "UPDATE event SET id = -4 WHERE id = 4",
        "UPDATE event SET id = 4 WHERE id = 5",
        "UPDATE event SET id = 5 WHERE id = -4",
    )
    assert any("event 4" in line for line in findings)
    assert any("event 5" in line for line in findings)


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE rating SET value = 6 - value WHERE id = 1", "ratings .*round 1: was changed"),
        ("DELETE FROM state_rating", None),
        ("UPDATE round SET choice = 'A' WHERE round = 2", "ratings .*round 2: was changed"),
        ("UPDATE round SET comment = NULL WHERE round = 2", "ratings .*round 2: was changed"),
        ("UPDATE text SET text = text || '.' WHERE round = 3", "texts .*round 3: was changed"),
        ("UPDATE text SET seed = seed + 1 WHERE round = 1", "texts .*round 1: was changed"),
        ("UPDATE state SET data = features FROM text WHERE state.round = 1", "ratings .*round 1"),
        ("UPDATE participant SET sequence = sequence + 1", "participant of .*: was changed"),
        ("UPDATE answer SET answer = '\"no\"' WHERE page = 'closing'", "closing .*: was changed"),
        ("DELETE FROM answer WHERE page = 'background'", "background .*no longer stored"),
    ],
)
def test_a_changed_record_is_found(study: Study, statement: str, finding: str | None) -> None:
    complete(study)
    findings = tamper(study, statement)
    if finding is None:  # links are derived from the protocol; the log holds what they link
        assert not findings
    else:
        assert any(_matches(finding, line) for line in findings), findings


def test_a_rating_added_behind_the_log_is_found(study: Study) -> None:
    enrolled_at_round(study, 2)
    findings = tamper(
        study,
        "UPDATE round SET committed_at = opened_at WHERE round = 1",
        "INSERT INTO rating (participant, round, slot, item, value, text) "
        "SELECT participant, 2, slot, 'quality', 5, id FROM text WHERE slot = 'A'",
    )
    assert any("the log knows nothing of it" in line for line in findings), findings


def test_withdrawal_leaves_log_and_replay_intact_and_no_answers(either_study: Study) -> None:
    _, one = complete(either_study)
    _, other = complete(either_study)
    before = events.verify(either_study.engine)
    participants.withdraw(either_study, other)
    participants.withdraw(either_study, other)
    report = events.verify(either_study.engine)
    assert report.ok
    assert report.events == before.events + 1
    assert report.covered < before.covered
    assert replay.replay(either_study.engine).participants == 1
    with either_study.engine.connect() as connection:
        for table in ("answer", "rating", "text", "state", "round", "timing", "recruitment"):
            rows = connection.execute(text(f"SELECT DISTINCT participant FROM {table}"))
            assert {row[0] for row in rows} <= {one.id}
        kept = connection.execute(text("SELECT salt FROM participant WHERE status = 'withdrawn'"))
        assert kept.scalar_one() is None


def test_a_participant_removed_without_withdrawing_is_found(study: Study) -> None:
    participants.enrol(study)
    findings = tamper(study, "DELETE FROM state", "DELETE FROM participant")
    assert any("no longer stored" in line for line in findings), findings


def test_every_event_kind_of_a_study_is_logged_in_order(study: Study) -> None:
    complete(study)
    with study.engine.connect() as connection:
        kinds = [row[0] for row in connection.execute(text("SELECT kind FROM event ORDER BY id"))]
    assert kinds == [
        "protocol_frozen",
        "enrolled",
        "background_answered",
        "practice_finished",
        *["round_opened", "round_committed"] * study.protocol.rounds,
        "completed",
    ]


def _matches(pattern: str, line: str) -> bool:
    return re.search(pattern, line) is not None
