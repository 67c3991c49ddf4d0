"""Simulated participants over the rounds: what does each arm earn, round by round?

Ratings come from raters of their own making (`hare.simulation.raters`). Every arm answers the same
request of the same rater in each round; only the arm that learns sees its ratings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from tqdm import tqdm

from hare.arms.interface import Arm, Request
from hare.data.corpus import load_corpus
from hare.simulation.raters import Rater, population, read

ITEMS = ("relevance", "personalization")  # whose mean is the reward


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One arm in one round, over all raters.

    rating_mean     mean expected rating in points, with its 95% t interval over raters
    liked_domain    share of texts whose domain the rater wishes for, in [0, 1]
    entropy         mean H(A) in nats; None for an arm without attention
    """

    arm: str
    round: int
    raters: int
    rating_mean: float
    rating_ci_low: float
    rating_ci_high: float
    liked_domain: float
    entropy: float | None


def learning_curve(arms: dict[str, Arm], raters: int, rounds: int, seed: int) -> list[CurvePoint]:
    """One point an arm and round."""
    people = population(raters, seed)
    corpus = load_corpus()
    tasks = list(corpus.tasks)
    rng = np.random.default_rng([seed, 2])
    asked = np.array([rng.permutation(len(tasks)) for _ in people])  # (raters, tasks)
    points: list[CurvePoint] = []
    for name, arm in arms.items():
        states = [arm.initial_state() for _ in people]
        for number in tqdm(range(rounds), desc=name, leave=False):
            queries = [
                _wording(corpus.tasks[tasks[asked[i, number % len(tasks)]]].requests["test"], rng)
                for i in range(len(people))
            ]
            requests = [
                Request(query, state, int(rng.integers(2**31)))
                for query, state in zip(queries, states, strict=True)
            ]
            answers = arm.recommend(requests)
            earned = [
                _mean(rater.expected(answer.text, query))
                for rater, answer, query in zip(people, answers, queries, strict=True)
            ]
            rewards = [
                (_mean(rater.rate(answer.text, query, rng)) - 1) / 4
                for rater, answer, query in zip(people, answers, queries, strict=True)
            ]
            states = [
                arm.learn(state, answer, reward)
                for state, answer, reward in zip(states, answers, rewards, strict=True)
            ]
            low, high = _interval(earned)
            entropies = [
                a.diagnostics.entropy for a in answers if a.diagnostics.entropy is not None
            ]
            points.append(
                CurvePoint(
                    arm=name,
                    round=number + 1,
                    raters=len(people),
                    rating_mean=float(np.mean(earned)),
                    rating_ci_low=low,
                    rating_ci_high=high,
                    liked_domain=_liked(people, [answer.text for answer in answers]),
                    entropy=float(np.mean(entropies)) if entropies else None,
                )
            )
    return points


def _liked(people: Sequence[Rater], texts: Sequence[str]) -> float:
    """Share of texts whose domain is one that the rater wishes for."""
    return float(
        np.mean(
            [
                r.wishes[int(read(t).domain.argmax())] > 0.5
                for r, t in zip(people, texts, strict=True)
            ]
        )
    )


def _wording(wordings: Sequence[str], rng: np.random.Generator) -> str:
    return wordings[int(rng.integers(len(wordings)))]


def _mean(ratings: dict[str, float] | dict[str, int]) -> float:
    return float(np.mean([ratings[item] for item in ITEMS]))


def _interval(values: Sequence[float]) -> tuple[float, float]:
    mean, error = float(np.mean(values)), float(stats.sem(values))
    half = float(stats.t.ppf(0.975, len(values) - 1)) * error
    return mean - half, mean + half
