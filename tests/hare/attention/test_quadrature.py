"""Points that stand for a normal distribution over users."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hare.attention.quadrature import cubature_points, sobol_points, user_points
from hare.errors import InputError, SettingsError


def normal(*shape: int, seed: int) -> Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=shape))


def covariances(batch: int, p: int, seed: int) -> Tensor:
    root = normal(batch, p, p, seed=seed) / p**0.5
    return root @ root.mT + 0.1 * torch.eye(p, dtype=torch.float64)


@pytest.mark.parametrize("rule", ["cubature", "sobol"])
@given(p=st.integers(1, 8), batch=st.integers(1, 3), seed=st.integers(0, 2**31))
@settings(max_examples=30)
def test_points_have_the_given_mean_and_covariance(rule, p: int, batch: int, seed: int) -> None:
    mean, covariance = normal(batch, p, seed=seed), covariances(batch, p, seed=seed + 1)
    points = user_points(mean, covariance, rule)
    assert points.shape == (batch, 2 * p if rule == "cubature" else 128, p)
    offsets = points - mean.unsqueeze(1)
    torch.testing.assert_close(points.mean(dim=1), mean, rtol=0, atol=1e-12)
    found = offsets.mT @ offsets / points.shape[1]
    torch.testing.assert_close(found, covariance, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rule", [cubature_points, sobol_points])
def test_points_of_a_certain_user_are_the_mean(rule) -> None:
    mean = normal(2, 3, seed=0)
    points = rule(mean, torch.zeros(2, 3, 3, dtype=torch.float64))
    assert (points == mean.unsqueeze(1)).all()


def test_points_bear_a_singular_covariance() -> None:
    direction = normal(1, 4, 1, seed=1)
    covariance = direction @ direction.mT
    points = cubature_points(torch.zeros(1, 4, dtype=torch.float64), covariance)
    torch.testing.assert_close(points.mT @ points / 8, covariance, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rule", ["cubature", "sobol"])
def test_the_same_moments_give_the_same_points(rule) -> None:
    mean, covariance = normal(1, 5, seed=2), covariances(1, 5, seed=3)
    assert (user_points(mean, covariance, rule) == user_points(mean, covariance, rule)).all()


@pytest.mark.parametrize("rule", ["cubature", "sobol"])
def test_gradients_reach_mean_and_covariance(rule) -> None:
    mean = normal(1, 3, seed=4).requires_grad_()
    root = normal(1, 3, 3, seed=5).requires_grad_()

    def moment(mean: Tensor, root: Tensor) -> Tensor:
        return user_points(mean, root @ root.mT, rule).pow(4).sum()

    assert torch.autograd.gradcheck(moment, (mean, root))


def test_a_covariance_that_is_not_positive_semi_definite_is_refused_by_name() -> None:
    covariance = torch.diag(torch.tensor([1.0, -0.5]))[None]
    with pytest.raises(InputError, match="covariance: must be positive semi-definite"):
        cubature_points(torch.zeros(1, 2), covariance)


def test_a_covariance_that_is_not_symmetric_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="covariance: must be symmetric"):
        cubature_points(torch.zeros(1, 2), torch.tensor([[[1.0, 0.5], [0.0, 1.0]]]))


def test_rounding_below_zero_is_borne() -> None:
    covariance = torch.diag(torch.tensor([1.0, -1e-7]))[None]
    assert torch.isfinite(cubature_points(torch.zeros(1, 2), covariance)).all()


def test_what_the_rules_cannot_do_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="points = 'grid'"):
        user_points(torch.zeros(1, 2), torch.eye(2)[None], "grid")  # pyright: ignore[reportArgumentType]
    with pytest.raises(SettingsError, match="user_size = 65: must be <= 64"):
        sobol_points(torch.zeros(1, 65), torch.eye(65)[None])
