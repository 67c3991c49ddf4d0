"""Rated texts: what a line holds, and how every fault of one is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hare.data.ratings import Learned, RatedText, read_ratings
from hare.errors import InputError

LINE: dict[str, Any] = {
    "participant": "p1",
    "query": "Help me plan.",
    "text": "# A plan",
    "reward": 0.75,
    "history": [{"text": "# Other", "reward": 0.0}, {"text": "T", "reward": 1, "query": "Plan."}],
}


def written(folder: Path, *lines: dict[str, Any] | str) -> Path:
    file = folder / "ratings.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    file.write_text("\n".join(texts), "utf-8")
    return file


def test_lines_are_read_with_what_was_known_before(tmp_path: Path) -> None:
    known = {k: v for k, v in LINE.items() if k != "history"} | {"mean": [1, -0.5], "model": "ab"}
    found = read_ratings(written(tmp_path, LINE, "", known, LINE | {"history": [], "reward": 0}))
    assert found == [
        RatedText(
            "p1",
            "Help me plan.",
            "# A plan",
            0.75,
            (Learned("# Other", 0.0), Learned("T", 1.0, "Plan.")),
        ),
        RatedText("p1", "Help me plan.", "# A plan", 0.75, mean=(1.0, -0.5), model="ab"),
        RatedText("p1", "Help me plan.", "# A plan", 0.0),
    ]


def test_line_separators_inside_a_text_do_not_end_a_line(tmp_path: Path) -> None:
    line = json.dumps(LINE | {"text": "one\u2028two"}, ensure_ascii=False)
    assert read_ratings(written(tmp_path, line))[0].text == "one\u2028two"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"reward": 1.5}, r"reward = 1\.5: must be a number in \[0, 1\]"),
        ({"reward": -0.1}, r"reward = -0\.1: must be"),
        ({"reward": float("nan")}, "reward = nan: must be"),
        ({"reward": "0.5"}, "reward = '0.5': must be"),
        ({"reward": True}, "reward = True: must be"),
        ({"reward": None}, "reward = None: must be"),
        ({"reward": 10**400}, "reward = 10+: must be"),
        ({"text": ""}, "text = '': must be a text that is not empty"),
        ({"text": "half \ud800"}, r"text = .*holds half a character"),
        ({"query": 3}, "query = 3: must be a text"),
        ({"participant": " "}, "participant = ' ': must be"),
        ({"model": ""}, "model = '': must be"),
        ({"mean": [0.0]}, "history, mean: must hold one of them"),
        ({"history": {}}, "history = {}: must be a list"),
        ({"history": ["x"]}, r"history\[0\]: 'x': must be an object"),
        ({"history": [{"text": "T"}]}, r"history\[0\]: reward: is missing"),
        ({"history": [{"text": "T", "reward": 2}]}, r"history\[0\]: reward = 2: must be"),
        ({"history": [{"text": "T", "reward": 1, "arm": "a"}]}, r"history\[0\]: arm: is no field"),
        ({"rating": 4}, "rating: is no field; there are history, mean, model, participant"),
    ],
)
def test_a_fault_is_named_by_line_and_field(
    tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    with pytest.raises(InputError, match=rf"ratings\.jsonl, line 2: {named}"):
        read_ratings(written(tmp_path, LINE, LINE | change))


@pytest.mark.parametrize("mean", [3, ["x"], [1.0, None], [float("inf")]])
def test_a_mean_that_is_no_list_of_numbers_is_refused(tmp_path: Path, mean: Any) -> None:
    line = {k: v for k, v in LINE.items() if k != "history"} | {"mean": mean}
    with pytest.raises(InputError, match=r"line 1: mean = .*must be a list of numbers"):
        read_ratings(written(tmp_path, line))


@pytest.mark.parametrize("name", ["participant", "query", "text", "reward"])
def test_a_missing_field_is_named(tmp_path: Path, name: str) -> None:
    line = {k: v for k, v in LINE.items() if k != name}
    with pytest.raises(InputError, match=f"line 1: {name}: is missing"):
        read_ratings(written(tmp_path, line))


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "line 1: not JSON"),
        ("[1]", r"line 1: \[1\]: must be an object"),
        ("", "holds no rated text"),
        ("\n\n", "holds no rated text"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str, named: str) -> None:
    with pytest.raises(InputError, match=named):
        read_ratings(written(tmp_path, content))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.jsonl: cannot be read"):
        read_ratings(tmp_path / "nothing.jsonl")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"binary\.jsonl: cannot be read"):
        read_ratings(tmp_path / "binary.jsonl")
