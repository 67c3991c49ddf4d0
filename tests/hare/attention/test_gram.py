"""Gram matrices while rounds go by: equal to the batch, inverses true, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hare.attention.gram import ClusterGrams, GramSettings
from hare.attention.uncertainty import gram_matrices
from hare.errors import InputError, SettingsError, StateError

H, C, D = 2, 3, 4


def rounds(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(seed)
    return (
        torch.tensor(rng.normal(size=(count, H, D))),
        torch.tensor(rng.dirichlet(np.ones(C), (count, H))),
    )


def grams(**changes) -> ClusterGrams:
    return ClusterGrams(GramSettings(**{"heads": H, "clusters": C, "size": D, **changes}))


def observed(count: int, seed: int = 0, **changes) -> ClusterGrams:
    found = grams(**changes)
    for query, credit in zip(*rounds(count, seed), strict=True):
        found.observe(query, credit)
    return found


@given(st.integers(0, 2**31), st.integers(0, 12), st.integers(1, 5), st.floats(0.01, 10))
@settings(max_examples=30, deadline=None)
def test_streaming_equals_the_batch(seed: int, count: int, every: int, ridge: float) -> None:
    found = observed(count, seed, every=every, ridge=ridge)
    found.update()
    queries, credit = rounds(count, seed)
    batch = gram_matrices(queries[None], credit[None], ridge, torch.float64)[0]
    torch.testing.assert_close(found.matrices, batch, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(found.inverse, torch.linalg.inv(batch), rtol=1e-9, atol=1e-9)
    assert found.rounds == count


def test_the_order_of_the_rounds_does_not_matter() -> None:
    queries, credit = rounds(9)
    forth, back = grams(), grams()
    for t in range(9):
        forth.observe(queries[t], credit[t])
        back.observe(queries[8 - t], credit[8 - t])
    torch.testing.assert_close(forth.inverse, back.inverse, rtol=1e-12, atol=1e-12)


def test_rounds_wait_until_there_are_as_many_as_set() -> None:
    found = grams(every=5)
    for t, (query, credit) in enumerate(zip(*rounds(5), strict=True)):
        assert (found.inverse == torch.eye(D)).all(), t
        found.observe(query, credit)
    torch.testing.assert_close(found.inverse, observed(5).inverse, rtol=1e-12, atol=1e-12)


def test_rebuilt_inverses_stay_true_where_the_formula_alone_drifts() -> None:
    # Queries a million times the ridge: each Sherman-Morrison step loses digits.
    queries, credit = rounds(300, seed=3)

    def error(refresh: int) -> float:
        found = grams(ridge=1e-3, refresh=refresh)
        for query, share in zip(1e4 * queries, credit, strict=True):
            found.observe(query, share)
        eye = torch.eye(D, dtype=torch.float64)
        return float((found.matrices @ found.inverse - eye).abs().max())

    assert error(refresh=100) < 1e-6
    assert error(refresh=100) < error(refresh=10_000) / 10


def test_a_cluster_without_attention_learns_nothing() -> None:
    found = grams(ridge=2.0)
    credit = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    found.observe(rounds(1)[0][0], credit)
    assert (found.matrices[0, 1] == 2 * torch.eye(D)).all()
    assert (found.inverse[1, 0] == torch.eye(D) / 2).all()
    assert (found.inverse[0, 0].diagonal() < 0.5).any()


def test_restored_matrices_go_on_exactly() -> None:
    found = observed(7, every=3)
    restored = ClusterGrams.from_arrays(found.settings, found.arrays())
    queries, credit = rounds(5, seed=8)
    for query, share in zip(queries, credit, strict=True):
        found.observe(query, share)
        restored.observe(query, share)
    assert (found.inverse == restored.inverse).all()
    assert (found.matrices == restored.matrices).all()
    assert found.rounds == restored.rounds == 12


def test_arrays_of_other_settings_are_refused() -> None:
    arrays = observed(2).arrays()
    with pytest.raises(StateError, match="no Gram matrices of these settings"):
        ClusterGrams.from_arrays(GramSettings(H, C + 1, D), arrays)
    with pytest.raises(StateError, match="no Gram matrices of these settings"):
        ClusterGrams.from_arrays(GramSettings(H, C, D), {"matrices": arrays["matrices"]})
    broken = {**arrays, "inverse": arrays["inverse"] * float("nan")}
    with pytest.raises(StateError, match="inverse: must be finite"):
        ClusterGrams.from_arrays(GramSettings(H, C, D), broken)


@pytest.mark.parametrize(
    ("change", "rule"),
    [({"every": 0}, "every = 0"), ({"refresh": 0}, "refresh = 0"), ({"ridge": 0.0}, "ridge = 0.0")],
)
def test_settings_outside_their_range_are_refused_by_name(change, rule: str) -> None:
    with pytest.raises(SettingsError, match=rule):
        grams(**change)


def test_broken_rounds_are_refused_by_name() -> None:
    queries, credit = rounds(1)
    with pytest.raises(InputError, match=r"query: must have shape \(2, 4\)"):
        grams().observe(queries[0, :1], credit[0])
    with pytest.raises(InputError, match="credit: must be finite"):
        grams().observe(queries[0], credit[0] * float("inf"))
