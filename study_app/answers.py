"""Checking answers to questions outside the ratings: background, eligibility, closing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from study_app.errors import InvalidAnswers
from study_design.parts import EligibilityQuestion, Question

MISSING = "an answer is missing"


def check(
    questions: Sequence[Question | EligibilityQuestion],
    answers: Mapping[str, Any],
    *,
    slots: Sequence[str] = (),
) -> dict[str, Any]:
    """The answers that were given, checked; an empty one to an optional question is left out.

    Raises InvalidAnswers that names every field that is missing, unknown or not an option.

    >>> from study_design.parts import Question
    >>> check([Question(id="note", question="?", kind="text", required=False)], {"note": " "})
    {}
    """
    problems: dict[str, str] = {}
    checked: dict[str, Any] = {}
    for question in questions:
        answer = answers.get(question.id)
        if isinstance(answer, str):
            answer = answer.strip()
        if answer is None or answer == "":
            if isinstance(question, EligibilityQuestion) or question.required:
                problems[question.id] = MISSING
            continue
        problem = _problem(question, answer, slots)
        if problem is None:
            checked[question.id] = answer
        else:
            problems[question.id] = problem
    known = {question.id for question in questions}
    problems.update({name: "is no question here" for name in answers if name not in known})
    if problems:
        raise InvalidAnswers(problems)
    return checked


def _problem(
    question: Question | EligibilityQuestion, answer: Any, slots: Sequence[str]
) -> str | None:
    if isinstance(question, EligibilityQuestion) or question.kind == "choice":
        return None if answer in question.options else f"{answer!r} is not one of the options"
    if question.kind == "slot":
        return None if answer in slots else f"{answer!r} is not one of {', '.join(slots)}"
    if question.kind == "scale":
        highest = len(question.anchors)
        whole = isinstance(answer, int) and not isinstance(answer, bool)
        return None if whole and 1 <= answer <= highest else f"{answer!r} is not one of 1–{highest}"
    if not isinstance(answer, str):
        return f"{answer!r} is not text"
    if len(answer) > question.max_length:
        return f"{len(answer)} characters; at most {question.max_length}"
    return None
