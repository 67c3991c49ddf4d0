"""Z = ridge I + sum phi phi' of the neural bandits, whole or its diagonal alone.

Both take rows of gradient features (n, p) and give phi' Z^-1 phi. The diagonal costs p numbers and
forgets how the weights go together; its widths equal the whole one's where the sum is diagonal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hare.bandits.checks import Array
from hare.bandits.ridge import RidgeBank


class FullPrecision:
    """All of Z: a ridge regression without targets. p (p + 1) numbers, p^2 time a row."""

    def __init__(self, size: int, ridge: float, refresh: int) -> None:
        self._bank = RidgeBank(size, 0, ridge, refresh)
        self._bank.add()

    def add(self, features: Array) -> None:
        """Z += phi phi' for rows (n, p)."""
        self._bank.update(0, features, np.empty((len(features), 0)))

    def squared_widths(self, features: Array) -> Array:
        """(n,) phi' Z^-1 phi."""
        return self._bank.squared_widths(0, features)

    def state(self) -> dict[str, NDArray[Any]]:
        """Arrays by name, as `restore` takes them."""
        return {f"covariance_{name}": array for name, array in self._bank.state().items()}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over what `state` gave; ValueError where the shapes are others."""
        self._bank.restore({name: state[f"covariance_{name}"] for name in self._bank.state()})
        if len(self._bank) != 1:
            raise ValueError("the covariance must be one matrix")


class DiagonalPrecision:
    """The diagonal of Z."""

    def __init__(self, size: int, ridge: float, refresh: int) -> None:
        self._diagonal = np.full(size, ridge)

    def add(self, features: Array) -> None:
        """Z += diag(phi^2) for rows (n, p)."""
        self._diagonal += np.square(features).sum(axis=0)

    def squared_widths(self, features: Array) -> Array:
        """(n,) phi' Z^-1 phi."""
        return np.square(features) @ (1.0 / self._diagonal)

    def state(self) -> dict[str, NDArray[Any]]:
        """Arrays by name, as `restore` takes them."""
        return {"covariance_diagonal": self._diagonal}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over what `state` gave; ValueError where the shapes are others."""
        if state["covariance_diagonal"].shape != self._diagonal.shape:
            raise ValueError("the covariance does not fit the network")
        self._diagonal = state["covariance_diagonal"]
