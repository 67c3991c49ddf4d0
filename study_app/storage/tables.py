"""The rows of the export, table by table, as the codebook describes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlmodel import Session, col, select

from study_app.storage import audit
from study_app.storage.canonical import canonical_json
from study_app.storage.models import (
    AnswerRow,
    DeviationRow,
    EventRow,
    ParticipantRow,
    RatingRow,
    RoundRow,
    StateRow,
    TextRow,
    TimingRow,
)
from study_design import Protocol

Row = dict[str, Any]


def latest_protocol(session: Session, *, simulated: bool) -> str | None:
    """The hash of the protocol that such participants last took part in; None without any."""
    query = (
        select(ParticipantRow.protocol_hash)
        .where(ParticipantRow.simulated == simulated)
        .order_by(col(ParticipantRow.enrolled_at).desc())
    )
    return session.exec(query).first()


def read_tables(session: Session, protocol: Protocol, *, simulated: bool) -> dict[str, list[Row]]:
    """All rows of the participants of a protocol, simulated or real, never both."""
    query = (
        select(ParticipantRow)
        .where(ParticipantRow.simulated == simulated, ParticipantRow.protocol_hash == protocol.hash)
        .order_by(col(ParticipantRow.enrolled_at), col(ParticipantRow.id))
    )
    people = session.exec(query).all()
    order = {row.id: number for number, row in enumerate(people)}

    def rows(model: Any, *by: str) -> list[Any]:
        found = session.exec(select(model)).all()
        mine = [row for row in found if row.participant in order]
        return sorted(
            mine, key=lambda row: (order[row.participant], *(getattr(row, name) for name in by))
        )

    texts = rows(TextRow, "round", "slot")
    rounds = [row for row in rows(RoundRow, "round") if row.committed_at is not None]
    answers = rows(AnswerRow, "page", "question")
    timings = rows(TimingRow, "round", "page")
    arm_at = {(row.participant, row.round, row.slot): row.arm for row in texts}
    events = session.exec(select(EventRow).order_by(col(EventRow.id))).all()
    return {
        "participants": list(_participants(protocol, people, rounds, answers, timings)),
        "ratings": [
            {
                **_place(row),
                "slot": row.slot,
                "arm": arm_at[row.participant, row.round, row.slot],
                "request": _request(order, people, row),
                "item": row.item,
                "rating": row.value,
            }
            for row in rows(RatingRow, "round", "slot", "item")
        ],
        "choices": [
            {
                **_place(row),
                "slot": row.choice,
                "arm": arm_at[row.participant, row.round, row.choice],
                "request": row.request,
            }
            for row in rounds
        ],
        "comments": [{**_place(row), "comment": row.comment} for row in rounds if row.comment],
        "texts": [_text(protocol, row) for row in texts],
        "states": list(_states(rows(StateRow, "arm", "round"))),
        "closing": [
            {
                "participant": row.participant,
                "question": row.question,
                "answer": str(row.answer),
                "arm": _arm_meant(protocol, row, arm_at),
            }
            for row in answers
            if row.page == "closing"
        ],
        "timings": [{**_place(row), "page": row.page, "seconds": row.seconds} for row in timings],
        "deviations": [
            {**_place(row), "arm": row.arm, "kind": row.kind, "detail": row.detail, "at": row.at}
            for row in rows(DeviationRow, "id")
        ],
        "events": [
            row.model_dump()
            for row in events
            if row.participant is None or row.participant in order
        ],
    }


def _place(row: Any) -> Row:
    return {"participant": row.participant, "round": row.round}


def _request(order: dict[str, int], people: Sequence[ParticipantRow], row: RatingRow) -> str:
    return people[order[row.participant]].schedule[row.round - 1]["request"]


def _participants(
    protocol: Protocol,
    people: Sequence[ParticipantRow],
    rounds: Sequence[RoundRow],
    answers: Sequence[AnswerRow],
    timings: Sequence[TimingRow],
) -> Iterator[Row]:
    eligibility = {question.id for question in protocol.eligibility}
    correct = {check.id: check.correct for check in protocol.attention_checks}
    asked: dict[str, Row] = defaultdict(dict)
    done, failed, seconds = defaultdict(int), defaultdict(int), defaultdict(float)
    for row in rounds:
        done[row.participant] += 1
    for row in timings:
        seconds[row.participant] += row.seconds
    for row in answers:
        if row.page == "background":
            prefix = "eligibility" if row.question in eligibility else "background"
            asked[row.participant][f"{prefix}_{row.question}"] = str(row.answer)
        elif row.page == audit.ATTENTION:
            failed[row.participant] += row.answer != correct.get(row.question)
    for person in people:
        yield {
            "participant": person.id,
            "simulated": person.simulated,
            "status": person.status,
            "sequence": person.sequence,
            "seed": person.seed,
            "consented_at": person.enrolled_at,
            "completed_at": person.completed_at,
            "rounds_completed": done[person.id],
            **asked[person.id],
            "attention_failed": failed[person.id],
            "seconds_total": round(seconds[person.id], 3),
        }


def _text(protocol: Protocol, row: TextRow) -> Row:
    diagnostics, provenance = row.record["diagnostics"], row.record["provenance"]
    return {
        **_place(row),
        "slot": row.slot,
        "arm": row.arm,
        "request": row.request,
        "text": row.text,
        "system": protocol.systems[row.arm],
        "version": provenance["version"],
        "model": provenance["model"],
        "prompt": provenance["prompt"],
        "seed": row.seed,
        "decoding": canonical_json(provenance["decoding"]),
        "tokens": provenance["tokens"],
        "latency_s": provenance["latency_s"],
        **diagnostics,
        "cluster_weights": canonical_json(diagnostics["cluster_weights"]),
        "notes": "; ".join(provenance["notes"]),
        "shown_at": row.shown_at,
    }


def _states(rows: Sequence[StateRow]) -> Iterator[Row]:
    digests = {row.id: row.sha256 for row in rows}
    for row in rows:
        yield {
            **_place(row),
            "arm": row.arm,
            "kind": row.kind,
            "rounds": row.rounds,
            "sha256": row.sha256,
            "parent_sha256": None if row.parent is None else digests[row.parent],
        }


def _arm_meant(
    protocol: Protocol, row: AnswerRow, arm_at: dict[tuple[str, int, str], str]
) -> str | None:
    kinds = {question.id: question.kind for question in protocol.closing}
    if kinds.get(row.question) != "slot":
        return None
    return arm_at.get((row.participant, protocol.rounds, str(row.answer)))
