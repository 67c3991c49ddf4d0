"""Participants: enrolment at consent, resuming, the pages around the rounds, withdrawal."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from study_app import answers as checks
from study_app import texts, tokens
from study_app.errors import BotsError, NotComplete, StudyFull, TokenError, WrongStep
from study_app.storage import audit, events, exclusions, people, protocols, trials
from study_app.storage.canonical import sha256
from study_app.storage.clock import hours_ago, now
from study_app.storage.engine import Session, reading, writing
from study_app.storage.models import ParticipantRow
from study_app.study import Study
from study_design import draw_schedule, next_sequence

PERSONAL_ID = "PROLIFIC_PID"  # the recruitment parameter that stands for one person
RECRUITMENT = (PERSONAL_ID, "STUDY_ID", "SESSION_ID", "invitation")


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

    @classmethod
    def of(cls, session: Session, row: ParticipantRow) -> Participant:
        """Read a participant within a session."""
        step, done = Step(row.step), people.completed_rounds(session, row.id)
        return cls(
            id=row.id,
            status=row.status,
            sequence=row.sequence,
            step=step,
            round=done + 1 if step is Step.ROUND else None,
            completed_rounds=done,
            simulated=row.simulated,
        )


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
                  apart from the data and as keyed digests only; others than RECRUITMENT are not
                  kept. The same PROLIFIC_PID comes back to the same participant.
    seed          for simulated participants: makes id and draws reproducible, 0 <= seed < 2**63.
                  The same seed comes back to the same simulated participant.

    Raises StudyFull when as many as planned have completed or are taking part (a completer whom
    the protocol's rules exclude is replaced), and ProtocolChangedError when real participants
    consented to another protocol.
    """
    key = study.installation.key
    digests = {
        name: tokens.recruitment_digest(key, name, value)
        for name, value in (recruitment or {}).items()
        if name in RECRUITMENT and value
    }
    with writing(study.engine) as session:
        if PERSONAL_ID in digests:
            known = people.recruited_as(session, PERSONAL_ID, digests[PERSONAL_ID])
            if known is not None:
                return Enrolled(known.id, tokens.make_token(key, known.id))
        if simulated and seed is not None:
            known = session.get(ParticipantRow, _simulated_id(seed))
            if known is not None:
                return Enrolled(known.id, tokens.make_token(key, known.id))
        row = _new_row(study, session, simulated=simulated, seed=seed)
        people.add_recruitment(session, row.id, digests)
        for label, arm in study.arms.items():
            trials.add_state(session, row.id, label, 0, arm.initial_state())
        payload = audit.cover(session, row, "participant")
        events.append(session, "enrolled", row.id, {**payload, "simulated": simulated})
    texts.prepare(study, row.id)
    return Enrolled(row.id, tokens.make_token(key, row.id))


def resume(study: Study, token: str) -> Participant:
    """The participant of a token; TokenError when it was altered or is unknown here."""
    participant_id = tokens.read_token(study.installation.key, token)
    with reading(study.engine) as session:
        return Participant.of(session, load(session, participant_id))


def load(session: Session, participant_id: str) -> ParticipantRow:
    """A participant's row; TokenError when this study does not know the id."""
    row = session.get(ParticipantRow, participant_id)
    if row is None:
        raise TokenError(
            "This link belongs to a participant whom this study does not know. If the study was "
            "moved, ask for a new link; else begin again from the invitation."
        )
    return row


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
    protocol = study.protocol

    def store(session: Session, row: ParticipantRow) -> None:
        checked = checks.check((*protocol.eligibility, *protocol.background), answers)
        eligible = all(checked[q.id] in q.eligible for q in protocol.eligibility)
        people.add_answers(session, row.id, "background", checked)
        people.add_timing(session, row.id, "background", seconds)
        row.step = Step.INSTRUCTIONS if eligible else Step.SCREENED_OUT
        row.status = people.ACTIVE if eligible else people.SCREENED_OUT
        payload = audit.cover(session, row, "background") if checked else {}
        kind = "background_answered" if eligible else "screened_out"
        events.append(session, kind, row.id, payload)

    return _advance(study, participant, Step.BACKGROUND, store)


