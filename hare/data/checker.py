"""Could our grammar have written this? A judge of generated texts that is independent of any model.

Each line of a document is masked: phrases of the corpus become their slot's name. A line is sound
when the masked line is one of the grammar's templates, or a step's template and one of its stage's
reasons, or when it stands in a hand-written skill. Phrases of several domains, or several things,
in one document are a switch of topic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from hare.data.corpus import SLOTS, STAGES, Corpus
from hare.data.skills import LEVELS, Skill, parse_skill
from hare.errors import InputError

END = 12  # characters by which reasons are looked up
START = 3  # characters by which phrases are grouped in a pattern


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checker says of one text.

    well_formed   the sections are there, in order, none empty
    garbled       lines that the grammar could not have made
    domains       domains whose phrases the text uses
    things        things that it speaks of
    """

    well_formed: bool
    garbled: tuple[str, ...] = ()
    domains: frozenset[str] = frozenset()
    things: frozenset[str] = frozenset()

    @property
    def switches_topic(self) -> bool:
        return len(self.domains) > 1 or len(self.things) > 1

    @property
    def clean(self) -> bool:
        return self.well_formed and not self.garbled and not self.switches_topic


class Checker:
    """Checks texts against one corpus."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._slot_of: dict[str, tuple[str, str]] = {}
        for domain in corpus.domains.values():
            for slot in SLOTS:
                for atom in domain.atoms[slot]:
                    self._slot_of[atom.text.lower()] = (slot, domain.id)

    def check(self, text: str) -> Verdict:
        """Judge one text; a text that does not parse is not well formed and not judged further."""
        try:
            skill = parse_skill(text)
        except InputError:
            return Verdict(well_formed=False)
        garbled, domains, things = [], set(), set()
        for line in lines_of(skill):
            masked, found = self._mask(line)
            written = line in self._written
            if not (written or masked in self._templates or self._explained(masked)):
                garbled.append(line)
            if not written:
                domains |= {self._slot_of[phrase][1] for phrase in found}
                things |= {phrase for phrase in found if self._slot_of[phrase][0] == "thing"}
        return Verdict(True, tuple(garbled), frozenset(domains), frozenset(things))

    def _mask(self, line: str) -> tuple[str, list[str]]:
        found: list[str] = []

        def replace(match: re.Match[str]) -> str:
            phrase = match[0]
            found.append(phrase)
            return "{" + self._slot_of[phrase][0] + "}"

        return self._phrases.sub(replace, line.lower()), found

    @cached_property
    def _phrases(self) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{any_of(self._slot_of)})\b")

    def _explained(self, masked: str) -> bool:
        """Whether a masked line is a step with a reason that may follow it."""
        return any(
            masked.endswith(f" {reason}")
            and masked[: -len(reason) - 1] in self._steps_before[reason]
            for reason in self._reasons_by_end.get(masked[-END:], ())
        )

    @cached_property
    def _templates(self) -> frozenset[str]:
        lines: set[str] = set()
        for task in self._corpus.tasks.values():
            lines.update(task.titles)
            for level in LEVELS:
                for section in (task.descriptions, task.when, task.examples):
                    lines.update(section[level])
                for stage in STAGES:
                    lines.update(phrasing for step in task.steps[level][stage] for phrasing in step)
        return frozenset(line.lower() for line in lines)

    @cached_property
    def _steps_before(self) -> dict[str, set[str]]:
        """The steps that each reason may follow."""
        before: dict[str, set[str]] = {}
        for task in self._corpus.tasks.values():
            for level in LEVELS:
                for stage in STAGES:
                    steps = {p.lower() for step in task.steps[level][stage] for p in step}
                    for reason in task.reasons[level][stage]:
                        before.setdefault(reason.lower(), set()).update(steps)
        return before

    @cached_property
    def _reasons_by_end(self) -> dict[str, list[str]]:
        """Reasons by their last characters, so that a line is compared with few of them."""
        ends: dict[str, list[str]] = {}
        for reason in self._steps_before:
            ends.setdefault(reason[-END:], []).append(reason)
        return ends

    @cached_property
    def _written(self) -> frozenset[str]:
        return frozenset(line for skill in self._corpus.written for line in lines_of(skill))


def any_of(phrases: Iterable[str]) -> str:
    """A regular expression for the longest of the phrases that begins at a place.

    Grouped by their first characters, so that most places are left after a few comparisons.
    """
    groups: dict[str, list[str]] = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        groups.setdefault(phrase[:START], []).append(re.escape(phrase[START:]))
    return "|".join(f"{re.escape(start)}(?:{'|'.join(ends)})" for start, ends in groups.items())


def lines_of(skill: Skill) -> tuple[str, ...]:
    """The lines of a skill, in order, without headings and numbers."""
    return (skill.title, skill.description, skill.when, *skill.steps, skill.example)
