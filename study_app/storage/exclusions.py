"""Which completers the protocol's own rules exclude: they count towards no plan and are replaced.

The same rules, in the same order, as `analysis.data.sample` applies to an export; whoever completed
has rated every round.
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import func
from sqlmodel import Session, col, select

from study_app.storage import audit, people
from study_app.storage.models import AnswerRow, ParticipantRow, RatingRow
from study_design import Protocol

ATTENTION, STRAIGHT_LINING = "attention checks failed", "straight-lining"


def excluded(session: Session, protocol: Protocol, *, simulated: bool) -> dict[str, str]:
    """Completers of a protocol who are excluded: participant -> rule."""
    rules = protocol.analysis.exclusions
    found: dict[str, str] = {}
    if rules.straight_lining:
        found |= dict.fromkeys(_straight_lining(session, protocol, simulated), STRAIGHT_LINING)
    if rules.attention_failures is not None:
        failures = _attention_failures(session, protocol, simulated)
        careless = [who for who, number in failures.items() if number >= rules.attention_failures]
        found |= dict.fromkeys(careless, ATTENTION)
    return found


def _straight_lining(session: Session, protocol: Protocol, simulated: bool) -> list[str]:
    value = col(RatingRow.value)
    query = (
        select(RatingRow.participant)
        .join(ParticipantRow, col(ParticipantRow.id) == col(RatingRow.participant))
        .where(*people.completers(protocol.hash, simulated=simulated))
        .group_by(col(RatingRow.participant))
        .having(func.min(value) == func.max(value))
    )
    return list(session.exec(query))


def _attention_failures(session: Session, protocol: Protocol, simulated: bool) -> Counter[str]:
    correct = {check.id: check.correct for check in protocol.attention_checks}
    query = (
        select(AnswerRow)
        .join(ParticipantRow, col(ParticipantRow.id) == col(AnswerRow.participant))
        .where(
            AnswerRow.page == audit.ATTENTION,
            *people.completers(protocol.hash, simulated=simulated),
        )
    )
    return Counter(
        row.participant for row in session.exec(query) if row.answer != correct[row.question]
    )
