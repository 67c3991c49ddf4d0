"""HARE, RAG and GPT-2 with a tiny model: what they learn, what they refuse, what they report."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hare.arms import Arm, Recommendation, Request, UserState, build_arms, hare_arm
from hare.arms.hare_arm import HareArm
from hare.attention.uncertainty import gram_matrices
from hare.data.skills import format_skill
from hare.errors import InputError, StateError
from hare.synthesis.resources import Resources

QUERY = "Which of these two should I choose?"
OTHER = "Help me set up a plan for the week."


@pytest.fixture(scope="module")
def arm(tiny_arms: Mapping[str, Arm]) -> HareArm:
    found = tiny_arms["hare"]
    assert isinstance(found, HareArm)
    return found


@pytest.fixture(scope="module")
def shown(arm: HareArm) -> list[Recommendation]:
    """Four texts of the arm for a new user."""
    requests = [Request(QUERY, arm.initial_state(), seed) for seed in range(4)]
    return arm.recommend(requests)


@pytest.fixture(scope="module")
def known(arm: HareArm, shown: list[Recommendation]) -> UserState:
    """A user after four ratings."""
    return taught(arm, shown, [1.0, 0.0, 0.75, 0.3])


def taught(arm: HareArm, texts: list[Recommendation], rewards: list[float]) -> UserState:
    state = arm.initial_state()
    for text, reward in zip(texts, rewards, strict=True):
        state = arm.learn(state, text, reward)
    return state


def history_gram(state: UserState, heads: int = 4, size: int = 32) -> torch.Tensor:
    queries = torch.tensor(state.arrays["queries"]).view(1, state.rounds, heads, size)
    credit = torch.tensor(state.arrays["credit"]).view(1, state.rounds, heads, -1)
    return gram_matrices(queries, credit, 1.0, torch.float64)


@pytest.mark.parametrize("label", ["hare", "rag", "gpt2"])
def test_every_arm_keeps_the_protocol(tiny_arms: Mapping[str, Arm], label: str) -> None:
    arm = tiny_arms[label]
    assert isinstance(arm, Arm)
    assert arm.name == label
    assert arm.adaptive == (label == "hare")
    request = Request(QUERY, arm.initial_state(), seed=3)
    one, other = (arm.recommend([request])[0] for _ in range(2))
    assert one.text == other.text
    assert one.provenance.arm == label
    assert one.provenance.seed == 3
    assert one.provenance.prompt.endswith(f"Request: {QUERY}\n\n")
    assert one.provenance.decoding["max_new_tokens"] == 12
    assert 0 < one.provenance.tokens <= 12
    assert len(one.provenance.model) == 16
    assert one.features["text"].shape == (7,)


@pytest.fixture
def precise_arms(tiny_resources: Resources, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Arm]:
    """The arms in double precision: rounding depends on the batch and must not turn a draw."""
    model = copy.deepcopy(tiny_resources.trained.model).double()
    trained = replace(tiny_resources.trained, model=model)
    precise = Resources(trained, tiny_resources.encoder, tiny_resources.settings)
    monkeypatch.setattr(hare_arm, "_tensor", lambda array: torch.tensor(array, dtype=torch.float64))
    arms = build_arms({"hare": "hare", "rag": "rag", "gpt2": "gpt2"}, resources=precise)
    monkeypatch.setattr(arms["hare"], "_pool", torch.tensor(trained.pool.embeddings).double())
    return arms


@pytest.mark.parametrize("label", ["hare", "rag", "gpt2"])
def test_what_an_arm_writes_does_not_depend_on_the_other_requests(
    precise_arms: Mapping[str, Arm], label: str
) -> None:
    arm = precise_arms[label]
    state = arm.initial_state()
    requests = [Request(QUERY, state, 1), Request(OTHER, state, 2), Request("Why?", state, 3)]
    together = [r.text for r in arm.recommend(requests)]
    assert together == [arm.recommend([request])[0].text for request in requests]


def test_all_arms_of_a_study_share_the_model_and_the_features_of_a_text(
    tiny_arms: Mapping[str, Arm], tiny_resources: Resources
) -> None:
    written = [
        arm.recommend([Request(QUERY, arm.initial_state(), 1)])[0] for arm in tiny_arms.values()
    ]
    assert {r.provenance.model for r in written} == {tiny_resources.trained.fingerprint}
    for recommendation in written:
        expected = tiny_resources.features(recommendation.text)
        assert (recommendation.features["text"] == expected).all()


def test_rag_puts_two_notes_of_the_nearest_skills_into_the_prompt(
    tiny_arms: Mapping[str, Arm], tiny_resources: Resources
) -> None:
    arms = {label: tiny_arms[label] for label in ("rag", "gpt2")}
    prompts = {
        label: arm.recommend([Request(QUERY, arm.initial_state(), 1)])[0].provenance.prompt
        for label, arm in arms.items()
    }
    nearest = [tiny_resources.trained.pool.skills[i] for i in tiny_resources.nearest(QUERY, 2)]
    assert prompts["rag"].count("Notes:\n") == 2
    assert all(skill.title in prompts["rag"] for skill in nearest)
    assert prompts["gpt2"] == f"Request: {QUERY}\n\n"


@pytest.mark.parametrize("label", ["rag", "gpt2"])
def test_the_arms_without_a_user_never_learn(
    tiny_arms: Mapping[str, Arm], label: str, shown: list[Recommendation]
) -> None:
    state = tiny_arms[label].initial_state()
    assert tiny_arms[label].learn(state, shown[0], 1.0) == state


def test_learning_is_pure_and_replays_bit_for_bit(
    arm: HareArm, shown: list[Recommendation], known: UserState
) -> None:
    before = known.to_bytes()
    after = arm.learn(known, shown[0], 0.4)
    assert known.to_bytes() == before
    assert after.rounds == known.rounds + 1 == 5
    assert arm.learn(known, shown[0], 0.4).to_bytes() == after.to_bytes()
    assert taught(arm, shown, [1.0, 0.0, 0.75, 0.3]).to_bytes() == before
    stored = UserState.from_bytes(before)
    assert arm.learn(stored, shown[0], 0.4).to_bytes() == after.to_bytes()


def test_learning_from_a_stored_recommendation_is_the_same(
    arm: HareArm, shown: list[Recommendation], known: UserState
) -> None:
    stored = Recommendation.from_stored(shown[1].to_json(), shown[1].features_to_bytes())
    assert arm.learn(known, stored, 0.4) == arm.learn(known, shown[1], 0.4)


@given(st.permutations(range(4)))
@settings(max_examples=10)
def test_the_order_of_own_ratings_does_not_matter(
    arm: HareArm, shown: list[Recommendation], known: UserState, order: list[int]
) -> None:
    rewards = [1.0, 0.0, 0.75, 0.3]
    turned = taught(arm, [shown[i] for i in order], [rewards[i] for i in order])
    for name in ("mean", "covariance"):
        assert turned.arrays[name] == pytest.approx(known.arrays[name], abs=1e-10)
    torch.testing.assert_close(history_gram(turned), history_gram(known))


def test_uncertainty_starts_at_one_and_falls_with_many_ratings(
    arm: HareArm, tiny_resources: Resources, shown: list[Recommendation]
) -> None:
    # Not with each: one rating may make another archetype probable, and the mixture wider.
    states = [arm.initial_state()]
    for skill in tiny_resources.trained.pool.skills[:60:2]:
        features = {"text": tiny_resources.features(format_skill(skill))}
        reward = 1.0 if skill.domain == "backend" else 0.25
        states.append(arm.learn(states[-1], replace(shown[0], features=features), reward))
    texts = arm.recommend([Request(QUERY, state, 1) for state in (states[0], states[-1])])
    new, known = (text.diagnostics.uncertainty or 0.0 for text in texts)
    assert new == pytest.approx(1.0)
    assert 0 < known < 0.9


def test_the_posterior_is_the_prior_s_after_the_whole_history(
    arm: HareArm, tiny_resources: Resources, shown: list[Recommendation], known: UserState
) -> None:
    rows = np.array([text.features["text"] for text in shown])
    belief = tiny_resources.trained.prior.learn(rows, [1.0, 0.0, 0.75, 0.3])
    assert known.arrays["mean"] == pytest.approx(belief.mean, abs=1e-12)
    assert known.arrays["covariance"] == pytest.approx(belief.covariance, abs=1e-12)
    assert (arm.initial_state().arrays["mean"] == tiny_resources.trained.prior.mean).all()


def test_a_text_of_another_arm_teaches_about_the_user_and_not_about_the_clusters(
    arm: HareArm, tiny_arms: Mapping[str, Arm], known: UserState
) -> None:
    rag = tiny_arms["rag"]
    foreign = rag.recommend([Request(QUERY, rag.initial_state(), 9)])[0]
    after = arm.learn(known, foreign, 1.0)
    assert after.rounds == known.rounds + 1
    assert (after.arrays["mean"] != known.arrays["mean"]).any()
    assert (after.arrays["queries"][-1] == 0).all()
    assert (after.arrays["credit"][-1] == 0).all()
    torch.testing.assert_close(history_gram(after), history_gram(known), rtol=0, atol=1e-12)


def test_ratings_move_the_user_towards_what_was_liked(
    arm: HareArm, tiny_resources: Resources, shown: list[Recommendation]
) -> None:
    skills = tiny_resources.trained.pool.skills
    texts = [format_skill(s) for s in skills if s.domain == "education"][:6]
    liked = [replace(shown[0], features={"text": tiny_resources.features(t)}) for t in texts]
    likes, dislikes = taught(arm, liked, [1.0] * 6), taught(arm, liked, [0.0] * 6)
    held_back = [s for s in skills if s.domain == "education"][6:]
    phi = np.array([tiny_resources.features(format_skill(s))[:-1] for s in held_back])
    assert (phi @ likes.arrays["mean"]).mean() > (phi @ dislikes.arrays["mean"]).mean()


def test_different_users_are_attended_differently(arm: HareArm, known: UserState) -> None:
    new, old = arm.recommend([Request(QUERY, s, 1) for s in (arm.initial_state(), known)])
    assert (new.features["query"] != old.features["query"]).any()
    assert (new.features["credit"] != old.features["credit"]).any()


def test_diagnostics_lie_in_their_ranges(
    arm: HareArm, known: UserState, tiny_resources: Resources
) -> None:
    for text in arm.recommend([Request(q, s, 1) for q in (QUERY, OTHER) for s in (known,)]):
        seen = text.diagnostics
        assert seen.entropy is not None
        assert seen.expected_entropy is not None
        assert seen.mutual_information is not None
        assert 0 <= seen.entropy <= np.log(len(tiny_resources.trained.pool.skills)) + 1e-6
        assert 0 <= seen.expected_entropy <= seen.entropy + 1e-5
        assert seen.mutual_information == pytest.approx(
            seen.entropy - seen.expected_entropy, abs=1e-5
        )
        assert len(seen.cluster_weights) == tiny_resources.trained.pool.clusters.max() + 1
        assert sum(seen.cluster_weights) == pytest.approx(1.0)
        assert min(seen.cluster_weights) > 0
        assert seen.propensity is None


@pytest.mark.parametrize("label", ["rag", "gpt2"])
def test_arms_without_attention_report_none(tiny_arms: Mapping[str, Arm], label: str) -> None:
    arm = tiny_arms[label]
    seen = arm.recommend([Request(QUERY, arm.initial_state(), 1)])[0].diagnostics
    assert seen.entropy is None
    assert seen.uncertainty is None
    assert seen.cluster_weights == ()


def test_a_state_of_another_kind_is_refused_by_both_names(
    arm: HareArm, shown: list[Recommendation]
) -> None:
    with pytest.raises(StateError, match="the arm 'hare' reads 'mixture' states, not 'empty'"):
        arm.recommend([Request(QUERY, UserState("empty"), 1)])
    with pytest.raises(StateError, match="'mixture' states, not 'fake'"):
        arm.learn(UserState("fake"), shown[0], 1.0)


def resized(state: UserState, user_size: int, credit: int) -> UserState:
    return UserState(
        state.kind,
        0,
        {
            **state.arrays,
            "mean": np.zeros(user_size),
            "covariance": np.eye(user_size),
            "credit": np.zeros((0, credit)),
        },
    )


@pytest.mark.parametrize(("user_size", "credit"), [(9, 24), (6, 28)])
def test_a_state_of_another_model_is_refused_with_the_sizes_of_this_one(
    arm: HareArm, user_size: int, credit: int
) -> None:
    foreign = resized(arm.initial_state(), user_size, credit)
    with pytest.raises(StateError, match=r"another model: .* users of size 6 and 6 clusters"):
        arm.recommend([Request(QUERY, foreign, 1)])


def test_a_state_that_lacks_its_arrays_is_refused(arm: HareArm) -> None:
    with pytest.raises(StateError, match="another model"):
        arm.recommend([Request(QUERY, UserState("mixture"), 1)])


@pytest.mark.parametrize("reward", [-0.1, 1.1, float("nan")])
def test_a_reward_outside_its_range_is_refused(
    arm: HareArm, shown: list[Recommendation], reward: float
) -> None:
    with pytest.raises(InputError, match="reward"):
        arm.learn(arm.initial_state(), shown[0], reward)


def test_a_recommendation_without_features_of_its_text_is_refused(
    arm: HareArm, shown: list[Recommendation]
) -> None:
    for features in ({}, {"text": np.zeros(5)}):
        with pytest.raises(InputError, match=r"features\['text'\]: must have shape \(7,\)"):
            arm.learn(arm.initial_state(), replace(shown[0], features=features), 1.0)


def test_the_strength_of_exploration_is_the_model_s_own_unless_it_is_set(
    tiny_resources: Resources, known: UserState
) -> None:
    def alpha(value: float | None) -> tuple[float, tuple[float, ...]]:
        settings = replace(tiny_resources.settings, alpha=value)
        arm = HareArm(Resources(tiny_resources.trained, tiny_resources.encoder, settings))
        text = arm.recommend([Request(QUERY, known, 1)])[0]
        return text.provenance.decoding["alpha"], text.diagnostics.cluster_weights

    assert alpha(None)[0] == 1.0
    assert alpha(None) == alpha(1.0)
    assert alpha(0.0)[1] != alpha(3.0)[1]
