"""Participants: enrolment at consent, resuming, the steps before and after the rounds, withdrawal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from study_app.study import Study


class Step(StrEnum):
    """Where a participant is."""

    BACKGROUND = "background"
    INSTRUCTIONS = "instructions"
    ROUND = "round"
    CLOSING = "closing"
    DEBRIEF = "debrief"
    WITHDRAWN = "withdrawn"
    SCREENED_OUT = "screened_out"


@dataclass(frozen=True, slots=True)
class Participant:
    """A participant as the database has them.

    id                 random 128-bit id, 32 hex digits
    status             active, completed, withdrawn or screened_out
    sequence           row of the balanced design
    step               where they are
    round              the round to rate next, 1..R; None outside the rounds
    completed_rounds   rounds whose ratings are stored
    simulated          whether a program plays this participant
    """

    id: str
    status: str
    sequence: int
    step: Step
    round: int | None
    completed_rounds: int
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A new participant and the signed token that leads back to them."""

    participant_id: str
    token: str


@dataclass(frozen=True, slots=True)
class Completion:
    """The code that proves completion, and where the recruitment service wants the participant."""

    code: str
    url: str | None


def enrol(
    study: Study,
    *,
    simulated: bool = False,
    recruitment: Mapping[str, str] | None = None,
    seed: int | None = None,
) -> Enrolled:
    """Enrol a participant who has just consented. Nothing is stored before this.

    recruitment   query parameters of the recruitment service, e.g. {"PROLIFIC_PID": "..."}; kept
                  apart from the data and as keyed digests only. The same PROLIFIC_PID comes back
                  to the same participant.
    seed          for simulated participants: makes id and draws reproducible

    Raises StudyFull, ProtocolChangedError.
    """
    raise NotImplementedError


def resume(study: Study, token: str) -> Participant:
    """The participant of a token; TokenError when it was altered or is unknown here."""
    raise NotImplementedError


def answer_background(
    study: Study,
    participant: Participant,
    answers: Mapping[str, Any],
    *,
    seconds: float | None = None,
) -> Participant:
    """Store the background and eligibility answers (question id -> answer).

    Eligibility decides between INSTRUCTIONS and SCREENED_OUT. InvalidAnswers names each field
    that is missing, unknown or not among the options. Once stored, a repeat changes nothing.
    """
    raise NotImplementedError


def finish_practice(
    study: Study,
    participant: Participant,
    answers: Mapping[str, Any],
    *,
    seconds: float | None = None,
) -> Participant:
    """Store the practice answers (kept, not analysed) and go on to the first round."""
    raise NotImplementedError


def withdraw(study: Study, participant: Participant) -> None:
    """Delete the participant's answers, ratings, comments, texts and states; log that it happened."""
    raise NotImplementedError


def completion(study: Study, participant: Participant) -> Completion:
    """The completion code, after counting the stored rows; NotComplete says what is missing."""
    raise NotImplementedError
