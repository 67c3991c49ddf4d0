"""Modes of exploration: what each does to the weights, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from beliefs import CLUSTERS, ITEMS, USERS, belief, linear, seeded
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hare.attention.exploration import (
    MODES,
    Exploration,
    LogitBelief,
    Mode,
    linear_belief,
    weigh,
)
from hare.errors import InputError, SettingsError

DRAWING: tuple[Mode, ...] = ("thompson", "gumbel")


@pytest.mark.parametrize("mode", MODES)
@given(seed=st.integers(0, 2**31), alpha=st.floats(0, 50))
@settings(max_examples=20)
def test_weights_are_shares_in_every_mode(mode: Mode, seed: int, alpha: float) -> None:
    excluded = torch.arange(ITEMS) == 3
    found = weigh(belief(seed), mode, alpha, seeded(seed), excluded)
    for weights in (found.weights, found.given_user):
        assert (weights >= 0).all()
        assert (weights[..., 3] == 0).all()
        torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]))


@pytest.mark.parametrize("mode", MODES)
def test_the_same_seed_gives_the_same_weights_and_the_modes_that_draw_vary(mode: Mode) -> None:
    one, same, other = (weigh(belief(0), mode, 1.0, seeded(s)).weights for s in (1, 1, 2))
    assert (one == same).all()
    assert (one == other).all() == (mode not in DRAWING)


@given(st.integers(0, 2**31), st.floats(0, 100), st.floats(0, 10))
@settings(max_examples=30)
def test_a_bonus_equal_for_all_clusters_changes_nothing(
    seed: int, alpha: float, level: float
) -> None:
    given_belief = belief(seed)
    equal = LogitBelief(
        given_belief.points,
        torch.full((2, CLUSTERS), level, dtype=torch.float64),
        given_belief.clusters,
    )
    plain = weigh(given_belief, alpha=0.0).weights
    torch.testing.assert_close(weigh(equal, alpha=alpha).weights, plain, rtol=0, atol=1e-12)


@pytest.mark.parametrize("mode", ["cubature", "gumbel", "thompson"])
def test_one_cluster_alone_gets_no_bonus(mode: Mode) -> None:
    points = belief(1).points[:, :1]  # a certain user
    one = LogitBelief(
        points, torch.full((2, 1), 3.0).double(), torch.zeros(ITEMS, dtype=torch.int64)
    )
    plain = points[:, 0].softmax(-1)
    torch.testing.assert_close(weigh(one, mode, 5.0, seeded()).weights, plain, rtol=0, atol=1e-12)


def test_endless_strength_puts_all_weight_on_the_most_uncertain() -> None:
    found = weigh(LogitBelief(belief(3).points[..., :CLUSTERS], belief(3).deviation), alpha=1e6)
    expected = torch.nn.functional.one_hot(belief(3).deviation.argmax(-1), CLUSTERS)
    torch.testing.assert_close(found.weights, expected.double(), rtol=0, atol=1e-12)


def test_strength_may_differ_by_head() -> None:
    both = weigh(belief(4), alpha=torch.tensor([[0.0], [2.0]])).weights
    torch.testing.assert_close(both[0], weigh(belief(4), alpha=0.0).weights[0])
    torch.testing.assert_close(both[1], weigh(belief(4), alpha=2.0).weights[1])


def test_weights_are_differentiable_in_everything_they_depend_on() -> None:
    features, mean, covariance = linear(5, items=5, p=3)
    deviation = torch.rand(5, generator=seeded(), dtype=torch.float64)

    def played(features: Tensor, mean: Tensor, deviation: Tensor, alpha: Tensor) -> Tensor:
        points = linear_belief(features, mean, covariance).points
        return weigh(LogitBelief(points, deviation), alpha=alpha).weights

    inputs = features, mean, deviation, torch.tensor([0.7]).double()
    assert torch.autograd.gradcheck(played, tuple(t.requires_grad_() for t in inputs))


def test_a_linear_belief_has_the_moments_of_its_logits() -> None:
    features, mean, covariance = linear(6)
    found = linear_belief(features, mean, covariance)
    torch.testing.assert_close(found.points.mean(0), features @ mean)
    offsets = found.points - features @ mean
    joint = features @ covariance @ features.T
    torch.testing.assert_close(offsets.T @ offsets / len(offsets), joint)
    torch.testing.assert_close(found.deviation.square(), joint.diagonal())


def test_thompson_draws_logits_with_their_joint_covariance() -> None:
    features, mean, covariance = linear(7, items=6, p=3)
    certain = linear_belief(features, mean, covariance)
    own = torch.linspace(0, 1, 6).double()
    many = LogitBelief(
        certain.points.expand(40_000, -1, -1), certain.deviation, None, own.expand(40_000, -1)
    )
    weights = weigh(many, "thompson", 0.5, seeded(1)).weights.log()
    drawn = weights - weights[:, :1]  # a softmax knows logits up to a constant
    contrast = torch.eye(6).double() - torch.eye(6).double()[0]
    joint = features @ covariance @ features.T + own.square().diag()
    expected = 0.25 * contrast @ joint @ contrast.T
    torch.testing.assert_close(drawn.mean(0), contrast @ features @ mean, rtol=0, atol=0.04)
    torch.testing.assert_close(drawn.T.cov(), expected, rtol=0.05, atol=0.04)


def test_thompson_draws_one_user_for_all_heads() -> None:
    points = belief(8).points[:1].expand(3, 2, USERS, ITEMS)  # requests, heads
    twice = LogitBelief(points, torch.zeros(3, 2, CLUSTERS).double(), belief(8).clusters)
    weights = weigh(twice, "thompson", 1.0, seeded(2)).weights
    torch.testing.assert_close(weights[:, 0], weights[:, 1])
    assert not torch.allclose(weights[0], weights[1])


def test_gumbel_noise_grows_with_the_deviation_and_is_shared_in_a_cluster() -> None:
    # Var of standard Gumbel is pi^2 / 6.
    points = torch.zeros(20_000, 1, 4).double()
    deviation = torch.tensor([0.0, 2.0]).double().expand(20_000, 2)
    found = LogitBelief(points, deviation, torch.tensor([0, 0, 1, 1]))
    logits = weigh(found, "gumbel", 0.5, seeded(3)).weights.log()
    torch.testing.assert_close(logits[:, 2], logits[:, 3])
    assert float((logits[:, 2] - logits[:, 0]).var()) == pytest.approx(math.pi**2 / 6, rel=0.05)


def test_no_exploration_takes_no_notice_of_doubt() -> None:
    features, mean, covariance = linear(9)
    plain = (features @ mean).softmax(-1)
    for scale in (0.0, 1.0, 9.0):
        found = weigh(linear_belief(features, mean, scale * covariance), "none", 3.0)
        torch.testing.assert_close(found.weights, plain)


def regret(mode: Mode, alpha: float, seed: int, rounds: int = 120) -> float:
    """A linear bandit of 32 items and 8 features that plays the argmax of the weights."""
    rng = np.random.default_rng([seed, 17])
    features = torch.tensor(rng.normal(size=(32, 8)) / 8**0.5)
    worth = features @ torch.tensor(rng.normal(size=8))
    mean, covariance = torch.full((8,), 0.01).double(), torch.eye(8).double()
    total, generator = 0.0, seeded(seed)
    for _ in range(rounds):
        found = weigh(linear_belief(features, mean, covariance), mode, alpha, generator)
        item = int(found.weights.argmax())
        phi = features[item]
        spread = covariance @ phi
        gain = spread / (0.5**2 + phi @ spread)
        mean = mean + gain * (worth[item] + 0.5 * rng.normal() - phi @ mean)
        covariance = covariance - torch.outer(gain, spread)
        covariance = (covariance + covariance.T) / 2
        total += float(worth.max() - worth[item])
    return total


def test_flattening_is_not_exploration() -> None:
    # The best item under a temperature is the best item without it: the same regret as greedy.
    seeds = range(12)
    strengths: dict[Mode, float] = {"cubature": 1.0, "thompson": 1.0, "gumbel": 0.5}
    greedy = sum(regret("none", 0.0, s) for s in seeds)
    assert sum(regret("temperature", 0.0, s) for s in seeds) == pytest.approx(greedy)
    for mode, alpha in strengths.items():
        assert sum(regret(mode, alpha, s) for s in seeds) < greedy / 2, mode


def test_drawing_from_a_softmax_of_fixed_temperature_regrets_as_much_in_the_last_round() -> None:
    # Against the argmax its regret is linear even when everything is known; the argmax has none.
    worth = torch.tensor([[1.0, 0.5, 0.0]]).double()
    known = LogitBelief(worth, torch.zeros(3).double())
    weights = weigh(known, "none").weights
    assert float(worth.max() - (weights * worth).sum()) > 0.2
    assert int(weights.argmax()) == 0


def test_what_a_mode_cannot_do_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="mode = 'ucb': must be one of cubature, thompson"):
        Exploration("ucb")  # pyright: ignore[reportArgumentType]
    with pytest.raises(SettingsError, match="points = 'grid'"):
        Exploration(points="grid")  # pyright: ignore[reportArgumentType]
    with pytest.raises(SettingsError, match="mode = 'ucb'"):
        weigh(belief(0), "ucb")  # pyright: ignore[reportArgumentType]
    for alpha in (-0.1, math.nan, math.inf, torch.tensor([1.0, -1.0])):
        with pytest.raises(SettingsError, match=r"alpha = .*must be >= 0 and finite"):
            weigh(belief(0), alpha=alpha)
    for mode in DRAWING:
        with pytest.raises(InputError, match="generator: mode"):
            weigh(belief(0), mode)


def test_a_broken_belief_is_refused_by_name() -> None:
    features, mean, covariance = linear(0, items=4, p=2)
    nan = float("nan")
    for name, broken in {
        "features": (features * nan, mean, covariance),
        "mean": (features, mean * nan, covariance),
        "covariance": (features, mean, covariance * nan),
        "covariance: must be positive": (features, mean, -covariance),
        "points": (features[:0], mean, covariance),
    }.items():
        with pytest.raises(InputError, match=name):
            linear_belief(*broken)
    good = linear_belief(features, mean, covariance)
    with pytest.raises(InputError, match="deviation: must have 4 columns"):
        LogitBelief(good.points, good.deviation[:3])
    with pytest.raises(InputError, match=r"clusters: must have shape \(4,\)"):
        LogitBelief(good.points, good.deviation, torch.zeros(3, dtype=torch.int64))
    with pytest.raises(InputError, match="deviation: must be finite"):
        LogitBelief(good.points, good.deviation * nan)


def test_a_single_item_gets_everything_in_every_mode() -> None:
    features, mean, covariance = linear(1, items=1, p=2)
    for mode in MODES:
        found = weigh(linear_belief(features, mean, covariance), mode, 3.0, seeded())
        assert found.weights.tolist() == [1.0]
