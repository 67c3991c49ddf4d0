"""Bandits as bytes: safetensors arrays and one JSON header. No pickle, nothing is executed.

The header holds the class name, the constructor's parameters, plain fitted values, and the state
of the random number generator, so that a bandit that comes back decides as the one that was saved.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from hare.errors import StateError

_KEY = "bandit"
_GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")


def pack(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Header and arrays as bytes; equal content gives equal bytes."""
    # One metadata key: safetensors writes several in random order.
    label = json.dumps(header, sort_keys=True, default=_plain)
    ordered = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    return save(ordered, metadata={_KEY: label})


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and arrays of `pack`; StateError for any other bytes or a value not finite."""
    try:
        arrays = load(data)
        length = int.from_bytes(data[:8], "little")
        header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][_KEY])
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise StateError(f"these bytes are no saved bandit: {error}") from error
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise StateError(f"array {name!r} of the saved bandit is not finite")
    return header, arrays


def _plain(value: object) -> object:
    """What JSON cannot say of itself: numpy's numbers and arrays, slices, sequences."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop, value.step]}
    if isinstance(value, range):
        return list(value)
    raise StateError(f"a parameter of the type {type(value).__name__} cannot be saved")


def plain_parameter(value: object) -> object:
    """A parameter as it was before `pack`."""
    if isinstance(value, dict) and set(value) == {"slice"}:
        return slice(*value["slice"])
    return value


def generator_state(rng: np.random.Generator) -> dict[str, Any]:
    """The state of a numpy generator as JSON can hold it."""
    state = rng.bit_generator.state
    if state["bit_generator"] not in _GENERATORS:
        raise StateError(f"cannot save a generator of the kind {state['bit_generator']}")
    return json.loads(json.dumps(state, default=_plain))


def generator_from(state: Mapping[str, Any]) -> np.random.Generator:
    """The numpy generator of `generator_state`; StateError for an unknown kind."""
    kind = state["bit_generator"]
    if kind not in _GENERATORS:
        raise StateError(f"unknown generator {kind!r}")
    bits = getattr(np.random, kind)()
    inner = {
        name: np.array(value, dtype=bits.state["state"][name].dtype)
        if isinstance(value, list)
        else value
        for name, value in state["state"].items()
    }
    whole = {**state, "state": inner}
    if "buffer" in whole:
        whole["buffer"] = np.array(whole["buffer"], dtype=np.uint64)
    bits.state = whole
    return np.random.Generator(bits)
