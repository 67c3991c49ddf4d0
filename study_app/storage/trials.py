"""Rows of rounds: the opening, the texts, the ratings, the states and where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from hare.arms import UserState
from study_app.storage import events
from study_app.storage.canonical import sha256
from study_app.storage.clock import now
from study_app.storage.models import (
    DeviationRow,
    RatingRow,
    RoundRow,
    StateRatingRow,
    StateRow,
    TextRow,
)


def texts(session: Session, participant: str, round_: int) -> list[TextRow]:
    """The stored texts of a round by slot."""
    query = (
        select(TextRow)
        .where(TextRow.participant == participant, TextRow.round == round_)
        .order_by(col(TextRow.slot))
    )
    return list(session.exec(query))


def opened(session: Session, participant: str, round_: int) -> RoundRow | None:
    """The round's row once it was opened."""
    return session.get(RoundRow, (participant, round_))


def latest_states(session: Session, participant: str) -> dict[str, StateRow]:
    """What each arm knows now of a participant."""
    query = (
        select(StateRow).where(StateRow.participant == participant).order_by(col(StateRow.round))
    )
    return {row.arm: row for row in session.exec(query)}


def add_state(
    session: Session,
    participant: str,
    arm: str,
    round_: int,
    state: UserState,
    *,
    parent: StateRow | None = None,
    ratings: Iterable[RatingRow] = (),
) -> StateRow:
    """Store a state, linked to the one it came from and to the ratings that made it."""
    data = state.to_bytes()
    row = StateRow(
        participant=participant,
        arm=arm,
        round=round_,
        kind=state.kind,
        rounds=state.rounds,
        data=data,
        sha256=sha256(data),
        parent=None if parent is None else parent.id,
    )
    session.add(row)
    session.flush()
    for rating in ratings:
        assert row.id is not None
        assert rating.id is not None
        session.add(StateRatingRow(state=row.id, rating=rating.id))
    return row


def add_ratings(
    session: Session,
    participant: str,
    round_: int,
    shown: Iterable[TextRow],
    ratings: Mapping[str, Mapping[str, int]],
) -> list[RatingRow]:
    """Store the ratings of a round (slot -> item -> point of the scale)."""
    rows: list[RatingRow] = []
    for text in shown:
        assert text.id is not None
        rows.extend(
            RatingRow(
                participant=participant,
                round=round_,
                slot=text.slot,
                item=item,
                value=value,
                text=text.id,
            )
            for item, value in ratings[text.slot].items()
        )
    session.add_all(rows)
    session.flush()
    return rows


def ratings_by_slot(session: Session, participant: str, round_: int) -> dict[str, dict[str, int]]:
    """The stored ratings of a round: slot -> item -> point of the scale."""
    query = select(RatingRow).where(RatingRow.participant == participant, RatingRow.round == round_)
    found: dict[str, dict[str, int]] = {}
    for row in session.exec(query):
        found.setdefault(row.slot, {})[row.item] = row.value
    return found


def count_ratings(session: Session, participant: str) -> int:
    """Number of ratings stored for a participant."""
    return session.exec(select(func.count()).where(col(RatingRow.participant) == participant)).one()


def add_deviation(
    session: Session, participant: str, round_: int, arm: str, kind: str, detail: str
) -> None:
    """Record that something did not go as the protocol says, in its table and in the log."""
    session.add(
        DeviationRow(
            participant=participant, round=round_, arm=arm, kind=kind, detail=detail, at=now()
        )
    )
    payload: dict[str, Any] = {"round": round_, "arm": arm, "kind": kind, "detail": detail}
    events.append(session, "deviation", participant, payload)
