"""LinUCB and Greedy against the formulas, against another library, and at their edges."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hare.bandits import Greedy, LinUCB
from hare.errors import InputError

GOLD = Path(__file__).parents[2] / "gold" / "mabwiser_linucb.csv"


def test_linucb_decides_as_mabwiser_on_its_stream() -> None:
    """Numbers: tests/gold/mabwiser_linucb.py (mabwiser 2.7.0, lambda = 1, alpha = 0.7)."""
    with GOLD.open(newline="") as file:
        table = np.array([list(map(float, row.values())) for row in csv.DictReader(file)])
    contexts, rewards = table[:, :5], table[:, 5:13]
    decisions, scores = table[:, 13].astype(int), table[:, 14]
    bandit = LinUCB(n_arms=8, alpha=0.7, ridge=1.0)
    for t, x in enumerate(contexts[:, None]):
        assert bandit.predict(x)[0] == decisions[t]
        assert bandit.decision_function(x)[0, decisions[t]] == pytest.approx(scores[t], abs=1e-9)
        bandit.partial_fit(x, decisions[t : t + 1], rewards[t, decisions[t] : decisions[t] + 1])


@pytest.mark.parametrize("own", [True, False])
def test_disjoint_scores_are_those_of_the_paper(own: bool) -> None:
    rng = np.random.default_rng(1)
    contexts = rng.normal(size=(60, 4, 3)) if own else rng.normal(size=(60, 3))
    decisions, rewards = rng.integers(3, size=60), rng.normal(size=60)  # arm 3 is never chosen
    bandit = LinUCB(n_arms=4, alpha=0.5, ridge=0.3).fit(contexts, decisions, rewards)
    for arm in range(4):
        mine = decisions == arm
        rows = contexts[mine, arm] if own else contexts[mine]
        asked = contexts[:, arm] if own else contexts
        inverse = np.linalg.inv(0.3 * np.eye(3) + rows.T @ rows)
        theta = inverse @ rows.T @ rewards[mine]
        width = np.sqrt(np.einsum("nd,de,ne->n", asked, inverse, asked))
        np.testing.assert_allclose(bandit.predict_expectations(contexts)[:, arm], asked @ theta)
        np.testing.assert_allclose(
            bandit.decision_function(contexts)[:, arm], asked @ theta + 0.5 * width
        )
        np.testing.assert_allclose(bandit.coef_[arm], theta, atol=1e-12)


def test_shared_scores_are_those_of_the_paper() -> None:
    rng = np.random.default_rng(2)
    contexts, rewards = rng.normal(size=(50, 6, 4)), rng.normal(size=50)
    decisions = rng.integers(6, size=50)
    bandit = LinUCB(alpha=0.8, parameters="shared").fit(contexts, decisions, rewards)
    rows = contexts[np.arange(50), decisions]
    inverse = np.linalg.inv(np.eye(4) + rows.T @ rows)
    theta = inverse @ rows.T @ rewards
    width = np.sqrt(np.einsum("nkd,de,nke->nk", contexts, inverse, contexts))
    np.testing.assert_allclose(bandit.decision_function(contexts), contexts @ theta + 0.8 * width)
    np.testing.assert_allclose(bandit.coef_, theta)


def test_one_round_scores_as_it_does_among_many() -> None:
    rng = np.random.default_rng(3)
    contexts = rng.normal(size=(40, 5))
    bandit = LinUCB(n_arms=6).fit(contexts, rng.integers(6, size=40), rng.normal(size=40))
    together = bandit.decision_function(contexts)
    alone = np.concatenate([bandit.decision_function(x[None]) for x in contexts])
    np.testing.assert_allclose(alone, together, atol=1e-12)


@pytest.mark.parametrize("parameters", ["disjoint", "shared"])
def test_greedy_is_linucb_with_alpha_zero(parameters: str) -> None:
    rng = np.random.default_rng(4)
    contexts, decisions = rng.normal(size=(30, 4, 3)), rng.integers(4, size=30)
    rewards = rng.normal(size=30)
    greedy = Greedy(parameters=parameters).fit(contexts, decisions, rewards)
    linucb = LinUCB(parameters=parameters, alpha=0.0).fit(contexts, decisions, rewards)
    np.testing.assert_allclose(
        greedy.decision_function(contexts), linucb.decision_function(contexts), atol=1e-12
    )


@pytest.mark.parametrize("parameters", ["disjoint", "shared"])
def test_centred_rewards_are_learned_as_differences_from_their_mean(parameters: str) -> None:
    rng = np.random.default_rng(5)
    contexts, decisions = rng.normal(size=(50, 4, 3)), rng.integers(3, size=50)
    rewards = rng.uniform(size=50)
    centred = LinUCB(parameters=parameters, centre_rewards=True)
    for t in range(50):  # the mean moves all the while
        centred.partial_fit(contexts[t : t + 1], decisions[t : t + 1], rewards[t : t + 1])
    by_hand = LinUCB(parameters=parameters).fit(contexts, decisions, rewards - rewards.mean())
    np.testing.assert_allclose(
        centred.predict_expectations(contexts),
        by_hand.predict_expectations(contexts) + rewards.mean(),
    )


def test_a_centred_bandit_expects_the_mean_of_an_arm_it_never_chose() -> None:
    bandit = LinUCB(n_arms=2, centre_rewards=True).fit([[1.0], [1.0]], [0, 0], [0.4, 0.8])
    assert bandit.predict_expectations([[1.0]])[0, 1] == pytest.approx(0.6)


def test_centring_lowers_the_regret_on_rewards_between_0_and_1() -> None:
    def regret(centre: bool, seed: int) -> float:
        rng = np.random.default_rng(seed)
        contexts = rng.normal(size=(300, 5))
        contexts /= np.linalg.norm(contexts, axis=1, keepdims=True)
        expected = np.clip(0.5 + 0.2 * contexts @ rng.normal(size=(5, 10)), 0.0, 1.0)
        rewards = (rng.random((300, 10)) < expected).astype(float)
        bandit, total = LinUCB(n_arms=10, alpha=0.2, centre_rewards=centre), 0.0
        for t, x in enumerate(contexts[:, None]):
            arm = bandit.predict(x)
            total += float(expected[t].max() - expected[t, arm[0]])
            bandit.partial_fit(x, arm, rewards[t, arm])
        return total

    plain, centred = (
        np.mean([regret(centre, seed) for seed in range(8)]) for centre in (False, True)
    )
    assert centred < 0.95 * plain


@given(st.floats(-5, 5), st.integers(0, 1000))
def test_a_constant_added_to_all_rewards_changes_no_centred_decision(
    shift: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    contexts, decisions = rng.normal(size=(20, 3)), rng.integers(4, size=20)
    rewards = rng.normal(size=20)
    scores = [
        LinUCB(n_arms=4, centre_rewards=True)
        .fit(contexts, decisions, rewards + added)
        .decision_function(contexts)
        for added in (0.0, shift)
    ]
    np.testing.assert_allclose(scores[1], scores[0] + shift, atol=1e-9)


def test_forgetting_follows_a_truth_that_turns() -> None:
    rng = np.random.default_rng(6)
    contexts = rng.normal(size=(400, 2))
    contexts /= np.linalg.norm(contexts, axis=1, keepdims=True)
    rewards = contexts[:, 0].copy()
    rewards[200:] *= -1.0
    decisions = np.zeros(400, dtype=int)
    errors = [
        abs(LinUCB(n_arms=1, forgetting=g).fit(contexts, decisions, rewards).coef_[0, 0] + 1.0)
        for g in (0.95, 1.0)
    ]
    assert errors[0] < 0.15
    assert errors[1] > 0.8


def test_arms_that_are_equal_go_to_the_lowest_index() -> None:
    assert LinUCB(n_arms=5).predict([[1.0, 2.0]])[0] == 0
    twins = np.repeat([[[0.3, 0.4]]], 3, axis=1)
    assert LinUCB(parameters="shared").fit(twins, [2], [1.0]).predict(twins)[0] == 0


def test_shared_parameters_refuse_one_vector_for_all_arms() -> None:
    bandit = LinUCB(n_arms=3, parameters="shared")
    with pytest.raises(InputError, match=r"contexts: must be \(n, K, d\) for shared parameters"):
        bandit.predict([[1.0, 0.0]])
    with pytest.raises(InputError, match="shared parameters"):
        bandit.fit([[1.0, 0.0]], [0], [1.0])


def test_the_number_of_arms_may_vary_with_shared_parameters_alone() -> None:
    shared = LinUCB(parameters="shared").fit(np.ones((1, 2, 3)), [0], [1.0])
    assert shared.decision_function(np.ones((4, 7, 3))).shape == (4, 7)
    disjoint = LinUCB().fit(np.ones((1, 2, 3)), [0], [1.0])
    with pytest.raises(InputError, match="contexts: 7 arms, but this bandit began with 2"):
        disjoint.predict(np.ones((4, 7, 3)))


def test_greedy_can_stay_with_a_worse_arm_for_ever() -> None:
    """mathematics.md §4: at alpha = 0 regret is linear; this is the counter-example."""
    regrets = []
    for alpha in (0.0, 1.0):
        bandit, regret = LinUCB(n_arms=2, alpha=alpha), []
        for _ in range(300):
            arm = int(bandit.predict([[1.0]])[0])
            reward = (0.5, 0.9)[arm]
            regret.append(0.9 - reward)
            bandit.partial_fit([[1.0]], [arm], [reward])
        regrets.append(sum(regret[100:]))
    assert regrets[0] == pytest.approx(200 * 0.4)
    assert regrets[1] < 200 * 0.4 / 4
