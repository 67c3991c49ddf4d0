"""The interface of the arms: light to import, kept by the fake arm, and stored without loss."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hare
from hare.arms import (
    Arm,
    Diagnostics,
    Provenance,
    Recommendation,
    Request,
    ResourceSettings,
    UserState,
    build_arms,
    known_arms,
)
from hare.arms.fake import FakeArm
from hare.data.skills import is_well_formed
from hare.errors import HareError, InputError, ModelFilesError, StateError, UnknownArmError

ROOT = Path(hare.__file__).parents[1]
seeds = st.integers(0, 2**63 - 1)


def modules_after(statement: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after this statement."""
    code = f"{statement}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    "statement",
    [
        "import hare",
        "import hare.arms",
        "from hare.arms import build_arms; build_arms({'null': 'fake'})",
    ],
)
def test_torch_and_its_company_are_not_loaded_before_a_model_is(statement: str) -> None:
    heavy = {"torch", "transformers", "sentence_transformers", "sklearn", "scipy"}
    assert not heavy & modules_after(statement)


def test_the_registry_knows_the_systems_of_the_study_and_the_fake() -> None:
    assert known_arms() == [
        "attention_only",
        "best_existing",
        "fake",
        "gpt2",
        "hare",
        "hare_no_user",
        "linucb",
        "rag",
        "random",
    ]


def test_an_unknown_arm_is_refused_with_the_known_ones_before_any_model_is_loaded() -> None:
    nowhere = ResourceSettings(model="/no/such/model")
    with pytest.raises(UnknownArmError) as refused:
        build_arms({"a": "hare", "b": "ghost"}, nowhere)
    known = ", ".join(known_arms())
    assert str(refused.value) == f"unknown arm 'ghost'; the registry knows {known}"
    assert isinstance(refused.value, HareError)
    with pytest.raises(ModelFilesError, match="/no/such/model"):
        build_arms({"a": "hare"}, nowhere)


def test_one_system_may_stand_under_several_labels() -> None:
    arms = build_arms({"null_a": "fake", "null_b": "fake"})
    assert list(arms) == ["null_a", "null_b"]
    assert arms["null_a"] is not arms["null_b"]
    request = Request("Help me plan", arms["null_a"].initial_state(), seed=1)
    written = {label: arm.recommend([request])[0].provenance.arm for label, arm in arms.items()}
    assert written == {"null_a": "null_a", "null_b": "null_b"}


def test_the_fake_arm_keeps_the_protocol() -> None:
    arm = FakeArm("null")
    assert isinstance(arm, Arm)
    assert (arm.name, arm.adaptive) == ("null", True)
    assert arm.initial_state().rounds == 0
    assert arm.recommend([]) == []


@given(st.lists(seeds, min_size=1, max_size=5))
def test_the_fake_arm_answers_equal_requests_equally_and_in_order(seeds: list[int]) -> None:
    arm = FakeArm()
    requests = [Request("Help me plan", arm.initial_state(), seed) for seed in seeds]
    together = [r.text for r in arm.recommend(requests)]
    assert together == [arm.recommend([request])[0].text for request in requests]
    assert all(map(is_well_formed, together))


@given(st.lists(st.floats(0, 1), max_size=6), seeds)
def test_learning_of_the_fake_arm_is_pure_and_replays_bit_for_bit(
    rewards: list[float], seed: int
) -> None:
    arm = FakeArm()

    def replay() -> bytes:
        state = arm.initial_state()
        for reward in rewards:
            before = state.to_bytes()
            shown = arm.recommend([Request("Help me", state, seed)])[0]
            after = arm.learn(state, shown, reward)
            assert state.to_bytes() == before
            assert after.rounds == state.rounds + 1
            state = after
        return state.to_bytes()

    assert replay() == replay()


@pytest.mark.parametrize("reward", [-0.01, 1.01, float("nan"), float("inf")])
def test_a_reward_outside_zero_to_one_is_refused(reward: float) -> None:
    arm = FakeArm()
    shown = arm.recommend([Request("Help me", arm.initial_state(), 1)])[0]
    with pytest.raises(InputError, match=r"reward = .*: must be a number in \[0, 1\]"):
        arm.learn(arm.initial_state(), shown, reward)


def test_the_fake_arm_refuses_a_state_that_is_not_its_own() -> None:
    arm = FakeArm()
    shown = arm.recommend([Request("Help me", arm.initial_state(), 1)])[0]
    with pytest.raises(StateError, match="'ordinal'"):
        arm.learn(UserState("ordinal"), shown, 0.5)


@given(
    st.text(max_size=20),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=5),
    st.lists(st.text(max_size=8), max_size=2),
    st.one_of(st.none(), st.floats(0, 10)),
)
def test_a_recommendation_comes_back_from_storage_exactly(
    text: str, numbers: list[float], notes: list[str], entropy: float | None
) -> None:
    original = Recommendation(
        text=text,
        features={"text": np.array(numbers, dtype=np.float64)},
        diagnostics=Diagnostics(entropy=entropy, cluster_weights=(0.25, 0.75)),
        provenance=Provenance(
            "hare", "1", "f00d", "Request: a", 7, {"top_p": 0.9}, 12, 0.5, tuple(notes)
        ),
    )
    record = json.loads(json.dumps(original.to_json()))
    back = Recommendation.from_stored(record, original.features_to_bytes())
    assert back.text == original.text
    assert back.diagnostics == original.diagnostics
    assert back.provenance == original.provenance
    assert back.features["text"].tobytes() == original.features["text"].tobytes()
