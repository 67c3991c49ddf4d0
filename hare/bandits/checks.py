"""What a bandit accepts: shapes, types, ranges. Refusals name the argument and the rule."""

from __future__ import annotations

import math
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hare.errors import InputError, SettingsError

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

LARGEST = 1e50  # of any context or reward


def check_contexts(contexts: ArrayLike, n_arms: int | None) -> Array:
    """Finite float64 contexts, (n, K, d) or (n, d), with K >= 1 and d >= 1.

    InputError for anything else; SettingsError when (n, d) comes without `n_arms`.
    """
    array = _numbers("contexts", contexts)
    if array.ndim not in (2, 3):
        raise InputError(
            f"contexts: must be (n, K, d) or (n, d), not of the shape {array.shape}; "
            "one round is n = 1"
        )
    if 0 in array.shape[1:]:
        raise InputError(
            f"contexts: at least one arm and one feature, not of the shape {array.shape}"
        )
    if array.ndim == 2 and n_arms is None:
        raise SettingsError("n_arms", None, "must be given when contexts are (n, d)")
    if array.ndim == 3 and n_arms is not None and array.shape[1] != n_arms:
        raise InputError(f"contexts: {array.shape[1]} arms, but n_arms = {n_arms}")
    return array


def check_decisions(decisions: ArrayLike, rounds: int, n_arms: int) -> Integers:
    """(n,) integers in 0..n_arms - 1; InputError for anything else."""
    array = check_integers("decisions", decisions, rounds)
    if rounds and (array.min() < 0 or array.max() >= n_arms):
        raise InputError(
            f"decisions: must lie in 0..{n_arms - 1}, but hold {array.min()}..{array.max()}"
        )
    return array


def check_rewards(rewards: ArrayLike, rounds: int) -> Array:
    """(n,) finite numbers; InputError for anything else."""
    array = _numbers("rewards", rewards)
    if array.shape != (rounds,):
        raise InputError(f"rewards: must be ({rounds},) like contexts, not {array.shape}")
    return array


def check_integers(name: str, values: ArrayLike, rounds: int) -> Integers:
    """(n,) integers; InputError for another type or shape."""
    array = _array(name, values)
    if array.shape != (rounds,):
        raise InputError(f"{name}: must be ({rounds},) like contexts, not {array.shape}")
    if array.dtype.kind not in "iu" and array.size:
        raise InputError(f"{name}: must be integers, not {array.dtype}")
    return array.astype(np.int64, copy=False)


def _numbers(name: str, values: ArrayLike) -> Array:
    array = _array(name, values)
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name}: must be real numbers, not {array.dtype}")
    array = np.ascontiguousarray(array, dtype=np.float64)
    if not (np.abs(array) <= LARGEST).all():  # false for nan too
        if not np.isfinite(array).all():
            raise InputError(f"{name}: hold a value that is not finite")
        raise InputError(f"{name}: at most {LARGEST:g} in magnitude, or squares of them overflow")
    return array


def _array(name: str, values: ArrayLike) -> NDArray:
    try:
        return np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise InputError(f"{name}: cannot be made an array: {error}") from error


def check_real(
    field: str,
    value: object,
    *,
    low: float = 0.0,
    high: float = math.inf,
    above: bool = False,
) -> None:
    """A finite number in [low, high], or in (low, high] when `above`; else SettingsError."""
    rule = f"must be a finite number {'>' if above else '>='} {low:g}"
    rule += f" and <= {high:g}" if high < math.inf else ""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise SettingsError(field, value, rule)
    number = float(value)
    if not math.isfinite(number) or number > high or number < low or (above and number == low):
        raise SettingsError(field, value, rule)


def check_count(field: str, value: object, low: int = 1, *, optional: bool = False) -> None:
    """An integer >= low (or None, when optional); else SettingsError."""
    if optional and value is None:
        return
    if not isinstance(value, Integral) or isinstance(value, bool) or int(value) < low:
        raise SettingsError(
            field, value, f"must be an integer >= {low}{' or None' if optional else ''}"
        )


def check_choice(field: str, value: object, choices: tuple[str, ...]) -> None:
    """One of the named choices; else SettingsError."""
    if value not in choices:
        raise SettingsError(field, value, f"must be one of {', '.join(map(repr, choices))}")


def check_flag(field: str, value: object) -> None:
    """True or False; else SettingsError."""
    if not isinstance(value, (bool, np.bool_)):
        raise SettingsError(field, value, "must be True or False")


def generator_of(random_state: int | np.random.Generator | None) -> np.random.Generator:
    """The generator that `random_state` stands for; SettingsError for anything else."""
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError) as error:
        rule = "must be None, an integer >= 0 or a numpy Generator"
        raise SettingsError("random_state", random_state, rule) from error
