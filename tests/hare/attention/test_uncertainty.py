"""The pieces of uncertain attention against exact moments and Monte Carlo."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hare.attention.uncertainty import (
    deviations,
    entropy,
    gram_matrices,
    logit_deviation,
    pooled_deviation,
)


def normal(*shape: int, seed: int) -> Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=shape))


def covariances(*shape: int, seed: int) -> Tensor:
    """Positive definite matrices, (*shape[:-1], d, d) for d = shape[-1]."""
    root = normal(*shape, shape[-1], seed=seed) / shape[-1] ** 0.5
    return root @ root.mT + 0.1 * torch.eye(shape[-1], dtype=torch.float64)


def test_the_variance_of_a_logit_agrees_with_monte_carlo() -> None:
    # Var(theta'q) / d_k for q ~ N(mu, S), theta ~ N(centroid, gram^-1), independent.
    d, draws = 4, 400_000
    mu, spread = normal(1, 1, d, seed=2), covariances(1, 1, d, seed=3)
    gram, centroids = covariances(1, 1, 3, d, seed=4) * 4, normal(1, 3, d, seed=5)
    formula = logit_deviation(mu, spread, gram, centroids)[0, 0].square()
    rng = np.random.default_rng(6)
    q = rng.multivariate_normal(mu[0, 0].numpy(), spread[0, 0].numpy(), draws)
    for j in range(3):
        precision = np.linalg.inv(gram[0, 0, j].numpy())
        theta = rng.multivariate_normal(centroids[0, j].numpy(), precision, draws)
        assert float(formula[j]) == pytest.approx((q * theta).sum(axis=1).var() / d, rel=0.03)


def test_information_about_a_cluster_grows_with_the_square_of_its_attention() -> None:
    queries, credit = normal(2, 5, 2, 3, seed=7), normal(2, 5, 2, 4, seed=8).abs()
    eye = torch.eye(3, dtype=torch.float64)
    once = gram_matrices(queries, credit, 0.7, torch.float64) - 0.7 * eye
    twice = gram_matrices(queries, 2 * credit, 0.7, torch.float64) - 0.7 * eye
    torch.testing.assert_close(twice, 4 * once)


def test_a_gram_matrix_is_the_sum_of_what_each_round_asked() -> None:
    queries, credit = normal(1, 3, 1, 2, seed=9), normal(1, 3, 1, 2, seed=10).abs()
    gram = gram_matrices(queries, credit, 1.5, torch.float64)
    for j in range(2):
        expected = 1.5 * torch.eye(2, dtype=torch.float64)
        for t in range(3):
            q = queries[0, t, 0]
            expected = expected + credit[0, t, 0, j] ** 2 * torch.outer(q, q)
        torch.testing.assert_close(gram[0, 0, j], expected)


@given(st.integers(0, 2**31))
@settings(max_examples=30)
def test_the_deviation_falls_with_every_observation(seed: int) -> None:
    queries, credit = normal(1, 6, 2, 3, seed=seed), normal(1, 6, 2, 4, seed=seed + 1).abs()
    mu, spread = normal(1, 2, 3, seed=seed + 2), covariances(1, 2, 3, seed=seed + 3)
    centroids = normal(2, 4, 3, seed=seed + 4)
    deviations = torch.stack(
        [
            logit_deviation(
                mu, spread, gram_matrices(queries[:, :t], credit[:, :t], 1.0, mu.dtype), centroids
            )
            for t in range(7)
        ]
    )
    assert (deviations.diff(dim=0) <= 1e-12).all()
    assert (deviations[-1] < deviations[0]).all()


def test_gram_matrices_lie_on_the_device_of_the_queries() -> None:
    # "meta" stands for any device but the CPU, on which mixing with the CPU's tensors fails too.
    queries, credit = torch.ones(1, 2, 3, 4, device="meta"), torch.ones(1, 2, 3, 5, device="meta")
    gram = gram_matrices(queries, credit, 1.0, torch.float32)
    assert gram.device.type == "meta"
    assert gram.shape == (1, 3, 5, 4, 4)


def test_what_was_not_attended_teaches_nothing_about_a_cluster() -> None:
    queries, credit = normal(1, 4, 1, 3, seed=11), torch.zeros(1, 4, 1, 2, dtype=torch.float64)
    credit[..., 0] = 1.0
    gram = gram_matrices(queries, credit, 2.0, torch.float64)
    assert (gram[0, 0, 1] == 2.0 * torch.eye(3)).all()
    assert (torch.linalg.eigvalsh(gram[0, 0, 0]) > 2.0).all()


def test_entropy_is_zero_for_certainty_and_log_n_for_indifference() -> None:
    assert float(entropy(torch.tensor([0.0, 1.0, 0.0]))) == 0.0
    assert float(entropy(torch.full((8,), 1 / 8))) == pytest.approx(np.log(8))


def test_entropy_has_a_gradient_where_an_item_has_no_weight() -> None:
    logits = torch.tensor([0.3, -1.0, 0.8], dtype=torch.float64, requires_grad=True)
    hidden = torch.tensor([False, True, False])
    entropy(logits.masked_fill(hidden, float("-inf")).softmax(-1)).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    assert logits.grad[1] == 0


@given(st.integers(0, 2**31))
@settings(max_examples=20)
def test_the_deviation_of_many_clusters_is_the_same_in_two_products(seed: int) -> None:
    mu, spread = normal(1, 2, 3, seed=seed), covariances(1, 2, 3, seed=seed + 1)
    gram, centroids = covariances(1, 2, 5, 3, seed=seed + 2), normal(2, 5, 3, seed=seed + 3)
    expected = logit_deviation(mu, spread, gram, centroids)[0]
    found = pooled_deviation(mu[0], torch.linalg.inv(gram)[0], spread[0], centroids)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    certain = logit_deviation(mu, 0 * spread, gram, centroids)[0]
    torch.testing.assert_close(
        pooled_deviation(mu[0], torch.linalg.inv(gram)[0]), certain, rtol=1e-9, atol=1e-9
    )


def test_the_clusters_own_deviation_is_what_knowing_the_user_leaves() -> None:
    mu, spread = normal(1, 1, 3, seed=12), covariances(1, 1, 3, seed=13)
    inverse, centroids = (
        torch.linalg.inv(covariances(1, 1, 4, 3, seed=14)),
        normal(1, 4, 3, seed=15),
    )
    whole, own = deviations(mu, spread, inverse, centroids)
    user = torch.einsum("hcd,bhde,hce->bhc", centroids, spread, centroids) / 3
    torch.testing.assert_close(whole.square(), own.square() + user)
