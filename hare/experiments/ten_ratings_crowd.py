"""The texts and the simulated users of `hare.experiments.ten_ratings`.

Everything random about a user and their rounds is drawn before anything is shown, so that every
variant meets the same users, the same tasks and the same noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hare.data.corpus import load_corpus
from hare.data.skills import Skill
from hare.errors import InputError
from hare.synthesis.histories import Population, draw_users, labels_of

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

SLOTS = 3  # texts shown in a round


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """The pool: embeddings (n, e), and domain, task and level of each text as integers (n,)."""

    embeddings: Array
    domains: Integers
    tasks: Integers
    levels: Integers

    def of_domains(self, count: int) -> Texts:
        """The texts of the first `count` domains."""
        inside = self.domains < count
        return Texts(
            self.embeddings[inside], self.domains[inside], self.tasks[inside], self.levels[inside]
        )


def label_texts(skills: Sequence[Skill], embeddings: Array) -> Texts:
    """The pool from its skills and their embeddings (n, e)."""
    if len(skills) != len(embeddings):
        raise InputError(f"{len(embeddings)} embeddings for {len(skills)} skills")
    corpus = load_corpus()
    domains, levels = labels_of(skills, list(corpus.domains))
    tasks = np.array([list(corpus.tasks).index(s.task) for s in skills])
    return Texts(np.asarray(embeddings, dtype=np.float64), domains, tasks, levels)


@dataclass(frozen=True, slots=True)
class Setting:
    """Who rates what. `others` reports on raters of another law than those fitted on."""

    name: str
    domains: int
    second_domain: float  # share of users who like two domains
    others: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """Users and everything that is drawn for them, the same whatever is shown.

    liked (u, domains), expected (u, n) ratings in points, asked (u, rounds) tasks,
    noise (u, rounds, SLOTS) in points, others (u, rounds, SLOTS - 1) texts of the other arms
    """

    liked: NDArray[np.bool_]
    expected: Array
    asked: Integers
    noise: Array
    others: Integers


def draw_crowd(
    texts: Texts, setting: Setting, count: int, rounds: int, rng: np.random.Generator
) -> Crowd:
    """Independent users of a setting."""
    population = Population(second_domain=setting.second_domain)
    users = draw_users(population, count, setting.domains, rng)
    strictness, deviation = np.zeros((count, 1)), np.full((count, 1, 1), population.noise)
    if setting.others:  # vaguer tastes, weaker second domains, strict and mild raters, other noise
        affinity = rng.uniform(0.0, 0.15, users.affinity.shape)
        second = rng.uniform(0.6, 1.0, users.affinity.shape)
        affinity = np.where(users.affinity > 0.5, second, affinity)
        affinity[np.arange(count), users.affinity.argmax(axis=1)] = 1.0
        users = replace(users, affinity=affinity)
        strictness = rng.normal(0.0, 0.35, (count, 1))
        deviation = rng.uniform(0.5, 0.9, (count, 1, 1))
    number = int(texts.tasks.max()) + 1
    asked = rng.permuted(np.tile(np.arange(number), (count, 1)), axis=1)[:, :rounds]
    of_task = texts.tasks == asked[..., None]  # (u, rounds, n)
    order = np.argsort(np.where(of_task, rng.random(of_task.shape), 2.0), axis=-1)
    return Crowd(
        users.affinity > 0.5,
        users.utilities(population, texts.domains, texts.levels) - strictness,
        asked,
        deviation * rng.normal(size=(count, rounds, SLOTS)),
        order[..., : SLOTS - 1],
    )
