"""Simulated raters: their taste is computed from the text alone, by a route of their own.

A rater wants one or two domains and a level. What a text offers is read off it by TF-IDF with
logistic regression, fitted on composed documents of every cell (held-out ones too), and by the
grammar checker; the arms' encoder, feature map and language model play no part. Tastes, noise and
strictness differ from the population that the shipped model was trained on
(`hare.synthesis.histories`). These raters exercise the platform and the learning; they are no
evidence about people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from hare.data.checker import Checker
from hare.data.corpus import compose_many, load_corpus
from hare.data.skills import LEVELS, format_skill
from hare.errors import InputError

Array = NDArray[np.float64]

DOCUMENTS_PER_CELL = 3
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
    reader = _reader()
    return Reading(
        domain=reader.domain.predict_proba([text])[0],
        task=reader.task.predict_proba([text])[0],
        level=reader.level.predict_proba([text])[0],
        clean=reader.checker.check(text).clean,
    )


@lru_cache(maxsize=1024)
def asked_task(request: str) -> Array:
    """Probability of each task, given the words of a request."""
    return _reader().request.predict_proba([request])[0]


@dataclass(frozen=True, slots=True)
class _Reader:
    domain: Pipeline
    task: Pipeline
    level: Pipeline
    request: Pipeline
    checker: Checker


@lru_cache(maxsize=1)
def _reader() -> _Reader:
    corpus = load_corpus()
    skills = [
        skill
        for held_out in (False, True)
        for skill in compose_many(corpus, DOCUMENTS_PER_CELL, seed=90_001, held_out=held_out)
    ]
    texts = [format_skill(skill) for skill in skills]
    requests = [
        (wording, task.id)
        for task in corpus.tasks.values()
        for part in ("train", "test")
        for wording in task.requests[part]
    ]
    domain_order, task_order = list(corpus.domains), list(corpus.tasks)
    return _Reader(
        domain=_classifier(texts, [domain_order.index(s.domain) for s in skills]),
        task=_classifier(texts, [task_order.index(s.task) for s in skills]),
        level=_classifier(texts, [LEVELS.index(s.level) for s in skills]),
        request=_classifier(
            [wording for wording, _ in requests], [task_order.index(task) for _, task in requests]
        ),
        checker=Checker(corpus),
    )


def _classifier(texts: list[str], labels: list[int]) -> Pipeline:
    tfidf = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
    return make_pipeline(tfidf, LogisticRegression(C=30.0, max_iter=1000)).fit(texts, labels)
