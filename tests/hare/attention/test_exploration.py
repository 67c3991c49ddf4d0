"""Modes of exploration: what each does to the weights, and what is true of entropy."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hare.attention.exploration import (
    MODES,
    Exploration,
    LogitBelief,
    Mode,
    information,
    linear_belief,
    weigh,
)
from hare.attention.uncertainty import entropy
from hare.errors import InputError, SettingsError

ITEMS, CLUSTERS, USERS = 12, 4, 6
DRAWING: tuple[Mode, ...] = ("thompson", "gumbel")


def belief(seed: int, doubt: float = 1.0) -> LogitBelief:
    """Two heads over 12 items in four clusters."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(size=(2, 1, ITEMS))
    return LogitBelief(
        points=torch.tensor(centre + doubt * rng.normal(size=(2, USERS, ITEMS))),
        deviation=torch.tensor(rng.gamma(2.0, size=(2, CLUSTERS))),
        clusters=torch.arange(ITEMS) % CLUSTERS,
        own_deviation=torch.tensor(rng.gamma(1.0, size=(2, CLUSTERS))),
    )


def linear(seed: int, scale: float = 1.0, items: int = 32, p: int = 8) -> tuple[Tensor, ...]:
    """Features (N, p), mean (p,) and covariance (p, p)."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(p, p)) / p**0.5
    features = rng.normal(size=(items, p))
    arrays = features, rng.normal(size=p), scale * (root @ root.T + 0.1 * np.eye(p))
    return tuple(torch.tensor(a) for a in arrays)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


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


@given(st.integers(0, 2**31), st.floats(0, 3))
@settings(max_examples=30)
def test_the_slope_of_entropy_in_alpha_is_minus_covariance_minus_alpha_variance(
    seed: int, alpha: float
) -> None:
    # dH/d alpha = -Cov_A(U, l) - alpha Var_A(U), A = softmax(l + alpha U).
    certain = LogitBelief(belief(seed).points[:, :1], belief(seed).deviation, belief(seed).clusters)
    step = 1e-5
    high, low = (entropy(weigh(certain, alpha=alpha + step * s).weights) for s in (2, 0))
    shares = weigh(certain, alpha=alpha + step).weights
    u, logits = certain.by_item(certain.deviation), certain.points[:, 0]

    def covariance(x: Tensor, y: Tensor) -> Tensor:
        return (shares * x * y).sum(-1) - (shares * x).sum(-1) * (shares * y).sum(-1)

    slope = -covariance(u, logits) - (alpha + step) * covariance(u, u)
    torch.testing.assert_close((high - low) / (2 * step), slope, rtol=1e-5, atol=1e-7)


def test_entropy_rises_only_below_the_critical_strength() -> None:
    # l = (1, 0), U = (0, 1): Cov_A(U, l) = -Var_A(U), so the turning point is alpha = 1.
    logits = torch.tensor([[1.0, 0.0]]).double()
    simple = LogitBelief(logits, torch.tensor([0.0, 1.0]).double())
    heights = [float(entropy(weigh(simple, alpha=a).weights)) for a in (0.0, 0.5, 1.0, 1.5, 2.0)]
    assert heights[0] < heights[1] < heights[2] == pytest.approx(math.log(2))
    assert heights[2] > heights[3] > heights[4]


def test_endless_strength_puts_all_weight_on_the_most_uncertain() -> None:
    found = weigh(LogitBelief(belief(3).points[..., :CLUSTERS], belief(3).deviation), alpha=1e6)
    expected = torch.nn.functional.one_hot(belief(3).deviation.argmax(-1), CLUSTERS)
    torch.testing.assert_close(found.weights, expected.double(), rtol=0, atol=1e-12)


def test_strength_may_differ_by_head() -> None:
    both = weigh(belief(4), alpha=torch.tensor([[0.0], [2.0]])).weights
    assert (both[0] == weigh(belief(4), alpha=0.0).weights[0]).all()
    assert (both[1] == weigh(belief(4), alpha=2.0).weights[1]).all()


def total_variation(scale: float) -> dict[str, float]:
    """Mean error of each mode against 20,000 drawn users; 32 items, 8 dimensions, 30 cases."""
    errors: dict[str, float] = defaultdict(float)
    for seed in range(30):
        features, mean, covariance = linear(seed, scale)
        rng = np.random.default_rng(seed)
        users = rng.multivariate_normal(mean.numpy(), covariance.numpy(), 20_000)
        truth = (torch.tensor(users) @ features.T).softmax(-1).mean(0)
        cubature, sobol = (
            linear_belief(features, mean, covariance, rule) for rule in ("cubature", "sobol")
        )
        for name, found in {
            "cubature": weigh(cubature, alpha=0.0),
            "sobol": weigh(sobol, alpha=0.0),
            "none": weigh(cubature, "none"),
            "temperature": weigh(cubature, "temperature"),
        }.items():
            errors[name] += float((found.weights - truth).abs().sum() / 2) / 30
    return errors


def test_averaging_over_users_is_far_nearer_to_monte_carlo_than_plug_in_or_temperature() -> None:
    # Logits with deviation 1.5: cubature .038, Sobol .010, plug-in .138, temperature .114 measured.
    errors = total_variation(scale=0.256)
    assert errors["cubature"] < 0.05
    assert errors["sobol"] < 0.015
    assert errors["none"] > 3 * errors["cubature"]
    assert errors["temperature"] > 2.5 * errors["cubature"]


def test_under_great_doubt_sobol_points_stay_near_where_cubature_does_not() -> None:
    # Logits with deviation 3: cubature .122, Sobol .033, plug-in .308, temperature .254 measured.
    errors = total_variation(scale=1.0)
    assert errors["sobol"] < 0.05 < 0.1 < errors["cubature"] < errors["temperature"]


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
    assert (weights[:, 0] == weights[:, 1]).all()
    assert not torch.allclose(weights[0], weights[1])


def test_gumbel_noise_grows_with_the_deviation_and_is_shared_in_a_cluster() -> None:
    # Var of standard Gumbel is pi^2 / 6.
    points = torch.zeros(20_000, 1, 4).double()
    deviation = torch.tensor([0.0, 2.0]).double().expand(20_000, 2)
    found = LogitBelief(points, deviation, torch.tensor([0, 0, 1, 1]))
    logits = weigh(found, "gumbel", 0.5, seeded(3)).weights.log()
    assert (logits[:, 2] == logits[:, 3]).all()
    assert float((logits[:, 2] - logits[:, 0]).var()) == pytest.approx(math.pi**2 / 6, rel=0.05)


@given(st.integers(0, 2**31), st.floats(0, 5))
@settings(max_examples=40)
def test_temperature_never_lowers_entropy_as_the_covariance_grows(seed: int, more: float) -> None:
    features, mean, covariance = linear(seed)
    rank_one = torch.outer(features[0], features[0])
    low, high = (
        entropy(weigh(linear_belief(features, mean, p), "temperature").weights)
        for p in (covariance, covariance + more * rank_one)
    )
    assert high >= low - 1e-12


def test_no_exploration_takes_no_notice_of_doubt() -> None:
    features, mean, covariance = linear(9)
    plain = (features @ mean).softmax(-1)
    for scale in (0.0, 1.0, 9.0):
        found = weigh(linear_belief(features, mean, scale * covariance), "none", 3.0)
        torch.testing.assert_close(found.weights, plain)


@given(st.integers(0, 2**31), st.floats(0, 5))
@settings(max_examples=40)
def test_mutual_information_is_never_negative(seed: int, alpha: float) -> None:
    total, expected, mutual = information(weigh(belief(seed), alpha=alpha).given_user)
    assert (total - expected >= -1e-12).all()
    assert (mutual >= 0).all()
    assert (total <= math.log(ITEMS) + 1e-12).all()


def test_a_certain_user_leaves_no_mutual_information() -> None:
    found = weigh(belief(10, doubt=0.0), alpha=1.0)
    torch.testing.assert_close(information(found.given_user)[2], torch.zeros(2).double())


def test_under_exact_bayes_entropy_and_information_fall_in_expectation_only() -> None:
    # 1,500 users from the prior rate one text each; r = phi'u + e.
    rng = np.random.default_rng(11)
    p, items, noise, count = 3, 8, 0.7, 1500
    features = torch.tensor(2 * rng.normal(size=(items, p)))
    mean, covariance = torch.tensor(rng.normal(size=p)), torch.eye(p).double()
    phi = features[2]
    rewards = torch.tensor(rng.multivariate_normal(mean.numpy(), covariance.numpy(), count)) @ phi
    rewards = rewards + noise * torch.tensor(rng.normal(size=count))
    gain = covariance @ phi / (noise**2 + phi @ covariance @ phi)
    means = mean + gain * (rewards - phi @ mean)[:, None]  # (count, p)
    after_covariance = covariance - torch.outer(gain, covariance @ phi)

    def triple(means: Tensor, covariance: Tensor) -> tuple[Tensor, ...]:
        rows = len(means)
        found = linear_belief(
            features.expand(rows, -1, -1), means, covariance.expand(rows, p, p), "sobol"
        )
        return information(weigh(found, alpha=0.0).given_user)

    before, after = triple(mean[None], covariance), triple(means, after_covariance)
    for name, index in (("entropy", 0), ("mutual information", 2)):
        change = (after[index] - before[index]).numpy()
        upper = change.mean() + 1.96 * change.std(ddof=1) / count**0.5
        assert upper < 0, name
    assert (after[0] > before[0]).any()  # and some users' entropy rises: no claim about a path
    # What is known of the user is no bias: E[H(A_u)] stays, up to the points' small error.
    drift = (after[1] - before[1]).numpy()
    assert abs(drift.mean()) < 3 * drift.std(ddof=1) / count**0.5 + 0.01


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
