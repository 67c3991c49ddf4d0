"""What researchers see while the study runs: blinded until a logged unblinding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from study_app.study import Study


@dataclass(frozen=True, slots=True)
class ResearcherSession:
    """Proof that the researcher's password was checked on the server."""

    since: str


@dataclass(frozen=True, slots=True)
class RoundMean:
    """Mean of a diagnostic over participants in one round, with the middle 80 % (low, high)."""

    round: int
    mean: float
    low: float
    high: float
    participants: int


@dataclass(frozen=True, slots=True)
class EventLine:
    """One line of the log; participant is the first 8 digits of the id, or ""."""

    id: int
    at: str
    participant: str
    kind: str


@dataclass(frozen=True, slots=True)
class DeviationLine:
    """One protocol deviation; slot stands for the arm while blinded."""

    at: str
    participant: str
    round: int | None
    slot: str
    arm: str | None
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The study at a glance.

    planned           N of the protocol
    by_status         active, completed, withdrawn, screened_out -> participants
    by_step           step -> active participants there
    by_round          round -> active participants there
    slot_ratings      slot -> item -> point of the scale -> count (positions, not arms)
    arm_ratings       the same by arm, once unblinded; else None
    choices           slot -> times chosen best
    uncertainty       user uncertainty by round, adaptive systems unnamed
    entropy           entropy of the attention over the pool by round, nats
    last_events       newest first
    deviations        newest first
    simulated         whether these are the simulated participants
    """

    planned: int
    by_status: Mapping[str, int]
    by_step: Mapping[str, int]
    by_round: Mapping[int, int]
    slot_ratings: Mapping[str, Mapping[str, Mapping[int, int]]]
    arm_ratings: Mapping[str, Mapping[str, Mapping[int, int]]] | None
    choices: Mapping[str, int]
    uncertainty: tuple[RoundMean, ...]
    entropy: tuple[RoundMean, ...]
    last_events: tuple[EventLine, ...]
    deviations: tuple[DeviationLine, ...]
    blinded: bool
    simulated: bool


def check_researcher(study: Study, secret: str) -> ResearcherSession:
    """Check the researcher's password in constant time; WrongSecret otherwise."""
    raise NotImplementedError


def overview(study: Study, *, simulated: bool = False, events: int = 12) -> Overview:
    """The study at a glance, of the real participants or of the simulated ones."""
    raise NotImplementedError


def unblind(study: Study, reason: str, who: str) -> None:
    """Log an unblinding (reason and name required); from then on the overview names the arms."""
    raise NotImplementedError
