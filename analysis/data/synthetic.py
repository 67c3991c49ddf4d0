"""A made-up export, for the walkthrough, the tests and benchmarks. Always marked as simulated.

It has the files, columns and types of a real export, and ratings drawn from a simple model: a
participant's level, an arm's effect, an effect that grows by the round for the adaptive arm, and
noise, rounded and clipped to the scale.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.data.digests import file_digest
from analysis.data.event_chain import FIRST_HASH, event_hash
from analysis.data.schema import TABLES, Kind
from analysis.data.synthetic_losses import Losses, lose
from study_design import PILOT, Protocol, draw_schedule, load_protocol, sequence_count

_TYPES: dict[Kind, str] = {
    "text": "text",
    "int": "integer",
    "float": "number",
    "time": "time",
    "flag": "boolean",
    "json": "json",
}
_START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SyntheticEffects:
    """What the made-up ratings hold.

    shift    arm -> points added to its ratings in every round
    growth   points a round that the treatment gains over the others
    level    SD of the participants' levels; method: SD of a participant's liking of an arm
    noise    SD of a single rating before rounding
    """

    shift: Mapping[str, float] = field(default_factory=lambda: {"hare": 0.3, "rag": 0.1})
    growth: float = 0.05
    level: float = 0.5
    method: float = 0.3
    noise: float = 0.9


def write_synthetic_export(
    folder: str | Path,
    *,
    participants: int = 24,
    seed: int = 0,
    protocol: Protocol | None = None,
    effects: SyntheticEffects | None = None,
    losses: Losses | None = None,
) -> Path:
    """Write an export of made-up participants into `folder`, and return the folder.

    participants  who complete; those of `losses` come on top
    The manifest and every participant say `simulated`; such an export is never read as a study.
    """
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    design = protocol or load_protocol(PILOT)
    rng = np.random.default_rng(seed)
    lost = losses or Losses()
    tables = _tables(design, participants + lost.total, effects or SyntheticEffects(), rng)
    write_export_files(path, design, lose(design, tables, lost))
    return path


def write_export_files(
    folder: Path, protocol: Protocol, tables: Mapping[str, pd.DataFrame], *, simulated: bool = True
) -> None:
    """Write tables as an export: CSV, Parquet, protocol.yaml, codebook.csv and manifest.json."""
    (folder / "protocol.yaml").write_text(protocol.to_yaml(), encoding="utf-8")
    entries = {}
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
        table.to_parquet(folder / f"{name}.parquet", index=False)
        entries[name] = {
            "rows": len(table),
            "sha256": file_digest(folder / f"{name}.csv"),
            "parquet_sha256": file_digest(folder / f"{name}.parquet"),
        }
    _codebook(tables).to_csv(folder / "codebook.csv", index=False)
    manifest = {
        "schema": 1,
        "study": protocol.study.id,
        "version": protocol.study.version,
        "created_at": _time(timedelta(days=30)),
        "simulated": simulated,
        "protocol_hash": protocol.hash,
        "code_hash": hashlib.sha256(b"synthetic").hexdigest(),
        "database_schema": "synthetic",
        "tables": entries,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")


def _codebook(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    rows = []
    for name, table in tables.items():
        kinds = {column.name: _TYPES[column.kind] for column in TABLES[name]}
        kinds = {str(column): kinds.get(str(column), "text") for column in table.columns}
        rows += [(name, column, kind, "made up", "") for column, kind in kinds.items()]
    return pd.DataFrame(rows, columns=["table", "column", "type", "description", "values"])


def _tables(
    protocol: Protocol, n: int, effects: SyntheticEffects, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    ids = [rng.bytes(16).hex() for _ in range(n)]
    texts = _texts(protocol, ids, rng)
    ratings = _ratings(protocol, texts, effects, rng)
    mean = ratings.groupby(["participant", "round", "slot"])["rating"].mean()
    keys = mean.groupby(["participant", "round"]).idxmax()
    best = pd.DataFrame(list(keys), columns=["participant", "round", "slot"])
    shown = ["participant", "round", "slot", "arm", "request"]
    choices = best.merge(texts[shown], on=["participant", "round", "slot"])
    states = texts[["participant", "arm", "round"]].assign(kind="made up", rounds=texts["round"])
    timings = texts.loc[texts["slot"] == "A", ["participant", "round"]].assign(page="round")
    return {
        "participants": _participants(protocol, ids, rng),
        "ratings": ratings,
        "choices": choices,
        "comments": _comments(ids),
        "texts": texts,
        "states": states.assign(sha256="0" * 64, parent_sha256=""),
        "closing": _closing(protocol, texts, ids, rng),
        "timings": timings.assign(seconds=np.round(rng.gamma(9, 9, len(timings)), 3)),
        "deviations": _deviations(texts),
        "events": _events(ids),
    }


def _time(after: timedelta) -> str:
    return (_START + after).isoformat(timespec="microseconds")


def _participants(protocol: Protocol, ids: list[str], rng: np.random.Generator) -> pd.DataFrame:
    rows = len(ids)
    table = pd.DataFrame(
        {
            "participant": ids,
            "simulated": True,
            "status": "completed",
            "sequence": np.arange(rows) % sequence_count(protocol),
            "seed": rng.integers(2**62, size=rows),
            "consented_at": [_time(timedelta(hours=k)) for k in range(rows)],
            "completed_at": [_time(timedelta(hours=k, minutes=40)) for k in range(rows)],
            "rounds_completed": protocol.rounds,
        }
    )
    for entry in protocol.eligibility:
        table[f"eligibility_{entry.id}"] = entry.eligible[0]
    for question in protocol.background:
        options = question.options or ("1", "2", "3")
        table[f"background_{question.id}"] = rng.choice(list(options), size=rows)
    table["attention_failed"] = 0
    table["seconds_total"] = np.round(rng.gamma(20, 120, rows), 3)
    return table


def _texts(protocol: Protocol, ids: list[str], rng: np.random.Generator) -> pd.DataFrame:
    treatment = protocol.analysis.primary.treatment
    systems = {arm.name: arm.system for arm in protocol.arms}
    rows = []
    for k, participant in enumerate(ids):
        schedule = draw_schedule(protocol, sequence=k % sequence_count(protocol), seed=k)
        for plan in schedule.rounds:
            for slot, arm in zip(protocol.slots, plan.order, strict=True):
                rows.append((participant, plan.round, slot, arm, plan.request, systems[arm]))
    columns = ["participant", "round", "slot", "arm", "request", "system"]
    table = pd.DataFrame(rows, columns=columns)
    rows_, adaptive = len(table), table["arm"] == treatment
    left = 1.0 / (1.0 + 0.15 * (table["round"] - 1)) * np.exp(rng.normal(0, 0.05, rows_))
    return table.assign(
        text="A made-up text.",
        version="1",
        model="",
        prompt="",
        seed=np.arange(rows_),
        decoding="{}",
        tokens=rng.integers(90, 160, rows_),
        latency_s=np.round(rng.gamma(8, 0.5, rows_), 3),
        entropy=(2.0 + 0.6 * left + rng.normal(0, 0.05, rows_)).round(4).where(adaptive),
        expected_entropy=(1.9 + 0.3 * left).round(4).where(adaptive),
        mutual_information=(0.1 + 0.3 * left).round(4).where(adaptive),
        uncertainty=left.round(4).where(adaptive),
        propensity=np.nan,
        cluster_weights="[]",
        notes="",
        shown_at=_time(timedelta(days=1)),
    )


def _ratings(
    protocol: Protocol, texts: pd.DataFrame, effects: SyntheticEffects, rng: np.random.Generator
) -> pd.DataFrame:
    treatment = protocol.analysis.primary.treatment
    participant = pd.factorize(texts["participant"])[0]
    arm, arms = pd.factorize(texts["arm"])
    people = int(participant.max()) + 1
    level = rng.normal(0, effects.level, people)[participant]
    liking = rng.normal(0, effects.method, (people, len(arms)))[participant, arm]
    learned = effects.growth * (texts["round"] - 1) * (texts["arm"] == treatment)
    shift = np.array([effects.shift.get(str(name), 0.0) for name in texts["arm"]])
    tables = []
    for item in protocol.items:
        middle = (item.scale.low + item.scale.high) / 2.0
        latent = middle + level + liking + shift + learned.to_numpy()
        drawn = np.rint(latent + rng.normal(0, effects.noise, len(texts)))
        rating = np.clip(drawn, item.scale.low, item.scale.high).astype(int)
        shown = texts[["participant", "round", "slot", "arm", "request"]]
        tables.append(shown.assign(item=item.id, rating=rating))
    return pd.concat(tables, ignore_index=True)


def _comments(ids: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"participant": ids[:1], "round": 1, "comment": "A made-up comment."})


def _closing(
    protocol: Protocol, texts: pd.DataFrame, ids: list[str], rng: np.random.Generator
) -> pd.DataFrame:
    last = texts[texts["round"] == protocol.rounds].set_index(["participant", "slot"])["arm"]
    rows = []
    for participant in ids:
        for question in protocol.closing:
            if question.kind == "slot":
                slot = str(rng.choice(list(protocol.slots)))
                rows.append((participant, question.id, slot, last.loc[(participant, slot)]))
            elif question.kind == "text":
                if question.required:
                    rows.append((participant, question.id, "A made-up answer.", ""))
            else:
                options = question.options or [str(k + 1) for k in range(len(question.anchors))]
                rows.append((participant, question.id, str(rng.choice(list(options))), ""))
    return pd.DataFrame(rows, columns=["participant", "question", "answer", "arm"])


def _deviations(texts: pd.DataFrame) -> pd.DataFrame:
    late = texts.loc[texts.index % 97 == 11, ["participant", "round", "arm"]]
    return late.assign(kind="late", detail="made up", at=_time(timedelta(days=1)))


def _events(ids: list[str]) -> pd.DataFrame:
    rows, previous = [], FIRST_HASH
    for number, participant in enumerate(ids, start=1):
        at = _time(timedelta(hours=number))
        digest = event_hash(previous, number, at, participant, "made_up", "{}")
        rows.append((number, at, participant, "made_up", "{}", previous, digest))
        previous = digest
    columns = ["id", "at", "participant", "kind", "payload", "previous_hash", "hash"]
    return pd.DataFrame(rows, columns=columns)
