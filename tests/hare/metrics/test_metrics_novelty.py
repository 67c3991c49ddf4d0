"""Nearest items and novel shares: by hand, against all pairs, monotone in the threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hare.errors import InputError, SettingsError
from hare.metrics.novelty import nearest_cosine, novelty


def normal(n: int, d: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


def test_novelty_by_hand() -> None:
    # Cosines with the two items: 1, 0 | .8, .6 | 0, -1; the items' own cosine is 0.
    measured = novelty(
        [[2.0, 0.0], [0.8, 0.6], [0.0, -1.0]],
        [[1.0, 0.0], [0.0, 1.0]],
        thresholds=[0.5, 0.82],
        width=0.05,
    )
    assert measured.nearest == pytest.approx([1, 0.8, 0])
    assert measured.item.tolist() == [0, 0, 0]
    assert measured.share == pytest.approx([1 / 3, 2 / 3])
    assert measured.sensitivity == pytest.approx([0, 1 / 3])  # .8 lies between .77 and .87
    assert measured.pool_share == pytest.approx([1, 1])


def test_a_copy_is_not_novel_and_an_item_is_not_its_own_copy() -> None:
    pool = normal(50, 8, seed=1)
    measured = novelty(pool, pool, thresholds=[0.999])
    assert measured.share == 0
    assert measured.item.tolist() == list(range(50))
    assert measured.pool_share == 1
    assert novelty(pool, np.concatenate([pool, pool]), thresholds=[0.999]).pool_share == 0


def test_many_texts_are_compared_as_few_are() -> None:
    vectors, pool = normal(2500, 4, seed=2), normal(1100, 4, seed=3)
    nearest, item = nearest_cosine(vectors, pool)
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (vectors, pool)]
    cosines = unit[0] @ unit[1].T
    np.testing.assert_allclose(nearest, cosines.max(axis=1))
    np.testing.assert_allclose(cosines[np.arange(2500), item], cosines.max(axis=1))
    among = unit[1] @ unit[1].T - 2 * np.eye(1100)
    share = (among.max(axis=1) < 0.99).mean()
    assert novelty(vectors, pool, thresholds=[0.99]).pool_share == pytest.approx(share)


@given(st.integers(0, 99), st.floats(0.01, 100))
def test_shares_grow_with_the_threshold_and_lengths_do_not_matter(seed: int, scale: float) -> None:
    vectors, pool = normal(6, 3, seed), normal(5, 3, seed + 100)
    cuts = np.linspace(-1, 1, 9).tolist()
    measured = novelty(vectors, pool, cuts)
    assert (np.diff(measured.share) >= 0).all()
    assert (measured.sensitivity >= 0).all()
    assert novelty(vectors * scale, pool, cuts).nearest == pytest.approx(measured.nearest)


@given(st.integers(0, 99))
def test_a_larger_pool_leaves_nothing_more_novel(seed: int) -> None:
    vectors, pool = normal(6, 3, seed), normal(9, 3, seed + 100)
    fewer, all_items = nearest_cosine(vectors, pool[:4])[0], nearest_cosine(vectors, pool)[0]
    assert (all_items >= fewer - 1e-12).all()


def test_pools_and_thresholds_that_are_none_are_refused() -> None:
    one, two = [[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]
    with pytest.raises(InputError, match="pool: 2 dimensions, but vectors have 1"):
        novelty([[1.0]], two)
    with pytest.raises(InputError, match="pool: must have at least 2 rows, not 1"):
        novelty(one, one)
    with pytest.raises(InputError, match="vectors: must have at least 1 rows, not 0"):
        novelty(np.zeros((0, 2)), two)
    with pytest.raises(InputError, match="pool: holds a value that is not finite"):
        novelty(one, [[1.0, 0.0], [np.inf, 0.0]])
    with pytest.raises(SettingsError, match="thresholds"):
        novelty(one, two, thresholds=[1.5])
    with pytest.raises(SettingsError, match="thresholds"):
        novelty(one, two, thresholds=[])
    with pytest.raises(InputError, match="thresholds: must be real numbers"):
        novelty(one, two, thresholds=["high"])  # type: ignore[list-item]
    with pytest.raises(SettingsError, match=r"width = 0\.0"):
        novelty(one, two, width=0.0)
