"""Amazon Reviews 2023 on tiny files in the real form, plain and compressed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hare.data.amazon_reviews import read_items, read_reviews
from hare.errors import InputError

REVIEW = {
    "rating": 4.0,
    "title": "Good, but loud",
    "text": "It does what it should.<br />Only the fan is loud.",
    "images": [],
    "asin": "B000000AAA",
    "parent_asin": "B000000AAB",
    "user_id": "AEXAMPLEUSER",
    "timestamp": 1588687728923,
    "helpful_vote": 3,
    "verified_purchase": True,
}
ITEM = {
    "main_category": "Video Games",
    "title": "A quiet controller",
    "average_rating": 4.4,
    "rating_number": 12,
    "features": ["Wireless"],
    "description": ["For two hands.", "Charges by cable."],
    "price": 24.99,
    "images": [],
    "videos": [],
    "store": "Acme",
    "categories": ["Video Games", "Accessories"],
    "details": {"Colour": "grey"},
    "parent_asin": "B000000AAB",
    "bought_together": None,
}


def save(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries) + "\n")
    return path


def test_a_review_is_read_with_its_time_in_utc(tmp_path: Path) -> None:
    review, other = read_reviews(save(tmp_path / "r.jsonl", REVIEW, REVIEW | {"rating": 1}))
    assert (review.user, review.item, review.variant) == (
        "AEXAMPLEUSER",
        "B000000AAB",
        "B000000AAA",
    )
    assert (review.rating, review.helpful_votes, review.verified) == (4.0, 3, True)
    assert review.time == datetime(2020, 5, 5, 14, 8, 48, 923000, UTC)
    assert other.rating == 1.0


def test_an_item_is_read_and_a_price_that_is_no_number_is_none(tmp_path: Path) -> None:
    prices = [24.99, "24.99", None, "None", "—", "from 12.99", "nan"]
    path = save(tmp_path / "meta.jsonl", *(ITEM | {"price": price} for price in prices))
    items = list(read_items(path))
    assert [item.price for item in items] == [24.99, 24.99, None, None, None, None, None]
    assert items[0].description == "For two hands.\nCharges by cable."
    assert items[0].categories == ("Video Games", "Accessories")
    assert (items[0].item, items[0].average_rating, items[0].ratings) == ("B000000AAB", 4.4, 12)


def test_what_an_item_may_lack_is_empty(tmp_path: Path) -> None:
    bare = ITEM | {"store": None, "main_category": None, "features": [], "description": []}
    (item,) = read_items(save(tmp_path / "meta.jsonl", bare))
    assert (item.store, item.main_category, item.features, item.description) == ("", "", (), "")


def test_a_compressed_file_is_read_the_same_and_a_damaged_one_refused(tmp_path: Path) -> None:
    plain = save(tmp_path / "r.jsonl", REVIEW)
    packed = tmp_path / "r.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(read_reviews(packed)) == list(read_reviews(plain))
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(InputError, match="cannot be read"):
        list(read_reviews(packed))
    with pytest.raises(InputError, match="cannot be read"):
        list(read_reviews(tmp_path / "none.jsonl"))


@pytest.mark.parametrize(
    ("read", "entry", "named"),
    [
        (read_reviews, REVIEW | {"rating": 6}, "rating = 6.0: must lie in 1..5"),
        (read_reviews, REVIEW | {"rating": "4"}, "rating must be a number"),
        (read_reviews, REVIEW | {"user_id": None}, "user_id must be a text"),
        (read_reviews, REVIEW | {"timestamp": 1e30}, "timestamp is no time"),
        (read_reviews, REVIEW | {"helpful_vote": True}, "helpful_vote must be a number"),
        (read_items, ITEM | {"categories": "games"}, "categories must be a list of texts"),
        (read_items, ITEM | {"parent_asin": 7}, "parent_asin must be a text"),
        (read_items, ITEM | {"rating_number": float("nan")}, "rating_number must be a number"),
    ],
)
def test_a_line_of_another_form_is_refused_by_line_and_field(
    read: Callable[[Path], Any], entry: dict[str, Any], named: str, tmp_path: Path
) -> None:
    good = REVIEW if read is read_reviews else ITEM
    with pytest.raises(InputError, match=rf"x\.jsonl, line 2: {named}"):
        list(read(save(tmp_path / "x.jsonl", good, entry)))


@pytest.mark.parametrize("line", ["{", "[1]", '{"rating": ' + "[" * 100_000])
def test_a_line_that_is_no_object_is_refused(line: str, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(line + "\n")
    with pytest.raises(InputError, match=r"line 1: (not JSON|must be an object)"):
        list(read_reviews(tmp_path / "x.jsonl"))
