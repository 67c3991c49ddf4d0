"""The tables. Times are ISO 8601 UTC text with microseconds; arrays are bytes with their SHA-256.

Uniqueness here is what makes submitting exactly-once: whatever two clients do at the same moment,
the database holds one text a slot, one rating a question and one state a round.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

# Constraints by name, so that a later migration can change them on both databases.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def _json() -> Any:
    return Field(sa_column=Column(JSON, nullable=False))


def _text(*, nullable: bool = False) -> Any:
    return Field(sa_column=Column(Text, nullable=nullable), default=None if nullable else ...)


class ProtocolRow(SQLModel, table=True):
    """A protocol that participants took part in. Frozen when the first real one consented.

    letters    what the letters of the Williams squares stand for, {"arms": […], "requests": […]},
               drawn when the protocol is frozen; null in studies that began before they were drawn,
               where it is the order of the protocol
    """

    __tablename__ = "protocol"  # pyright: ignore[reportAssignmentType]  # SQLModel's own idiom

    hash: str = Field(primary_key=True, max_length=64)
    canonical: str = _text()
    first_used_at: str
    frozen_at: str | None = None
    letters: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSON(none_as_null=True), nullable=True)
    )


class ParticipantRow(SQLModel, table=True):
    """A participant; what is left after withdrawal is this row without salt."""

    __tablename__ = "participant"  # pyright: ignore[reportAssignmentType]

    id: str = Field(primary_key=True, max_length=32)
    simulated: bool
    status: str = Field(index=True)
    step: str
    sequence: int
    seed: int = Field(sa_column=Column(BigInteger, nullable=False))
    protocol_hash: str = Field(foreign_key="protocol.hash", max_length=64)
    schedule: list[dict[str, Any]] = _json()
    salt: str | None = None
    enrolled_at: str
    seen_at: str
    completed_at: str | None = None


class RecruitmentRow(SQLModel, table=True):
    """Where a participant came from: keyed digests only, apart from the data, never exported."""

    __tablename__ = "recruitment"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (Index(None, "name", "digest"),)

    participant: str = Field(foreign_key="participant.id", primary_key=True)
    name: str = Field(primary_key=True)
    digest: str = Field(max_length=64)


class AnswerRow(SQLModel, table=True):
    """An answer outside the ratings: background, practice, closing; attention has a round."""

    __tablename__ = "answer"  # pyright: ignore[reportAssignmentType]

    participant: str = Field(foreign_key="participant.id", primary_key=True)
    page: str = Field(primary_key=True)
    question: str = Field(primary_key=True)
    round: int = 0
    answer: Any = _json()
    at: str


class StateRow(SQLModel, table=True):
    """What one arm knew of one participant after a round (round 0: nothing yet)."""

    __tablename__ = "state"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (UniqueConstraint("participant", "arm", "round"),)

    id: int | None = Field(default=None, primary_key=True)
    participant: str = Field(foreign_key="participant.id", index=True)
    arm: str
    round: int
    kind: str
    rounds: int
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sha256: str = Field(max_length=64)
    parent: int | None = Field(default=None, foreign_key="state.id")


class TextRow(SQLModel, table=True):
    """A text as shown, with everything needed to say where it came from.

    record     diagnostics and provenance, as `Recommendation.to_json` gives them
    features   as `Recommendation.features_to_bytes` gives them
    state      what the arm knew when it wrote
    """

    __tablename__ = "text"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (
        UniqueConstraint("participant", "round", "slot"),
        UniqueConstraint("participant", "round", "arm"),
    )

    id: int | None = Field(default=None, primary_key=True)
    participant: str = Field(foreign_key="participant.id", index=True)
    round: int
    slot: str
    arm: str
    request: str
    text: str = _text()
    record: dict[str, Any] = _json()
    features: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    seed: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: int = Field(foreign_key="state.id")
    stored_at: str
    shown_at: str


class RoundRow(SQLModel, table=True):
    """A round that was opened, and once committed its answers that belong to no single text."""

    __tablename__ = "round"  # pyright: ignore[reportAssignmentType]

    participant: str = Field(foreign_key="participant.id", primary_key=True)
    round: int = Field(primary_key=True)
    request: str
    nonce: str = Field(unique=True)
    opened_at: str
    committed_at: str | None = None
    choice: str | None = None
    comment: str | None = _text(nullable=True)
    seconds: float | None = None


class RatingRow(SQLModel, table=True):
    """One rating: a participant, a round, a slot, an item."""

    __tablename__ = "rating"  # pyright: ignore[reportAssignmentType]
    __table_args__ = (UniqueConstraint("participant", "round", "slot", "item"),)

    id: int | None = Field(default=None, primary_key=True)
    participant: str = Field(foreign_key="participant.id", index=True)
    round: int
    slot: str
    item: str
    value: int
    text: int = Field(foreign_key="text.id")


class StateRatingRow(SQLModel, table=True):
    """Which ratings made which state."""

    __tablename__ = "state_rating"  # pyright: ignore[reportAssignmentType]

    state: int = Field(foreign_key="state.id", primary_key=True)
    rating: int = Field(foreign_key="rating.id", primary_key=True)


class TimingRow(SQLModel, table=True):
    """Seconds spent on a page (round 0: a page outside the rounds)."""

    __tablename__ = "timing"  # pyright: ignore[reportAssignmentType]

    participant: str = Field(foreign_key="participant.id", primary_key=True)
    page: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    seconds: float


class DeviationRow(SQLModel, table=True):
    """Something that did not go as the protocol says."""

    __tablename__ = "deviation"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True)
    participant: str = Field(foreign_key="participant.id", index=True)
    round: int | None = None
    arm: str | None = None
    kind: str
    detail: str = _text()
    at: str


class EventRow(SQLModel, table=True):
    """One line of the append-only, hash-chained log. payload is canonical JSON text."""

    __tablename__ = "event"  # pyright: ignore[reportAssignmentType]

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: str
    participant: str | None = Field(default=None, index=True)
    kind: str = Field(index=True)
    payload: str = _text()
    previous_hash: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class ChainHeadRow(SQLModel, table=True):
    """How long the log is and how it ends: one row, written with every event."""

    __tablename__ = "chain_head"  # pyright: ignore[reportAssignmentType]

    id: int = Field(primary_key=True)
    count: int
    hash: str = Field(max_length=64)
