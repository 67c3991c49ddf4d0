"""Our own corpus: hand-written skills, and skills composed from hand-written parts.

A task (tasks/*.yaml) gives sentence templates that name no domain; a domain (domains/*.yaml) gives
what fills their slots. A document keeps one thing, one domain, one task and one level throughout,
and one style: terse, or with reasons. A fifth of the (domain, task) cells is held out of the pool
and of training: there the text that a participant wants is not in the catalogue.
Requests for testing (test_wordings.yaml) were written without sight of those for training.
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
STYLES = ("terse", "explained")
REASONS = (1, 2)  # steps of an explained document that say why, at least and at most
MOST_WORDS = 195  # of a composed document, headings and numbers included
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
    """A kind of work: sentence templates by section.

    titles                         for every level
    descriptions, when, examples   by level: those for every level, then the level's own
    steps                          by level and stage, each step with several phrasings
    reasons                        by level and stage: why, after any step of that stage
    requests                       "train" and "test" wordings of a request for it
    """

    id: str
    name: str
    titles: tuple[str, ...]
    descriptions: Mapping[str, tuple[str, ...]]
    when: Mapping[str, tuple[str, ...]]
    steps: Mapping[str, Mapping[str, tuple[tuple[str, ...], ...]]]
    reasons: Mapping[str, Mapping[str, tuple[str, ...]]]
    examples: Mapping[str, tuple[str, ...]]
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
    wordings = _read(FOLDER / "test_wordings.yaml")
    tasks = {t.id: t for t in (_task(path, wordings) for path in _files("tasks"))}
    written = tuple(skill for path in _files("skills") for skill in _written(path))
    return Corpus(domains, tasks, written)


def compose(
    corpus: Corpus,
    domain: str,
    task: str,
    level: str,
    rng: np.random.Generator,
    style: str | None = None,
) -> Skill:
    """Compose one skill of this domain, task and level, of at most MOST_WORDS words.

    style   one of STYLES; None draws it

    Raises InputError for an unknown domain, task, level or style.
    """
    style = STYLES[rng.integers(len(STYLES))] if style is None else style
    for name, value, known in (
        ("domain", domain, corpus.domains),
        ("task", task, corpus.tasks),
        ("level", level, LEVELS),
        ("style", style, STYLES),
    ):
        if value not in known:
            raise InputError(f"{name} = {value!r}: must be one of {', '.join(known)}")
    while True:
        skill = _compose(corpus.domains[domain], corpus.tasks[task], level, style, rng)
        if len(format_skill(skill).split()) <= MOST_WORDS:
            return skill


def _compose(
    domain: Domain, parts: Task, level: str, style: str, rng: np.random.Generator
) -> Skill:
    fill = _Filler(domain, rng)
    title = fill(_pick(parts.titles, rng))
    description = fill(_pick(parts.descriptions[level], rng))
    when = fill(_pick(parts.when[level], rng))
    steps = [fill(_pick(_pick(parts.steps[level][stage], rng), rng)) for stage in STAGES]
    if style == "explained":
        count = rng.integers(REASONS[0], REASONS[1] + 1)
        for k in rng.choice(len(STAGES), count, replace=False):
            steps[k] = f"{steps[k]} {_pick(parts.reasons[level][STAGES[k]], rng)}"
    return Skill(
        title=title,
        description=description,
        when=when,
        steps=tuple(steps),
        example=fill(_pick(parts.examples[level], rng)),
        domain=domain.id,
        task=parts.id,
        level=level,
        style=style,
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


def _task(path: Path, wordings: Mapping[str, list[str]]) -> Task:
    raw = _read(path)

    def by_level(section: str) -> dict[str, tuple[str, ...]]:
        return {v: (*raw[section], *raw["levels"][v][section]) for v in LEVELS}

    return Task(
        id=raw["task"],
        name=raw["name"],
        titles=tuple(raw["titles"]),
        descriptions=by_level("descriptions"),
        when=by_level("when"),
        steps={v: {g: tuple(map(tuple, raw["steps"][v][g])) for g in STAGES} for v in LEVELS},
        reasons={v: {g: tuple(raw["reasons"][v][g]) for g in STAGES} for v in LEVELS},
        examples=by_level("examples"),
        requests={"train": tuple(raw["requests"]["train"]), "test": tuple(wordings[raw["task"]])},
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
