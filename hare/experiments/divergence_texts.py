"""The texts whose divergence is measured: who asks what, and what is written for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from hare.arms.interface import Arm, Request
from hare.data.corpus import compose, load_corpus
from hare.data.skills import format_skill
from hare.errors import SettingsError
from hare.experiments.personas import KnownUser, Persona

IDEAL = "ideal"  # beside the arms: composed by the grammar for what the user wants
BATCH = 20


@dataclass(frozen=True, slots=True)
class Wording:
    """A request, and the kind of work that it asks for."""

    task: str
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """One text: by which arm (or IDEAL), for which persona's domain and request (its position)."""

    arm: str
    domain: str
    request: int
    seed: int
    text: str


def draw_wordings(count: int, seed: int) -> list[Wording]:
    """Requests for different tasks, each in a wording for testing."""
    tasks = load_corpus().tasks
    if not 2 <= count <= len(tasks):
        raise SettingsError("requests", count, f"must be in 2..{len(tasks)}")
    rng = np.random.default_rng([seed, 3])
    chosen = [list(tasks)[i] for i in sorted(rng.permutation(len(tasks))[:count])]
    tests = {task: tasks[task].requests["test"] for task in chosen}
    return [Wording(task, tests[task][rng.integers(len(tests[task]))]) for task in chosen]


def write_texts(
    arms: Mapping[str, Arm],
    users: Sequence[KnownUser],
    wordings: Sequence[Wording],
    texts_per: int,
    seed: int,
) -> list[Text]:
    """`texts_per` texts of every arm for every user and request, each with a seed of its own.

    Arms that do not learn write for whoever asks; their texts are dealt to the users all the same.
    """
    cells = [(u, r) for u in users for r in range(len(wordings)) for _ in range(texts_per)]
    seeds = np.random.default_rng([seed, 4]).permutation(2**20)[: len(cells) * len(arms)]
    texts = []
    for k, (name, arm) in enumerate(arms.items()):
        own = seeds[k * len(cells) : (k + 1) * len(cells)]
        asked = [
            Request(wordings[r].text, u.state if arm.adaptive else arm.initial_state(), int(s))
            for (u, r), s in zip(cells, own, strict=True)
        ]
        for i in tqdm(range(0, len(cells), BATCH), desc=name, leave=False):
            written = arm.recommend(asked[i : i + BATCH])
            texts += [
                Text(name, user.persona.domain, request, asked[i + j].seed, written[j].text)
                for j, (user, request) in enumerate(cells[i : i + BATCH])
            ]
    return texts


def ideal_texts(
    personas: Sequence[Persona], wordings: Sequence[Wording], texts_per: int, seed: int
) -> list[Text]:
    """`texts_per` composed texts of each user's domain and level for each request's task."""
    corpus, rng = load_corpus(), np.random.default_rng([seed, 5])
    return [
        Text(
            IDEAL,
            persona.domain,
            request,
            number,
            format_skill(compose(corpus, persona.domain, wording.task, persona.level, rng)),
        )
        for persona in personas
        for request, wording in enumerate(wordings)
        for number in range(texts_per)
    ]
