"""Submitting a round: ratings, learned states and event in one transaction, exactly once.

The browser may send a form twice, from two tabs, or again after a lost reply. The database decides:
the first commit counts, and every repeat is told what it was.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hare.arms import Recommendation, UserState
from study_app import answers as checks
from study_app import learning, texts
from study_app.errors import InvalidSubmission, WrongStep
from study_app.participants import Participant, Step, load
from study_app.storage import audit, events, people, trials
from study_app.storage.clock import now
from study_app.storage.engine import Session, reading, writing
from study_app.storage.models import ParticipantRow, RoundRow, StateRow, TextRow
from study_app.study import Study
from study_design import Protocol


@dataclass(frozen=True, slots=True)
class Submission:
    """The answers of one round.

    nonce       from OpenRound
    ratings     slot -> item -> point of the scale, e.g. {"A": {"relevance": 4, ...}, ...}
    choice      the slot chosen as best
    attention   attention check id -> answer, for the check of this round
    seconds     time on the page, >= 0
    """

    nonce: str
    round: int
    ratings: Mapping[str, Mapping[str, int]]
    choice: str
    comment: str | None = None
    attention: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Committed:
    """The round is stored. repeated: it already was, and this submission changed nothing."""

    round: int
    repeated: bool


def submit(study: Study, participant: Participant, submission: Submission) -> Committed:
    """Store a round exactly once.

    A repeat (the round is stored already, from whichever tab) returns the first result.
    InvalidSubmission names each missing or out-of-range field; WrongStep when the page belongs to
    another round or another participant. In both cases nothing is stored.
    """
    round_ = submission.round
    with reading(study.engine) as session:
        row, opened = _opened(session, participant, submission)
        if opened.committed_at is not None:
            return Committed(round_, repeated=True)
        check(study.protocol, submission)
        shown = trials.texts(session, row.id, round_)
        states = trials.latest_states(session, row.id)
    learned = _learn(study, states, shown, submission)  # pure, so it needs no transaction
    with writing(study.engine) as session:
        row, opened = _opened(session, participant, submission)
        if opened.committed_at is not None:
            return Committed(round_, repeated=True)
        _store(study, session, row, opened, submission)
        ratings = trials.add_ratings(session, row.id, round_, shown, submission.ratings)
        rewarding = [r for r in ratings if r.item in study.protocol.update.reward_items]
        for arm, state in learned.items():
            slots = learning.source_slots(study.protocol, arm, {t.slot: t.arm for t in shown})
            made_by = [rating for rating in rewarding if rating.slot in slots]
            trials.add_state(
                session, row.id, arm, round_, state, parent=states[arm], ratings=made_by
            )
        payload = audit.cover(session, row, "ratings", round_)
        events.append(session, "round_committed", row.id, payload)
    texts.prepare(study, participant.id)
    return Committed(round_, repeated=False)


def close(
    study: Study,
    participant: Participant,
    answers: Mapping[str, Any],
    *,
    seconds: float | None = None,
) -> Participant:
    """Store the closing answers (question id -> answer) and complete; a repeat changes nothing.

    InvalidAnswers names each field that is wrong; WrongStep before the last round is stored.
    """
    with writing(study.engine) as session:
        row = load(session, participant.id)
        if row.step == Step.DEBRIEF:
            return Participant.of(session, row)
        if row.step != Step.CLOSING:
            raise WrongStep(f"The closing questions come after the rounds; now: {row.step}.")
        checked = checks.check(study.protocol.closing, answers, slots=study.protocol.slots)
        people.add_answers(session, row.id, "closing", checked)
        people.add_timing(session, row.id, "closing", seconds)
        row.step, row.status = Step.DEBRIEF, people.COMPLETED
        row.completed_at = row.seen_at = now()
        session.add(row)
        payload = audit.cover(session, row, "closing") if checked else {}
        events.append(session, "completed", row.id, payload)
        return Participant.of(session, row)


def check(protocol: Protocol, submission: Submission) -> None:
    """InvalidSubmission unless every slot and item is rated, and everything is in range."""
    problems: dict[str, str] = {}
    for slot in protocol.slots:
        given = submission.ratings.get(slot, {})
        for item in protocol.items:
            value, points = given.get(item.id), item.scale.points
            if value is None:
                problems[f"{slot}.{item.id}"] = "an answer is missing"
            elif isinstance(value, bool) or value not in points:
                problems[f"{slot}.{item.id}"] = f"{value!r} is not one of {points[0]}–{points[-1]}"
        known = {item.id for item in protocol.items}
        problems.update({f"{slot}.{name}": "is no question" for name in given if name not in known})
    problems.update(
        {
            slot: "is no text of this round"
            for slot in submission.ratings
            if slot not in protocol.slots
        }
    )
    if not submission.choice:
        problems["choice"] = "an answer is missing"
    elif submission.choice not in protocol.slots:
        problems["choice"] = f"{submission.choice!r} is not one of {', '.join(protocol.slots)}"
    longest = protocol.comment.max_length if protocol.comment else 0
    if submission.comment and len(submission.comment) > longest:
        problems["comment"] = f"{len(submission.comment)} characters; at most {longest}"
    if not (math.isfinite(submission.seconds) and submission.seconds >= 0):
        problems["seconds"] = "must be a number of seconds, at least 0"
    problems.update(_attention_problems(protocol, submission))
    if problems:
        raise InvalidSubmission(problems)


def _attention_problems(protocol: Protocol, submission: Submission) -> dict[str, str]:
    expected = protocol.attention_check(submission.round)
    problems = {
        f"attention.{name}": "is no question of this round"
        for name in submission.attention
        if expected is None or name != expected.id
    }
    if expected is not None:
        answer = submission.attention.get(expected.id)
        if answer is None:
            problems[f"attention.{expected.id}"] = "an answer is missing"
        elif answer not in expected.options:
            problems[f"attention.{expected.id}"] = f"{answer!r} is not one of the options"
    return problems


def _opened(
    session: Session, participant: Participant, submission: Submission
) -> tuple[ParticipantRow, RoundRow]:
    row = load(session, participant.id)
    opened = trials.opened(session, row.id, submission.round)
    if opened is not None and opened.committed_at is not None:
        return row, opened
    if row.step != Step.ROUND or opened is None or opened.nonce != submission.nonce:
        raise WrongStep(
            "These answers belong to another page than the one you are at. Nothing was stored: "
            "reload the page to continue where you are."
        )
    return row, opened


def _learn(
    study: Study, states: Mapping[str, StateRow], shown: list[TextRow], submission: Submission
) -> dict[str, UserState]:
    return learning.learn(
        study.protocol,
        study.arms,
        {arm: UserState.from_bytes(state.data) for arm, state in states.items()},
        [
            learning.Shown(
                text.slot,
                text.arm,
                Recommendation.from_stored({"text": text.text, **text.record}, text.features),
                submission.ratings[text.slot],
            )
            for text in shown
        ],
    )


def _store(
    study: Study,
    session: Session,
    participant: ParticipantRow,
    opened: RoundRow,
    submission: Submission,
) -> None:
    """The answers that belong to no single text, and the step to what comes next."""
    opened.committed_at = participant.seen_at = now()
    opened.choice = submission.choice
    opened.comment = submission.comment or None
    opened.seconds = float(submission.seconds)
    session.add(opened)
    if submission.round == study.protocol.rounds:
        participant.step = Step.CLOSING
    session.add(participant)
    people.add_timing(session, participant.id, "round", submission.seconds, submission.round)
    people.add_answers(
        session, participant.id, audit.ATTENTION, submission.attention, submission.round
    )
