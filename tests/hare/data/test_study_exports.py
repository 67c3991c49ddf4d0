"""A study's export as ratings: whose texts, which reward, what was known before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from hare.data.ratings import Learned
from hare.data.study_exports import read_export
from hare.errors import InputError

ARMS = ["hare", "other", "rag"]


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Two participants, three rounds, three arms; the reward is the mean of two items of three."""

    def write(policy: str = "own", **changes: Any) -> Path:
        texts, ratings = [], []
        for person in ("p1", "p2"):
            for k in (1, 2, 3):
                for slot, arm in zip("ABC", ARMS, strict=True):
                    place = {"participant": person, "round": k, "slot": slot, "arm": arm}
                    asked = {"request": ["plan", "tests"][k % 2]}
                    texts.append(
                        place
                        | asked
                        | {"text": f"{arm} {k} of {person},\nNA", "model": "f" * 16}
                        | {"system": "hare" if arm in ("hare", "other") else arm, "seed": 1}
                    )
                    for item, rating in (("fit", k), ("use", 5), ("style", 1)):
                        ratings.append(place | asked | {"item": item, "rating": rating})
        protocol = {
            "items": [
                {"id": "fit", "scale": {"low": 1, "high": 5}},
                {"id": "use", "scale": {"low": 1, "high": 9}},
                {"id": "style", "scale": {"low": 1, "high": 5}},
            ],
            "requests": [{"id": "plan", "text": "Plan?"}, {"id": "tests", "text": "Test?"}],
            "update": {"policy": policy, "reward_items": ["fit", "use"]},
        }
        (tmp_path / "protocol.yaml").write_text(yaml.safe_dump(protocol | changes))
        pd.DataFrame(texts).to_csv(tmp_path / "texts.csv", index=False)
        pd.DataFrame(ratings).to_csv(tmp_path / "ratings.csv", index=False)
        return tmp_path

    return write


def test_every_rated_text_of_the_system_is_read_with_its_reward(
    export: Callable[..., Path],
) -> None:
    found = read_export(export())
    assert [r.text for r in found[:3]] == [
        "hare 1 of p1,\nNA",
        "other 1 of p1,\nNA",
        "hare 2 of p1,\nNA",
    ]
    assert len(found) == 2 * 3 * 2
    # (k - 1) / 4 and (5 - 1) / 8, averaged
    assert [r.reward for r in found[:6:2]] == [0.25, 0.375, 0.5]
    assert [r.query for r in found[:6:2]] == ["Test?", "Plan?", "Test?"]
    assert {r.model for r in found} == {"f" * 16}
    assert {r.participant for r in found} == {"p1", "p2"}


def test_an_arm_had_learned_from_its_own_earlier_texts(export: Callable[..., Path]) -> None:
    third = [r for r in read_export(export("own")) if r.text.startswith("other 3 of p2")]
    assert third[0].history == (
        Learned("other 1 of p2,\nNA", 0.25, "Test?"),
        Learned("other 2 of p2,\nNA", 0.375, "Plan?"),
    )


def test_with_all_slots_it_had_learned_from_every_earlier_text(
    export: Callable[..., Path],
) -> None:
    second = [r for r in read_export(export("all_slots")) if r.text.startswith("hare 2 of p1")]
    assert second[0].history == (
        Learned("hare 1 of p1,\nNA", 0.25, "Test?"),
        Learned("other 1 of p1,\nNA", 0.25),
        Learned("rag 1 of p1,\nNA", 0.25),
    )


def test_a_frozen_arm_had_learned_nothing(export: Callable[..., Path]) -> None:
    assert {r.history for r in read_export(export("frozen"))} == {()}


def edit(file: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    change(pd.read_csv(file)).to_csv(file, index=False)


def test_a_round_without_ratings_is_left_out(export: Callable[..., Path]) -> None:
    folder = export()
    edit(folder / "ratings.csv", lambda t: t[t["round"] < 3])
    assert len(read_export(folder)) == 2 * 2 * 2


@pytest.mark.parametrize(
    ("file", "change", "named"),
    [
        ("ratings.csv", lambda t: t.drop(columns="item"), "ratings.csv: there is no column 'item'"),
        ("texts.csv", lambda t: t.drop(columns="system"), "texts.csv: there is no column 'system'"),
        ("ratings.csv", lambda t: t.assign(rating="good"), "rating = 'good': must be a whole"),
        ("ratings.csv", lambda t: t.assign(rating=6), r"rating = 6: must be in 1\.\.5"),
        (
            "ratings.csv",
            lambda t: t.drop(index=1),
            "p1, round 1, slot A: there is no rating of use",
        ),
        ("texts.csv", lambda t: t.assign(request="dance"), "no request 'dance'"),
        ("texts.csv", lambda t: t.assign(system="rag"), "no rated text of the system 'hare'"),
        ("texts.csv", lambda t: t.assign(round="one"), "round = 'one': must be a whole number"),
    ],
)
def test_tables_that_are_not_as_described_are_refused(
    export: Callable[..., Path], file: str, change: Callable, named: str
) -> None:
    folder = export()
    edit(folder / file, change)
    with pytest.raises(InputError, match=named):
        read_export(folder)


@pytest.mark.parametrize("name", ["texts.csv", "ratings.csv", "protocol.yaml"])
def test_a_missing_file_is_named(export: Callable[..., Path], name: str) -> None:
    folder = export()
    (folder / name).unlink()
    with pytest.raises(InputError, match=rf"{name}: cannot be read"):
        read_export(folder)


@pytest.mark.parametrize("content", ["- 1", "items: []", "update: {policy: own}", "{"])
def test_a_protocol_of_another_form_is_refused(export: Callable[..., Path], content: str) -> None:
    folder = export()
    (folder / "protocol.yaml").write_text(content)
    with pytest.raises(InputError, match=r"protocol\.yaml: "):
        read_export(folder)
