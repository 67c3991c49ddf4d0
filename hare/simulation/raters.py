"""Simulated raters: their taste is computed from the text alone, by a route of their own.

A rater wants one or two domains and a level. What a text offers is read off it by TF-IDF with
logistic regression (`hare.simulation.reader`), and by the grammar checker; the arms' encoder,
feature map and language model play no part. Tastes, noise and strictness differ from the population
that the shipped model was trained on (`hare.synthesis.histories`). These raters exercise the
platform and the learning; they are no evidence about people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hare.data.corpus import load_corpus
from hare.data.skills import LEVELS
from hare.errors import InputError
from hare.simulation.reader import the_reader

Array = NDArray[np.float64]

ITEMS = ("quality", "relevance", "personalization", "novelty")


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a text offers: probabilities by domain, task and level, and whether it is clean."""

    domain: Array
    task: Array
    level: Array
    clean: bool


@dataclass(frozen=True, slots=True)
class Rater:
    """One simulated participant.

    name         says what they want, for figures and logs
    wishes       liking of each domain, in the corpus's order, in [0, 1]
    level        index of the level they like
    strictness   points taken off every rating
    noise        standard deviation of one rating, in points
    """

    name: str
    wishes: tuple[float, ...]
    level: int
    strictness: float
    noise: float

    def rate(self, text: str, request: str, rng: np.random.Generator) -> dict[str, int]:
        """Ratings 1..5 of one text for this request, by item."""
        means = self.expected(text, request)
        return {
            item: int(np.clip(np.rint(mean + rng.normal(0.0, self.noise)), 1, 5))
            for item, mean in means.items()
        }

    def expected(self, text: str, request: str) -> dict[str, float]:
        """Expected ratings by item, before noise and rounding."""
        offered = read(text)
        domain = float(offered.domain @ np.array(self.wishes))
        level = float(offered.level[self.level])
        task = float(offered.task @ asked_task(request))
        means = {
            "quality": 2.6 + 0.9 * offered.clean + 0.5 * task + 0.4 * level,
            "relevance": 1.0 + 1.2 * task + 2.2 * domain + 0.3 * level,
            "personalization": 1.3 + 2.5 * domain + 0.6 * level,
            "novelty": 2.8 + 0.4 * domain,
        }
        return {item: mean - self.strictness for item, mean in means.items()}

    def choose(self, ratings: Mapping[str, Mapping[str, int]], rng: np.random.Generator) -> str:
        """The slot with the highest sum of ratings; ties are broken at random."""
        sums = {slot: sum(given.values()) for slot, given in ratings.items()}
        best = sorted(slot for slot, total in sums.items() if total == max(sums.values()))
        return best[int(rng.integers(len(best)))]


def population(number: int, seed: int) -> list[Rater]:
    """`number` different raters; equal seeds give equal raters.

    >>> population(2, seed=1) == population(2, seed=1)
    True
    """
    if number < 1:
        raise InputError(f"number = {number}: must be at least 1")
    domains = list(load_corpus().domains)
    rng = np.random.default_rng([seed, 20_261])
    raters = []
    for _ in range(number):
        first, second = rng.choice(len(domains), 2, replace=False)
        wishes = rng.uniform(0.0, 0.15, len(domains))
        wishes[first] = 1.0
        name = domains[first]
        if rng.random() < 1 / 3:
            wishes[second] = rng.uniform(0.6, 1.0)
            name += f" and {domains[second]}"
        level = int(rng.integers(len(LEVELS)))
        raters.append(
            Rater(
                name=f"{name}, {LEVELS[level]}",
                wishes=tuple(map(float, wishes)),
                level=level,
                strictness=float(rng.normal(0.0, 0.35)),
                noise=float(rng.uniform(0.5, 0.9)),
            )
        )
    return raters


@lru_cache(maxsize=8192)
def read(text: str) -> Reading:
    """What a text offers, read without the arms' encoder."""
    reader = the_reader()
    return Reading(
        **reader.texts.probabilities(text),
        clean=reader.checker.check(text).clean,
    )


@lru_cache(maxsize=1024)
def asked_task(request: str) -> Array:
    """Probability of each task, given the words of a request."""
    return the_reader().requests.probabilities(request)["task"]
