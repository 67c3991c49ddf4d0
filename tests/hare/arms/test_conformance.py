"""What every registered arm keeps, whatever system it is."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pytest

from hare.arms import (
    Arm,
    Recommendation,
    Request,
    ResourceSettings,
    UserState,
    build_arms,
    known_arms,
)
from hare.errors import InputError, StateError

QUERY = "Which of these two should I choose?"
every = pytest.mark.parametrize("name", known_arms())


@pytest.fixture(scope="module")
def arms(tiny_settings: ResourceSettings) -> Mapping[str, Arm]:
    """Every system of the registry, under a label that is not its name."""
    return build_arms({f"label of {name}": name for name in known_arms()}, tiny_settings)


@pytest.fixture
def arm(arms: Mapping[str, Arm], name: str) -> Arm:
    return arms[f"label of {name}"]


def shown_by(arm: Arm, state: UserState | None = None, seed: int = 3) -> Recommendation:
    return arm.recommend([Request(QUERY, state or arm.initial_state(), seed)])[0]


def taught(arm: Arm, shown: Recommendation, rewards: list[float]) -> UserState:
    state = arm.initial_state()
    for reward in rewards:
        state = arm.learn(state, shown, reward)
    return state


@every
def test_an_arm_is_an_arm_under_its_label_and_begins_with_no_round(arm: Arm, name: str) -> None:
    assert isinstance(arm, Arm)
    assert arm.name == f"label of {name}"
    assert arm.initial_state().rounds == 0
    assert arm.initial_state() == arm.initial_state()
    assert arm.recommend([]) == []


@every
def test_requests_are_answered_in_their_order_with_who_wrote_and_from_which_seed(
    arm: Arm,
) -> None:
    requests = [Request(QUERY, arm.initial_state(), seed) for seed in (5, 0, 2**63 - 1)]
    answers = arm.recommend(requests)
    assert [answer.provenance.seed for answer in answers] == [5, 0, 2**63 - 1]
    assert {answer.provenance.arm for answer in answers} == {arm.name}
    assert all(answer.text for answer in answers)


@every
def test_an_equal_request_has_an_equal_answer(arm: Arm) -> None:
    one, other = shown_by(arm), shown_by(arm)
    assert one.text == other.text
    assert one.diagnostics == other.diagnostics
    assert one.features_to_bytes() == other.features_to_bytes()


@every
def test_only_an_adaptive_arm_learns_and_learning_changes_no_state_that_was_given(
    arm: Arm,
) -> None:
    start, shown = arm.initial_state(), shown_by(arm)
    before = start.to_bytes()
    after = arm.learn(start, shown, 1.0)
    assert start.to_bytes() == before
    assert after.rounds == int(arm.adaptive)
    assert (after == start) == (not arm.adaptive)
    assert (arm.learn(start, shown, 0.0) == after) == (not arm.adaptive)


@every
def test_learning_replays_bit_for_bit_also_from_what_was_stored(arm: Arm) -> None:
    shown, rewards = shown_by(arm), [1.0, 0.0, 0.75]
    known = taught(arm, shown, rewards)
    assert taught(arm, shown, rewards).to_bytes() == known.to_bytes()
    record = json.loads(json.dumps(shown.to_json()))
    stored = Recommendation.from_stored(record, shown.features_to_bytes())
    state = UserState.from_bytes(known.to_bytes())
    assert arm.learn(state, stored, 0.3).to_bytes() == arm.learn(known, shown, 0.3).to_bytes()
    assert shown_by(arm, state).text == shown_by(arm, known).text


@every
def test_what_another_arm_of_the_same_model_wrote_may_be_learned_from(
    arms: Mapping[str, Arm], arm: Arm
) -> None:
    own = shown_by(arm)
    for other in arms.values():
        shown = shown_by(other)
        if shown.provenance.model == own.provenance.model:
            after = arm.learn(arm.initial_state(), shown, 0.5)
            assert after.rounds <= int(arm.adaptive)
            assert all(np.isfinite(array).all() for array in after.arrays.values())


@every
@pytest.mark.parametrize("reward", [-0.01, 1.01, float("nan")])
def test_an_adaptive_arm_refuses_a_reward_outside_zero_to_one(arm: Arm, reward: float) -> None:
    if arm.adaptive:
        with pytest.raises(InputError, match=r"reward = .*: must be a number in \[0, 1\]"):
            arm.learn(arm.initial_state(), shown_by(arm), reward)
    else:
        assert arm.learn(arm.initial_state(), shown_by(arm), 0.5) == arm.initial_state()


@every
def test_an_adaptive_arm_refuses_a_state_of_another_kind(arm: Arm) -> None:
    shown, foreign = shown_by(arm), UserState("of nobody")
    if arm.adaptive:
        with pytest.raises(StateError, match="'of nobody'"):
            arm.learn(foreign, shown, 0.5)
        with pytest.raises(StateError, match="'of nobody'"):
            arm.recommend([Request(QUERY, foreign, 1)])
    else:
        assert arm.learn(foreign, shown, 0.5) == foreign
