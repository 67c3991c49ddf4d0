"""Arrays in: checked, paired, and free of the ties that binary fractions break.

3.7 − 3.6 and 4.1 − 4.0 are the same difference of ratings and different floats. Every function
that ranks or counts differences therefore works on differences rounded to ten decimals.

Arrays pair up by position. Where pandas labels the rows of two of them, the labels must agree, in
the same order: a position that stands for two participants is an error that no number shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.errors import InputError

Array = NDArray[np.float64]
DECIMALS = 10
LARGEST = 1e50  # in size: the fourth power, which the spread of a variance takes, is still a float


def numbers(values: ArrayLike, name: str) -> Array:
    """`values` as a float array of any shape, nan where one is missing, or InputError.

    Infinite numbers are refused, and those so large that their squares are no numbers any more.
    """
    check_flat(values, name)
    try:
        array = np.asarray(values)
        if np.iscomplexobj(array):
            raise TypeError("complex numbers cannot be compared")
        array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must hold numbers: {error}") from None
    bad = np.argwhere(np.abs(array) > LARGEST)
    if bad.size:
        number = array[tuple(bad[0])]
        if np.isinf(number):
            rule = "must be finite, or nan where a value is missing"
        else:
            rule = f"must be at most {LARGEST:g} in size"
        raise InputError(f"{name} {rule}; {_position(bad[0])}is {number:g}")
    return array


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


def check_aligned(arrays: Mapping[str, object]) -> None:
    """InputError where two Series or DataFrames among `arrays` label their rows differently.

    >>> check_aligned({"x": pd.Series([1, 2], ["p1", "p2"]), "y": [3, 4]})
    """
    labels = {k: v.index for k, v in arrays.items() if isinstance(v, pd.Series | pd.DataFrame)}
    for name, index in list(labels.items())[1:]:
        first, known = next(iter(labels.items()))
        if len(index) != len(known) or index.equals(known):
            continue  # other lengths are refused where the arrays are read
        pairs = enumerate(zip(known, index, strict=True))
        where = next((place for place, (a, b) in pairs if a != b), 0)
        rule = f"position {where} is {known[where]!r} and {index[where]!r}"
        hint = f"pass {first}.to_numpy() and {name}.to_numpy() where positions do pair up"
        if index.is_unique and known.is_unique and known.difference(index).empty:
            hint = f"take {name} in the order of {first}, by {name}.reindex({first}.index)"
        raise InputError(f"{first} and {name} are labelled differently: {rule}; {hint}")


def check_flat(values: object, name: str) -> None:
    """InputError for a DataFrame with several levels of column names: which axis is which?"""
    if isinstance(values, pd.DataFrame) and values.columns.nlevels > 1:
        raise InputError(
            f"{name} has {values.columns.nlevels} levels of column names: bring them into rows, "
            f"by stack() and reset_index(), or pass .to_numpy() to take the {values.shape[1]} "
            "columns as they are"
        )


def check_level(level: float, name: str = "level") -> None:
    """InputError unless `level`, of intervals or of a test, lies between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise InputError(f"{name} = {level!r}: must be in (0, 1)")


def check_whole(least: int = 0, **counts: int) -> None:
    """InputError unless all of `counts` are whole numbers, `least` at least."""
    for name, count in counts.items():
        if not isinstance(count, Integral) or count < least:
            raise InputError(f"{name} = {count!r}: must be a whole number >= {least}")


def _floats(values: ArrayLike, name: str) -> Array:
    array = numbers(values, name)
    bad = np.argwhere(np.isnan(array))
    if bad.size:
        raise InputError(f"{name} must be finite; {_position(bad[0])}is nan")
    return array


def _position(index: NDArray[np.intp]) -> str:
    return f"position {', '.join(str(int(i)) for i in index)} " if index.size else ""
