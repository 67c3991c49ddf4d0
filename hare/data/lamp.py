"""LaMP, a benchmark of personalised language models: its generation tasks as plain records.

Salemi, Mysore, Bendersky and Zamani (2024), "LaMP: When Large Language Models Meet
Personalization". A split of a task is two JSON files: questions, a list of {id, input, profile},
and outputs, {"task": "LaMP_4", "golds": [{id, output}]}. The text tasks are

    LaMP_4  headline of a news article     profile: title, text
    LaMP_5  title of a paper               profile: title, abstract
    LaMP_6  subject of an e-mail           profile: title, text (from Avocado, which is not public)
    LaMP_7  paraphrase of a tweet          profile: text

The profile is what the same person wrote before. Predictions are judged by ROUGE-1 and ROUGE-L.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hare.errors import InputError

TASKS = ("LaMP_4", "LaMP_5", "LaMP_6", "LaMP_7")
# What a profile item calls the longer text and the short one that was written for it.
_FIELDS = {
    "LaMP_4": ("text", "title"),
    "LaMP_5": ("abstract", "title"),
    "LaMP_6": ("text", "title"),
    "LaMP_7": ("text", ""),
}


@dataclass(frozen=True, slots=True)
class ProfileItem:
    """Something the person wrote before. `title` is "" for tweets, `date` where none is given."""

    id: str
    text: str
    title: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class LampQuestion:
    """One question: what to write, by whom, and what they wrote; `output` is None without golds."""

    task: str
    id: str
    input: str
    profile: tuple[ProfileItem, ...]
    output: str | None = None


def read_lamp(task: str, questions: Path, outputs: Path | None = None) -> tuple[LampQuestion, ...]:
    """The questions of one split, in the order of the file.

    task        one of TASKS
    questions   e.g. dev_questions.json
    outputs     e.g. dev_outputs.json; None for a test split, whose golds are withheld

    Raises InputError, naming the file and the question, for anything of another form: also when
    the outputs belong to another task, or to other questions.
    """
    if task not in TASKS:
        raise InputError(f"task = {task!r}: must be one of {', '.join(TASKS)}")
    golds = None if outputs is None else _golds(task, outputs)
    entries = _json(questions)
    if not isinstance(entries, list):
        raise InputError(f"{questions.name}: must be a list of questions")
    found = tuple(_question(task, questions, k, entry, golds) for k, entry in enumerate(entries))
    ids = [question.id for question in found]
    if len(set(ids)) < len(ids):
        raise InputError(f"{questions.name}: an id appears twice")
    if golds is not None and golds.keys() != set(ids):
        odd = min(golds.keys() ^ set(ids))
        raise InputError(f"{questions.name}: id {odd!r} has no counterpart in the outputs")
    return found


def write_predictions(task: str, predictions: Mapping[str, str], path: Path) -> None:
    """Write predictions, text by question id, in the form that LaMP's evaluation reads."""
    if task not in TASKS:
        raise InputError(f"task = {task!r}: must be one of {', '.join(TASKS)}")
    golds = [{"id": key, "output": text} for key, text in predictions.items()]
    path.write_text(json.dumps({"task": task, "golds": golds}), "utf-8")


def _question(
    task: str, path: Path, k: int, entry: Any, golds: Mapping[str, str] | None
) -> LampQuestion:
    where = f"{path.name}, question {k + 1}"
    key = _text(entry, "id", where)
    items = entry.get("profile")
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise InputError(f"{where}: profile must be a list")
    text, title = _FIELDS[task]
    profile = tuple(
        ProfileItem(
            id=_text(item, "id", f"{where}, profile item {n}"),
            text=_text(item, text, f"{where}, profile item {n}"),
            title=_text(item, title, f"{where}, profile item {n}") if title else "",
            date=item["date"] if isinstance(item.get("date"), str) else "",
        )
        for n, item in enumerate(items, start=1)
    )
    output = None if golds is None else golds.get(key)
    return LampQuestion(task, key, _text(entry, "input", where), profile, output)


def _golds(task: str, path: Path) -> dict[str, str]:
    content = _json(path)
    if not isinstance(content, dict) or not isinstance(content.get("golds"), list):
        raise InputError(f"{path.name}: must hold a list under 'golds'")
    if content.get("task") != task:
        raise InputError(f"{path.name}: task is {content.get('task')!r}, not {task!r}")
    return {
        _text(gold, "id", f"{path.name}, gold {k}"): _text(gold, "output", f"{path.name}, gold {k}")
        for k, gold in enumerate(content["golds"], start=1)
    }


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path.name}: not JSON ({error})") from error


def _text(entry: Any, name: str, where: str) -> str:
    value = entry.get(name) if isinstance(entry, dict) else None
    if isinstance(value, int) and name == "id":
        value = str(value)
    if not isinstance(value, str):
        raise InputError(f"{where}: {name} must be a text")
    return value
