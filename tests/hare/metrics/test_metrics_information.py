"""The entropy triple: by hand, and the identities that hold for any weights."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hare.errors import InputError
from hare.metrics.information import entropy_triple


def weights(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.full(shape[-1], 0.4), size=shape[:-1])


def test_a_certain_user_leaves_nothing_to_be_learned() -> None:
    triple = entropy_triple([[0.5, 0.25, 0.25]] * 3)
    assert triple.entropy == pytest.approx(1.5 * math.log(2))
    assert triple.expected == pytest.approx(1.5 * math.log(2))
    assert triple.information == pytest.approx(0)


def test_users_who_agree_on_nothing_are_told_apart_by_one_choice() -> None:
    triple = entropy_triple(np.eye(4))
    assert triple.entropy == pytest.approx(math.log(4))
    assert triple.expected == 0
    assert triple.information == pytest.approx(math.log(4))


def test_a_user_who_is_three_times_as_likely_counts_three_times() -> None:
    rows = weights(1, 2, 5)
    by_probability = entropy_triple(rows, [0.75, 0.25])
    by_number = entropy_triple(rows[[0, 0, 0, 1]])
    for name in ("entropy", "expected", "information"):
        assert getattr(by_probability, name) == pytest.approx(getattr(by_number, name))


def test_a_user_who_cannot_be_counts_for_nothing() -> None:
    triple = entropy_triple([[1.0, 0.0], [0.0, 1.0]], [1.0, 0.0])
    assert (triple.entropy, triple.expected, triple.information) == (0, 0, 0)


@given(st.integers(0, 999), st.integers(1, 6), st.integers(1, 8))
def test_the_three_add_up_and_keep_their_bounds(seed: int, users: int, items: int) -> None:
    rows = weights(seed, 3, 2, users, items)
    prior = weights(seed + 1, users)
    triple = entropy_triple(rows, prior)
    assert triple.entropy.shape == (3, 2)
    np.testing.assert_allclose(triple.expected + triple.information, triple.entropy, atol=1e-12)
    assert (triple.information >= 0).all()
    assert (triple.expected >= 0).all()
    assert (triple.entropy <= math.log(items) + 1e-12).all()
    assert (triple.information <= math.log(users) + 1e-12).all()


@given(st.integers(0, 999))
def test_names_of_items_and_users_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = weights(seed, 4, 6)
    moved = entropy_triple(rows[rng.permutation(4)][:, rng.permutation(6)])
    assert moved.information == pytest.approx(entropy_triple(rows).information)


def test_weights_in_single_precision_are_taken() -> None:
    rows = weights(3, 5, 400).astype(np.float32)
    assert entropy_triple(rows).entropy == pytest.approx(
        entropy_triple(rows.astype(np.float64)).entropy
    )


@pytest.mark.parametrize(
    ("rows", "prior", "message"),
    [
        ([0.5, 0.5], None, r"weights: must be \(\.\.\., S, N\)"),
        (np.zeros((0, 3)), None, r"weights: must be \(\.\.\., S, N\)"),
        ([[0.5, 0.6]], None, "weights: must be >= 0 and add up to 1"),
        ([[1.5, -0.5]], None, "weights: must be >= 0 and add up to 1"),
        ([[np.nan, 1.0]], None, "weights: holds a value that is not finite"),
        ([[1.0]], [0.5, 0.5], r"probabilities: must be \(1,\) like weights"),
        ([[1.0]], [0.5], "probabilities: must be >= 0 and add up to 1"),
    ],
)
def test_what_is_no_distribution_is_refused(rows, prior, message: str) -> None:
    with pytest.raises(InputError, match=message):
        entropy_triple(rows, prior)
