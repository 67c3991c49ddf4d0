"""Strengths of exploration: known in advance, and learned from reward."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hare.attention.schedules import AlphaSchedule, LearnedAlpha
from hare.errors import InputError, SettingsError, StateError


def test_schedules_and_clusters_load_no_torch() -> None:
    code = (
        "import sys, hare.attention.clusters, hare.attention.schedules; "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_fixed_stays_linear_ends_and_inverse_sqrt_decays() -> None:
    assert [AlphaSchedule("fixed", 2.0)(t) for t in (0, 9)] == [2.0, 2.0]
    linear = AlphaSchedule("linear", 2.0, horizon=4)
    assert [linear(t) for t in range(6)] == [2.0, 1.5, 1.0, 0.5, 0.0, 0.0]
    assert [AlphaSchedule("inverse_sqrt", 2.0)(t) for t in (0, 3, 15)] == [2.0, 1.0, 0.5]


def test_every_head_may_have_its_own_strength() -> None:
    strengths = AlphaSchedule("inverse_sqrt", (0.0, 1.0, 4.0))(3)
    assert np.asarray(strengths).tolist() == [0.0, 0.5, 2.0]


@given(st.integers(0, 2**31), st.integers(0, 25))
@settings(max_examples=30)
def test_the_learned_posterior_is_the_batch_posterior_in_any_order(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    state = LearnedAlpha(noise=0.7)
    prior = np.array(state.covariance)
    index, rewards = rng.integers(7, size=count), rng.normal(2.0, 1.0, count)
    for i, reward in zip(index, rewards, strict=True):
        state = state.learn(int(i), float(reward))
    # Gaussian process regression, Rasmussen and Williams (2006), equations 2.23 and 2.24.
    cross = prior[:, index]
    inverse = np.linalg.inv(prior[np.ix_(index, index)] + 0.7**2 * np.eye(count))
    np.testing.assert_allclose(state.mean, cross @ inverse @ rewards, atol=1e-9)
    np.testing.assert_allclose(state.covariance, prior - cross @ inverse @ cross.T, atol=1e-9)


def test_the_strength_that_earns_most_is_found() -> None:
    rng = np.random.default_rng(1)
    state = LearnedAlpha(noise=0.3)
    worth = np.array([0.0, 0.2, 0.5, 1.0, 0.4, 0.1, 0.0])
    played = []
    for _ in range(400):
        index = state.choose(rng)
        played.append(index)
        state = state.learn(index, worth[index] + rng.normal(0, 0.3))
    assert state.best() == state.grid[3]
    assert np.mean(np.array(played[200:]) == 3) > 0.8  # 1/7 by chance


def test_with_forgetting_it_follows_a_task_that_changes() -> None:
    def late_regret(return_rate: float) -> float:
        rng = np.random.default_rng(2)
        state = LearnedAlpha(grid=(0.0, 1.0), noise=0.3, return_rate=return_rate)
        regrets = []
        for t in range(800):
            worth = (1.0, 0.0) if t < 400 else (0.0, 1.0)
            index = state.choose(rng)
            regrets.append(1.0 - worth[index])
            state = state.learn(index, worth[index] + rng.normal(0, 0.3))
        return float(np.mean(regrets[400:]))

    assert late_regret(0.02) < 0.2
    assert late_regret(0.02) < late_regret(0.0)


def test_forgetting_everything_untold_returns_to_the_prior() -> None:
    state = LearnedAlpha(grid=(0.0, 1.0), return_rate=0.5).learn(0, 5.0)
    for _ in range(60):
        state = state.learn(0, 0.0)
    assert abs(state.mean[1]) < 0.01
    assert (np.linalg.eigvalsh(state.covariance) > 0).all()


def test_the_choice_is_the_generators_and_learning_changes_no_earlier_value() -> None:
    state = LearnedAlpha()
    before = state.mean
    assert state.learn(2, 1.0).mean != before == state.mean
    draws = [[state.choose(np.random.default_rng(s)) for s in range(20)] for _ in range(2)]
    assert draws[0] == draws[1]
    assert len(set(draws[0])) > 2


@given(st.lists(st.tuples(st.integers(0, 6), st.floats(-5, 5)), max_size=6))
@settings(max_examples=20)
def test_bytes_restore_it_exactly(history: list[tuple[int, float]]) -> None:
    state = LearnedAlpha(return_rate=0.01)
    for index, reward in history:
        state = state.learn(index, reward)
    assert LearnedAlpha.from_bytes(state.to_bytes()) == state


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff\xfe", b'{"mean": 1, "covariance": 2}'])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(StateError, match="no learned strength"):
        LearnedAlpha.from_bytes(data)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"form": "cosine"}, "form = 'cosine'"),
        ({"alpha": -1.0}, "alpha = -1.0: must be >= 0"),
        ({"alpha": (1.0, float("nan"))}, "alpha = "),
        ({"alpha": ()}, "alpha = "),
        ({"horizon": 0}, "horizon = 0"),
    ],
)
def test_schedules_outside_their_range_are_refused_by_name(change, rule: str) -> None:
    with pytest.raises(SettingsError, match=rule):
        AlphaSchedule(**change)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"grid": ()}, "grid = "),
        ({"grid": (1.0, 1.0)}, "ascend strictly"),
        ({"grid": (-1.0, 1.0)}, ">= 0"),
        ({"noise": 0.0}, "noise = 0.0"),
        ({"return_rate": 1.0}, "return_rate = 1.0"),
    ],
)
def test_learned_strengths_outside_their_range_are_refused_by_name(change, rule: str) -> None:
    with pytest.raises(SettingsError, match=rule):
        LearnedAlpha(**change)


def test_a_broken_round_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"index: must be in 0\.\.6"):
        LearnedAlpha().learn(7, 1.0)
    with pytest.raises(InputError, match="reward: must be finite"):
        LearnedAlpha().learn(0, float("nan"))
    with pytest.raises(InputError, match="t: must be >= 0"):
        AlphaSchedule()(-1)
