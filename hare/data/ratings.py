"""Rated texts, as `python -m hare feedback` takes them.

A file of JSON lines, one rated text a line, with the fields

    participant   who rated it
    query         the request that it answers
    text          the text as it was shown
    reward        0 the worst and 1 the best point of the scale, or between
    history       the earlier ratings that the system had learned from, [] of a new participant: a
                  list of {"text", "reward"}, with "query" beside them where the system wrote it
    mean          in place of history: the mean of the user state, taken for certain
    model         the fingerprint of the model that wrote it; may be left out

An export of a study is read by `hare.data.study_exports`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hare.errors import InputError

MOST = 1e300  # no number is as large


@dataclass(frozen=True, slots=True)
class Learned:
    """An earlier rating that the system learned from; `query` where the system wrote the text."""

    text: str
    reward: float
    query: str | None = None


@dataclass(frozen=True, slots=True)
class RatedText:
    """A text, its rating, and what was known of the participant before.

    mean   of the user state, when it is known in place of the history
    """

    participant: str
    query: str
    text: str
    reward: float
    history: tuple[Learned, ...] = ()
    mean: tuple[float, ...] | None = None
    model: str = ""


def read_ratings(path: Path) -> list[RatedText]:
    """Read a file of JSON lines.

    Raises InputError that names the file, the line and the field of what cannot be read.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error
    rated = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            rated.append(_rated(json.loads(line)))
        except json.JSONDecodeError as error:
            raise InputError(f"{path.name}, line {number}: not JSON ({error})") from error
        except InputError as error:
            raise InputError(f"{path.name}, line {number}: {error}") from error
    if not rated:
        raise InputError(f"{path}: holds no rated text")
    return rated


def _rated(values: Any) -> RatedText:
    known = {"participant", "query", "text", "reward", "history", "mean", "model"}
    _check_names(values, known)
    if ("history" in values) == ("mean" in values):
        raise InputError("history, mean: must hold one of them")
    return RatedText(
        participant=_field(values, "participant", _words),
        query=_field(values, "query", _words),
        text=_field(values, "text", _words),
        reward=_field(values, "reward", _share),
        history=_field(values, "history", _history) if "history" in values else (),
        mean=_field(values, "mean", _numbers) if "mean" in values else None,
        model=_field(values, "model", _words) if "model" in values else "",
    )


def _learned(values: Any) -> Learned:
    _check_names(values, {"text", "reward", "query"})
    return Learned(
        text=_field(values, "text", _words),
        reward=_field(values, "reward", _share),
        query=_field(values, "query", _words) if "query" in values else None,
    )


def _check_names(values: Any, known: set[str]) -> None:
    if not isinstance(values, dict):
        raise InputError(f"{values!r}: must be an object with named fields")
    for name in values:
        if name not in known:
            raise InputError(f"{name}: is no field; there are {', '.join(sorted(known))}")


def _field(values: Mapping[str, Any], name: str, read: Callable[[Any], Any]) -> Any:
    if name not in values:
        raise InputError(f"{name}: is missing")
    try:
        return read(values[name])
    except InputError as error:
        raise InputError(f"{name}{error}") from error


def _words(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f" = {value!r}: must be a text that is not empty")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InputError(f" = {value!r}: holds half a character") from error
    return value


def _share(value: Any) -> float:
    if not _is_number(value) or not 0 <= value <= 1:
        raise InputError(f" = {value!r}: must be a number in [0, 1]")
    return float(value)


def _numbers(value: Any) -> tuple[float, ...]:
    if not isinstance(value, list) or not all(map(_is_number, value)):
        raise InputError(f" = {value!r}: must be a list of numbers")
    return tuple(map(float, value))


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) < MOST


def _history(value: Any) -> tuple[Learned, ...]:
    if not isinstance(value, list):
        raise InputError(f" = {value!r}: must be a list")
    learned = []
    for k, each in enumerate(value):
        try:
            learned.append(_learned(each))
        except InputError as error:
            raise InputError(f"[{k}]: {error}") from error
    return tuple(learned)
