"""Replay: recompute every participant's states from stored texts and ratings, and compare bytes.

On the platform that stored them the states are equal bit for bit. On another processor sums are
taken in another order; there they agree within ACROSS_PLATFORMS. Writing the texts again is a
second check, asked for separately: rounding can differ with batch and processor, so it reports the
share of equal texts and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from hare.arms import Arm, Recommendation, Request, UserState
from hare.errors import StateError
from study_app import learning
from study_app.errors import ReplayError
from study_app.storage import protocols, schema, trajectories
from study_app.storage.engine import Engine, reading
from study_app.study import arms_of
from study_design import Protocol

ACROSS_PLATFORMS = 1e-9  # the tolerance for states that another processor computed


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What the replay found.

    participants   trajectories replayed
    states         states compared
    findings       what differs, one sentence each; empty when every state is the one expected, bit
                   for bit or within the tolerance that was given
    largest        the largest difference between a stored number and its own that was tolerated
    texts          texts written again, 0 unless asked for
    equal_texts    how many of them came out equal
    """

    participants: int
    states: int
    findings: tuple[str, ...]
    largest: float = 0.0
    texts: int = 0
    equal_texts: int = 0

    @property
    def ok(self) -> bool:
        return not self.findings


def replay(
    engine: Engine,
    *,
    tolerance: float = 0.0,
    regenerate: bool = False,
    progress: bool = False,
    build: Callable[[Protocol], Mapping[str, Arm]] = arms_of,
) -> ReplayReport:
    """Replay every trajectory in the database.

    tolerance    how far a number of a state may be from the stored one: 0 where the states were
                 stored, for equal bytes; ACROSS_PLATFORMS elsewhere
    regenerate   also write every text again, one at a time
    build        makes the arms of a protocol

    Raises ReplayError for a tolerance that is no number of at least 0.
    """
    if not 0.0 <= tolerance < np.inf:
        raise ReplayError(f"tolerance = {tolerance}: must be a finite number >= 0")
    schema.check_schema(engine)
    states = texts = equal = participants = 0
    largest = 0.0
    findings: list[str] = []
    with reading(engine) as session:
        designs = protocols.all_protocols(session)
        arms = {name: build(protocol) for name, protocol in designs.items()}
        stored = trajectories.read(session)
        total = trajectories.count(session)
        for one in tqdm(stored, total=total, desc="replay", disable=not progress):
            key = one.participant.protocol_hash
            for place, found in _compared(designs[key], arms[key], one):
                if isinstance(found, str):
                    findings.append(f"{place}: {found}")
                elif found > tolerance:
                    findings.append(
                        f"{place}: the stored state is not the one that the ratings give"
                    )
                else:
                    largest = max(largest, found)
            participants += 1
            states += len(one.states)
            if regenerate:
                results = list(_written_again(designs[key], arms[key], one))
                texts += len(results)
                equal += sum(results)
    return ReplayReport(participants, states, tuple(findings), largest, texts, equal)


def _compared(
    protocol: Protocol, arms: Mapping[str, Arm], one: trajectories.Trajectory
) -> Iterator[tuple[str, str | float]]:
    """Each state's place, and its distance from the one expected or why there is none."""
    who = f"participant {one.participant.id}"
    current = {arm: arms[arm].initial_state() for arm in protocol.arm_names}
    expected = {(arm, 0): state for arm, state in current.items()}
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
            yield f"{who}, round {stored.round}", f"{error} is missing, so nothing can be replayed"
            return
        current |= learned
        expected |= {(arm, stored.round): state for arm, state in learned.items()}
    for arm, round_ in sorted(expected.keys() | one.states.keys()):
        place = f"{who}, arm {arm}, after round {round_}"
        row = one.states.get((arm, round_))
        if row is None:
            yield place, "the state is missing"
        elif (arm, round_) not in expected:
            yield place, "a state that no rating explains"
        else:
            yield place, _distance(row.data, expected[arm, round_])


def _distance(stored: bytes, expected: UserState) -> float:
    """The largest difference of two numbers, 0 for equal bytes alone; infinite for another kind."""
    if stored == expected.to_bytes():
        return 0.0
    try:
        found = UserState.from_bytes(stored)
    except StateError:
        return np.inf
    shapes = [
        (s.kind, s.rounds, {name: array.shape for name, array in s.arrays.items()})
        for s in (found, expected)
    ]
    if shapes[0] != shapes[1]:
        return np.inf
    smallest = float(np.finfo(np.float64).tiny)  # signs of zeros differ, or the file's layout
    gaps = [
        np.abs(found.arrays[name] - own).max(initial=0.0) for name, own in expected.arrays.items()
    ]
    return max(smallest, *map(float, gaps))


def _written_again(
    protocol: Protocol, arms: Mapping[str, Arm], one: trajectories.Trajectory
) -> Iterator[bool]:
    by_id = {row.id: row for row in one.states.values()}
    for stored in one.rounds:
        for text in stored.texts:
            state = UserState.from_bytes(by_id[text.state].data)
            request = Request(protocol.request(text.request).text, state, text.seed)
            yield arms[text.arm].recommend([request])[0].text == text.text
