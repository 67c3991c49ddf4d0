"""Replay: recompute every participant's states from stored texts and ratings, and compare bytes.

On the platform that stored them the states are equal bit for bit. Writing the texts again is a
second check, asked for separately: rounding can differ with batch and processor, so it reports the
share of equal texts and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tqdm import tqdm

from hare.arms import Arm, Recommendation, Request, UserState
from study_app import learning
from study_app.storage import protocols, schema, trajectories
from study_app.storage.engine import Engine, reading
from study_app.study import arms_of
from study_design import Protocol


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What the replay found.

    participants   trajectories replayed
    states         states compared
    findings       what differs, one sentence each; empty when every state is equal bit for bit
    texts          texts written again, 0 unless asked for
    equal_texts    how many of them came out equal
    """

    participants: int
    states: int
    findings: tuple[str, ...]
    texts: int = 0
    equal_texts: int = 0

    @property
    def ok(self) -> bool:
        return not self.findings


def replay(
    engine: Engine,
    *,
    regenerate: bool = False,
    progress: bool = False,
    build: Callable[[Protocol], Mapping[str, Arm]] = arms_of,
) -> ReplayReport:
    """Replay every trajectory in the database.

    regenerate   also write every text again, one at a time
    build        makes the arms of a protocol
    """
    schema.check_schema(engine)
    states = texts = equal = participants = 0
    findings: list[str] = []
    with reading(engine) as session:
        designs = protocols.all_protocols(session)
        arms = {name: build(protocol) for name, protocol in designs.items()}
        stored = trajectories.read(session)
        total = trajectories.count(session)
        for one in tqdm(stored, total=total, desc="replay", disable=not progress):
            key = one.participant.protocol_hash
            findings.extend(_differences(designs[key], arms[key], one))
            participants += 1
            states += len(one.states)
            if regenerate:
                results = list(_written_again(designs[key], arms[key], one))
                texts += len(results)
                equal += sum(results)
    return ReplayReport(participants, states, tuple(findings), texts, equal)


def _differences(
    protocol: Protocol, arms: Mapping[str, Arm], one: trajectories.Trajectory
) -> Iterator[str]:
    who = f"participant {one.participant.id}"
    current = {arm: arms[arm].initial_state() for arm in protocol.arm_names}
    expected = {(arm, 0): state.to_bytes() for arm, state in current.items()}
    for stored in one.rounds:
        shown = [
            learning.Shown(
                text.slot,
                text.arm,
                Recommendation.from_stored({"text": text.text, **text.record}, text.features),
                stored.ratings.get(text.slot, {}),
            )
            for text in stored.texts
        ]
        try:
            learned = learning.learn(protocol, arms, current, shown)
        except KeyError as error:
            yield f"{who}, round {stored.round}: {error} is missing, so nothing can be replayed"
            return
        current |= learned
        expected |= {(arm, stored.round): state.to_bytes() for arm, state in learned.items()}
    for arm, round_ in sorted(expected.keys() | one.states.keys()):
        place = f"{who}, arm {arm}, after round {round_}"
        row = one.states.get((arm, round_))
        if row is None:
            yield f"{place}: the state is missing"
        elif (arm, round_) not in expected:
            yield f"{place}: a state that no rating explains"
        elif row.data != expected[arm, round_]:
            yield f"{place}: the stored state is not the one that the ratings give"


def _written_again(
    protocol: Protocol, arms: Mapping[str, Arm], one: trajectories.Trajectory
) -> Iterator[bool]:
    by_id = {row.id: row for row in one.states.values()}
    for stored in one.rounds:
        for text in stored.texts:
            state = UserState.from_bytes(by_id[text.state].data)
            request = Request(protocol.request(text.request).text, state, text.seed)
            yield arms[text.arm].recommend([request])[0].text == text.text
