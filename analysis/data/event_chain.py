"""The log of an export, recomputed: the hash of every event, and its bond to the event before.

    hash = SHA-256 of canonical JSON of [previous hash, id, at, participant, kind, payload]

An export holds the events of its own participants and of the study, so that ids may have gaps; what
is missing in a gap is for the platform's own verification to say.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import pandas as pd

from analysis.errors import Problem

FILE = "events.csv"
FIRST_HASH = "0" * 64
_COLUMNS = ("id", "at", "participant", "kind", "payload", "previous_hash", "hash")


def event_hash(
    previous: str, number: int, at: str, participant: str | None, kind: str, payload: str
) -> str:
    """The hash of one event.

    >>> event_hash(FIRST_HASH, 1, "2026-01-05T10:00:00.000000+00:00", None, "made_up", "{}")[:12]
    'a2d94e020897'
    """
    parts = [previous, number, at, participant, kind, payload]
    text = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def broken_chain(cells: pd.DataFrame) -> Iterator[Problem]:
    """What is wrong with the chain of events.csv, given as texts; ids that are none end it."""
    if not set(_COLUMNS) <= set(cells.columns):
        return
    before, bond = 0, FIRST_HASH
    for row, event in enumerate(cells[list(_COLUMNS)].itertuples(index=False, name=None), 1):
        number, at, who, kind, payload, previous, given = event
        if not str(number).isdecimal():
            return
        if int(number) <= before:
            rule = f"must be above {before}, the row before: events stand in their order"
            yield Problem(FILE, f"{rule}, is {number}", "id", row)
            return
        if int(number) == before + 1 and previous != bond:
            rule = "must be the hash of the event before: one was dropped, inserted or moved"
            yield Problem(FILE, f"{rule}, is {_short(previous)}", "previous_hash", row)
        if given != event_hash(previous, int(number), at, who or None, kind, payload):
            rule = "must be the SHA-256 of the event and the hash before: the event was edited"
            yield Problem(FILE, f"{rule}, is {_short(given)}", "hash", row)
        before, bond = int(number), given


def _short(digest: str) -> str:
    return repr(digest if len(digest) <= 12 else f"{digest[:12]}…")
