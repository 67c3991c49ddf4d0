"""HARE as a bandit: what it must be at its limits, and that it learns."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from sklearn.base import clone

from hare.bandits.attentive import MODES, SCHEDULES, AttentiveBandit
from hare.errors import InputError, SettingsError, StateError

ITEMS, REQUEST = slice(2, 5), 2


def rounds(count: int, arms: int = 6, seed: int = 0):
    """Contexts [request, item] of one pool, who asks, and rewards that users disagree about."""
    rng = np.random.default_rng(seed)
    pool = rng.normal(size=(arms, 3))
    contexts = np.concatenate(
        [
            np.repeat(rng.normal(size=(count, 1, REQUEST)), arms, axis=1),
            np.broadcast_to(pool, (count, arms, 3)),
        ],
        axis=2,
    )
    users = rng.integers(2, size=count)
    taste = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    return contexts, users, contexts[:, :, ITEMS] @ taste.T


def trained(bandit: AttentiveBandit, count: int = 60, seed: int = 0) -> AttentiveBandit:
    contexts, users, expected = rounds(count, seed=seed)
    rng = np.random.default_rng(seed + 100)
    for t in range(count):
        arm = int(bandit.predict(contexts[t : t + 1], users[t : t + 1])[0])
        reward = expected[t, arm, users[t]] + rng.normal(0, 0.1)
        bandit.partial_fit(contexts[t : t + 1], [arm], [reward], users[t : t + 1])
    return bandit


def test_it_learns_that_two_users_want_opposite_things() -> None:
    bandit = trained(AttentiveBandit(items=ITEMS, random_state=1))
    contexts, _, expected = rounds(60)
    for user in (0, 1):
        chosen = bandit.predict(contexts, np.full(60, user))
        best = expected[:, :, user].max(axis=1)
        assert (best - expected[np.arange(60), chosen, user]).mean() < 0.2
        assert (best - expected[:, :, user].mean(axis=1)).mean() > 1.0  # what chance would pay


def test_without_the_user_state_everybody_gets_the_same() -> None:
    bandit = trained(AttentiveBandit(items=ITEMS, user_state=False, random_state=1))
    contexts, _, _ = rounds(20)
    one, other = (bandit.predict_expectations(contexts, np.full(20, u)) for u in (0, 1))
    assert (one == other).all()
    assert (bandit.attend(contexts, np.zeros(20, dtype=int)).mutual_information < 1e-12).all()


def test_one_cluster_attends_everywhere_alike() -> None:
    bandit = trained(AttentiveBandit(items=ITEMS, clusters=1, random_state=1))
    told = bandit.attend(rounds(5)[0])
    np.testing.assert_allclose(told.clusters, 1.0)


@pytest.mark.parametrize("mode", MODES)
def test_weights_sum_to_one_in_every_mode(mode: str) -> None:
    bandit = trained(AttentiveBandit(items=ITEMS, exploration=mode, random_state=1), 15)
    weights = bandit.decision_function(*rounds(8)[:2])
    assert weights.shape == (8, 6)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)


def test_with_no_doubt_and_no_bonus_it_is_the_plain_softmax_of_the_means() -> None:
    contexts, users, _ = rounds(5)
    bandit = AttentiveBandit(items=ITEMS, alpha=0.0, user_state=False, temperature=0.5)
    trained(bandit, 30)
    logits = bandit.predict_expectations(contexts, users) / 0.5
    plain = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(bandit.decision_function(contexts, users), plain, atol=1e-12)


def test_the_bonus_prefers_what_is_less_known() -> None:
    contexts, _, _ = rounds(1)
    bandit = AttentiveBandit(items=ITEMS, alpha=3.0, clusters=3, random_state=0)
    bandit.partial_fit(np.repeat(contexts, 30, axis=0), [2] * 30, [0.0] * 30)
    weights = bandit.decision_function(contexts)[0]
    assert weights.argmin() == 2


@pytest.mark.parametrize("settings", [{"exploration": "thompson"}, {"schedule": "learned"}])
def test_looking_at_the_attention_shows_what_is_played_and_changes_nothing(settings: dict) -> None:
    bandit = trained(AttentiveBandit(items=ITEMS, random_state=1, **settings), 12)
    contexts, users, _ = rounds(1, seed=5)
    before = bandit.to_bytes()
    seen = bandit.attend(contexts, users).weights
    assert bandit.to_bytes() == before
    np.testing.assert_allclose(bandit.decision_function(contexts, users), seen, atol=1e-12)


def test_a_refused_fit_forgets_nothing() -> None:
    bandit = trained(AttentiveBandit(items=ITEMS, clusters=3, random_state=1), 12)
    contexts, users, _ = rounds(1)
    before = bandit.predict_expectations(contexts, users)
    with pytest.raises(SettingsError, match="clusters"):
        bandit.fit(contexts[:, :2], [0], [1.0], users)
    np.testing.assert_array_equal(bandit.predict_expectations(contexts, users), before)


def test_entropy_is_expected_entropy_plus_information() -> None:
    bandit = trained(AttentiveBandit(items=ITEMS, random_state=1), 20)
    told = bandit.attend(*rounds(8)[:2])
    np.testing.assert_allclose(
        told.entropy, told.expected_entropy + told.mutual_information, atol=1e-10
    )
    assert (told.mutual_information > 0).all()
    assert ((told.uncertainty > 0) & (told.uncertainty < 1)).all()
    np.testing.assert_allclose(told.clusters.sum(axis=1), 1.0)


def test_synthesis_is_the_attended_mixture_and_can_be_learned_from() -> None:
    bandit = trained(AttentiveBandit(items=ITEMS, random_state=1), 20)
    contexts, users, _ = rounds(3)
    mixed = bandit.synthesise(contexts, users)
    expected = np.einsum(
        "nk,nkd->nd", bandit.decision_function(contexts, users), contexts[..., ITEMS]
    )
    np.testing.assert_allclose(mixed, expected)
    played = contexts[:, :1].copy()
    played[:, 0, ITEMS] = mixed
    before = bandit.predict_expectations(played, users)
    bandit.partial_fit(played, [0, 0, 0], [5.0, 5.0, 5.0], users)
    assert (bandit.predict_expectations(played, users) > before).all()


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("shared_contexts", [False, True])
def test_it_comes_back_from_bytes_and_decides_the_same(
    schedule: str, shared_contexts: bool
) -> None:
    contexts, users, _ = rounds(40)
    arms = None
    if shared_contexts:
        contexts, arms = contexts[:, 0], 6
    bandit = AttentiveBandit(
        n_arms=arms, exploration="thompson", schedule=schedule, heads=2, random_state=4
    )
    rng = np.random.default_rng(0)
    for t in range(30):
        arm = bandit.predict(contexts[t : t + 1], users[t : t + 1])
        bandit.partial_fit(contexts[t : t + 1], arm, rng.normal(size=1), users[t : t + 1])
    copy = AttentiveBandit.from_bytes(bandit.to_bytes())
    for t in range(30, 40):
        one, other = (b.predict(contexts[t : t + 1], users[t : t + 1]) for b in (bandit, copy))
        assert one == other
        for each in (bandit, copy):
            each.partial_fit(contexts[t : t + 1], one, [0.3], users[t : t + 1])
    assert bandit.to_bytes() == copy.to_bytes()


def test_an_unused_bandit_comes_back_from_bytes() -> None:
    copy = AttentiveBandit.from_bytes(AttentiveBandit(items=ITEMS, random_state=1).to_bytes())
    assert copy.items == ITEMS
    assert copy.predict(rounds(2)[0]).shape == (2,)


def test_other_bytes_are_refused() -> None:
    with pytest.raises(StateError, match="no saved bandit"):
        AttentiveBandit.from_bytes(b"nonsense")


def test_learning_row_by_row_equals_learning_at_once() -> None:
    contexts, users, expected = rounds(50)
    arms = np.arange(50) % 6
    rewards = expected[np.arange(50), arms, users]
    whole = AttentiveBandit(items=ITEMS).fit(contexts, arms, rewards, users)
    parts = AttentiveBandit(items=ITEMS)
    for t in range(50):
        parts.partial_fit(
            contexts[t : t + 1], arms[t : t + 1], rewards[t : t + 1], users[t : t + 1]
        )
    one, other = (b.predict_expectations(contexts, users) for b in (whole, parts))
    np.testing.assert_allclose(one, other, atol=1e-9)


def test_a_rarer_update_knows_the_same_once_it_is_made() -> None:
    contexts, users, expected = rounds(40)
    arms = np.arange(40) % 6
    rewards = expected[np.arange(40), arms, users]
    often, rarely = (
        AttentiveBandit(items=ITEMS, update_every=m, learn_prior=False).fit(
            contexts, arms, rewards, users
        )
        for m in (1, 20)
    )
    one, other = (b.predict_expectations(contexts, users) for b in (often, rarely))
    np.testing.assert_allclose(one, other, atol=1e-10)


def test_single_duplicate_and_one_hot_items_work() -> None:
    contexts, _, _ = rounds(3)
    assert (AttentiveBandit().predict(contexts[:, :1]) == 0).all()
    twice = np.concatenate([contexts, contexts], axis=1)
    weights = AttentiveBandit(items=ITEMS).decision_function(twice)
    np.testing.assert_allclose(weights[:, :6], weights[:, 6:])
    assert AttentiveBandit(n_arms=4).fit(contexts[:, 0], [0, 1, 3], [1.0, 0.0, 0.5]).rounds_ == 3


def test_scikit_learn_can_clone_and_show_it() -> None:
    bandit = AttentiveBandit(alpha=1.5, items=ITEMS, heads=3)
    copy = cast(AttentiveBandit, clone(bandit))
    assert copy.get_params() == bandit.get_params()
    assert "heads=3" in repr(bandit)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("alpha", -1.0),
        ("exploration", "hope"),
        ("temperature", 0.0),
        ("heads", 0),
        ("clusters", 7),  # six different items
        ("sharpness", float("nan")),
        ("items", slice(9, 12)),
        ("user_state", "yes"),
        ("schedule", "sometimes"),
        ("update_every", 0),
        ("prior_sd", 0.0),
        ("noise", 0.0),
    ],
)
def test_bad_parameters_are_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=f"^{field} = "):
        AttentiveBandit(**{field: value}).predict(rounds(1)[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decisions": [6]}, "decisions"),
        ({"rewards": [float("inf")]}, "rewards"),
        ({"rewards": [1e300]}, "rewards: at most"),
        ({"users": [0.5]}, "users"),
        ({"users": [0, 1]}, "users"),
        ({"contexts": np.full((1, 6, 5), np.nan)}, "contexts"),
    ],
)
def test_bad_input_is_refused_by_name_and_loses_nothing(change: dict, message: str) -> None:
    contexts, users, _ = rounds(1)
    bandit = trained(AttentiveBandit(items=ITEMS, random_state=1), 12)
    before = bandit.predict_expectations(contexts, users)
    given = {"contexts": contexts, "decisions": [0], "rewards": [1.0], "users": users} | change
    for learn in (bandit.fit, bandit.partial_fit):
        with pytest.raises(InputError, match=message):
            learn(**given)
    np.testing.assert_array_equal(bandit.predict_expectations(contexts, users), before)
    assert bandit.rounds_ == 12


def test_the_two_shapes_of_contexts_are_not_mixed() -> None:
    pairs, users, _ = rounds(4)
    one_for_all = pairs[:, 0]
    of_pairs = AttentiveBandit(n_arms=6, random_state=1).fit(pairs, [0] * 4, [1.0] * 4, users)
    of_arms = AttentiveBandit(n_arms=6, random_state=1).fit(one_for_all, [0] * 4, [1.0] * 4, users)
    for bandit, other in ((of_pairs, one_for_all), (of_arms, pairs)):
        before = bandit.to_bytes()
        with pytest.raises(InputError, match="contexts: this bandit began with the other"):
            bandit.predict(other, users)
        with pytest.raises(InputError, match="contexts: this bandit began with the other"):
            bandit.partial_fit(other, [0] * 4, [1.0] * 4, users)
        assert bandit.to_bytes() == before
