"""Amazon Reviews 2023: reviews and items as plain records.

Hou, Li, He, Yan, Chen and McAuley (2024), "Bridging Language and Items for Retrieval and
Recommendation". A category is two files of JSON lines, CATEGORY.jsonl with the reviews and
meta_CATEGORY.jsonl with the items; both come compressed with gzip as well. A review's
`parent_asin` names its item. Times are milliseconds since 1970, UTC.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import Any

from hare.errors import InputError

LONGEST_LINE = 4 * 2**20  # bytes


@dataclass(frozen=True, slots=True)
class Review:
    """One review. rating lies in 1..5; `item` is the parent_asin, under which variants meet."""

    user: str
    item: str
    variant: str
    rating: float
    title: str
    text: str
    time: datetime
    helpful_votes: int
    verified: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One item. `price` is in US dollars, None where it is not given as a number."""

    item: str
    title: str
    main_category: str
    categories: tuple[str, ...]
    features: tuple[str, ...]
    description: str
    store: str
    average_rating: float | None
    ratings: int
    price: float | None


def read_reviews(path: Path) -> Iterator[Review]:
    """The reviews of a .jsonl or .jsonl.gz file, in its order, one at a time.

    Raises InputError, naming line and field, for a line of another form.
    """
    for where, entry in _lines(path):
        rating = _number(entry, "rating", where)
        if not 1 <= rating <= 5:
            raise InputError(f"{where}: rating = {rating}: must lie in 1..5")
        yield Review(
            user=_text(entry, "user_id", where),
            item=_text(entry, "parent_asin", where),
            variant=_text(entry, "asin", where),
            rating=rating,
            title=_text(entry, "title", where),
            text=_text(entry, "text", where),
            time=_time(entry, where),
            helpful_votes=int(_number(entry, "helpful_vote", where)),
            verified=entry.get("verified_purchase") is True,
        )


def read_items(path: Path) -> Iterator[Item]:
    """The items of a meta_*.jsonl or .jsonl.gz file, in its order, one at a time.

    Raises InputError, naming line and field, for a line of another form.
    """
    for where, entry in _lines(path):
        yield Item(
            item=_text(entry, "parent_asin", where),
            title=_text(entry, "title", where),
            main_category=entry.get("main_category") or "",
            categories=_texts(entry, "categories", where),
            features=_texts(entry, "features", where),
            description="\n".join(_texts(entry, "description", where)),
            store=entry.get("store") or "",
            average_rating=_number_or_none(entry.get("average_rating")),
            ratings=int(_number(entry, "rating_number", where)),
            price=_number_or_none(entry.get("price")),
        )


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        with _open(path) as file:
            number = 0
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                where = f"{path.name}, line {number}"
                if len(line) > LONGEST_LINE:
                    raise InputError(f"{where}: longer than {LONGEST_LINE} bytes")
                if not line.strip():
                    continue
                try:
                    entry = json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise InputError(f"{where}: not JSON ({error})") from error
                if not isinstance(entry, dict):
                    raise InputError(f"{where}: must be an object")
                yield where, entry
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read ({error})") from error


def _open(path: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _text(entry: dict[str, Any], name: str, where: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str):
        raise InputError(f"{where}: {name} must be a text")
    return value


def _texts(entry: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    value = entry.get(name) or []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise InputError(f"{where}: {name} must be a list of texts")
    return tuple(value)


def _number(entry: dict[str, Any], name: str, where: str) -> float:
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError(f"{where}: {name} must be a number")
    return float(value)


def _time(entry: dict[str, Any], where: str) -> datetime:
    # Early drafts of the data call it sort_timestamp.
    name = "timestamp" if "timestamp" in entry else "sort_timestamp"
    try:
        return datetime.fromtimestamp(_number(entry, name, where) / 1000, UTC)
    except InputError:
        raise
    except (OverflowError, OSError, ValueError) as error:
        raise InputError(f"{where}: {name} is no time") from error


def _number_or_none(value: Any) -> float | None:
    # "None", a dash, or "from 12.99" stand where a number should; only numbers are taken.
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
