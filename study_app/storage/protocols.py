"""The protocols that participants took part in, and the one that is frozen."""

from __future__ import annotations

from dataclasses import asdict

from sqlmodel import Session, col, select

from study_app.errors import ProtocolChangedError
from study_app.storage import events
from study_app.storage.clock import now
from study_app.storage.models import ProtocolRow
from study_design import Letters, Protocol


def check_unchanged(session: Session, protocol: Protocol) -> None:
    """ProtocolChangedError when real participants consented to another protocol than this one."""
    frozen = frozen_protocol(session)
    if frozen is not None and frozen.hash != protocol.hash:
        raise ProtocolChangedError(
            f"This database belongs to study {frozen.study.id!r} version {frozen.study.version} "
            f"(protocol {frozen.hash[:12]}…), which participants have consented to. The protocol "
            f"file now says {protocol.study.id!r} version {protocol.study.version} "
            f"({protocol.hash[:12]}…). A study that has begun cannot change: restore the file, or "
            "give it a new study version and a database of its own (HARE_DATABASE_URL)."
        )


def use(session: Session, protocol: Protocol, drawn: Letters, *, simulated: bool) -> Letters:
    """Record that a participant takes part; the first real one freezes protocol and letters.

    drawn   the letters of the study, should it begin now

    Gives the letters that the participant's schedule follows. Simulated participants follow the
    protocol's order: their rows are open to all, and must not tell what is drawn for people.
    """
    check_unchanged(session, protocol)
    row = session.get(ProtocolRow, protocol.hash)
    if row is None:
        row = ProtocolRow(
            hash=protocol.hash, canonical=protocol.canonical_json(), first_used_at=now()
        )
        session.add(row)
        session.flush()
    if not simulated and row.frozen_at is None:
        row.frozen_at, row.letters = now(), asdict(drawn)
        session.add(row)
        events.append(session, "protocol_frozen", None, {"protocol": protocol.hash})
    return Letters.in_order(protocol) if simulated else _letters(row, protocol)


def letters(session: Session, protocol: Protocol) -> Letters:
    """What the squares' letters stand for, for the real participants of a protocol in use."""
    row = session.get(ProtocolRow, protocol.hash)
    return Letters.in_order(protocol) if row is None else _letters(row, protocol)


def _letters(row: ProtocolRow, protocol: Protocol) -> Letters:
    if row.letters is None:
        return Letters.in_order(protocol)
    return Letters(**{kind: tuple(names) for kind, names in row.letters.items()})


def frozen_protocol(session: Session) -> Protocol | None:
    """The protocol that real participants consented to, if any has."""
    row = session.exec(select(ProtocolRow).where(col(ProtocolRow.frozen_at).is_not(None))).first()
    return None if row is None else Protocol.model_validate_json(row.canonical)


def all_protocols(session: Session) -> dict[str, Protocol]:
    """Every protocol used in this database by hash, in the order of first use."""
    rows = session.exec(select(ProtocolRow).order_by(col(ProtocolRow.first_used_at)))
    return {row.hash: Protocol.model_validate_json(row.canonical) for row in rows}
