"""Counts and recent rows for the monitor: few, small queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from study_app.storage import people
from study_app.storage.models import (
    DeviationRow,
    EventRow,
    ParticipantRow,
    RatingRow,
    RoundRow,
    TextRow,
)

UNBLINDED = "unblinded"


@dataclass(frozen=True, slots=True)
class DeviationAt:
    """A deviation with the arms' order of its round (empty when it belongs to none)."""

    row: DeviationRow
    order: tuple[str, ...]


def is_unblinded(session: Session) -> bool:
    """Whether an unblinding is in the log."""
    return session.exec(select(EventRow.id).where(EventRow.kind == UNBLINDED)).first() is not None


def by_status(session: Session, *, simulated: bool) -> dict[str, int]:
    """Participants by status, every status named."""
    query = (
        select(ParticipantRow.status, func.count())
        .where(ParticipantRow.simulated == simulated)
        .group_by(col(ParticipantRow.status))
    )
    return {**dict.fromkeys(people.STATUSES, 0), **dict(session.exec(query).all())}


def by_step(session: Session, *, simulated: bool) -> dict[str, int]:
    """Active participants by step."""
    query = (
        select(ParticipantRow.step, func.count())
        .where(ParticipantRow.simulated == simulated, ParticipantRow.status == people.ACTIVE)
        .group_by(col(ParticipantRow.step))
    )
    return dict(session.exec(query).all())


def by_round(session: Session, *, simulated: bool) -> dict[int, int]:
    """Active participants in the rounds, by the round they are at."""
    done = (
        select(col(RoundRow.participant).label("participant"), func.count().label("rounds"))
        .where(col(RoundRow.committed_at).is_not(None))
        .group_by(col(RoundRow.participant))
        .subquery()
    )
    at = func.coalesce(done.c.rounds, 0) + 1
    query = (
        select(at, func.count())
        .select_from(ParticipantRow)
        .outerjoin(done, done.c.participant == col(ParticipantRow.id))
        .where(ParticipantRow.simulated == simulated, ParticipantRow.step == "round")
        .group_by(at)
        .order_by(at)
    )
    return dict(session.exec(query).all())


def rating_counts(
    session: Session, *, simulated: bool, by_arm: bool = False
) -> list[tuple[str, str, int, int]]:
    """How often each point of the scale was chosen: (slot or arm, item, point, count)."""
    group = col(TextRow.arm) if by_arm else col(RatingRow.slot)
    query = (
        select(group, RatingRow.item, RatingRow.value, func.count())
        .join(ParticipantRow, col(ParticipantRow.id) == col(RatingRow.participant))
        .join(TextRow, col(TextRow.id) == col(RatingRow.text))
        .where(ParticipantRow.simulated == simulated)
        .group_by(group, col(RatingRow.item), col(RatingRow.value))
        .order_by(group, col(RatingRow.item), col(RatingRow.value))
    )
    return [(str(of), item, point, n) for of, item, point, n in session.exec(query).all()]


def choices(session: Session, *, simulated: bool) -> dict[str, int]:
    """How often each slot was chosen as best."""
    query = (
        select(RoundRow.choice, func.count())
        .join(ParticipantRow, col(ParticipantRow.id) == col(RoundRow.participant))
        .where(ParticipantRow.simulated == simulated, col(RoundRow.choice).is_not(None))
        .group_by(col(RoundRow.choice))
    )
    return {str(slot): count for slot, count in session.exec(query).all()}


def diagnostics(
    session: Session, name: str, arms: Sequence[str], *, simulated: bool
) -> list[tuple[int, float]]:
    """(round, value) of a diagnostic of these arms' texts, where they have it."""
    value = col(TextRow.record)["diagnostics"][name].as_float()
    query = (
        select(TextRow.round, value)
        .join(ParticipantRow, col(ParticipantRow.id) == col(TextRow.participant))
        .where(
            ParticipantRow.simulated == simulated,
            col(TextRow.arm).in_(arms),
            value.is_not(None),
        )
        .order_by(col(TextRow.round))
    )
    return [(int(round_), float(number)) for round_, number in session.exec(query).all()]


def last_events(session: Session, number: int, *, simulated: bool) -> list[EventRow]:
    """The newest events of these participants and of the study itself, newest first."""
    query = (
        select(EventRow)
        .outerjoin(ParticipantRow, col(ParticipantRow.id) == col(EventRow.participant))
        .where(col(EventRow.participant).is_(None) | (col(ParticipantRow.simulated) == simulated))
        .order_by(col(EventRow.id).desc())
        .limit(number)
    )
    return list(session.exec(query))


def deviations(session: Session, number: int, *, simulated: bool) -> list[DeviationAt]:
    """The newest deviations, newest first."""
    query = (
        select(DeviationRow, ParticipantRow.schedule)
        .join(ParticipantRow, col(ParticipantRow.id) == col(DeviationRow.participant))
        .where(ParticipantRow.simulated == simulated)
        .order_by(col(DeviationRow.id).desc())
        .limit(number)
    )
    return [
        DeviationAt(row, tuple(schedule[row.round - 1]["order"]) if row.round else ())
        for row, schedule in session.exec(query).all()
    ]
