"""The texts of a round: who writes what for whom, from which seed, and what is done when one fails.

Every request's seed follows from the participant's seed, the round, the arm and the attempt, so a
text can be written again. Attempt 0 is the first; a text that is late, fails or does not pass the
blinding scan is written again with the next attempt, and that is recorded as a deviation when the
protocol's path was left: a late or failed text always, a text shown although it does not pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hare.arms import Recommendation, Request, UserState
from study_app import blinding, learning
from study_app.errors import GenerationFailed
from study_app.storage import people, trials
from study_app.storage.canonical import sha256
from study_app.storage.engine import Session, reading, writing
from study_app.storage.models import ParticipantRow, StateRow
from study_app.study import Study
from study_design import RoundPlan

REWRITES = 2  # how often a text that does not pass the blinding scan is written again


@dataclass(frozen=True, slots=True)
class Situation:
    """What is needed to write the texts of a participant's round.

    plan     the round's request and order of arms
    states   each arm's latest state
    """

    participant: str
    seed: int
    plan: RoundPlan
    states: Mapping[str, StateRow]


@dataclass(frozen=True, slots=True)
class Deviation:
    """Something about an arm's text that did not go as the protocol says."""

    arm: str
    kind: str
    detail: str


@dataclass(slots=True)
class _Draft:
    """An arm's text so far."""

    attempt: int
    text: Recommendation


@dataclass(frozen=True, slots=True)
class Written:
    """The texts of a round by arm, the seeds they came from, and what went wrong on the way."""

    texts: Mapping[str, Recommendation]
    seeds: Mapping[str, int]
    deviations: list[Deviation] = field(default_factory=list)


def derived_seed(seed: int, round_: int, arm: str, attempt: int = 0) -> int:
    """The seed of one request, 0 <= seed < 2**63, from the participant's seed.

    >>> derived_seed(7, 1, "hare") == derived_seed(7, 1, "hare") != derived_seed(7, 1, "hare", 1)
    True
    """
    return int(sha256(f"{seed}/{round_}/{arm}/{attempt}")[:16], 16) >> 1


def plan_of(participant: ParticipantRow, round_: int) -> RoundPlan:
    """A round of the schedule drawn at enrolment."""
    plan = participant.schedule[round_ - 1]
    return RoundPlan(round_, plan["request"], tuple(plan["order"]))


def situation(session: Session, participant: ParticipantRow, round_: int) -> Situation:
    """Read what is needed to write the texts of a round."""
    states = trials.latest_states(session, participant.id)
    return Situation(participant.id, participant.seed, plan_of(participant, round_), states)


def request_for(study: Study, at: Situation, arm: str, attempt: int = 0) -> Request:
    """What an arm is asked in a round."""
    return Request(
        query=study.protocol.request(at.plan.request).text,
        state=UserState.from_bytes(at.states[arm].data),
        seed=derived_seed(at.seed, at.plan.round, arm, attempt),
    )


def prepare(study: Study, participant: str) -> None:
    """Ask for texts while nobody waits for them: of the next round to open, as far as known.

    After a commit that is the whole next round; while a round is being read, the texts of the arms
    that learn nothing from it.
    """
    with reading(study.engine) as session:
        row = session.get(ParticipantRow, participant)
        if row is None or row.status != people.ACTIVE:
            return
        round_ = people.completed_rounds(session, participant) + 1
        arms = study.protocol.arm_names
        if trials.opened(session, participant, round_) is not None:
            learning_now = learning.learners(study.protocol, study.arms)
            arms = tuple(arm for arm in arms if arm not in learning_now)
            round_ += 1
        if round_ > study.protocol.rounds:
            return
        at = situation(session, row, round_)
    for arm in arms:
        try:
            study.generator.ask(arm, request_for(study, at, arm), ahead=True)
        except GenerationFailed:
            return  # too busy to work ahead; the round asks again when it opens


def ask(study: Study, at: Situation) -> None:
    """Ask for all texts of a round at once, so that they are written together."""
    for arm in at.plan.order:
        study.generator.ask(arm, request_for(study, at, arm))


def all_done(study: Study, at: Situation) -> bool:
    """Whether every first attempt of a round is written already."""
    return all(study.generator.is_done(arm, request_for(study, at, arm)) for arm in at.plan.order)


def write(study: Study, at: Situation) -> Written:
    """Write the texts of a round; waits for them. Stores nothing but the deviation of a failure."""
    ask(study, at)
    deviations: list[Deviation] = []
    drafts = {arm: _text(study, at, arm, 0, deviations) for arm in at.plan.order}
    slots = dict(zip(study.protocol.slots, at.plan.order, strict=True))
    for last in (*[False] * REWRITES, True):
        texts = {slot: drafts[arm].text.text for slot, arm in slots.items()}
        findings = blinding.scan(texts, study.protocol.blinding)
        if not findings:
            break
        for slot in dict.fromkeys(finding.slot for finding in findings):
            arm = slots[slot]
            details = [f"{f.rule}: {f.detail}" for f in findings if f.slot == slot]
            if last:
                deviations.append(Deviation(arm, "blinding", "; ".join(details)))
            else:
                drafts[arm] = _text(study, at, arm, drafts[arm].attempt + 1, deviations)
    return Written(
        texts={arm: draft.text for arm, draft in drafts.items()},
        seeds={
            arm: derived_seed(at.seed, at.plan.round, arm, draft.attempt)
            for arm, draft in drafts.items()
        },
        deviations=deviations,
    )


def _text(
    study: Study, at: Situation, arm: str, attempt: int, deviations: list[Deviation]
) -> _Draft:
    """An arm's text at an attempt; when late or failed, the protocol's fallback: another seed."""
    deadline = study.protocol.generation.deadline_seconds
    problems: list[Deviation] = []
    for current in (attempt, attempt + 1):
        try:
            future = study.generator.ask(arm, request_for(study, at, arm, current))
            text = future.result(timeout=deadline)
        except TimeoutError:
            problems.append(
                Deviation(arm, "late", f"attempt {current}: not written in {deadline:g} s")
            )
        except Exception as error:  # recorded below, whatever the arm raised
            problems.append(Deviation(arm, "failed", f"attempt {current}: {error!r}"))
        else:
            deviations.extend(problems)
            return _Draft(current, text)
    with writing(study.engine) as session:
        for problem in problems:
            trials.add_deviation(
                session, at.participant, at.plan.round, arm, problem.kind, problem.detail
            )
    raise GenerationFailed(
        "The texts of this round could not be written. Nothing is lost: try again in a minute."
    )