def finish_practice(
    study: Study,
    participant: Participant,
    answers: Mapping[str, Any],
    *,
    seconds: float | None = None,
) -> Participant:
    """Store the practice answers (kept, not analysed) and go on to the first round."""

    def store(session: Session, row: ParticipantRow) -> None:
        people.add_answers(session, row.id, "practice", answers)
        people.add_timing(session, row.id, "practice", seconds)
        row.step = Step.ROUND
        payload = audit.cover(session, row, "practice") if answers else {}
        events.append(session, "practice_finished", row.id, payload)

    return _advance(study, participant, Step.INSTRUCTIONS, store)


def withdraw(study: Study, participant: Participant) -> None:
    """Delete the participant's answers, ratings, texts and states, and log that it happened.

    What stays: that someone took part and withdrew, and the log, whose digests tell nothing once
    their salt is gone. A repeat changes nothing.
    """
    with writing(study.engine) as session:
        row = load(session, participant.id)
        if row.status != people.WITHDRAWN:
            people.forget(session, row)
            events.append(session, "withdrawn", row.id, {})


def completion(study: Study, participant: Participant) -> Completion:
    """The completion code, after counting the stored rows; NotComplete says what is missing."""
    protocol = study.protocol
    with reading(study.engine) as session:
        row = load(session, participant.id)
        rounds = people.completed_rounds(session, row.id)
        ratings = trials.count_ratings(session, row.id)
    expected = protocol.rounds * len(protocol.slots) * len(protocol.items)
    if rounds < protocol.rounds or ratings != expected:
        raise NotComplete(
            f"{rounds} of {protocol.rounds} rounds and {ratings} of {expected} ratings are stored; "
            "the code is given when all are."
        )
    if row.status != people.COMPLETED:
        raise NotComplete("The closing questions are not answered yet.")
    code = protocol.completion.code or tokens.completion_code(study.installation.key, row.id)
    return Completion(code, protocol.completion.url)


def _new_row(
    study: Study, session: Session, *, simulated: bool, seed: int | None
) -> ParticipantRow:
    protocol = study.protocol
    drawn = tokens.draw_letters(study.installation.key, protocol)
    letters = protocols.use(session, protocol, drawn, simulated=simulated)
    taken = people.places(
        session,
        protocol.hash,
        simulated=simulated,
        seen_since=hours_ago(study.settings.place_held_hours),
        without=exclusions.excluded(session, protocol, simulated=simulated),
    )
    if not simulated and taken.total() >= protocol.participants:
        raise StudyFull(
            "The study has as many participants as planned. Thank you for your interest."
        )
    sequence = next_sequence(protocol, taken)
    if seed is None:
        participant_id, seed = secrets.token_hex(16), secrets.randbelow(2**63)
    elif simulated:
        participant_id = _simulated_id(seed)
    else:
        raise BotsError("Only simulated participants can have a given seed.")
    schedule = draw_schedule(protocol, sequence=sequence, seed=seed, letters=letters)
    row = ParticipantRow(
        id=participant_id,
        simulated=simulated,
        status=people.ACTIVE,
        step=Step.BACKGROUND,
        sequence=sequence,
        seed=seed,
        protocol_hash=protocol.hash,
        schedule=[{"request": plan.request, "order": plan.order} for plan in schedule.rounds],
        salt=secrets.token_hex(16),
        enrolled_at=(at := now()),
        seen_at=at,
    )
    session.add(row)
    session.flush()
    return row


def _simulated_id(seed: int) -> str:
    return sha256(f"simulated participant {seed}")[:32]


_LATER = {
    Step.BACKGROUND: (Step.INSTRUCTIONS, Step.ROUND, Step.CLOSING, Step.DEBRIEF, Step.SCREENED_OUT),
    Step.INSTRUCTIONS: (Step.ROUND, Step.CLOSING, Step.DEBRIEF),
}


def _advance(
    study: Study,
    participant: Participant,
    step: Step,
    store: Callable[[Session, ParticipantRow], None],
) -> Participant:
    """Store a page once and move on; a page that was stored before is left as it is."""
    with writing(study.engine) as session:
        row = load(session, participant.id)
        if row.step == step:
            store(session, row)
            row.seen_at = now()
            session.add(row)
        elif row.step not in _LATER[step]:
            raise WrongStep(f"The page {step.value!r} cannot be answered at {row.step!r}.")
        return Participant.of(session, row)
