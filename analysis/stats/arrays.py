"""Arrays in: checked, paired, and free of the ties that binary fractions break.

3.7 − 3.6 and 4.1 − 4.0 are the same difference of ratings and different floats. Every function
that ranks or counts differences therefore works on differences rounded to ten decimals.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.errors import InputError

Array = NDArray[np.float64]
DECIMALS = 10


def vector(values: ArrayLike, name: str) -> Array:
    """`values` as a one-dimensional float array (n,) of finite numbers, or InputError."""
    array = _floats(values, name)
    if array.ndim != 1:
        raise InputError(f"{name} must have one dimension, has shape {array.shape}")
    return array


def matrix(values: ArrayLike, name: str) -> Array:
    """`values` as a two-dimensional float array of finite numbers, or InputError."""
    array = _floats(values, name)
    if array.ndim != 2:
        raise InputError(f"{name} must have two dimensions, has shape {array.shape}")
    return array


def differences(x: ArrayLike, y: ArrayLike | None = None, /) -> Array:
    """x − y per pair, or x itself when it already holds differences; rounded to ten decimals.

    >>> differences([3.7, 4.1], [3.6, 4.0]).tolist()
    [0.1, 0.1]
    """
    first = vector(x, "x")
    if y is not None:
        second = vector(y, "y")
        if first.shape != second.shape:
            raise InputError(f"x and y must pair up: {first.size} and {second.size} values")
        first = first - second
    return cast(Array, np.round(first, DECIMALS))


def _floats(values: ArrayLike, name: str) -> Array:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must hold numbers: {error}") from None
    bad = np.argwhere(~np.isfinite(array))
    if bad.size:
        where = ", ".join(str(int(index)) for index in bad[0])
        raise InputError(f"{name} must be finite; position {where} is {array[tuple(bad[0])]}")
    return array
