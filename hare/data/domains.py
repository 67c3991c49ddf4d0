"""Study plans and recipes: further domains, in the same form and through the same code.

They show that nothing in the form, the screening or the collectors is about work with computers.
Each is a YAML file of hand-written entries (`more/*.yaml`), all of our own words; any file of that
form can be collected with `python -m hare collect`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hare.data.reading import read_yaml
from hare.data.skills import Skill
from hare.errors import InputError

FOLDER = Path(__file__).parent / "more"
LONGEST = 2**20  # characters of a file

_LINES = ("title", "description", "when", "example")
_LABELS = ("task", "level")


def domain_names() -> tuple[str, ...]:
    """The further domains that the package carries."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load_domain(name: str) -> tuple[Skill, ...]:
    """The hand-written texts of a further domain.

    Raises InputError for a name that is none.

    >>> len(load_domain("recipes"))
    12
    """
    if name not in domain_names():
        raise InputError(f"domain = {name!r}: must be one of {', '.join(domain_names())}")
    entries = read_yaml((FOLDER / f"{name}.yaml").read_text("utf-8"), LONGEST)
    return tuple(
        skill_from(entry, name, "hare corpus, hand-written", "Apache-2.0") for entry in entries
    )


def skill_from(entry: Mapping[str, Any], domain: str, source: str = "", licence: str = "") -> Skill:
    """A skill from its YAML mapping.

    Raises InputError, naming the field, when one is missing or no line of text.
    """
    for name in (*_LINES, *_LABELS):
        if not isinstance(entry.get(name, ""), str):
            raise InputError(f"{name} = {entry[name]!r}: must be one line of text")
    steps = entry.get("steps")
    if not isinstance(steps, list) or not all(isinstance(step, str) for step in steps):
        raise InputError("steps: must be a list of lines")
    return Skill(
        **{name: entry.get(name, "") for name in (*_LINES, *_LABELS)},
        steps=tuple(steps),
        domain=domain,
        source=source,
        licence=licence,
    )
