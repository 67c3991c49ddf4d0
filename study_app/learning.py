"""From a round's ratings to the arms' next states: one code for submitting and replaying."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hare.arms import Arm, Recommendation, UserState
from study_design import Protocol


@dataclass(frozen=True, slots=True)
class Shown:
    """A text that was shown, and the ratings it got (item -> point of the scale)."""

    slot: str
    arm: str
    recommendation: Recommendation
    ratings: Mapping[str, int]


def reward(protocol: Protocol, ratings: Mapping[str, int]) -> float:
    """Mean over the protocol's reward items of (rating - low) / (high - low), in [0, 1]."""
    shares = []
    for item_id in protocol.update.reward_items:
        scale = protocol.item(item_id).scale
        shares.append((ratings[item_id] - scale.low) / (scale.high - scale.low))
    return sum(shares) / len(shares)


def learners(protocol: Protocol, arms: Mapping[str, Arm]) -> tuple[str, ...]:
    """The arms that learn from ratings under the protocol's update policy."""
    if protocol.update.policy == "frozen":
        return ()
    return tuple(label for label in protocol.arm_names if arms[label].adaptive)


def source_slots(protocol: Protocol, arm: str, order: Mapping[str, str]) -> tuple[str, ...]:
    """The slots whose ratings an arm learns from, in order. order: slot -> arm shown there."""
    everything = protocol.update.policy == "all_slots"
    return tuple(slot for slot in sorted(order) if everything or order[slot] == arm)


def learn(
    protocol: Protocol,
    arms: Mapping[str, Arm],
    states: Mapping[str, UserState],
    shown: Sequence[Shown],
) -> dict[str, UserState]:
    """The new state of each arm that learns; pure."""
    by_slot = {text.slot: text for text in shown}
    order = {text.slot: text.arm for text in shown}
    learned: dict[str, UserState] = {}
    for label in learners(protocol, arms):
        state = states[label]
        for slot in source_slots(protocol, label, order):
            text = by_slot[slot]
            state = arms[label].learn(state, text.recommendation, reward(protocol, text.ratings))
        learned[label] = state
    return learned
