"""Made-up participants who are lost on the way: screened out, withdrawn, incomplete, excluded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass

import pandas as pd

from study_design import Protocol


@dataclass(frozen=True, slots=True)
class Losses:
    """How many participants come on top of those who complete, and are lost for which reason.

    incomplete       stop after some of the rounds
    inattentive      complete, and fail as many attention checks as the protocol excludes for
    straight_lining  complete, and give every text the same rating
    """

    screened_out: int = 0
    withdrawn: int = 0
    incomplete: int = 0
    inattentive: int = 0
    straight_lining: int = 0

    @property
    def total(self) -> int:
        return sum(astuple(self))


def lose(
    protocol: Protocol, tables: Mapping[str, pd.DataFrame], losses: Losses
) -> dict[str, pd.DataFrame]:
    """The tables of complete participants with the last `losses.total` of them lost."""
    changed = dict(tables)
    people = changed["participants"]
    last = iter(people["participant"].iloc[len(people) - losses.total :].tolist())

    def take(count: int) -> list[str]:
        return [next(last) for _ in range(count)]

    gone = {"screened_out": take(losses.screened_out), "withdrawn": take(losses.withdrawn)}
    for status, ids in gone.items():
        changed = _deleted(changed, ids, status)
    for place, participant in enumerate(take(losses.incomplete)):
        changed = _stopped(changed, participant, after=(1 + 3 * place) % protocol.rounds)
    failed = changed["participants"]["participant"].isin(take(losses.inattentive))
    limit = protocol.analysis.exclusions.attention_failures or 0
    changed["participants"] = changed["participants"].assign(
        attention_failed=changed["participants"]["attention_failed"].mask(failed, limit)
    )
    ratings = changed["ratings"]
    flat = ratings["participant"].isin(take(losses.straight_lining))
    middle = (protocol.items[0].scale.low + protocol.items[0].scale.high) // 2
    changed["ratings"] = ratings.assign(rating=ratings["rating"].mask(flat, middle))
    return changed


def _deleted(
    tables: Mapping[str, pd.DataFrame], ids: list[str], status: str
) -> dict[str, pd.DataFrame]:
    """The tables in which these participants left nothing but their row and the log."""
    kept = {
        name: table
        if name in ("participants", "events")
        else table[~table["participant"].isin(ids)].reset_index(drop=True)
        for name, table in tables.items()
    }
    people = kept["participants"]
    theirs = people["participant"].isin(ids)
    asked = [c for c in people.columns if c.startswith(("eligibility_", "background_"))]
    kept["participants"] = people.assign(
        status=people["status"].mask(theirs, status),
        completed_at=people["completed_at"].mask(theirs, ""),
        rounds_completed=people["rounds_completed"].mask(theirs, 0),
        **{column: people[column].mask(theirs, "") for column in asked},
    )
    return kept


def _stopped(
    tables: Mapping[str, pd.DataFrame], participant: str, *, after: int
) -> dict[str, pd.DataFrame]:
    """The tables in which a participant left after some rounds, without the closing questions."""
    kept = dict(tables)
    for name in ("ratings", "choices", "comments", "texts", "states", "timings", "deviations"):
        table = kept[name]
        late = (table["participant"] == participant) & (table["round"] > after)
        kept[name] = table[~late].reset_index(drop=True)
    closing = kept["closing"]
    kept["closing"] = closing[closing["participant"] != participant].reset_index(drop=True)
    people = kept["participants"]
    theirs = people["participant"] == participant
    kept["participants"] = people.assign(
        status=people["status"].mask(theirs, "active"),
        completed_at=people["completed_at"].mask(theirs, ""),
        rounds_completed=people["rounds_completed"].mask(theirs, after),
    )
    return kept
