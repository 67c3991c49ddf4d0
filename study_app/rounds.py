"""Opening a round: the participant's request and one stored text a slot.

Texts are stored before they are shown and never written again. Two tabs that open a round at once
may both write; the first to store wins, and both show what it stored.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from study_app import texts
from study_app.errors import WrongStep
from study_app.participants import Participant, Step
from study_app.storage import audit, events, people, trials
from study_app.storage.canonical import plain
from study_app.storage.clock import now
from study_app.storage.engine import Session, reading, writing
from study_app.storage.models import ParticipantRow, RoundRow, TextRow
from study_app.study import Study
from study_design.parts import AttentionCheck


@dataclass(frozen=True, slots=True)
class SlotText:
    """What stands in one position on the screen."""

    slot: str
    text: str


@dataclass(frozen=True, slots=True)
class OpenRound:
    """A round as the participant sees it: no arm is named.

    round, of         e.g. 3 of 10
    request_text      the request that all texts answer
    slots             texts from left to right
    nonce             to be handed back with the ratings
    attention_check   an instruction item to be answered in this round, if any
    """

    round: int
    of: int
    request_text: str
    slots: tuple[SlotText, ...]
    nonce: str
    attention_check: AttentionCheck | None = None


def open(study: Study, participant: Participant) -> OpenRound:
    """The first round without stored ratings, with its texts stored before they are returned.

    Waits for the texts (see `ready`). Raises WrongStep outside the rounds, and GenerationFailed
    when even the fallback gave no text.
    """
    while True:
        with reading(study.engine) as session:
            row, round_ = _current(session, participant)
            stored = _stored(study, session, row.id, round_)
            at = texts.situation(session, row, round_)
        if stored is not None:
            return stored
        written = texts.write(study, at)
        with writing(study.engine) as session:
            row, now_at = _current(session, participant)
            # While the texts were written, another tab may have stored its own, or gone further.
            if now_at == round_ and trials.opened(session, row.id, round_) is None:
                _store(study, session, row, at, written)
        texts.prepare(study, participant.id)


def last(study: Study, participant: Participant) -> OpenRound:
    """The last round again, for the closing question about its texts; WrongStep before its end."""
    with reading(study.engine) as session:
        row = session.get(ParticipantRow, participant.id)
        rounds = study.protocol.rounds
        found = _stored(study, session, participant.id, rounds)
        if row is None or found is None or row.step not in (Step.CLOSING, Step.DEBRIEF):
            raise WrongStep("The last round is not finished yet.")
        return found


def ready(study: Study, participant: Participant) -> bool:
    """Whether `open` would answer at once; if not, the texts are being written from now on."""
    with reading(study.engine) as session:
        row, round_ = _current(session, participant)
        if trials.opened(session, row.id, round_) is not None:
            return True
        at = texts.situation(session, row, round_)
    if texts.all_done(study, at):
        return True
    texts.ask(study, at)
    return False


def _current(session: Session, participant: Participant) -> tuple[ParticipantRow, int]:
    row = session.get(ParticipantRow, participant.id)
    if row is None or row.step != Step.ROUND:
        where = "gone" if row is None else row.step
        raise WrongStep(f"There is no round to open: the participant is at {where!r}.")
    return row, people.completed_rounds(session, row.id) + 1


def _stored(study: Study, session: Session, participant: str, round_: int) -> OpenRound | None:
    row = trials.opened(session, participant, round_)
    if row is None:
        return None
    return OpenRound(
        round=round_,
        of=study.protocol.rounds,
        request_text=study.protocol.request(row.request).text,
        slots=tuple(
            SlotText(text.slot, text.text) for text in trials.texts(session, participant, round_)
        ),
        nonce=row.nonce,
        attention_check=study.protocol.attention_check(round_),
    )


def _store(
    study: Study,
    session: Session,
    participant: ParticipantRow,
    at: texts.Situation,
    written: texts.Written,
) -> None:
    at_once = now()
    for slot, arm in zip(study.protocol.slots, at.plan.order, strict=True):
        recommendation, state = written.texts[arm], at.states[arm].id
        assert state is not None
        record = recommendation.to_json()
        session.add(
            TextRow(
                participant=participant.id,
                round=at.plan.round,
                slot=slot,
                arm=arm,
                request=at.plan.request,
                text=record.pop("text"),
                record=plain(record),
                features=recommendation.features_to_bytes(),
                seed=written.seeds[arm],
                state=state,
                stored_at=at_once,
                shown_at=at_once,
            )
        )
    session.add(
        RoundRow(
            participant=participant.id,
            round=at.plan.round,
            request=at.plan.request,
            nonce=secrets.token_hex(16),
            opened_at=at_once,
        )
    )
    participant.seen_at = at_once
    session.add(participant)
    for deviation in written.deviations:
        trials.add_deviation(
            session, participant.id, at.plan.round, deviation.arm, deviation.kind, deviation.detail
        )
    payload = audit.cover(session, participant, "texts", at.plan.round)
    events.append(session, "round_opened", participant.id, payload)
