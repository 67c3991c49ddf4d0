"""K-means over the pool: how many clusters, and pools that are too small, too equal or broken."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hare.attention import clusters as module
from hare.attention.clusters import cluster_pool, default_cluster_count
from hare.errors import InputError, SettingsError


def texts(count: int, seed: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 8))


def test_there_are_about_as_many_clusters_as_the_root_of_the_items() -> None:
    counts = [default_cluster_count(n) for n in (1, 2, 3, 10, 100, 576, 100_000, 10**6)]
    assert counts == [1, 1, 2, 3, 10, 24, 256, 256]


def test_every_cluster_is_occupied_and_numbered_from_zero() -> None:
    clusters = cluster_pool(texts(50), 7, seed=0)
    assert set(clusters) == set(range(7))
    assert (clusters == cluster_pool(texts(50), 7, seed=0)).all()
    assert set(cluster_pool(texts(50))) == set(range(7))  # sqrt(50) rounded


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_equal_items_share_a_cluster_and_none_is_empty(kinds: list[int], seed: int) -> None:
    pool = texts(5, seed)[kinds]
    clusters = cluster_pool(pool)
    assert set(clusters) == set(range(clusters.max() + 1))
    assert clusters.max() < len(set(kinds))
    for kind in set(kinds):
        assert len(set(clusters[np.array(kinds) == kind])) == 1


def test_a_single_item_is_a_cluster() -> None:
    assert cluster_pool(texts(1)).tolist() == [0]
    assert cluster_pool(texts(1), 1).tolist() == [0]


def test_groups_that_lie_apart_are_found() -> None:
    kinds = np.repeat(np.arange(4), 10)
    pool = 10 * np.eye(8)[kinds] + 0.1 * texts(40)
    clusters = cluster_pool(pool, 4)
    assert all(len(set(clusters[kinds == k])) == 1 for k in range(4))
    assert len(set(clusters)) == 4


def test_a_large_pool_is_learned_from_a_sample_and_assigned_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SAMPLE_PER_CLUSTER", 8)
    kinds = np.arange(400) % 4
    clusters = cluster_pool(10 * np.eye(8)[kinds] + 0.1 * texts(400), 4)
    assert clusters.shape == (400,)
    assert all(len(set(clusters[kinds == k])) == 1 for k in range(4))


@pytest.mark.parametrize("count", [9, 4])
def test_more_clusters_than_different_items_are_refused_by_name(count: int) -> None:
    with pytest.raises(SettingsError, match=f"count = {count}: must be <= 3, the different items"):
        cluster_pool(texts(3)[[0, 1, 2, 2, 1, 0]], count)


def test_no_clusters_are_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="count = 0: must be >= 1"):
        cluster_pool(texts(3), 0)


@pytest.mark.parametrize(
    ("pool", "rule"),
    [
        (np.zeros((0, 8)), "must have shape"),
        (np.zeros(8), "must have shape"),
        (np.array([[1.0, np.nan]]), "must be finite"),
        (np.array([[1.0, np.inf]]), "must be finite"),
    ],
)
def test_a_broken_pool_is_refused_by_name(pool: np.ndarray, rule: str) -> None:
    with pytest.raises(InputError, match=f"embeddings: {rule}"):
        cluster_pool(pool)
