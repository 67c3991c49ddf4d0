"""The generator: batches, sharing, order, limits and failures; and the fallback of a round."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from playing import changed_protocol, enrolled_at_round, fresh_study
from sqlmodel import select

from hare.arms import Recommendation, Request
from hare.arms.fake import FakeArm
from hare.errors import GenerationError
from study_app import rounds, texts
from study_app.errors import GenerationFailed
from study_app.generation import Generator
from study_app.storage import events
from study_app.storage.engine import reading
from study_app.storage.models import DeviationRow, TextRow
from study_app.study import Study


class Watched(FakeArm):
    """A fake arm that notes its batches, can be held back, and can fail."""

    def __init__(self, name: str = "one") -> None:
        super().__init__(name)
        self.batches: list[list[int]] = []
        self.go = threading.Event()
        self.go.set()
        self.fail_seeds: set[int] = set()

    def recommend(self, requests: Sequence[Request]) -> list[Recommendation]:
        self.go.wait(20)
        self.batches.append([request.seed for request in requests])
        if self.fail_seeds & {request.seed for request in requests}:
            raise GenerationError("no usable text")
        return super().recommend(requests)


def request(seed: int) -> Request:
    return Request("Help me plan", FakeArm().initial_state(), seed)


def held(arm: Watched, generator: Generator) -> Future[Recommendation]:
    """Keep the thread busy with one request, so that what follows waits in the queue."""
    arm.go.clear()
    future = generator.ask(arm.name, request(0))
    while generator._pending:
        pass
    return future


def test_requests_that_wait_together_are_written_in_one_batch() -> None:
    arm = Watched()
    with Generator({"one": arm}, max_batch=4) as generator:
        held(arm, generator)
        futures = [generator.ask("one", request(seed)) for seed in range(1, 7)]
        arm.go.set()
        assert [future.result(20).provenance.seed for future in futures] == [1, 2, 3, 4, 5, 6]
    assert arm.batches == [[0], [1, 2, 3, 4], [5, 6]]


def test_the_same_request_is_written_once() -> None:
    arm = Watched()
    with Generator({"one": arm}) as generator:
        first = generator.ask("one", request(1), ahead=True)
        assert generator.ask("one", request(1)) is first
        first.result(20)
        assert generator.ask("one", request(1)) is first
        assert generator.is_done("one", request(1))
        assert not generator.is_done("one", request(2))
    assert arm.batches == [[1]]


def test_what_somebody_waits_for_comes_before_what_is_written_ahead() -> None:
    arm = Watched()
    with Generator({"one": arm}, max_batch=1) as generator:
        held(arm, generator)
        ahead = [generator.ask("one", request(seed), ahead=True) for seed in (1, 2)]
        urgent = generator.ask("one", request(3))
        generator.ask("one", request(2))  # now somebody waits for this one too
        arm.go.set()
        for future in (*ahead, urgent):
            future.result(20)
    assert arm.batches == [[0], [2], [3], [1]]


def test_a_full_queue_refuses_and_says_so() -> None:
    arm = Watched()
    with Generator({"one": arm}, capacity=2) as generator:
        held(arm, generator)
        for seed in (1, 2):
            generator.ask("one", request(seed))
        with pytest.raises(GenerationFailed, match="2 texts are waiting"):
            generator.ask("one", request(3))
        arm.go.set()


def test_one_failing_request_does_not_cost_the_others_their_texts() -> None:
    arm = Watched()
    arm.fail_seeds = {2}
    with Generator({"one": arm}) as generator:
        held(arm, generator)
        futures = [generator.ask("one", request(seed)) for seed in (1, 2, 3)]
        arm.go.set()
        assert futures[0].result(20).text
        assert futures[2].result(20).text
        with pytest.raises(GenerationError):
            futures[1].result(20)
        arm.fail_seeds = set()
        assert generator.ask("one", request(2)).result(20).text  # a failure is not remembered


def test_finished_texts_are_forgotten_when_there_are_many() -> None:
    arm = Watched()
    with Generator({"one": arm}, remembered=2) as generator:
        for seed in range(5):
            generator.ask("one", request(seed)).result(20)
        assert not generator.is_done("one", request(0))
        assert generator.is_done("one", request(4))


def test_closing_tells_those_who_wait() -> None:
    arm = Watched()
    generator = Generator({"one": arm})
    held(arm, generator)
    waiting = generator.ask("one", request(1))
    threading.Timer(0.2, arm.go.set).start()
    generator.close()
    with pytest.raises(GenerationFailed):
        waiting.result(20)
    with pytest.raises(GenerationFailed):
        generator.ask("one", request(2))


def impatient(folder: Path, deadline: float = 0.3) -> Study:
    """The null study with watched arms and a short deadline."""

    def change(content: dict[str, Any]) -> None:
        content["generation"]["deadline_seconds"] = deadline

    study = fresh_study(folder, protocol=changed_protocol(folder, change))
    study.generator.close()
    arms = {label: Watched(label) for label in study.arms}
    return Study(
        study.settings,
        study.installation,
        study.protocol,
        study.engine,
        arms,
        Generator(arms),
    )


def deviations(study: Study) -> list[tuple[str | None, str]]:
    with reading(study.engine) as session:
        return [(row.arm, row.kind) for row in session.exec(select(DeviationRow))]


def test_a_failed_text_is_written_from_another_seed_and_recorded(tmp_path: Path) -> None:
    study = impatient(tmp_path, deadline=20)
    _, participant = enrolled_at_round(study)
    with reading(study.engine) as session:
        row = session.get_one(texts.ParticipantRow, participant.id)
    study.generator.close()
    arms = {label: Watched(label) for label in study.arms}
    arms["two"].fail_seeds = {texts.derived_seed(row.seed, 1, "two")}
    again = Study(
        study.settings, study.installation, study.protocol, study.engine, arms, Generator(arms)
    )
    assert len(rounds.open(again, participant).slots) == 3
    assert deviations(again) == [("two", "failed")]
    with reading(again.engine) as session:
        text = session.exec(select(TextRow).where(TextRow.arm == "two")).one()
    assert text.seed == texts.derived_seed(row.seed, 1, "two", 1)
    assert events.verify(again.engine).ok
    again.close()


def test_a_late_text_is_recorded_and_when_nothing_comes_nothing_is_stored(tmp_path: Path) -> None:
    study = impatient(tmp_path)
    _, participant = enrolled_at_round(study)
    arm = study.arms["one"]
    assert isinstance(arm, Watched)
    arm.go.clear()
    study.generator._jobs.clear()
    with pytest.raises(GenerationFailed, match="Nothing is lost"):
        rounds.open(study, participant)
    assert {kind for _, kind in deviations(study)} == {"late"}
    with reading(study.engine) as session:
        assert not session.exec(select(TextRow)).all()
    arm.go.set()
    for _ in range(50):
        if rounds.ready(study, participant):
            break
        threading.Event().wait(0.1)
    assert len(rounds.open(study, participant).slots) == 3
    assert events.verify(study.engine).ok
    study.close()


def test_the_next_round_is_written_while_this_one_is_read_where_that_can_be(
    tmp_path: Path,
) -> None:
    study = impatient(tmp_path, deadline=20)
    for label in ("two", "three"):
        arm = study.arms[label]
        assert isinstance(arm, Watched)
        arm.adaptive = False
    _, participant = enrolled_at_round(study)
    rounds.open(study, participant)
    with reading(study.engine) as session:
        row = session.get_one(texts.ParticipantRow, participant.id)
        at = texts.situation(session, row, 2)
    study.generator.ask("one", request(1)).result(20)
    done: dict[str, bool] = {}
    for _ in range(50):
        done = {
            arm: study.generator.is_done(arm, texts.request_for(study, at, arm))
            for arm in at.states
        }
        if sum(done.values()) == 2:
            break
        threading.Event().wait(0.1)
    assert done == {"one": False, "two": True, "three": True}
    study.close()
