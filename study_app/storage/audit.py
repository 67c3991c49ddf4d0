"""Every stored record has a digest in the log: what each digest covers, and the comparison.

A record is named by participant, subject and round:

    participant   the enrolment and the states before the first round
    texts         the texts of a round as shown
    ratings       ratings, choice, comment, attention answers and learned states of a round
    background, practice, closing   the answers of that page

Digests are salted with a random value of the participant, which a withdrawal deletes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlmodel import Session, select

from study_app.storage.canonical import canonical_json, sha256
from study_app.storage.models import (
    AnswerRow,
    ParticipantRow,
    RatingRow,
    RecruitmentRow,
    RoundRow,
    StateRow,
    TextRow,
    TimingRow,
)

Record = tuple[str, str, int]  # participant, subject, round
ATTENTION = "attention"  # the page of answers that belong to a round
PERSONAL: tuple[Any, ...] = (  # what a withdrawal deletes, in an order that foreign keys allow
    RatingRow,
    TextRow,
    StateRow,
    RoundRow,
    AnswerRow,
    TimingRow,
    RecruitmentRow,
)


def cover(
    session: Session, participant: ParticipantRow, subject: str, round_: int = 0
) -> dict[str, Any]:
    """The part of an event's payload that covers a record just written."""
    session.flush()
    digest = _stored(session, participant, round_)[participant.id, subject, round_]
    return {"covers": subject, "round": round_, "digest": digest}


def compare(
    session: Session, events: Iterable[tuple[str | None, str, Mapping[str, Any]]]
) -> tuple[int, list[str]]:
    """How many records the log covers, and how the stored ones differ from it.

    events   participant, kind and payload of each, in order
    """
    logged: dict[Record, str] = {}
    withdrawn: set[str] = set()
    for participant, kind, payload in events:
        if participant and kind == "withdrawn":
            withdrawn.add(participant)
        if participant and "covers" in payload:
            key = (participant, str(payload["covers"]), int(payload["round"]))
            logged[key] = str(payload["digest"])
    stored: dict[Record, str] = {}
    findings: list[str] = []
    for row in session.exec(select(ParticipantRow)):
        if row.id in withdrawn:
            findings.extend(_left_over(session, row.id))
        else:
            stored.update(_stored(session, row))
    expected = {key: digest for key, digest in logged.items() if key[0] not in withdrawn}
    for key in sorted(expected.keys() | stored.keys()):
        name = f"{key[1]} of participant {key[0]}" + (f", round {key[2]}" if key[2] else "")
        if key not in stored:
            findings.append(f"{name}: in the log but no longer stored")
        elif key not in expected:
            findings.append(f"{name}: stored, but the log knows nothing of it")
        elif stored[key] != expected[key]:
            findings.append(f"{name}: was changed after it was logged")
    return len(expected), findings


def _stored(
    session: Session, participant: ParticipantRow, round_: int | None = None
) -> dict[Record, str]:
    """The digest of each record of a participant (of one round), computed from the rows."""
    found: dict[tuple[str, int], list[Any]] = defaultdict(list)
    states = _rows(session, StateRow, participant, round_)
    if round_ in (None, 0):
        found["participant", 0] = [
            participant.simulated,
            participant.sequence,
            participant.seed,
            participant.protocol_hash,
            participant.schedule,
            participant.enrolled_at,
        ]
    for row in _rows(session, RoundRow, participant, round_):
        if row.committed_at is not None:
            found["ratings", row.round] += [row.committed_at, row.choice, row.comment, row.seconds]
    for row in _rows(session, RatingRow, participant, round_):
        found["ratings", row.round].append(["rating", row.slot, row.item, row.value])
    for row in _rows(session, AnswerRow, participant, round_):
        subject = "ratings" if row.page == ATTENTION else row.page
        found[subject, row.round].append([row.page, row.question, row.answer])
    for row in states:
        subject = "ratings" if row.round else "participant"
        content = ["state", row.arm, row.kind, row.rounds, row.sha256, sha256(row.data)]
        found[subject, row.round].append(content)
    for row in _rows(session, TextRow, participant, round_):
        found["texts", row.round].append(
            [row.slot, row.arm, row.request, row.text, row.record, sha256(row.features), row.seed]
        )
    return {
        (participant.id, subject, number): sha256(
            canonical_json([participant.salt, sorted(content, key=canonical_json)])
        )
        for (subject, number), content in found.items()
    }


def _rows(
    session: Session, model: Any, participant: ParticipantRow, round_: int | None
) -> Sequence[Any]:
    query = select(model).where(model.participant == participant.id)
    if round_ is not None:
        query = query.where(model.round == round_)
    return session.exec(query).all()


def _left_over(session: Session, participant: str) -> Iterator[str]:
    for model in PERSONAL:
        if session.exec(select(model).where(model.participant == participant)).first() is not None:
            table = model.__tablename__
            yield f"participant {participant} withdrew, but table {table} still has their rows"
