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
from hare.attention.exploration import MODES, Exploration, Mode
from hare.attention.gram import ClusterGrams, GramSettings
from hare.errors import InputError, SettingsError

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
    torch.testing.assert_close(attended.z, heads.flatten(1), rtol=1e-12, atol=1e-12)
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
    assert (attended.mutual_information >= 0).all()
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


@pytest.mark.parametrize("excluded", [False, True])
def test_the_kernel_of_standard_attention_and_the_weights_agree(
    attention: PoolAttention, excluded: bool
) -> None:
    hidden = torch.arange(ITEMS).expand(BATCH, -1) % 4 == 0 if excluded else None
    attended = attention(**case(deviation=0.0, alpha=0.0, excluded=hidden))
    values = attention.values(case()["pool"]).view(ITEMS, 3, 6)
    z = torch.einsum("bhn,nhv->bhv", attended.weights, values)
    torch.testing.assert_close(attended.z, z.flatten(1))


def test_every_head_may_have_its_own_strength(attention: PoolAttention) -> None:
    three = attention(**case(alpha=torch.tensor([0.0, 1.0, 2.0]), history=past(4))).weights
    for head, alpha in enumerate((0.0, 1.0, 2.0)):
        one = attention(**case(alpha=alpha, history=past(4))).weights
        torch.testing.assert_close(three[:, head], one[:, head])


def test_an_output_matrix_maps_the_heads_side_by_side(attention: PoolAttention) -> None:
    mapped = PoolAttention(dataclasses.replace(SIZES, output_size=7)).double()
    mapped.load_state_dict({**attention.state_dict(), "output.weight": mapped.output.weight.data})
    found = mapped(**case())
    assert found.z.shape == (BATCH, 7) == (BATCH, mapped.settings.width)
    torch.testing.assert_close(found.z, attention(**case()).z @ mapped.output.weight.T)
    assert "output.weight" not in attention.state_dict()


def test_running_gram_matrices_and_the_history_give_the_same(attention: PoolAttention) -> None:
    queries, credit = past(6)
    grams = ClusterGrams(GramSettings(3, CLUSTERS, 5, SIZES.ridge))
    for query, share in zip(queries[0], credit[0], strict=True):
        grams.observe(query, share)
    expected = attention(**case(history=past(6)))
    found = attention(**case(inverse=grams.inverse[None]))
    torch.testing.assert_close(found.deviation[0], expected.deviation[0])
    torch.testing.assert_close(found.z[0], expected.z[0])


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_gives_shares_and_the_same_seed_the_same(
    attention: PoolAttention, mode: Mode
) -> None:
    one, same = (
        attention(
            **case(history=past(3)),
            exploration=Exploration(mode),
            generator=torch.Generator().manual_seed(1),
        )
        for _ in range(2)
    )
    torch.testing.assert_close(one.weights.sum(-1), torch.ones(BATCH, 3, dtype=torch.float64))
    assert (one.z == same.z).all()
    assert (one.mutual_information >= 0).all()


def test_sobol_points_average_over_128_users(attention: PoolAttention) -> None:
    cubature = attention(**case())
    sobol = attention(**case(), exploration=Exploration(points="sobol"))
    torch.testing.assert_close(sobol.weights, cubature.weights, rtol=0, atol=0.05)
    assert not torch.allclose(sobol.weights, cubature.weights)


def test_gradients_reach_every_weight_with_items_left_out(attention: PoolAttention) -> None:
    excluded = torch.arange(ITEMS).expand(BATCH, -1) < 3
    attended = attention(**case(history=past(2), excluded=excluded))
    (attended.z.square().sum() + attended.entropy.sum()).backward()
    for name, weight in attention.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name
        assert weight.grad.abs().max() > 0, name
    attention.zero_grad()


