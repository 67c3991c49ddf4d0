"""The scan before display: nothing about a text may tell which system wrote it.

Form: a title, "When to use", "Instructions" as a numbered list, "Example". Length: the longest text
of a round at most `max_length_ratio` times the shortest, in words. Words: none of the protocol's
`forbidden` expressions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median

from study_design.parts import Blinding

_PARTS = (
    ("no title (a first line that starts with '# ')", re.compile(r"\A\s*# \S")),
    ("no description under the title", re.compile(r"\A\s*# [^\n]+\n+(?!#)\S")),
    ("no section '## When to use'", re.compile(r"^## When to use *\n+(?!#)\S", re.M)),
    ("no numbered section '## Instructions'", re.compile(r"^## Instructions *\n+1\. \S", re.M)),
    ("no section '## Example'", re.compile(r"^## Example *\n+(?!#)\S", re.M)),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the text in a slot. rule: form, length or words."""

    slot: str
    rule: str
    detail: str


def scan(texts: Mapping[str, str], rules: Blinding) -> tuple[Finding, ...]:
    """What would give a text away, for the texts of one round by slot.

    >>> from hare.arms import Request, build_arms
    >>> arm = build_arms({"one": "fake"})["one"]
    >>> text = arm.recommend([Request("Plan", arm.initial_state(), 1)])[0].text
    >>> scan({"A": text, "B": text}, Blinding())
    ()
    >>> scan({"A": text, "B": text[:40]}, Blinding())[0].rule
    'form'
    """
    return (*_form(texts), *_words(texts, rules), *_length(texts, rules))


def _form(texts: Mapping[str, str]) -> Iterator[Finding]:
    for slot, text in texts.items():
        places = {name: pattern.search(text) for name, pattern in _PARTS}
        missing = [name for name, place in places.items() if place is None]
        starts = [place.start() for place in places.values() if place is not None]
        if missing:
            yield Finding(slot, "form", "; ".join(missing))
        elif starts != sorted(starts):
            yield Finding(slot, "form", "the sections are out of order")


def _words(texts: Mapping[str, str], rules: Blinding) -> Iterator[Finding]:
    for slot, text in texts.items():
        found = [expr for expr in rules.forbidden if re.search(expr, text, re.IGNORECASE)]
        if found:
            yield Finding(slot, "words", f"matches {', '.join(map(repr, found))}")


def _length(texts: Mapping[str, str], rules: Blinding) -> Iterator[Finding]:
    words = {slot: max(len(text.split()), 1) for slot, text in texts.items()}
    if len(words) < 2 or max(words.values()) <= rules.max_length_ratio * min(words.values()):
        return
    # The text that stands out is the one farthest from the middle, by ratio.
    middle = math.log(median(words.values()))
    slot = max(words, key=lambda name: abs(math.log(words[name]) - middle))
    counts = ", ".join(f"{name} {count}" for name, count in words.items())
    yield Finding(
        slot, "length", f"words: {counts}; at most {rules.max_length_ratio:g} times apart"
    )
