"""Answers outside the ratings: every kind of question, right and wrong."""

from __future__ import annotations

from typing import Any

import pytest

from study_app import answers
from study_app.errors import InvalidAnswers
from study_design.parts import Question

CHOICE = Question(id="q", question="?", kind="choice", options=("yes", "no"))
SCALE = Question(id="q", question="?", kind="scale", anchors=("low", "middle", "high"))
TEXT = Question(id="q", question="?", kind="text", max_length=5)
SLOT = Question(id="q", question="?", kind="slot")


@pytest.mark.parametrize(
    ("question", "answer"), [(CHOICE, "no"), (SCALE, 3), (TEXT, "words"), (SLOT, "C")]
)
def test_a_right_answer_is_kept(question: Question, answer: Any) -> None:
    assert answers.check([question], {"q": answer}, slots=("A", "B", "C")) == {"q": answer}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (CHOICE, "perhaps"),
        (CHOICE, 1),
        (CHOICE, ["yes"]),
        (SCALE, 0),
        (SCALE, 4),
        (SCALE, True),
        (SCALE, "2"),
        (SCALE, 2.0),
        (TEXT, "sixsix"),
        (TEXT, 5),
        (SLOT, "D"),
    ],
)
def test_a_wrong_answer_is_named(question: Question, answer: Any) -> None:
    with pytest.raises(InvalidAnswers) as refused:
        answers.check([question], {"q": answer}, slots=("A", "B", "C"))
    assert set(refused.value.problems) == {"q"}


@pytest.mark.parametrize("nothing", [{}, {"q": None}, {"q": ""}, {"q": "  "}])
def test_nothing_is_missing_where_required_and_left_out_where_not(nothing: dict[str, Any]) -> None:
    with pytest.raises(InvalidAnswers, match="q: an answer is missing"):
        answers.check([TEXT], nothing)
    assert answers.check([TEXT.model_copy(update={"required": False})], nothing) == {}
