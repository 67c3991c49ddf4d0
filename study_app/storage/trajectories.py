"""Stored trajectories, participant by participant, for replaying them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlmodel import Session, col, select

from study_app.storage import people, trials
from study_app.storage.models import ParticipantRow, RoundRow, StateRow, TextRow


@dataclass(frozen=True, slots=True)
class StoredRound:
    """A committed round: its texts by slot and their ratings (slot -> item -> point)."""

    round: int
    texts: tuple[TextRow, ...]
    ratings: dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What is stored of one participant. states: (arm, round) -> state."""

    participant: ParticipantRow
    states: dict[tuple[str, int], StateRow]
    rounds: tuple[StoredRound, ...]


def count(session: Session) -> int:
    """Number of trajectories."""
    return len(session.exec(_present(col(ParticipantRow.id))).all())


def read(session: Session) -> Iterator[Trajectory]:
    """Every trajectory, of real and simulated participants, but not of those who withdrew."""
    for identifier in session.exec(_present(col(ParticipantRow.id))).all():
        participant = session.get_one(ParticipantRow, identifier)
        states = session.exec(select(StateRow).where(StateRow.participant == identifier))
        rounds = session.exec(
            select(RoundRow)
            .where(RoundRow.participant == identifier, col(RoundRow.committed_at).is_not(None))
            .order_by(col(RoundRow.round))
        ).all()
        yield Trajectory(
            participant=participant,
            states={(row.arm, row.round): row for row in states},
            rounds=tuple(
                StoredRound(
                    row.round,
                    tuple(trials.texts(session, identifier, row.round)),
                    trials.ratings_by_slot(session, identifier, row.round),
                )
                for row in rounds
            ),
        )
        session.expunge_all()


def _present(what):
    return (
        select(what)
        .where(ParticipantRow.status != people.WITHDRAWN)
        .order_by(col(ParticipantRow.enrolled_at), col(ParticipantRow.id))
    )
