"""The tables of an export and the type of every column that the analysis relies on.

More columns than these are allowed; these must be there. Empty cells are allowed only where a
column is optional.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from pydantic import BaseModel, ConfigDict, Field

from study_design import Letters, Protocol

Kind = Literal["text", "int", "float", "time", "flag", "json"]

SCHEMA_VERSION = 1
HEX64 = r"^[0-9a-f]{64}$"


class TableEntry(BaseModel):
    """What the manifest says of one table: its rows, and the SHA-256 of its CSV and Parquet.

    Manifests of earlier exports have no digest of the Parquet.
    """

    model_config = ConfigDict(frozen=True)

    rows: int = Field(ge=0)
    sha256: str = Field(pattern=HEX64)
    parquet_sha256: str | None = Field(default=None, pattern=HEX64)


class Manifest(BaseModel):
    """manifest.json: which study, which code, and the digest of every table.

    letters  what the letters of the Williams squares stand for; None: not disclosed, as while the
             study is blinded. An export without the entry was made before letters were drawn
    """

    model_config = ConfigDict(frozen=True)

    schema_version: Literal[1] = Field(alias="schema")
    study: str
    version: int
    created_at: str
    simulated: bool
    protocol_hash: str = Field(pattern=HEX64)
    code_hash: str = Field(pattern=HEX64)
    database_schema: str
    letters: Letters | None = None
    tables: dict[str, TableEntry]

    def letters_of(self, protocol: Protocol) -> Letters | None:
        """The letters that the schedules follow; None where they are not disclosed."""
        drawn = "letters" in self.model_fields_set
        return self.letters if drawn else Letters.in_order(protocol)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, how its text is read, and whether a cell may be empty."""

    name: str
    kind: Kind = "text"
    optional: bool = False


def _columns(*names: str) -> tuple[Column, ...]:
    """Columns in short: rating:int holds whole numbers, arm? is a text that may be empty."""
    columns = []
    for entry in names:
        name, _, kind = entry.rstrip("?").partition(":")
        columns.append(Column(name, cast(Kind, kind or "text"), entry.endswith("?")))
    return tuple(columns)


TABLES: dict[str, tuple[Column, ...]] = {
    "participants": _columns(
        "participant",
        "simulated:flag",
        "status",
        "sequence:int",
        "seed:int",
        "consented_at:time",
        "completed_at:time?",
        "rounds_completed:int",
        "attention_failed:int",
        "seconds_total:float?",
    ),
    "ratings": _columns("participant", "round:int", "slot", "arm", "request", "item", "rating:int"),
    "choices": _columns("participant", "round:int", "slot", "arm", "request"),
    "comments": _columns("participant", "round:int", "comment?"),
    "texts": _columns(
        "participant",
        "round:int",
        "slot",
        "arm",
        "request",
        "text",
        "system",
        "version",
        "model?",
        "prompt?",
        "seed:int",
        "decoding:json",
        "tokens:int",
        "latency_s:float",
        "entropy:float?",
        "expected_entropy:float?",
        "mutual_information:float?",
        "uncertainty:float?",
        "propensity:float?",
        "cluster_weights:json",
        "notes?",
        "shown_at:time",
    ),
    "states": _columns(
        "participant", "arm", "round:int", "kind", "rounds:int", "sha256", "parent_sha256?"
    ),
    "closing": _columns("participant", "question", "answer?", "arm?"),
    "timings": _columns("participant", "round:int?", "page", "seconds:float"),
    "deviations": _columns("participant?", "round:int?", "arm?", "kind", "detail?", "at:time"),
    "events": _columns(
        "id:int", "at:time", "participant?", "kind", "payload:json", "previous_hash?", "hash"
    ),
}
STATUSES = ("active", "completed", "withdrawn", "screened_out")
