"""What is true of the entropy of attention, and how near its average over users is to the truth."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
import torch
from beliefs import ITEMS, belief, linear
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hare.attention.exploration import LogitBelief, information, linear_belief, weigh
from hare.attention.uncertainty import entropy


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
