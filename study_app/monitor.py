"""What researchers see while the study runs: blinded until a logged unblinding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hare.arms import Diagnostics
from study_app import tokens
from study_app.answers import MISSING
from study_app.errors import InvalidAnswers
from study_app.storage import events as log
from study_app.storage import exclusions
from study_app.storage import overview as queries
from study_app.storage.clock import now
from study_app.storage.engine import reading, writing
from study_app.study import Study

ENTROPIES = ("entropy", "expected_entropy", "mutual_information")


@dataclass(frozen=True, slots=True)
class ResearcherSession:
    """Proof that the researcher's password was checked on the server."""

    since: str


@dataclass(frozen=True, slots=True)
class RoundMean:
    """Mean of a diagnostic over the texts of one round, with the middle 80 % (low, high)."""

    round: int
    mean: float
    low: float
    high: float
    texts: int


@dataclass(frozen=True, slots=True)
class EventLine:
    """One line of the log; participant is the first 8 digits of the id, or ""."""

    id: int
    at: str
    participant: str
    kind: str


@dataclass(frozen=True, slots=True)
class DeviationLine:
    """One protocol deviation; while blinded, the slot stands for arm and detail."""

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

    planned           N of the protocol, of participants who are not excluded
    excluded          rule of the protocol -> completers whom it excludes, who are replaced
    by_status         active, completed, withdrawn, screened_out -> participants
    by_step           step -> active participants there
    by_round          round -> active participants there
    slot_ratings      slot -> item -> point of the scale -> count (positions, not arms)
    arm_ratings       the same by arm, once unblinded; else None
    choices           slot -> times chosen best
    uncertainty       user uncertainty by round, adaptive systems unnamed
    attention         round -> entropies of the attention over the pool, means over its texts
    last_events       newest first
    deviations        newest first
    simulated         whether these are the simulated participants
    """

    planned: int
    excluded: Mapping[str, int]
    by_status: Mapping[str, int]
    by_step: Mapping[str, int]
    by_round: Mapping[int, int]
    slot_ratings: Mapping[str, Mapping[str, Mapping[int, int]]]
    arm_ratings: Mapping[str, Mapping[str, Mapping[int, int]]] | None
    choices: Mapping[str, int]
    uncertainty: tuple[RoundMean, ...]
    attention: Mapping[int, Diagnostics]
    last_events: tuple[EventLine, ...]
    deviations: tuple[DeviationLine, ...]
    blinded: bool
    simulated: bool


def check_researcher(study: Study, secret: str) -> ResearcherSession:
    """Check the researcher's password in constant time; WrongSecret otherwise."""
    tokens.check_password(study.installation, secret)
    return ResearcherSession(since=now())


def overview(study: Study, *, simulated: bool = False, events: int = 12) -> Overview:
    """The study at a glance, of the real participants or of the simulated ones.

    events   how many lines of the log, and of the deviations, to give
    """
    adaptive = [label for label, arm in study.arms.items() if arm.adaptive]
    with reading(study.engine) as session:
        unblinded = queries.is_unblinded(session)
        by_arm = (
            _distributions(queries.rating_counts(session, simulated=simulated, by_arm=True))
            if unblinded
            else None
        )
        return Overview(
            planned=study.protocol.participants,
            excluded=Counter(
                exclusions.excluded(session, study.protocol, simulated=simulated).values()
            ),
            by_status=queries.by_status(session, simulated=simulated),
            by_step=queries.by_step(session, simulated=simulated),
            by_round=queries.by_round(session, simulated=simulated),
            slot_ratings=_distributions(queries.rating_counts(session, simulated=simulated)),
            arm_ratings=by_arm,
            choices=queries.choices(session, simulated=simulated),
            uncertainty=_means(
                queries.diagnostics(session, "uncertainty", adaptive, simulated=simulated)
            ),
            attention=_attention(
                {
                    name: _means(queries.diagnostics(session, name, adaptive, simulated=simulated))
                    for name in ENTROPIES
                }
            ),
            last_events=tuple(
                EventLine(row.id, row.at, (row.participant or "")[:8], row.kind)
                for row in queries.last_events(session, events, simulated=simulated)
            ),
            deviations=tuple(
                _line(found, study.protocol.slots, unblinded)
                for found in queries.deviations(session, events, simulated=simulated)
            ),
            blinded=not unblinded,
            simulated=simulated,
        )


def unblind(study: Study, reason: str, who: str) -> None:
    """Log an unblinding; from then on the overview names the arms.

    InvalidAnswers when the reason or the name is empty.
    """
    given = {"reason": reason.strip(), "who": who.strip()}
    problems = {name: MISSING for name, value in given.items() if not value}
    if problems:
        raise InvalidAnswers(problems)
    with writing(study.engine) as session:
        log.append(session, queries.UNBLINDED, None, given)


def _distributions(
    counts: Iterable[tuple[str, str, int, int]],
) -> dict[str, dict[str, dict[int, int]]]:
    found: dict[str, dict[str, dict[int, int]]] = {}
    for group, item, point, count in counts:
        found.setdefault(group, {}).setdefault(item, {})[point] = count
    return found


def _means(values: Iterable[tuple[int, float]]) -> tuple[RoundMean, ...]:
    by_round: dict[int, list[float]] = {}
    for round_, value in values:
        by_round.setdefault(round_, []).append(value)
    return tuple(
        RoundMean(
            round=round_,
            mean=float(np.mean(found)),
            low=float(np.quantile(found, 0.1)),
            high=float(np.quantile(found, 0.9)),
            texts=len(found),
        )
        for round_, found in sorted(by_round.items())
    )


def _attention(by_name: Mapping[str, Sequence[RoundMean]]) -> dict[int, Diagnostics]:
    """The means of the entropies as one diagnostic a round."""
    at = {name: {mean.round: mean.mean for mean in means} for name, means in by_name.items()}
    return {
        round_: Diagnostics(
            entropy=at["entropy"].get(round_),
            expected_entropy=at["expected_entropy"].get(round_),
            mutual_information=at["mutual_information"].get(round_),
        )
        for round_ in sorted(at["entropy"])
    }


def _line(found: queries.DeviationAt, slots: Sequence[str], unblinded: bool) -> DeviationLine:
    """A deviation as the researcher may see it: its detail can name the arm, so it waits too."""
    row = found.row
    return DeviationLine(
        at=row.at,
        participant=row.participant[:8],
        round=row.round,
        slot=slots[found.order.index(row.arm)] if row.arm in found.order else "",
        arm=row.arm if unblinded else None,
        kind=row.kind,
        detail=row.detail if unblinded else "",
    )
