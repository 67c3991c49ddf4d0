"""The arms that show existing skills, and HARE's ablations, on the tiny model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from hare.arms import Arm, Request, ResourceSettings, UserState, build_arms
from hare.arms.selecting import LinUCBArm
from hare.data.skills import format_skill
from hare.errors import InputError, StateError
from hare.synthesis.resources import Resources

QUERY = "Which of these two should I choose?"
SELECTING = ("best_existing", "linucb", "random")
LEARNING = ("best_existing", "linucb", "attention_only")


@pytest.fixture(scope="module")
def arms(tiny_settings: ResourceSettings) -> Mapping[str, Arm]:
    names = (*SELECTING, "attention_only", "hare_no_user", "hare")
    return build_arms({name: name for name in names}, tiny_settings)


@pytest.mark.parametrize("name", SELECTING)
def test_a_selecting_arm_shows_a_skill_of_the_pool_in_the_form_of_written_texts(
    arms: Mapping[str, Arm], tiny_resources: Resources, name: str
) -> None:
    arm = arms[name]
    assert isinstance(arm, Arm)
    texts = {format_skill(skill) for skill in tiny_resources.trained.pool.skills}
    request = Request(QUERY, arm.initial_state(), 4)
    one, again = arm.recommend([request, request])
    assert one.text in texts
    assert one.text == again.text
    assert one.provenance.arm == name
    assert "of the pool" in one.provenance.notes[0]
    assert one.features["text"].shape == (7,)


@pytest.mark.parametrize("name", LEARNING)
def test_a_learning_arm_learns_and_its_state_survives_storage(
    arms: Mapping[str, Arm], name: str
) -> None:
    arm = arms[name]
    start = arm.initial_state()
    shown = arm.recommend([Request(QUERY, start, 1)])[0]
    state = arm.learn(start, shown, 1.0)
    assert arm.adaptive
    assert state.rounds == 1
    assert state != start
    assert UserState.from_bytes(state.to_bytes()) == state
    assert arm.learn(start, shown, 1.0) == state
    assert arm.learn(start, shown, 0.0) != state


@pytest.mark.parametrize("name", ["hare_no_user", "random"])
def test_an_arm_without_a_user_hands_back_the_state_it_was_given(
    arms: Mapping[str, Arm], name: str
) -> None:
    arm = arms[name]
    start = arm.initial_state()
    assert not arm.adaptive
    assert arm.learn(start, arm.recommend([Request(QUERY, start, 1)])[0], 1.0) == start


def test_without_a_user_every_round_is_written_as_hare_writes_the_first(
    arms: Mapping[str, Arm],
) -> None:
    request = Request(QUERY, arms["hare"].initial_state(), 9)
    first = arms["hare"].recommend([request])[0]
    assert arms["hare_no_user"].recommend([request])[0].text == first.text


def test_attention_only_takes_the_mean_for_the_truth(arms: Mapping[str, Arm]) -> None:
    arm = arms["attention_only"]
    told = arm.recommend([Request(QUERY, arm.initial_state(), 1)])[0]
    assert told.diagnostics.mutual_information == pytest.approx(0.0, abs=1e-6)
    assert told.provenance.decoding["alpha"] == 0.0


def test_linucb_without_a_bonus_stays_with_what_was_liked_and_leaves_what_was_not(
    tiny_resources: Resources,
) -> None:
    arm = LinUCBArm(tiny_resources, "linucb", alpha=0.0)
    first = arm.recommend([Request(QUERY, arm.initial_state(), 1)])[0]
    liked = disliked = arm.initial_state()
    for _ in range(6):
        liked, disliked = arm.learn(liked, first, 1.0), arm.learn(disliked, first, 0.0)
    assert arm.recommend([Request(QUERY, liked, 1)])[0].text == first.text
    # Nothing was ever liked: all skills are expected to be worth as little, the bonus decides.
    bold = LinUCBArm(tiny_resources, "linucb", alpha=1.0)
    assert bold.recommend([Request(QUERY, disliked, 1)])[0].text != first.text


def test_linucb_learns_nothing_from_the_text_of_another_arm(arms: Mapping[str, Arm]) -> None:
    foreign = arms["random"].recommend([Request(QUERY, UserState("empty"), 1)])[0]
    start = arms["linucb"].initial_state()
    assert arms["linucb"].learn(start, foreign, 1.0) == start


def test_random_is_fair_to_its_candidates_and_says_with_what_chance(
    arms: Mapping[str, Arm],
) -> None:
    arm = arms["random"]
    shown = arm.recommend([Request(QUERY, UserState("empty"), seed) for seed in range(60)])
    assert {answer.diagnostics.propensity for answer in shown} == {1 / 40}
    assert len({answer.text for answer in shown}) > 20


def test_foreign_states_and_rewards_off_the_scale_are_refused(arms: Mapping[str, Arm]) -> None:
    arm = arms["linucb"]
    with pytest.raises(StateError, match="'linucb' states"):
        arm.recommend([Request(QUERY, UserState("empty"), 1)])
    shown = arm.recommend([Request(QUERY, arm.initial_state(), 1)])[0]
    with pytest.raises(InputError, match="reward = 2"):
        arm.learn(arm.initial_state(), shown, 2)
    with pytest.raises(StateError):
        arms["best_existing"].recommend([Request(QUERY, UserState("empty"), 1)])


def test_best_existing_shows_what_the_attention_dwells_on(
    arms: Mapping[str, Arm], tiny_resources: Resources
) -> None:
    arm = arms["best_existing"]
    shown = arm.recommend([Request(QUERY, arm.initial_state(), 2)])[0]
    item = int(shown.provenance.notes[0].split()[1])
    assert shown.text == format_skill(tiny_resources.trained.pool.skills[item])
    assert shown.diagnostics.cluster_weights
    assert np.isclose(sum(shown.diagnostics.cluster_weights), 1.0)
