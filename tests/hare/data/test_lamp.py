"""LaMP's two JSON files, tiny and in the real form, and every way in which they can be wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hare.data.lamp import TASKS, ProfileItem, read_lamp, write_predictions
from hare.errors import InputError

NEWS = [
    {
        "id": "310",
        "input": "Generate a headline for the following article: The bridge reopened on Monday.",
        "profile": [
            {
                "id": "3100",
                "title": "Bridge Shut",
                "text": "The bridge is closed.",
                "date": "2016-02-01",
            },
            {"id": "3101", "title": "Rain", "text": "It rained."},
        ],
    },
    {"id": "311", "input": "Generate a headline for the following article: Snow.", "profile": []},
]
GOLDS = {
    "task": "LaMP_4",
    "golds": [{"id": "311", "output": "Snow Falls"}, {"id": "310", "output": "Bridge Reopens"}],
}


def save(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_questions_meet_their_outputs_by_id(tmp_path: Path) -> None:
    questions = save(tmp_path / "dev_questions.json", NEWS)
    first, second = read_lamp("LaMP_4", questions, save(tmp_path / "dev_outputs.json", GOLDS))
    assert (first.id, first.output, second.output) == ("310", "Bridge Reopens", "Snow Falls")
    assert first.profile[0] == ProfileItem(
        "3100", "The bridge is closed.", "Bridge Shut", "2016-02-01"
    )
    assert (first.profile[1].date, second.profile) == ("", ())


@pytest.mark.parametrize(
    ("task", "item", "text", "title"),
    [
        ("LaMP_5", {"id": "1", "abstract": "We show.", "title": "A Proof"}, "We show.", "A Proof"),
        ("LaMP_6", {"id": "1", "text": "Dear all", "title": "Monday"}, "Dear all", "Monday"),
        ("LaMP_7", {"id": 1, "text": "so tired lol"}, "so tired lol", ""),
    ],
)
def test_each_task_has_its_own_profile(
    task: str, item: dict[str, str], text: str, title: str, tmp_path: Path
) -> None:
    path = save(tmp_path / "q.json", [{"id": "7", "input": "Write.", "profile": [item]}])
    (question,) = read_lamp(task, path)
    assert question.profile == (ProfileItem("1", text, title),)
    assert question.output is None


@pytest.mark.parametrize(
    ("questions", "outputs", "named"),
    [
        ({"id": 1}, None, "must be a list"),
        ([{"id": "1", "input": "x"}], None, "question 1: profile must be a list"),
        ([{"id": "1", "profile": []}], None, "question 1: input must be a text"),
        (["x"], None, "question 1: id must be a text"),
        (
            [{"id": "1", "input": "x", "profile": [{"id": "2", "text": "t"}]}],
            None,
            "question 1, profile item 1: title must be a text",
        ),
        ([NEWS[0], NEWS[0]], None, "an id appears twice"),
        (NEWS, {"task": "LaMP_5", "golds": []}, "task is 'LaMP_5', not 'LaMP_4'"),
        (NEWS, {"task": "LaMP_4"}, "must hold a list under 'golds'"),
        (NEWS, {"task": "LaMP_4", "golds": GOLDS["golds"][:1]}, "id '310' has no counterpart"),
        (NEWS[:1], GOLDS, "id '311' has no counterpart"),
        (NEWS, {"task": "LaMP_4", "golds": [{"id": "310"}]}, "gold 1: output must be a text"),
    ],
)
def test_files_of_another_form_are_refused_by_name(
    questions: Any, outputs: Any, named: str, tmp_path: Path
) -> None:
    path = save(tmp_path / "q.json", questions)
    golds = None if outputs is None else save(tmp_path / "o.json", outputs)
    with pytest.raises(InputError, match=named):
        read_lamp("LaMP_4", path, golds)


def test_a_file_that_is_missing_or_no_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_lamp("LaMP_4", tmp_path / "none.json")
    (tmp_path / "q.json").write_bytes(b"[\xff")
    with pytest.raises(InputError, match=r"q\.json: not JSON"):
        read_lamp("LaMP_4", tmp_path / "q.json")


def test_a_task_that_writes_no_text_is_refused(tmp_path: Path) -> None:
    assert "LaMP_1" not in TASKS
    with pytest.raises(InputError, match="'LaMP_1': must be one of LaMP_4"):
        read_lamp("LaMP_1", tmp_path / "q.json")
    with pytest.raises(InputError, match="'LaMP_1'"):
        write_predictions("LaMP_1", {}, tmp_path / "p.json")


def test_predictions_are_written_in_the_form_of_the_outputs(tmp_path: Path) -> None:
    predictions = {"310": "Bridge “Reopens”", "311": "Snow"}
    write_predictions("LaMP_4", predictions, tmp_path / "p.json")
    questions = save(tmp_path / "q.json", NEWS)
    read = read_lamp("LaMP_4", questions, tmp_path / "p.json")
    assert {q.id: q.output for q in read} == predictions
