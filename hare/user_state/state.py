"""The one value that carries what an arm knows of a participant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from hare.errors import StateError

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class UserState:
    """What an arm knows of one participant after `rounds` ratings.

    kind     which arm family can read it ("empty", "ordinal", ...)
    rounds   number of ratings learned from, >= 0
    arrays   float64 arrays by name; read-only

    Two states are equal when their bytes are equal.

    >>> UserState.from_bytes(UserState("empty").to_bytes()) == UserState("empty")
    True
    """

    kind: str
    rounds: int = 0
    arrays: Mapping[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.kind:
            raise StateError("a user state needs a kind")
        if self.rounds < 0:
            raise StateError(f"rounds = {self.rounds}: must be >= 0")
        frozen: dict[str, Array] = {}
        for name in sorted(self.arrays):
            array = np.array(self.arrays[name], dtype=np.float64, order="C")
            if not np.isfinite(array).all():
                raise StateError(
                    f"array {name!r} of the user state holds a value that is not finite"
                )
            array.flags.writeable = False
            frozen[name] = array
        object.__setattr__(self, "arrays", frozen)

    def to_bytes(self) -> bytes:
        """The state as safetensors bytes; `from_bytes` gives it back bit for bit."""
        # One metadata key: safetensors writes several in random order, and equal states
        # must have equal bytes.
        label = json.dumps({"kind": self.kind, "rounds": self.rounds})
        return save(dict(self.arrays), metadata={"user_state": label})

    @classmethod
    def from_bytes(cls, data: bytes) -> UserState:
        """Read what `to_bytes` wrote; StateError for anything else."""
        try:
            arrays = load(data)
            label = _label(data)
            return cls(label["kind"], int(label["rounds"]), arrays)
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise StateError(f"these {len(data)} bytes are no user state: {error}") from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UserState) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())


def _label(data: bytes) -> dict[str, Any]:
    """What `to_bytes` put into the safetensors header (8 bytes of length, then JSON)."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    return json.loads(header["__metadata__"]["user_state"])
