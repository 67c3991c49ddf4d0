"""Rules between the tables of an export, and between the tables and the protocol.

Each rule looks at what is there: a rule whose tables or columns are missing is passed over, and so
is a cell that could not be read, since those are problems of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from analysis.data.cells import shown
from analysis.data.schema import STATUSES, Manifest
from analysis.errors import Problem
from study_design import Protocol, sequence_count

Tables = Mapping[str, pd.DataFrame]
_PLACE = ["participant", "round", "slot"]
_KEYS = {
    "participants": ["participant"],
    "ratings": [*_PLACE, "item"],
    "choices": ["participant", "round"],
    "comments": ["participant", "round"],
    "texts": _PLACE,
    "states": ["participant", "arm", "round"],
    "closing": ["participant", "question"],
    "events": ["id"],
}
_DURATIONS = (("participants", "seconds_total"), ("timings", "seconds"), ("texts", "latency_s"))


def inconsistencies(manifest: Manifest, protocol: Protocol, tables: Tables) -> list[Problem]:
    """Every broken rule, in the order of the tables, one problem a row; empty when all hold."""
    return [
        *_participants(manifest, protocol, tables),
        *_references(tables),
        *_values(protocol, tables),
        *_closing(protocol, tables),
        *_unanswered(protocol, tables),
        *_times(tables),
        *_unique(tables),
        *_one_place_an_arm(tables),
        *_whole_rounds(protocol, tables),
        *_slots_agree(tables),
    ]


def _has(tables: Tables, name: str, *columns: str) -> bool:
    return name in tables and set(columns) <= set(tables[name].columns)


def _participants(manifest: Manifest, protocol: Protocol, tables: Tables) -> Iterator[Problem]:
    kind = "simulated" if manifest.simulated else "human"
    rule = f"the manifest says that every participant is {kind}; kinds are never mixed"
    for column in ("simulated", "status", "sequence", "rounds_completed", "attention_failed"):
        if not _has(tables, "participants", column):
            continue
        values = tables["participants"][column]
        if column == "simulated":
            off = values != manifest.simulated
            yield from _rows("participants.csv", column, off, rule, values)
        elif column == "status":
            yield from _among("participants.csv", values, "one of", STATUSES)
        else:
            most = {
                "sequence": sequence_count(protocol) - 1,
                "rounds_completed": protocol.rounds,
                "attention_failed": len(protocol.attention_checks),
            }[column]
            bad = (values < 0) | (values > most)
            yield from _rows("participants.csv", column, bad, f"must be 0 to {most}", values)


def _references(tables: Tables) -> Iterator[Problem]:
    if not _has(tables, "participants", "participant"):
        return
    known = ["", *tables["participants"]["participant"]]
    for name, table in tables.items():
        if name != "participants" and "participant" in table.columns:
            values = table["participant"]
            rule = "must be a participant of participants.csv"
            yield from _rows(f"{name}.csv", "participant", ~values.isin(known), rule, values)


def _values(protocol: Protocol, tables: Tables) -> Iterator[Problem]:
    allowed = {
        "arm": protocol.arm_names,
        "slot": protocol.slots,
        "request": [request.id for request in protocol.requests],
        "item": [item.id for item in protocol.items],
    }
    for name in ("ratings", "choices", "texts", "comments", "deviations", "states", "timings"):
        for column, names in allowed.items():
            if _has(tables, name, column):
                values = tables[name][column]
                yield from _among(f"{name}.csv", values, "one of the protocol's", names)
        if _has(tables, name, "round"):
            first = 0 if name in ("states", "timings", "deviations") else 1
            rounds = tables[name]["round"]
            bad = (rounds < first) | (rounds > protocol.rounds)
            rule = f"must be {first} to {protocol.rounds}"
            yield from _rows(f"{name}.csv", "round", bad, rule, rounds)
    if _has(tables, "ratings", "item", "rating"):
        ratings = tables["ratings"]
        for item in protocol.items:
            low, high = item.scale.low, item.scale.high
            off = (ratings["item"] == item.id) & ~ratings["rating"].between(low, high)
            rule = f"{item.id} must be {low} to {high}"
            yield from _rows("ratings.csv", "rating", off, rule, ratings["rating"])


def _closing(protocol: Protocol, tables: Tables) -> Iterator[Problem]:
    if not _has(tables, "closing", "question", "answer", "arm"):
        return
    closing, file = tables["closing"], "closing.csv"
    asked = [question.id for question in protocol.closing]
    yield from _among(file, closing["question"], "one of the protocol's", asked)
    for question in protocol.closing:
        own = closing["question"] == question.id
        options = list(question.options)
        if question.kind == "scale":
            options = [str(k + 1) for k in range(len(question.anchors))]
        elif question.kind == "slot":
            options = list(protocol.slots)
            bad = own & ~closing["arm"].isin(protocol.arm_names)
            rule = f"must be one of the protocol's {', '.join(protocol.arm_names)}"
            yield from _rows(file, "arm", bad, rule, closing["arm"])
        if options:
            rule = f"the answer to {question.id} must be one of {'; '.join(options)}"
            bad = own & ~closing["answer"].isin(["", *options])
            yield from _rows(file, "answer", bad, rule, closing["answer"])


def _unanswered(protocol: Protocol, tables: Tables) -> Iterator[Problem]:
    """Who completed has answered every closing question that must be answered."""
    if not (
        _has(tables, "participants", "participant", "status")
        and _has(tables, "closing", "participant", "question", "answer")
    ):
        return
    people, closing = tables["participants"], tables["closing"]
    completed = people.loc[people["status"] == "completed", "participant"]
    given = closing[closing["answer"] != ""]
    for question in protocol.closing:
        answered = given.loc[given["question"] == question.id, "participant"]
        silent = completed[~completed.isin(answered)].tolist() if question.required else []
        if silent:
            rule = f"must have an answer to {question.id} of everyone who completed"
            more = f" and {len(silent) - 3} more" if len(silent) > 3 else ""
            yield Problem("closing.csv", f"{rule}; has none of {', '.join(silent[:3])}{more}")


def _times(tables: Tables) -> Iterator[Problem]:
    """Nobody completes before they consent, and nothing takes less than no time."""
    if _has(tables, "participants", "consented_at", "completed_at"):
        people = tables["participants"]
        early = people["completed_at"] < people["consented_at"]
        rule = "must not be before consented_at"
        yield from _rows("participants.csv", "completed_at", early, rule, people["completed_at"])
    for name, column in _DURATIONS:
        if _has(tables, name, column):
            values = tables[name][column]
            yield from _rows(f"{name}.csv", column, values < 0, "must be 0 s or more", values)


def _among(file: str, values: pd.Series, what: str, allowed: Iterable[str]) -> Iterator[Problem]:
    names = list(allowed)
    bad = ~values.isin(["", *names])
    rule = f"must be {what} {', '.join(names)}"
    yield from _rows(file, str(values.name), bad, rule, values)


def _unique(tables: Tables) -> Iterator[Problem]:
    for name, columns in _KEYS.items():
        if _has(tables, name, *columns):
            rule = f"repeats an earlier row: one a {' × '.join(columns)} is allowed"
            yield from _rows(f"{name}.csv", None, tables[name].duplicated(columns), rule)


def _one_place_an_arm(tables: Tables) -> Iterator[Problem]:
    """In a round every arm stands in one slot, and a request comes once to a participant."""
    if not _has(tables, "texts", *_PLACE, "arm", "request"):
        return
    texts = tables["texts"].drop_duplicates(_PLACE)
    twice = texts.duplicated(["participant", "round", "arm"])
    rule = "stands in two slots of the same participant and round"
    yield from _rows("texts.csv", "arm", twice, rule)
    first = texts.drop_duplicates(["participant", "round"])
    again = first.duplicated(["participant", "request"])
    yield from _rows("texts.csv", "request", again, "comes twice to the same participant")
    request = first.set_index(["participant", "round"])["request"]
    own = request.reindex(pd.MultiIndex.from_frame(texts[["participant", "round"]]))
    other = pd.Series(own.to_numpy() != texts["request"].to_numpy(), index=texts.index)
    yield from _rows("texts.csv", "request", other, "differs within one participant and round")


def _whole_rounds(protocol: Protocol, tables: Tables) -> Iterator[Problem]:
    """A round is committed whole: every slot × item rated, one best choice, and counted."""
    if not _has(tables, "ratings", "participant", "round"):
        return
    ratings, cells = tables["ratings"], 1
    for column, names in {
        "arm": protocol.arm_names,
        "item": [item.id for item in protocol.items],
    }.items():
        rated = ratings[column] if column in ratings and len(ratings) else pd.Series(names)
        absent = [name for name in names if not rated.eq(name).any()]
        cells *= len(names) - len(absent)
        for name in absent:
            yield Problem("ratings.csv", f"{name}: no ratings at all", column)
    counts = ratings.groupby(["participant", "round"]).size()
    short = counts[counts != cells].reset_index(name="count")
    for participant, round_, count in short.itertuples(index=False):
        rule = f"participant {participant}, round {round_}: {count} ratings instead of {cells}"
        yield Problem("ratings.csv", rule)
    if _has(tables, "choices", "participant", "round"):
        chosen, rated = set(_pairs(tables["choices"])), set(_pairs(ratings))
        for participant, round_ in sorted(rated - chosen):
            rule = f"participant {participant}, round {round_} has ratings and no choice"
            yield Problem("choices.csv", rule)
        for participant, round_ in sorted(chosen - rated):
            rule = f"participant {participant}, round {round_} has a choice and no ratings"
            yield Problem("ratings.csv", rule)
    if _has(tables, "participants", "participant", "rounds_completed", "status"):
        participants = tables["participants"]
        rounds = counts.groupby(level="participant").size()
        stored = participants["participant"].map(rounds).fillna(0).astype(int)
        bad = (participants["rounds_completed"] != stored) & (participants["status"] != "withdrawn")
        rule = "must be the number of rounds with ratings in ratings.csv"
        given = participants["rounds_completed"]
        yield from _rows("participants.csv", "rounds_completed", bad, rule, given)


def _pairs(table: pd.DataFrame) -> Iterator[tuple[str, int]]:
    pairs = table[["participant", "round"]].dropna().drop_duplicates()
    return zip(pairs["participant"].tolist(), pairs["round"].tolist(), strict=True)


def _slots_agree(tables: Tables) -> Iterator[Problem]:
    """Which arm stood in a slot, and which request was asked, is the same in every table."""
    if not _has(tables, "texts", *_PLACE, "arm", "request"):
        return
    shown = tables["texts"].drop_duplicates(_PLACE).set_index(_PLACE)[["arm", "request"]]
    for name in ("ratings", "choices"):
        if not _has(tables, name, *_PLACE):
            continue
        table = tables[name]
        found = shown.reindex(pd.MultiIndex.from_frame(table[_PLACE]))
        for column in ("arm", "request"):
            if column in table.columns:
                bad = pd.Series(found[column].to_numpy() != table[column].to_numpy())
                rule = "is not what texts.csv shows in this participant, round and slot"
                yield from _rows(f"{name}.csv", column, bad, rule)


def _rows(
    file: str, column: str | None, bad: pd.Series, rule: str, values: pd.Series | None = None
) -> Iterator[Problem]:
    """One problem a bad row, with its value where given; a cell that is missing is not bad here."""
    for row in bad.index[bad.to_numpy(dtype=bool, na_value=False)]:
        found = "" if values is None else f", is {shown(values.loc[row])}"
        yield Problem(file, f"{rule}{found}", column, int(row) + 1)
