"""Two clients at the same moment, and a client that dies: one commit, nothing lost or doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playing import answers_to, enrolled_at_round, fresh_study, submission
from sqlmodel import select

from study_app import participants, ratings, replay, rounds
from study_app.participants import Participant, Step
from study_app.storage import events
from study_app.storage.engine import reading
from study_app.storage.models import EventRow, RatingRow, StateRow, TextRow
from study_app.study import Study

ROOT = Path(__file__).parents[2]


def at_once(number: int, act: Callable[[int], Any]) -> list[Any]:
    """Run an action in several threads that start together."""
    barrier = threading.Barrier(number)

    def start(index: int) -> Any:
        barrier.wait()
        return act(index)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(start, range(number)))


def client(study: Study, token: str, action: str) -> subprocess.Popen[str]:
    """A client in another process, ready to act on a line from here."""
    process = subprocess.Popen(
        [
            sys.executable,
            str(Path(__file__).with_name("client.py")),
            str(study.settings.data_dir),
            study.settings.database_url,
            token,
            action,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def let_it_die(process: subprocess.Popen[str]) -> None:
    process.communicate("go\n", timeout=60)
    assert process.returncode == -signal.SIGKILL


def assert_one_commit(study: Study, participant: Participant) -> None:
    """Round 1 is stored once and whole, and the log and the states agree."""
    with reading(study.engine) as session:
        rated = session.exec(select(RatingRow)).all()
        states = session.exec(select(StateRow).where(StateRow.round == 1)).all()
        commits = session.exec(select(EventRow).where(EventRow.kind == "round_committed")).all()
    places = Counter((row.participant, row.round, row.slot, row.item) for row in rated)
    assert len(rated) == 3 * len(study.protocol.items)
    assert set(places.values()) == {1}
    assert {row.participant for row in rated} == {participant.id}
    assert len(states) == 3
    assert len(commits) == 1
    assert events.verify(study.engine).ok
    assert replay.replay(study.engine).ok


def finish(study: Study, token: str) -> Participant:
    """Go on from wherever the participant is, to the end."""
    participant = participants.resume(study, token)
    while participant.step is Step.ROUND:
        ratings.submit(study, participant, submission(study, rounds.open(study, participant)))
        participant = participants.resume(study, token)
    return ratings.close(study, participant, answers_to(study.protocol.closing))


def test_two_threads_that_submit_at_once_give_one_commit(either_study: Study) -> None:
    _, participant = enrolled_at_round(either_study)
    opened = rounds.open(either_study, participant)

    def submit(index: int) -> bool:
        different = submission(either_study, opened, 1 + index % 5)
        return ratings.submit(either_study, participant, different).repeated

    assert sorted(at_once(6, submit)) == [False, *[True] * 5]
    assert_one_commit(either_study, participant)


def test_two_processes_that_submit_at_once_give_one_commit(either_study: Study) -> None:
    token, participant = enrolled_at_round(either_study)
    processes = [client(either_study, token, "submit") for _ in range(2)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    results = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert sorted(results) == ["first", "repeated"]
    assert_one_commit(either_study, participant)


def test_tabs_that_open_a_round_at_once_show_one_stored_set(either_study: Study) -> None:
    _, participant = enrolled_at_round(either_study)
    opened = at_once(6, lambda _: rounds.open(either_study, participant))
    assert all(each == opened[0] for each in opened)
    with reading(either_study.engine) as session:
        assert len(session.exec(select(TextRow)).all()) == 3
    assert events.verify(either_study.engine).ok


def test_many_participants_enrolling_at_once_get_different_sequences(either_study: Study) -> None:
    places = either_study.protocol.participants
    at_once(places, lambda _: participants.enrol(either_study))
    people = at_once(
        places, lambda number: participants.enrol(either_study, simulated=True, seed=number)
    )
    assert len({person.participant_id for person in people}) == places
    report = events.verify(either_study.engine)
    assert report.ok
    assert report.covered == 2 * places


@pytest.mark.parametrize("action", ["die_before_commit", "die_after_commit"])
def test_a_client_killed_around_the_commit_loses_and_doubles_nothing(
    either_study: Study, action: str
) -> None:
    token, participant = enrolled_at_round(either_study)
    let_it_die(client(either_study, token, action))
    stored = action == "die_after_commit"
    assert participants.resume(either_study, token).completed_rounds == int(stored)
    opened = rounds.open(either_study, participant)
    assert opened.round == 1 + stored
    if not stored:
        ratings.submit(either_study, participant, submission(either_study, opened))
    assert_one_commit(either_study, participant)
    assert finish(either_study, token).step is Step.DEBRIEF
    assert events.verify(either_study.engine).ok
    assert replay.replay(either_study.engine).ok


def test_after_a_crash_the_lost_reply_is_told_as_a_repeat(either_study: Study) -> None:
    token, participant = enrolled_at_round(either_study)
    sent = submission(either_study, rounds.open(either_study, participant))
    let_it_die(client(either_study, token, "die_after_commit"))
    assert ratings.submit(either_study, participant, sent).repeated
    assert_one_commit(either_study, participant)


def test_a_crash_while_texts_are_written_stores_none_of_them(tmp_path: Path) -> None:
    study = fresh_study(tmp_path)
    token, participant = enrolled_at_round(study)
    let_it_die(client(study, token, "die_while_writing"))
    study.close()
    again = fresh_study(tmp_path)
    with reading(again.engine) as session:
        assert not session.exec(select(TextRow)).all()
    assert len(rounds.open(again, participant).slots) == 3
    assert events.verify(again.engine).ok
    again.close()
