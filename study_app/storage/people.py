"""Rows of participants: finding, counting, answers, timings, and deletion at withdrawal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from study_app.storage import audit
from study_app.storage.clock import now
from study_app.storage.models import (
    AnswerRow,
    ParticipantRow,
    RecruitmentRow,
    RoundRow,
    StateRatingRow,
    StateRow,
    TimingRow,
)

ACTIVE, COMPLETED, WITHDRAWN, SCREENED_OUT = "active", "completed", "withdrawn", "screened_out"
STATUSES = (ACTIVE, COMPLETED, WITHDRAWN, SCREENED_OUT)


def completed_rounds(session: Session, participant: str) -> int:
    """Number of rounds whose ratings are stored."""
    query = select(func.count()).where(
        col(RoundRow.participant) == participant, col(RoundRow.committed_at).is_not(None)
    )
    return session.exec(query).one()


def completers(protocol: str, *, simulated: bool) -> tuple[Any, ...]:
    """The conditions by which a query finds those who completed."""
    return (
        ParticipantRow.protocol_hash == protocol,
        ParticipantRow.simulated == simulated,
        ParticipantRow.status == COMPLETED,
    )


def places(
    session: Session,
    protocol: str,
    *,
    simulated: bool,
    seen_since: str,
    without: Collection[str] = (),
) -> Counter[int]:
    """Sequence -> participants who hold a place: completed, or under way and seen since then.

    without   completers whose place is open again
    """
    query = select(ParticipantRow.id, ParticipantRow.sequence).where(
        ParticipantRow.protocol_hash == protocol,
        ParticipantRow.simulated == simulated,
        (col(ParticipantRow.status) == COMPLETED)
        | ((col(ParticipantRow.status) == ACTIVE) & (col(ParticipantRow.seen_at) >= seen_since)),
    )
    return Counter(sequence for id_, sequence in session.exec(query) if id_ not in without)


def recruited_as(session: Session, name: str, digest: str) -> ParticipantRow | None:
    """The participant whom the recruitment service knows by this id, unless withdrawn."""
    query = (
        select(ParticipantRow)
        .join(RecruitmentRow, col(RecruitmentRow.participant) == col(ParticipantRow.id))
        .where(RecruitmentRow.name == name, RecruitmentRow.digest == digest)
    )
    return session.exec(query).first()


def add_recruitment(session: Session, participant: str, digests: Mapping[str, str]) -> None:
    """Keep where a participant came from, as digests."""
    for name, digest in digests.items():
        session.add(RecruitmentRow(participant=participant, name=name, digest=digest))


def add_answers(
    session: Session, participant: str, page: str, answers: Mapping[str, Any], round_: int = 0
) -> None:
    """Store the answers of a page."""
    at = now()
    for question, answer in answers.items():
        session.add(
            AnswerRow(
                participant=participant,
                page=page,
                question=question,
                round=round_,
                answer=answer,
                at=at,
            )
        )


def answers(session: Session, participant: str, page: str) -> dict[str, Any]:
    """The stored answers of a page by question."""
    query = select(AnswerRow).where(AnswerRow.participant == participant, AnswerRow.page == page)
    return {row.question: row.answer for row in session.exec(query)}


def add_timing(
    session: Session, participant: str, page: str, seconds: float | None, round_: int = 0
) -> None:
    """Store the time spent on a page, when it is known."""
    if seconds is not None:
        session.add(
            TimingRow(participant=participant, page=page, round=round_, seconds=float(seconds))
        )


def forget(session: Session, participant: ParticipantRow) -> None:
    """Delete everything that belongs to a participant; what stays is that they took part."""
    states = select(StateRow.id).where(StateRow.participant == participant.id)
    session.exec(delete(StateRatingRow).where(col(StateRatingRow.state).in_(states)))
    for model in audit.PERSONAL:
        session.exec(delete(model).where(model.participant == participant.id))
    participant.status = participant.step = WITHDRAWN
    participant.salt = None
    participant.seen_at = now()
    session.add(participant)
    session.flush()
