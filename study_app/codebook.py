"""The columns of the export: what each holds. Written into every export as codebook.csv."""

from __future__ import annotations

from dataclasses import dataclass

from study_design import Protocol

# Type in the codebook -> pandas dtype. Every one of them can hold a missing value.
DTYPES = {
    "text": "string",
    "id": "string",
    "time": "string",
    "json": "string",
    "integer": "Int64",
    "number": "Float64",
    "boolean": "boolean",
}

_PARTICIPANT = ("participant", "id", "random 128-bit id, hex", "")
_ROUND = ("round", "integer", "round of the study, from 1", "")
_SLOT = ("slot", "text", "position on the screen, left to right", "")
_ARM = ("arm", "text", "label of the system in the protocol", "")
_REQUEST = ("request", "text", "id of the request in the protocol", "")

_TABLES: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "participants": (
        _PARTICIPANT,
        ("simulated", "boolean", "whether a program played the participant", "True, False"),
        ("status", "text", "how far they came", "active, completed, withdrawn, screened_out"),
        ("sequence", "integer", "row of the balanced design", ""),
        ("seed", "integer", "where every random draw for the participant starts", ""),
        ("consented_at", "time", "consent and enrolment, UTC", ""),
        ("completed_at", "time", "last answer of the study, UTC; missing until then", ""),
        ("rounds_completed", "integer", "rounds whose ratings are stored", ""),
    ),
    "ratings": (
        _PARTICIPANT,
        _ROUND,
        _SLOT,
        _ARM,
        _REQUEST,
        ("item", "text", "rating question", ""),
        ("rating", "integer", "point of the item's scale", ""),
    ),
    "choices": (
        _PARTICIPANT,
        _ROUND,
        ("slot", "text", "position of the text chosen as best", ""),
        ("arm", "text", "arm of the text chosen as best", ""),
        _REQUEST,
    ),
    "comments": (_PARTICIPANT, _ROUND, ("comment", "text", "the participant's own words", "")),
    "texts": (
        _PARTICIPANT,
        _ROUND,
        _SLOT,
        _ARM,
        _REQUEST,
        ("text", "text", "the text as shown", ""),
        ("system", "text", "the arm's name in the registry of systems", ""),
        ("version", "text", "version of the system", ""),
        ("model", "text", "fingerprint of the model's files; empty without a model", ""),
        ("prompt", "text", "what the language model was given", ""),
        ("seed", "integer", "seed of the request", ""),
        ("decoding", "json", "decoding settings", ""),
        ("tokens", "integer", "number of tokens written", ""),
        ("latency_s", "number", "seconds from request to text", ""),
        ("entropy", "number", "entropy of the attention over the pool, nats", ""),
        ("expected_entropy", "number", "its expectation over the user's posterior, nats", ""),
        ("mutual_information", "number", "entropy - expected_entropy, nats", ""),
        (
            "uncertainty",
            "number",
            "trace of the posterior covariance over the prior's",
            "1 at start",
        ),
        ("propensity", "number", "probability of the shown item, where one was drawn", "0 to 1"),
        ("cluster_weights", "json", "attention by cluster of the pool", "sums to 1"),
        ("notes", "text", "remarks of the system, separated by '; '", ""),
        ("shown_at", "time", "when the text was first shown, UTC", ""),
    ),
    "states": (
        _PARTICIPANT,
        _ARM,
        ("round", "integer", "after this round; 0 before the first", ""),
        ("kind", "text", "family of systems that can read the state", ""),
        ("rounds", "integer", "number of ratings learned from", ""),
        ("sha256", "text", "digest of the state's bytes", ""),
        ("parent_sha256", "text", "digest of the state it was learned from", ""),
    ),
    "closing": (
        _PARTICIPANT,
        ("question", "text", "id of the closing question in the protocol", ""),
        ("answer", "text", "option, number, words or slot", ""),
        ("arm", "text", "for a slot: the arm that was there in the last round", ""),
    ),
    "timings": (
        _PARTICIPANT,
        ("round", "integer", "round, or 0 for a page outside the rounds", ""),
        ("page", "text", "page", "background, practice, round, closing"),
        ("seconds", "number", "time on the page, seconds", ""),
    ),
    "deviations": (
        _PARTICIPANT,
        _ROUND,
        _ARM,
        ("kind", "text", "what did not go as planned", "late, failed, blinding"),
        ("detail", "text", "in words", ""),
        ("at", "time", "when, UTC", ""),
    ),
    "events": (
        ("id", "integer", "number in the log, from 1", ""),
        ("at", "time", "when, UTC", ""),
        ("participant", "id", "whom it concerns; missing for the study itself", ""),
        ("kind", "text", "what happened", ""),
        ("payload", "json", "details; digests of what was stored, never answers", ""),
        ("previous_hash", "text", "hash of the event before", ""),
        ("hash", "text", "SHA-256 of this event and the hash before", ""),
    ),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an exported table."""

    table: str
    column: str
    type: str
    description: str
    values: str = ""


def columns(protocol: Protocol) -> dict[str, tuple[Column, ...]]:
    """The columns of every table of this study's export, in order."""
    tables = {
        table: tuple(Column(table, *described) for described in described_columns)
        for table, described_columns in _TABLES.items()
    }
    asked = [
        Column("participants", f"{prefix}_{q.id}", "text", q.question, ", ".join(q.options))
        for prefix, questions in (
            ("eligibility", protocol.eligibility),
            ("background", protocol.background),
        )
        for q in questions
    ]
    ends = (
        Column("participants", "attention_failed", "integer", "attention checks answered wrongly"),
        Column("participants", "seconds_total", "number", "time on all pages, seconds"),
    )
    tables["participants"] = (*tables["participants"], *asked, *ends)
    return tables
