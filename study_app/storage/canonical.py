"""Canonical JSON and digests: equal values give equal text, in every process and database."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces; ValueError for NaN and infinities.

    >>> canonical_json({"b": (1, 2.5), "a": None})
    '{"a":null,"b":[1,2.5]}'
    """
    return json.dumps(
        value,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
        default=_number,
    )


def plain(value: Any) -> Any:
    """The value as JSON gives it back: lists for tuples, Python numbers for numpy's."""
    return json.loads(canonical_json(value))


def sha256(data: str | bytes) -> str:
    """SHA-256 as 64 hex digits; text is taken as UTF-8."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def _number(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no JSON value: {value!r}")
