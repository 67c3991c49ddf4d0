"""The log of the study: append-only, each row bound to the one before by its SHA-256.

    hash = SHA-256 of canonical JSON of [previous hash, id, at, participant, kind, payload]

The head of the chain (length and last hash) is written with every event, so that an event missing
at the end is found too. Events hold no answers: of everything stored elsewhere they hold a digest
(`study_app.storage.audit`), salted so that nothing can be guessed from it after a withdrawal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from study_app.storage import audit
from study_app.storage.canonical import canonical_json, sha256
from study_app.storage.clock import now
from study_app.storage.engine import reading
from study_app.storage.models import ChainHeadRow, EventRow

FIRST_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What verification found.

    events     number of events in the log
    head       hash of the last one; noted elsewhere, it proves the log up to here
    covered    number of stored records (rounds, sets of texts, answers) checked against the log
    findings   what is wrong, one sentence each; empty when all is well
    """

    events: int
    head: str
    covered: int
    findings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.findings


def append(
    session: Session, kind: str, participant: str | None, payload: Mapping[str, Any]
) -> EventRow:
    """Write the next event, within a `writing` transaction."""
    head = session.exec(select(ChainHeadRow).with_for_update()).one()
    event = EventRow(
        id=head.count + 1,
        at=now(),
        participant=participant,
        kind=kind,
        payload=canonical_json(payload),
        previous_hash=head.hash,
        hash="",
    )
    event.hash = _hash(event)
    head.count, head.hash = event.id, event.hash
    session.add(event)
    session.add(head)
    session.flush()
    return event


def verify(engine: Engine) -> VerifyReport:
    """Check the chain from its first event to its head, and every stored record against it."""
    with reading(engine) as session:
        events = list(session.exec(select(EventRow).order_by(col(EventRow.id))))
        head = session.exec(select(ChainHeadRow)).one_or_none()
        findings = list(_chain_findings(events, head))
        covered, differences = audit.compare(
            session, ((event.participant, event.kind, _payload(event)) for event in events)
        )
        last = events[-1].hash if events else FIRST_HASH
        return VerifyReport(len(events), last, covered, (*findings, *differences))


def _chain_findings(events: list[EventRow], head: ChainHeadRow | None) -> Iterator[str]:
    previous_hash, expected = FIRST_HASH, 1
    for event in events:
        if event.id != expected:
            yield f"event {expected} is missing: event {event.id} follows event {expected - 1}"
        if event.previous_hash != previous_hash:
            yield (
                f"event {event.id} ({event.kind}) does not continue the one before: an event was "
                "dropped, inserted or moved here"
            )
        if event.hash != _hash(event):
            yield f"event {event.id} ({event.kind}, {event.at}) was edited"
        previous_hash, expected = event.hash, event.id + 1
    if head is None:
        yield "the head of the log is missing"
    elif head.count != len(events) or head.hash != previous_hash:
        yield (
            f"the log ends after event {expected - 1}, but {head.count} events were written: some "
            "are missing at the end or were added"
        )


def _hash(event: EventRow) -> str:
    parts = [
        event.previous_hash,
        event.id,
        event.at,
        event.participant,
        event.kind,
        event.payload,
    ]
    return sha256(canonical_json(parts))


def _payload(event: EventRow) -> dict[str, Any]:
    try:
        payload = json.loads(event.payload)
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}
