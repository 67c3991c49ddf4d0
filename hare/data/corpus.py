"""Our own corpus: hand-written skills, and skills composed from hand-written parts.

A task (tasks/*.yaml) gives sentence templates that name no domain; a domain (domains/*.yaml) gives
what fills their slots. A document keeps one thing, one domain, one task and one level throughout.
A fifth of the (domain, task) cells is held out of the pool and of training: there the text that a
participant wants is not in the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from hare.data.skills import LEVELS, Skill, format_skill
from hare.errors import InputError

FOLDER = Path(__file__).parent / "corpus"
SLOTS = ("thing", "tool", "risk", "check", "move", "evidence")
STAGES = ("prepare", "work", "guard", "close")
MOST_WORDS = 165  # of a composed document, headings and numbers included
SOURCE = "hare corpus"
LICENCE = "Apache-2.0"

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Atom:
    """A phrase that fills a slot. `kinds` are the kinds of thing that it goes with."""

    text: str
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Domain:
    """A field of work: the phrases of its own, by slot. Things have exactly one kind."""

    id: str
    name: str
    atoms: Mapping[str, tuple[Atom, ...]]


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of work: sentence templates by section; steps by level and stage, each with phrasings.

    requests   "train" and "test" wordings of a request for it
    """

    id: str
    name: str
    titles: tuple[str, ...]
    descriptions: tuple[str, ...]
    when: tuple[str, ...]
    steps: Mapping[str, Mapping[str, tuple[tuple[str, ...], ...]]]
    examples: tuple[str, ...]
    requests: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Domains and tasks in alphabetical order of their ids, and the hand-written skills."""

    domains: Mapping[str, Domain]
    tasks: Mapping[str, Task]
    written: tuple[Skill, ...]

    def held_out(self, domain: str, task: str) -> bool:
        """Whether the cell is kept out of pool and training.

        Counted along the diagonals, so that every domain and every task loses about a fifth.
        """
        d, t = list(self.domains).index(domain), list(self.tasks).index(task)
        return (d - t) % 5 == 0

    def cells(self, held_out: bool) -> Iterator[tuple[str, str]]:
        """The (domain, task) pairs that are, or are not, held out."""
        for domain in self.domains:
            for task in self.tasks:
                if self.held_out(domain, task) == held_out:
                    yield domain, task


@lru_cache(maxsize=1)
def load_corpus() -> Corpus:
    """The corpus that the package carries."""
    domains = {d.id: d for d in map(_domain, _files("domains"))}
    tasks = {t.id: t for t in map(_task, _files("tasks"))}
    written = tuple(skill for path in _files("skills") for skill in _written(path))
    return Corpus(domains, tasks, written)


def compose(corpus: Corpus, domain: str, task: str, level: str, rng: np.random.Generator) -> Skill:
    """Compose one skill of this domain, task and level, of at most MOST_WORDS words.

    Raises InputError for an unknown domain, task or level.
    """
    for name, value, known in (
        ("domain", domain, corpus.domains),
        ("task", task, corpus.tasks),
        ("level", level, LEVELS),
    ):
        if value not in known:
            raise InputError(f"{name} = {value!r}: must be one of {', '.join(known)}")
    while True:
        skill = _compose(corpus.domains[domain], corpus.tasks[task], level, rng)
        if len(format_skill(skill).split()) <= MOST_WORDS:
            return skill


def _compose(domain: Domain, parts: Task, level: str, rng: np.random.Generator) -> Skill:
    fill = _Filler(domain, rng)
    return Skill(
        title=fill(_pick(parts.titles, rng)),
        description=fill(_pick(parts.descriptions, rng)),
        when=fill(_pick(parts.when, rng)),
        steps=tuple(fill(_pick(_pick(parts.steps[level][stage], rng), rng)) for stage in STAGES),
        example=fill(_pick(parts.examples, rng)),
        domain=domain.id,
        task=parts.id,
        level=level,
        source=SOURCE,
        licence=LICENCE,
    )


def compose_many(corpus: Corpus, per_cell: int, seed: int, held_out: bool = False) -> list[Skill]:
    """`per_cell` different skills for every cell and level, in a fixed order."""
    rng = np.random.default_rng(seed)
    skills: dict[Skill, None] = {}
    for domain, task in corpus.cells(held_out):
        for level in LEVELS:
            target = len(skills) + per_cell
            while len(skills) < target:
                skills[compose(corpus, domain, task, level, rng)] = None
    return list(skills)


def build_pool(corpus: Corpus, per_cell: int = 2, seed: int = 7) -> list[Skill]:
    """The pool: hand-written skills of the cells that are not held out, and composed ones."""
    written = [s for s in corpus.written if not corpus.held_out(s.domain, s.task)]
    return written + compose_many(corpus, per_cell, seed)


class _Filler:
    """Fills one document's slots: one thing and one tool throughout, other atoms in turn."""

    def __init__(self, domain: Domain, rng: np.random.Generator) -> None:
        thing = domain.atoms["thing"][rng.integers(len(domain.atoms["thing"]))]
        self._queues: dict[str, list[str]] = {"thing": [thing.text]}
        for slot in SLOTS[1:]:
            fitting = [a.text for a in domain.atoms[slot] if a.kinds & thing.kinds]
            order = rng.permutation(len(fitting))
            self._queues[slot] = [fitting[i] for i in order]

    def __call__(self, template: str) -> str:
        return _SLOT.sub(self._next, template)

    def _next(self, match: re.Match[str]) -> str:
        name = match[1]
        queue = self._queues[name.lower()]
        text = queue[0]
        if name.lower() not in ("thing", "tool"):
            queue.append(queue.pop(0))
        return text[0].upper() + text[1:] if name[0].isupper() else text


def _pick(options: tuple[Any, ...], rng: np.random.Generator) -> Any:
    return options[rng.integers(len(options))]


def _files(kind: str) -> list[Path]:
    return sorted((FOLDER / kind).glob("*.yaml"))


def _read(path: Path) -> Any:
    return yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _domain(path: Path) -> Domain:
    raw = _read(path)
    kinds = frozenset(raw["kinds"])
    atoms = {"thing": tuple(Atom(a["text"], frozenset([a["kind"]])) for a in raw["things"])}
    for slot in SLOTS[1:]:
        entries = raw[slot if slot == "evidence" else f"{slot}s"]
        atoms[slot] = tuple(Atom(a["text"], frozenset(a.get("for", kinds))) for a in entries)
    return Domain(raw["domain"], raw["name"], atoms)


def _task(path: Path) -> Task:
    raw = _read(path)
    steps = {
        level: {stage: tuple(map(tuple, raw["steps"][level][stage])) for stage in STAGES}
        for level in LEVELS
    }
    return Task(
        id=raw["task"],
        name=raw["name"],
        titles=tuple(raw["titles"]),
        descriptions=tuple(raw["descriptions"]),
        when=tuple(raw["when"]),
        steps=steps,
        examples=tuple(raw["examples"]),
        requests={part: tuple(raw["requests"][part]) for part in ("train", "test")},
    )


def _written(path: Path) -> Iterator[Skill]:
    for raw in _read(path):
        yield Skill(
            title=raw["title"],
            description=raw["description"],
            when=raw["when"],
            steps=tuple(raw["steps"]),
            example=raw["example"],
            domain=path.stem,
            task=raw["task"],
            level=raw["level"],
            source=f"{SOURCE}, hand-written",
            licence=LICENCE,
        )
