"""Attention over the pool: where it is standard attention, and what uncertainty adds."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from hare.attention.cross_attention import Attended, PoolAttention, PoolAttentionSettings

SIZES = PoolAttentionSettings(embedding_size=10, user_size=4, heads=3, key_size=5, value_size=6)
ITEMS, CLUSTERS, BATCH = 30, 6, 2


@pytest.fixture(scope="module")
def attention() -> PoolAttention:
    torch.manual_seed(0)
    return PoolAttention(SIZES).double()


def case(seed: int = 0, deviation: float = 1.0, **changes: Any) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(BATCH, 4, 4)) / 2
    arguments = {
        "request": rng.normal(size=(BATCH, 10)),
        "mean": rng.normal(size=(BATCH, 4)),
        "covariance": deviation**2 * (root @ root.transpose(0, 2, 1)),
        "pool": rng.normal(size=(ITEMS, 10)),
    }
    tensors: dict[str, Any] = {name: torch.tensor(array) for name, array in arguments.items()}
    tensors["clusters"] = torch.tensor(np.arange(ITEMS) % CLUSTERS)
    return {**tensors, **changes}


def past(rounds: int, seed: int = 5) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(seed)
    return (
        torch.tensor(rng.normal(size=(BATCH, rounds, 3, 5))),
        torch.tensor(rng.dirichlet(np.ones(CLUSTERS), (BATCH, rounds, 3))),
    )


def test_without_bonus_and_doubt_it_is_standard_attention(attention: PoolAttention) -> None:
    given_case = case(deviation=0.0, alpha=0.0)
    attended = attention(**given_case)
    x, u, pool = given_case["request"], given_case["mean"], given_case["pool"]
    query = attention.from_request(x) + attention.from_user(u)
    heads = nn.functional.scaled_dot_product_attention(
        query.view(BATCH, 3, 1, 5),
        attention.keys(pool).view(ITEMS, 3, 5).transpose(0, 1).expand(BATCH, -1, -1, -1),
        attention.values(pool).view(ITEMS, 3, 6).transpose(0, 1).expand(BATCH, -1, -1, -1),
    )
    torch.testing.assert_close(attended.z, heads.flatten(1), rtol=0, atol=1e-6)
    torch.testing.assert_close(attended.query, query.view(BATCH, 3, 5))


def test_a_bonus_that_is_equal_for_all_clusters_changes_nothing(attention: PoolAttention) -> None:
    # A certain user and no history: every cluster is as little known as the others.
    plain = attention(**case(deviation=0.0, alpha=0.0))
    pushed = attention(**case(deviation=0.0, alpha=100.0))
    torch.testing.assert_close(pushed.weights, plain.weights, rtol=0, atol=1e-12)


def test_a_bonus_draws_attention_to_the_clusters_that_were_asked_least(
    attention: PoolAttention,
) -> None:
    queries, credit = past(8)
    credit = torch.zeros_like(credit)
    credit[..., 0] = 1.0
    known = {"deviation": 0.0, "history": (queries, credit)}
    plain = attention(**case(**known, alpha=0.0)).cluster_weights
    pushed = attention(**case(**known, alpha=4.0)).cluster_weights
    assert (pushed[..., 0] < plain[..., 0]).all()
    assert (pushed[..., 1:] > plain[..., 1:]).all()


@given(st.integers(0, 2**31), st.floats(0, 5), st.integers(0, 5))
@settings(max_examples=30)
def test_weights_are_shares_and_clusters_gather_their_items(
    seed: int, alpha: float, rounds: int
) -> None:
    torch.manual_seed(0)
    attention = PoolAttention(SIZES).double()
    attended = attention(**case(seed, alpha=alpha, history=past(rounds, seed)))
    one = torch.ones(BATCH, 3, dtype=torch.float64)
    assert (attended.weights >= 0).all()
    torch.testing.assert_close(attended.weights.sum(-1), one)
    torch.testing.assert_close(attended.cluster_weights.sum(-1), one)
    for j in range(CLUSTERS):
        torch.testing.assert_close(
            attended.cluster_weights[..., j], attended.weights[..., j::CLUSTERS].sum(-1)
        )


@given(st.integers(0, 2**31), st.floats(0, 3))
@settings(max_examples=30)
def test_knowing_the_user_never_leaves_more_entropy_on_average(seed: int, alpha: float) -> None:
    torch.manual_seed(0)
    attended = PoolAttention(SIZES).double()(**case(seed, deviation=3.0, alpha=alpha))
    assert (attended.entropy - attended.expected_entropy >= -1e-12).all()
    assert (attended.entropy <= np.log(ITEMS) + 1e-12).all()


def test_a_certain_user_leaves_no_mutual_information(attention: PoolAttention) -> None:
    attended = attention(**case(deviation=0.0))
    torch.testing.assert_close(attended.entropy, attended.expected_entropy)


def test_excluded_items_get_no_attention(attention: PoolAttention) -> None:
    excluded = torch.zeros(BATCH, ITEMS, dtype=torch.bool)
    excluded[0, [2, 7]] = True
    attended = attention(**case(excluded=excluded))
    assert (attended.weights[0, :, [2, 7]] == 0).all()
    assert (attended.weights[1, :, [2, 7]] > 0).all()
    torch.testing.assert_close(attended.weights.sum(-1), torch.ones(BATCH, 3, dtype=torch.float64))


def test_an_empty_history_is_the_same_as_none(attention: PoolAttention) -> None:
    without, empty = attention(**case()), attention(**case(history=past(0)))
    for field in dataclasses.fields(Attended):
        one, other = getattr(without, field.name), getattr(empty, field.name)
        torch.testing.assert_close(one.expand_as(other), other)


def test_every_row_of_a_batch_may_have_its_own_strength(attention: PoolAttention) -> None:
    both = attention(**case(alpha=torch.tensor([0.0, 2.0]).view(-1, 1, 1)))
    torch.testing.assert_close(both.weights[0], attention(**case(alpha=0.0)).weights[0])
    torch.testing.assert_close(both.weights[1], attention(**case(alpha=2.0)).weights[1])


def test_the_average_over_users_is_nearer_to_monte_carlo_than_the_mean_user() -> None:
    # Total variation of softmax(l(u)) averaged over u ~ N(m, P), 32 items, 8 dimensions, against
    # 4,000 draws of u. Known from simulation: about 0.04 for cubature, 0.20 for plug-in.
    torch.manual_seed(1)
    sizes = PoolAttentionSettings(embedding_size=8, user_size=8, heads=1, key_size=8, value_size=2)
    attention = PoolAttention(sizes).double()
    attention.from_user.weight.data = 1.5 * torch.eye(8, dtype=torch.float64)
    attention.keys.weight.data = torch.eye(8, dtype=torch.float64)
    rng = np.random.default_rng(2)
    cubature_error, plug_in_error = [], []
    for _ in range(20):
        mean = torch.tensor(rng.normal(size=(1, 8)))
        pool = torch.tensor(rng.normal(size=(32, 8)))
        common = {
            "request": torch.zeros(1, 8, dtype=torch.float64),
            "pool": pool,
            "clusters": torch.arange(32) % 4,
            "alpha": 0.0,
        }
        eye = torch.eye(8, dtype=torch.float64)[None]
        average = attention(mean=mean, covariance=eye, **common).weights[0, 0]
        mean_user = attention(mean=mean, covariance=0 * eye, **common).weights[0, 0]
        users = mean + torch.tensor(rng.normal(size=(4000, 8)))
        truth = (attention.from_user(users) @ pool.T / 8**0.5).softmax(-1).mean(0)
        cubature_error.append((average - truth).detach().abs().sum() / 2)
        plug_in_error.append((mean_user - truth).detach().abs().sum() / 2)
    assert np.mean(cubature_error) < 0.06
    assert np.mean(plug_in_error) > 2 * np.mean(cubature_error)