def test_a_single_item_gets_everything(attention: PoolAttention) -> None:
    one = {"pool": case()["pool"][:1], "clusters": torch.zeros(1, dtype=torch.int64)}
    attended = attention(**{**case(alpha=7.0), **one})
    torch.testing.assert_close(attended.weights, torch.ones_like(attended.weights))
    nothing = torch.zeros_like(attended.entropy)
    torch.testing.assert_close(attended.entropy, nothing, rtol=0, atol=1e-12)
    torch.testing.assert_close(attended.mutual_information, nothing, rtol=0, atol=1e-12)


def test_one_cluster_gets_no_bonus(attention: PoolAttention) -> None:
    clusters = torch.zeros(ITEMS, dtype=torch.int64)
    plain, pushed = (attention(**case(clusters=clusters, alpha=a)).weights for a in (0.0, 50.0))
    torch.testing.assert_close(pushed, plain, rtol=0, atol=1e-12)


def test_equal_items_of_a_cluster_get_equal_weights(attention: PoolAttention) -> None:
    pool = case()["pool"]
    pool[CLUSTERS] = pool[0]  # the same cluster as item 0
    weights = attention(**case(pool=pool, history=past(3))).weights
    torch.testing.assert_close(weights[..., CLUSTERS], weights[..., 0])


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("request", torch.zeros(BATCH, 9), r"request: must have shape \(B, 10\)"),
        ("request", torch.full((BATCH, 10), torch.nan), "request: must be finite"),
        ("mean", torch.zeros(BATCH + 1, 4), r"mean: must have shape \(2, 4\)"),
        ("covariance", torch.eye(4), r"covariance: must have shape \(2, 4, 4\)"),
        ("covariance", -torch.eye(4).expand(BATCH, 4, 4), "covariance: must be positive semi"),
        ("pool", torch.zeros(0, 10), "pool: must have at least one item"),
        ("pool", torch.full((ITEMS, 10), torch.inf), "pool: must be finite"),
        ("clusters", torch.arange(ITEMS - 1), "clusters: must have shape"),
        ("clusters", torch.arange(ITEMS) - 1, "clusters: must be >= 0"),
        ("clusters", torch.arange(ITEMS) * 2, "clusters: cluster 1 has no item"),
        ("clusters", torch.zeros(ITEMS), "clusters: must be int32 or int64"),
        ("excluded", torch.ones(BATCH, ITEMS, dtype=torch.bool), "excluded: must leave at least"),
        ("excluded", torch.ones(BATCH, ITEMS), "excluded: must be booleans"),
        ("history", (torch.zeros(2, 1, 3, 4), past(1)[1]), "history queries: must have shape"),
        ("history", (past(1)[0], torch.zeros(2, 1, 3, 5)), "history credit: must have shape"),
        ("inverse", torch.eye(5), "inverse: must have shape"),
    ],
)
def test_broken_input_is_refused_by_name(
    attention: PoolAttention, name: str, value: Any, rule: str
) -> None:
    if isinstance(value, Tensor) and value.dtype == torch.float32:
        value = value.double() if name != "clusters" else value
    with pytest.raises(InputError, match=rule):
        attention(**{**case(), name: value})


def test_history_and_inverse_together_are_refused(attention: PoolAttention) -> None:
    with pytest.raises(InputError, match="inverse: give this or history, not both"):
        attention(**case(history=past(1), inverse=torch.eye(5)))


def test_a_strength_outside_its_range_is_refused_by_name(attention: PoolAttention) -> None:
    with pytest.raises(SettingsError, match=r"alpha = -1.0: must be >= 0"):
        attention(**case(alpha=-1.0))
    with pytest.raises(SettingsError, match="one number for each of 3 heads"):
        attention(**case(alpha=torch.ones(2)))


@pytest.mark.parametrize("change", [{"heads": 0}, {"key_size": 0}, {"ridge": 0.0}])
def test_sizes_outside_their_range_are_refused_by_name(change: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(change))):
        PoolAttentionSettings(**change)
