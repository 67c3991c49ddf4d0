"""Helpers of the platform's tests: a study on a fresh database, and participants in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from study_app import participants, ratings, rounds
from study_app.participants import Participant, Step
from study_app.settings import Settings
from study_app.storage import schema
from study_app.storage.engine import make_engine
from study_app.study import Study, open_study
from study_design import NULL
from study_design.parts import EligibilityQuestion, Question


def settings_for(folder: Path, url: str | None = None, protocol: Path = NULL) -> Settings:
    """Settings that read nothing from the machine that runs the tests."""
    values: dict[str, Any] = {
        "data_dir": folder,
        "database_url": url or f"sqlite:///{folder / 'study.sqlite'}",
        "protocol": protocol,
        "secret": "a secret for the tests only",
        "researcher_password": "a password for the tests",
    }
    return Settings(_env_file=None, **values)  # pyright: ignore[reportCallIssue]  # pydantic's own


def fresh_study(folder: Path, url: str | None = None, protocol: Path = NULL) -> Study:
    """A study on a new, migrated database."""
    settings = settings_for(folder, url, protocol)
    engine = make_engine(settings.database_url)
    schema.migrate(engine)
    engine.dispose()
    return open_study(settings)


def changed_protocol(folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """A copy of the null protocol, changed."""
    content = yaml.safe_load(NULL.read_text(encoding="utf-8"))
    change(content)
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def answers_to(questions: tuple[Question | EligibilityQuestion, ...]) -> dict[str, Any]:
    """A valid answer to every question."""
    given: dict[str, Any] = {}
    for question in questions:
        if isinstance(question, EligibilityQuestion):
            given[question.id] = question.eligible[0]
        else:
            choice = question.options[0] if question.options else None
            given[question.id] = {"choice": choice, "scale": 2, "slot": "B", "text": "words"}[
                question.kind
            ]
    return given


def background(study: Study) -> dict[str, Any]:
    """Valid answers of the background page."""
    return answers_to((*study.protocol.eligibility, *study.protocol.background))


def enrolled_at_round(study: Study, round_: int = 1, **how: Any) -> tuple[str, Participant]:
    """A new participant who has come to a round; gives the token too."""
    token = participants.enrol(study, **how).token
    participant = participants.resume(study, token)
    participant = participants.answer_background(study, participant, background(study), seconds=20)
    participant = participants.finish_practice(study, participant, {"A": {"quality": 3}}, seconds=9)
    while participant.round is not None and participant.round < round_:
        ratings.submit(study, participant, submission(study, rounds.open(study, participant)))
        participant = participants.resume(study, token)
    return token, participant


def submission(
    study: Study, opened: rounds.OpenRound, value: int | None = None, **changes: Any
) -> ratings.Submission:
    """Valid answers to a round; ratings differ by slot, item and round unless `value` is given."""
    check = opened.attention_check
    fields: dict[str, Any] = {
        "nonce": opened.nonce,
        "round": opened.round,
        "ratings": {
            shown.slot: {
                item.id: value or 1 + (3 * number + index + opened.round) % 5
                for index, item in enumerate(study.protocol.items)
            }
            for number, shown in enumerate(opened.slots)
        },
        "choice": "B",
        "comment": f"comment of round {opened.round}",
        "attention": {check.id: check.correct} if check else {},
        "seconds": 31.5,
    }
    return ratings.Submission(**(fields | changes))


def complete(study: Study, **how: Any) -> tuple[str, Participant]:
    """A participant who has completed the whole study."""
    token, participant = enrolled_at_round(study, study.protocol.rounds, **how)
    ratings.submit(study, participant, submission(study, rounds.open(study, participant)))
    participant = participants.resume(study, token)
    assert participant.step is Step.CLOSING
    return token, ratings.close(study, participant, answers_to(study.protocol.closing), seconds=30)


class StandInRater:
    """A simulated rater for tests: ratings by chance, the best mean chosen."""

    def __init__(self, name: str) -> None:
        self.name = name

    def rate(self, text: str, request: str, rng: np.random.Generator) -> dict[str, int]:
        assert text
        assert request
        return {item: int(rng.integers(1, 6)) for item in ("quality", "relevance", "novelty")}

    def choose(self, by_slot: Mapping[str, Mapping[str, int]], rng: np.random.Generator) -> str:
        return max(sorted(by_slot), key=lambda slot: sum(by_slot[slot].values()))


def stand_ins(number: int, seed: int = 0) -> list[StandInRater]:
    """The interface of `hare.simulation.raters.population`."""
    return [StandInRater(f"stand-in {seed}/{index}") for index in range(number)]
