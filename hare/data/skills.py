"""A skill: one page of practical advice, and its exact text form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hare.errors import InputError

LEVELS = ("beginner", "practitioner", "expert")


@dataclass(frozen=True, slots=True)
class Skill:
    """One page of advice.

    title, description, when, example   one line each, not empty
    steps                               the instructions, at least one line
    domain, task, level, style          labels; "" when unknown
    source, licence                     where it comes from
    """

    title: str
    description: str
    when: str
    steps: tuple[str, ...]
    example: str
    domain: str = ""
    task: str = ""
    level: str = ""
    style: str = ""
    source: str = ""
    licence: str = ""

    def __post_init__(self) -> None:
        for name in ("title", "description", "when", "example"):
            _check_line(name, getattr(self, name))
        if not self.steps:
            raise InputError("steps: a skill needs at least one")
        for k, step in enumerate(self.steps, start=1):
            _check_line(f"step {k}", step)


def format_skill(skill: Skill) -> str:
    """The skill as markdown; `parse_skill` reads it back exactly.

    >>> skill = Skill("Plan it", "A plan.", "Use it when late.", ("Start.",), "She did.")
    >>> parse_skill(format_skill(skill)) == skill
    True
    """
    steps = "\n".join(f"{k}. {step}" for k, step in enumerate(skill.steps, start=1))
    return (
        f"# {skill.title}\n\n{skill.description}\n\n## When to use\n{skill.when}\n\n"
        f"## Instructions\n{steps}\n\n## Example\n{skill.example}"
    )


_FORM = re.compile(
    r"# (?P<title>[^\n]+)\n\n(?P<description>[^\n]+)\n\n## When to use\n(?P<when>[^\n]+)\n\n"
    r"## Instructions\n(?P<steps>(?:\d+\. [^\n]+\n)+)\n## Example\n(?P<example>[^\n]+)"
)


def parse_skill(text: str) -> Skill:
    """Read what `format_skill` wrote (labels and source are not part of the text).

    Raises InputError, naming the part, for any other text.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise InputError(f"not a well-formed skill: {_what_is_wrong(text)}")
    lines = match["steps"].rstrip("\n").split("\n")
    for k, line in enumerate(lines, start=1):
        if not line.startswith(f"{k}. "):
            raise InputError(f"not a well-formed skill: step {k} is numbered {line.split('.')[0]}")
    return Skill(
        title=match["title"],
        description=match["description"],
        when=match["when"],
        steps=tuple(line.split(". ", 1)[1] for line in lines),
        example=match["example"],
    )


def is_well_formed(text: str) -> bool:
    """Whether `parse_skill` reads the text."""
    try:
        parse_skill(text)
    except InputError:
        return False
    return True


def _check_line(name: str, value: str) -> None:
    if not value or value != value.strip() or len(value.splitlines()) != 1:
        raise InputError(f"{name} = {value!r}: must be one line, not empty, without outer blanks")


def _what_is_wrong(text: str) -> str:
    if not text.startswith("# "):
        return "there is no title after '# '"
    for heading in ("## When to use\n", "## Instructions\n", "## Example\n"):
        if heading not in text:
            return f"there is no {heading.strip()!r}"
    return "its sections are out of order or one of them is empty"
