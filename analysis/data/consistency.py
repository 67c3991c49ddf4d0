"""Rules between the tables of an export, and between the tables and the protocol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from analysis.data.schema import STATUSES, Manifest
from analysis.errors import Problem
from study_design import Protocol

_NAMED = 3
Tables = Mapping[str, pd.DataFrame]


def inconsistencies(manifest: Manifest, protocol: Protocol, tables: Tables) -> list[Problem]:
    """Every broken rule, in the order of the tables; empty when all hold."""
    return [
        *_participants(manifest, protocol, tables["participants"]),
        *_references(tables),
        *_values(protocol, tables),
        *_unique(tables),
        *_whole_rounds(protocol, tables),
        *_slots_agree(tables),
    ]


def _participants(
    manifest: Manifest, protocol: Protocol, participants: pd.DataFrame
) -> Iterator[Problem]:
    file = "participants.csv"
    kind = "simulated" if manifest.simulated else "human"
    yield from _rows(
        file,
        "simulated",
        participants["simulated"] != manifest.simulated,
        f"the manifest says that every participant is {kind}; kinds are never mixed",
    )
    yield from _rows(
        file,
        "status",
        ~participants["status"].isin(STATUSES),
        f"must be one of {', '.join(STATUSES)}",
    )
    done = participants["rounds_completed"]
    yield from _rows(
        file,
        "rounds_completed",
        (done < 0) | (done > protocol.rounds),
        f"must be 0 to {protocol.rounds}",
    )
    checks = len(protocol.attention_checks)
    failed = participants["attention_failed"]
    yield from _rows(
        file, "attention_failed", (failed < 0) | (failed > checks), f"must be 0 to {checks}"
    )


def _references(tables: Tables) -> Iterator[Problem]:
    known = set(tables["participants"]["participant"])
    for name in ("ratings", "choices", "comments", "texts", "states", "closing", "timings"):
        rule = "is no participant of participants.csv"
        bad = ~tables[name]["participant"].isin(known)
        yield from _rows(f"{name}.csv", "participant", bad, rule)


def _values(protocol: Protocol, tables: Tables) -> Iterator[Problem]:
    arms = [arm.name for arm in protocol.arms]
    requests = [request.id for request in protocol.requests]
    for name in ("ratings", "choices", "texts"):
        file, table = f"{name}.csv", tables[name]
        yield from _among(file, table, "arm", arms)
        yield from _among(file, table, "slot", protocol.slots)
        yield from _among(file, table, "request", requests)
        bad = (table["round"] < 1) | (table["round"] > protocol.rounds)
        yield from _rows(file, "round", bad, f"must be 1 to {protocol.rounds}")
    ratings = tables["ratings"]
    yield from _among("ratings.csv", ratings, "item", [item.id for item in protocol.items])
    for item in protocol.items:
        low, high = item.scale.low, item.scale.high
        off = (ratings["item"] == item.id) & ~ratings["rating"].between(low, high)
        yield from _rows("ratings.csv", "rating", off, f"{item.id} must be {low} to {high}")


def _among(
    file: str, table: pd.DataFrame, column: str, allowed: Iterable[str]
) -> Iterator[Problem]:
    names = list(allowed)
    rule = f"must be one of the protocol's {', '.join(names)}"
    yield from _rows(file, column, ~table[column].isin(names), rule)


def _unique(tables: Tables) -> Iterator[Problem]:
    keys = {
        "participants": ["participant"],
        "ratings": ["participant", "round", "slot", "item"],
        "choices": ["participant", "round"],
        "texts": ["participant", "round", "slot"],
        "closing": ["participant", "question"],
    }
    for name, columns in keys.items():
        repeated = tables[name].duplicated(columns)
        rule = f"repeats an earlier row: one a {' × '.join(columns)} is allowed"
        yield from _rows(f"{name}.csv", None, repeated, rule)


def _whole_rounds(protocol: Protocol, tables: Tables) -> Iterator[Problem]:
    """A round is committed whole: every slot × item rated, one best choice, and counted."""
    cells = len(protocol.slots) * len(protocol.items)
    counts = tables["ratings"].groupby(["participant", "round"]).size()
    short = counts[counts != cells].head(_NAMED).reset_index(name="count")
    for participant, round_, count in short.itertuples(index=False):
        rule = f"participant {participant}, round {round_}: {count} ratings instead of {cells}"
        yield Problem("ratings.csv", rule)
    chosen = set(_pairs(tables["choices"]))
    rated = set(_pairs(tables["ratings"]))
    for participant, round_ in sorted(rated - chosen)[:_NAMED]:
        rule = f"participant {participant}, round {round_} has ratings and no choice"
        yield Problem("choices.csv", rule)
    for participant, round_ in sorted(chosen - rated)[:_NAMED]:
        rule = f"participant {participant}, round {round_} has a choice and no ratings"
        yield Problem("ratings.csv", rule)
    participants = tables["participants"]
    rounds = counts.groupby(level="participant").size()
    stored = participants["participant"].map(rounds).fillna(0).astype(int)
    differs = stored.to_numpy() != participants["rounds_completed"].to_numpy(dtype=np.int64)
    bad = differs & (participants["status"] != "withdrawn").to_numpy()
    rule = "is not the number of rounds with ratings in ratings.csv"
    yield from _rows("participants.csv", "rounds_completed", pd.Series(bad), rule)


def _pairs(table: pd.DataFrame) -> Iterator[tuple[str, int]]:
    pairs = table[["participant", "round"]].drop_duplicates()
    return zip(pairs["participant"].tolist(), pairs["round"].tolist(), strict=True)


def _slots_agree(tables: Tables) -> Iterator[Problem]:
    """Which arm stood in a slot, and which request was asked, is the same in every table."""
    shown = tables["texts"].set_index(["participant", "round", "slot"])[["arm", "request"]]
    for name in ("ratings", "choices"):
        table = tables[name]
        keys = pd.MultiIndex.from_frame(table[["participant", "round", "slot"]])
        if shown.index.has_duplicates:
            return
        found = shown.reindex(keys)
        for column in ("arm", "request"):
            bad = pd.Series(found[column].to_numpy() != table[column].to_numpy())
            rule = "is not what texts.csv shows in this participant, round and slot"
            yield from _rows(f"{name}.csv", column, bad, rule)


def _rows(file: str, column: str | None, bad: pd.Series, rule: str) -> Iterator[Problem]:
    rows = np.flatnonzero(bad.to_numpy(dtype=bool, na_value=True))
    for row in rows[:_NAMED]:
        yield Problem(file, rule, column, int(row) + 1)
    if rows.size > _NAMED:
        yield Problem(file, f"{rule}; {rows.size - _NAMED} more rows like these", column)
