"""Could our grammar have written this? A judge of generated texts that is independent of any model.

Each sentence line of a document is masked: phrases of the corpus become their slot's name. A line
is sound when the masked line is one of the grammar's templates, or when it stands in a
hand-written skill. Phrases of several domains, or several things, in one document are a switch of
topic.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from hare.data.corpus import SLOTS, STAGES, Corpus
from hare.data.skills import LEVELS, Skill, parse_skill
from hare.errors import InputError


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
        for line in _lines(skill):
            masked, found = self._mask(line)
            written = line in self._written
            if masked not in self._templates and not written:
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
        longest_first = sorted(self._slot_of, key=len, reverse=True)
        return re.compile(r"\b(?:" + "|".join(map(re.escape, longest_first)) + r")\b")

    @cached_property
    def _templates(self) -> frozenset[str]:
        lines: set[str] = set()
        for task in self._corpus.tasks.values():
            lines.update(task.titles, task.descriptions, task.when, task.examples)
            for level in LEVELS:
                for stage in STAGES:
                    lines.update(phrasing for step in task.steps[level][stage] for phrasing in step)
        return frozenset(line.lower() for line in lines)

    @cached_property
    def _written(self) -> frozenset[str]:
        return frozenset(line for skill in self._corpus.written for line in _lines(skill))


def _lines(skill: Skill) -> tuple[str, ...]:
    return (skill.title, skill.description, skill.when, *skill.steps, skill.example)
