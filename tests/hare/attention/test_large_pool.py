"""Attention over a large pool: the same numbers as the module, without its weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from hare.attention.cross_attention import PoolAttention, PoolAttentionSettings
from hare.attention.gram import ClusterGrams, GramSettings
from hare.attention.large_pool import PoolIndex, attend, index_for, index_pool
from hare.attention.quadrature import cubature_points
from hare.attention.uncertainty import pooled_deviation
from hare.errors import InputError, SettingsError

H, N, D, V, C = 2, 40, 5, 3, 4


def normal(*shape: int, seed: int) -> Tensor:
    return torch.tensor(np.random.default_rng(seed).normal(size=shape))


def index(seed: int = 0) -> PoolIndex:
    return index_pool(
        normal(H, N, D, seed=seed), normal(H, N, V, seed=seed + 1), torch.arange(N) % C
    )


def inverses(seed: int = 2) -> Tensor:
    root = normal(H, C, D, D, seed=seed)
    return torch.linalg.inv(root @ root.mT + torch.eye(D))


def test_without_bonus_it_is_standard_attention_itself() -> None:
    pool, query = index(), normal(H, D, seed=3)
    expected = nn.functional.scaled_dot_product_attention(query[:, None], pool.keys, pool.values)
    torch.testing.assert_close(attend(pool, query), expected[:, 0], rtol=1e-12, atol=1e-12)


@given(st.integers(0, 2**31), st.integers(0, 5), st.floats(0, 4))
@settings(max_examples=20, deadline=None)
def test_it_is_the_module_for_one_request(seed: int, rounds: int, alpha: float) -> None:
    torch.manual_seed(0)
    sizes = PoolAttentionSettings(
        embedding_size=6, user_size=3, heads=H, key_size=D, value_size=V, ridge=0.5
    )
    attention = PoolAttention(sizes).double()
    request, mean, root = (normal(1, *s, seed=seed + i) for i, s in enumerate([(6,), (3,), (3, 3)]))
    covariance, pool, clusters = root @ root.mT, normal(N, 6, seed=seed), torch.arange(N) % C
    grams = ClusterGrams(GramSettings(H, C, D, ridge=0.5))
    for t in range(rounds):
        grams.observe(normal(H, D, seed=seed + t), normal(H, C, seed=seed + t).softmax(-1))
    expected = attention(
        request, mean, covariance, pool, clusters, alpha=alpha, inverse=grams.inverse[None]
    )
    users = cubature_points(mean, covariance)
    query, spread, asked = attention.queries(request, mean, covariance, users)
    offsets = asked[0, :3] - query  # p of the 2p points; the others are their mirror images
    found = attend(
        index_for(attention, pool, clusters), query[0], grams.inverse, alpha, spread[0], offsets
    )
    torch.testing.assert_close(found.flatten(), expected.z[0], rtol=1e-9, atol=1e-9)


def test_every_head_may_have_its_own_strength() -> None:
    pool, query, inverse = index(), normal(H, D, seed=4), inverses()
    both = attend(pool, query, inverse, torch.tensor([0.0, 3.0]))
    torch.testing.assert_close(both[0], attend(pool, query)[0])
    torch.testing.assert_close(both[1], attend(pool, query, inverse, 3.0)[1])


@pytest.mark.parametrize("distance", [0.0, 1.0, 3.0, 40.0])
@pytest.mark.parametrize("bonus", [False, True])
def test_the_average_over_mirrored_users_is_the_mean_of_what_each_would_see(
    distance: float, bonus: bool
) -> None:
    # At distance 40 some logits lie over 30 from the mean user's: users are computed one by one.
    pool, query, inverse = index(), normal(H, D, seed=5), inverses() if bonus else None
    offsets = distance * normal(4, H, D, seed=6)
    found = attend(pool, query, inverse, 2.0, offsets=offsets)
    logits = torch.einsum("mhd,hnd->mhn", torch.cat([query + offsets, query - offsets]), pool.keys)
    logits = logits / D**0.5
    if inverse is not None:
        u = pooled_deviation(query, inverse)
        logits = logits + 2 * (u - u.mean(-1, keepdim=True))[:, pool.clusters]
    expected = torch.einsum("mhn,hnv->mhv", logits.softmax(-1), pool.values).mean(0)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_single_precision_bears_the_greatest_distance() -> None:
    one = index_pool(index().keys.float(), index().values.float(), torch.arange(N) % C)
    query, direction = normal(H, D, seed=7).float(), normal(3, H, D, seed=8).float()
    reach = (direction.norm(dim=-1).amax(0) * one.longest).max() / D**0.5
    offsets = direction * (29.9 / reach)
    exact = attend(index(), query.double(), offsets=offsets.double())
    torch.testing.assert_close(
        attend(one, query, offsets=offsets), exact.float(), rtol=1e-3, atol=1e-4
    )


def test_one_item_is_all_there_is_to_see() -> None:
    pool = index_pool(
        normal(H, 1, D, seed=0), normal(H, 1, V, seed=1), torch.zeros(1, dtype=torch.int64)
    )
    torch.testing.assert_close(
        attend(pool, normal(H, D, seed=2), inverses()[:, :1], 9.0), pool.values[:, 0]
    )


def test_half_precision_is_not_taken_for_another_type_silently() -> None:
    with pytest.raises(InputError, match=r"inverse: must be torch.float64 of shape \(2, 4, 5, 5\)"):
        attend(index(), normal(H, D, seed=3), inverses().float())


def test_broken_input_is_refused_by_name() -> None:
    pool, query = index(), normal(H, D, seed=3)
    with pytest.raises(InputError, match=r"query: must have shape \(2, 5\)"):
        attend(pool, query[:1])
    with pytest.raises(InputError, match="query: must be finite"):
        attend(pool, query * float("nan"))
    with pytest.raises(InputError, match="inverse: must be torch"):
        attend(pool, query, inverses()[:, :2])
    with pytest.raises(InputError, match="inverse: must be finite"):
        attend(pool, query, inverses() * float("nan"))
    with pytest.raises(InputError, match=r"offsets: must have shape \(R, 2, 5\)"):
        attend(pool, query, offsets=query)
    with pytest.raises(InputError, match=r"spread: must have shape \(2, 5, 5\)"):
        attend(pool, query, inverses(), 1.0, spread=query)
    with pytest.raises(SettingsError, match=r"alpha = -1\.0"):
        attend(pool, query, inverses(), -1.0)
    with pytest.raises(InputError, match="pool: must have at least one item"):
        index_pool(pool.keys[:, :0], pool.values[:, :0], torch.arange(0))
    with pytest.raises(InputError, match=r"values: must have shape \(2, 40, v\)"):
        index_pool(pool.keys, pool.values[:, 1:], torch.arange(N) % C)
    with pytest.raises(InputError, match="clusters: cluster 0 has no item"):
        index_pool(pool.keys, pool.values, torch.arange(N) % C + 1)
