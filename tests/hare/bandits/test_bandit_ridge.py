"""The ridge regressions under the linear bandits: exactness, drift, forgetting, refusals."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hare.bandits.ridge import RidgeBank
from hare.errors import InputError

Array = NDArray[np.float64]


def draw(seed: int, rows: int, size: int, targets: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, size)) / np.sqrt(size), rng.normal(size=(rows, targets))


def learned(
    rows: Array, values: Array, ridge: float = 1.0, refresh: int = 1000, forgetting: float = 1.0
) -> RidgeBank:
    bank = RidgeBank(rows.shape[1], values.shape[1], ridge, refresh, forgetting)
    slot = bank.add()
    for x, y in zip(rows, values, strict=True):
        bank.update_row(slot, x, y)
    return bank


def batch_solution(rows: Array, values: Array, ridge: float) -> tuple[Array, Array]:
    precision = ridge * np.eye(rows.shape[1]) + rows.T @ rows
    inverse = np.asarray(np.linalg.inv(precision), dtype=np.float64)
    return inverse, values.T @ rows @ inverse


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 7), st.floats(1e-3, 10.0))
def test_rows_one_by_one_give_the_batch_ridge_solution(
    seed: int, count: int, size: int, ridge: float
) -> None:
    rows, values = draw(seed, count, size, 2)
    bank = learned(rows, values, ridge)
    inverse, coef = batch_solution(rows, values, ridge)
    np.testing.assert_allclose(bank.unpack(bank.inverse[0]), inverse, rtol=1e-8, atol=1e-8 / ridge)
    np.testing.assert_allclose(bank.coef[0], coef, rtol=1e-7, atol=1e-7)


@given(st.integers(0, 10**6), st.integers(1, 30))
def test_a_batch_and_its_rows_in_any_order_agree(seed: int, count: int) -> None:
    rows, values = draw(seed, count, 4, 1)
    order = np.random.default_rng(seed).permutation(count)
    one, other = learned(rows, values), learned(rows[order], values[order])
    whole = RidgeBank(4, 1, 1.0)
    whole.update(whole.add(), rows, values)
    for bank in (other, whole):
        np.testing.assert_allclose(bank.inverse, one.inverse, atol=1e-12)
        np.testing.assert_allclose(bank.coef, one.coef, atol=1e-12)


def test_the_three_ways_to_widths_agree_with_the_inverse() -> None:
    rows, values = draw(1, 30, 6, 1)
    bank = learned(rows, values, 0.5)
    bank.update(bank.add(), rows[:9] * 2, values[:9])
    asked = np.random.default_rng(2).normal(size=(5, 6))
    inverses = [bank.unpack(packed) for packed in bank.inverse]
    expected = np.array([[x @ inverse @ x for inverse in inverses] for x in asked])
    np.testing.assert_allclose(bank.squared_widths_everywhere(asked), expected)
    np.testing.assert_allclose(bank.squared_widths_everywhere(asked[:1]), expected[:1])
    np.testing.assert_allclose(bank.squared_widths(1, asked), expected[:, 1])
    paired = np.stack([asked, asked[::-1]], axis=1)
    np.testing.assert_allclose(
        bank.squared_widths_by_slot(paired),
        np.column_stack([expected[:, 0], expected[::-1, 1]]),
    )


@pytest.mark.parametrize(("scale", "ridge"), [(1.0, 1e-3), (300.0, 1.0)])
def test_the_refresh_bounds_the_drift_of_sherman_and_morrison(scale: float, ridge: float) -> None:
    rng = np.random.default_rng(3)
    unit = rng.normal(size=8)
    unit /= np.linalg.norm(unit)
    lengths = scale * rng.normal(size=3000)  # one direction over and over: u'A^-1 u is known
    exact = 1.0 / (ridge + np.sum(lengths**2))

    def error(refresh: int) -> float:
        bank = learned(lengths[:, None] * unit, np.ones((3000, 1)), ridge, refresh)
        return abs(float(bank.squared_widths(0, unit[None])[0]) / exact - 1.0)

    assert error(1000) < error(10**6) / 2  # how much smaller depends on the processor's rounding


def test_a_refresh_happens_after_that_many_rows() -> None:
    rows, values = draw(4, 25, 3, 1)
    assert learned(rows, values, refresh=10).age[0] == 5


@given(st.floats(1e4, 1e12))
def test_a_row_large_against_the_ridge_keeps_the_inverse_definite(scale: float) -> None:
    bank = RidgeBank(3, 1, 1e-3)
    slot = bank.add()
    with suppress(InputError):  # refused, rather than learned wrongly
        for x in scale * np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1e-3], [0.0, 1.0, 1.0]]):
            bank.update_row(slot, x, np.ones(1))
    assert np.linalg.eigvalsh(bank.unpack(bank.inverse[0])).min() > 0


def test_the_plain_formula_loses_definiteness_where_the_bank_refuses() -> None:
    """mathematics: Sherman-Morrison alone fails once x'A^-1 x comes near 1 / eps."""
    lost = 0
    for x in 1e8 * np.random.default_rng(0).normal(size=(50, 3)):
        direction = x / 1e-3
        inverse = np.eye(3) / 1e-3 - np.outer(direction, direction) / (1.0 + direction @ x)
        lost += int(np.linalg.eigvalsh(inverse).min() <= 0)
        bank = RidgeBank(3, 1, 1e-3)
        with pytest.raises(InputError, match="normalise them or raise ridge"):
            bank.update_row(bank.add(), x, np.ones(1))
    assert lost > 10


def test_a_refused_row_leaves_the_regression_as_it_was() -> None:
    rows, values = draw(5, 6, 3, 1)
    bank = learned(rows, values, 1e-3)
    before = {name: array.copy() for name, array in bank.state().items()}
    with pytest.raises(InputError, match="contexts: so large against the ridge"):
        bank.update_row(0, np.array([1e12, 1e12, 1e12]), np.ones(1))
    for name, array in bank.state().items():
        np.testing.assert_array_equal(array, before[name])


@given(st.integers(0, 10**6), st.floats(0.5, 0.999), st.integers(1, 20))
def test_forgetting_follows_its_recursion(seed: int, decay: float, count: int) -> None:
    rows, values = draw(seed, count, 3, 1)
    precision, moments = 0.7 * np.eye(3), np.zeros(3)
    for x, y in zip(rows, values, strict=True):
        precision = decay * precision + np.outer(x, x) + (1 - decay) * 0.7 * np.eye(3)
        moments = decay * moments + y * x
    one_by_one = learned(rows, values, 0.7, forgetting=decay)
    batch = RidgeBank(3, 1, 0.7, forgetting=decay)
    batch.update(batch.add(), rows, values)
    for bank in (one_by_one, batch):
        np.testing.assert_allclose(bank.unpack(bank.precision[0]), precision, atol=1e-12)
        np.testing.assert_allclose(bank.coef[0, 0], np.linalg.solve(precision, moments), atol=1e-11)
    smallest = np.linalg.eigvalsh(one_by_one.unpack(one_by_one.precision[0])).min()
    assert smallest >= 0.7 - 1e-12  # the ridge does not fade with the rows


def test_more_regressions_than_first_allocated_keep_what_was_learned() -> None:
    bank = RidgeBank(2, 1, 1.0)
    for number in range(11):
        bank.update_row(bank.add(), np.array([1.0, number]), np.ones(1))
    for number in range(11):
        expected = np.eye(2) + np.outer([1.0, number], [1.0, number])
        np.testing.assert_allclose(bank.unpack(bank.precision[number]), expected)
