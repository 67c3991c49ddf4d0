"""What a metric accepts; what it cannot be computed for is refused by name."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hare.errors import InputError, SettingsError

Array = NDArray[np.float64]


def check_texts(
    name: str, texts: Sequence[str], *, least: int = 1, blank: bool = False
) -> list[str]:
    """At least `least` texts, none of them blank unless `blank`; InputError for anything else."""
    if isinstance(texts, str):
        raise InputError(f"{name}: must be a list of texts, not one text")
    listed = list(texts)
    if len(listed) < least:
        raise InputError(f"{name}: must hold at least {least}, not {len(listed)}")
    for k, text in enumerate(listed):
        if not isinstance(text, str):
            raise InputError(f"{name}[{k}]: must be a text, not {type(text).__name__}")
        if not blank and not text.strip():
            raise InputError(f"{name}[{k}]: must not be blank")
    return listed


def check_pairs(
    candidates: Sequence[str], references: Sequence[str]
) -> tuple[list[str], list[str]]:
    """As many candidates as references, at least one; only a candidate may be blank."""
    first = check_texts("candidates", candidates, blank=True)
    second = check_texts("references", references)
    if len(first) != len(second):
        raise InputError(f"references: {len(second)}, but there are {len(first)} candidates")
    return first, second


def unit_rows(name: str, vectors: ArrayLike, *, least: int = 1) -> Array:
    """Vectors (n, d) scaled to length 1, n >= least, d >= 1; finite and none of them zero."""
    array = numbers(name, vectors)
    if array.ndim != 2 or array.shape[1] == 0:
        raise InputError(f"{name}: must be (n, d), not of the shape {array.shape}")
    if len(array) < least:
        raise InputError(f"{name}: must have at least {least} rows, not {len(array)}")
    largest = np.abs(array).max(axis=1, keepdims=True)
    if not largest.all():
        row = int(np.flatnonzero(largest[:, 0] == 0)[0])
        raise InputError(f"{name}[{row}]: is zero, and a zero vector has no direction")
    scaled = array / largest  # squares of huge and tiny numbers would leave the range
    return scaled / np.linalg.norm(scaled, axis=1, keepdims=True)


def numbers(name: str, values: ArrayLike) -> Array:
    """Finite real numbers as float64."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:  # rows of different lengths, types without numbers
        raise InputError(f"{name}: cannot be made an array: {error}") from error
    if array.dtype.kind not in "fiu":
        raise InputError(f"{name}: must be real numbers, not {array.dtype}")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise InputError(f"{name}: holds a value that is not finite")
    return array


def labels(name: str, values: ArrayLike, count: int) -> NDArray[np.int64]:
    """(count,) labels of any one kind as codes 0, 1, ... in sorted order."""
    array = np.asarray(values)
    if array.dtype.kind == "O" and all(isinstance(value, str) for value in array.ravel()):
        array = array.astype(str)  # a table's column of texts
    if array.shape != (count,):
        raise InputError(f"{name}: must be ({count},) like vectors, not {array.shape}")
    if array.dtype.kind not in "iuUS":
        raise InputError(f"{name}: must be integers or names, not {array.dtype}")
    return np.unique(array, return_inverse=True)[1].astype(np.int64)


def check_count(field: str, value: object, low: int) -> None:
    """An integer >= low; else SettingsError."""
    if not isinstance(value, Integral) or isinstance(value, bool) or int(value) < low:
        raise SettingsError(field, value, f"must be an integer >= {low}")


def check_inside(field: str, value: float, low: float, high: float) -> None:
    """A number strictly between low and high; else SettingsError."""
    if not low < value < high:
        raise SettingsError(field, value, f"must lie between {low:g} and {high:g}, both excluded")
