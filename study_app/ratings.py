"""Submitting a round: ratings, learned states and event in one transaction, exactly once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from study_app.participants import Participant
from study_app.study import Study


@dataclass(frozen=True, slots=True)
class Submission:
    """The answers of one round.

    nonce       from OpenRound
    ratings     slot -> item -> point of the scale, e.g. {"A": {"relevance": 4, ...}, ...}
    choice      the slot chosen as best
    attention   attention check id -> answer, for the check of this round
    seconds     time on the page, >= 0
    """

    nonce: str
    round: int
    ratings: Mapping[str, Mapping[str, int]]
    choice: str
    comment: str | None = None
    attention: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Committed:
    """The round is stored. repeated: it already was, and this submission changed nothing."""

    round: int
    repeated: bool


def submit(study: Study, participant: Participant, submission: Submission) -> Committed:
    """Store a round exactly once.

    A repeat (same round already stored, from whichever tab) returns the first result.
    InvalidSubmission names each missing or out-of-range field; WrongStep when the page belongs to
    another round.
    """
    raise NotImplementedError


def close(
    study: Study,
    participant: Participant,
    answers: Mapping[str, Any],
    *,
    seconds: float | None = None,
) -> Participant:
    """Store the closing answers (question id -> answer) and complete; a repeat changes nothing."""
    raise NotImplementedError
