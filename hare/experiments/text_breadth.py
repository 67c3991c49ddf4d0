"""Do users with two fields get texts of both over ten rounds, and new users texts of many?

The rounds are ten requests for other kinds of work, in wordings that training has not seen. The
state does not change on the way: what varies is exploration, decoding, and what is asked for.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hare.arms.interface import Arm, Request
from hare.data.corpus import compose_many, load_corpus
from hare.data.skills import format_skill
from hare.experiments.text_cases import CONVERGED
from hare.simulation.raters import read
from hare.synthesis.histories import Population, draw_users, for_each, labels_of, ratings_of
from hare.synthesis.resources import Resources
from hare.user_state.state import UserState

ROUNDS = 10


def measure_breadth(resources: Resources, arm: Arm, users: int, seed: int) -> dict[str, float]:
    """Figures by name, each over so many users of a kind.

    both_domains       share of the users with two liked domains who get texts of both
    domains_new        mean number of domains among a new user's texts
    domains_one        the same of known users with one liked domain
    """
    corpus, domains = load_corpus(), list(load_corpus().domains)
    rng = np.random.default_rng([seed, 3])
    shown = compose_many(corpus, 1, seed=seed + 6_000)
    features = resources.trained.feature_map(
        resources.encoder.encode([format_skill(s) for s in shown])
    )
    labels = labels_of(shown, domains)
    figures: dict[str, float] = {}
    for name, share in (("one", 0.0), ("two", 1.0)):
        population = replace(Population(), second_domain=share)
        people = draw_users(population, users, len(domains), rng)
        seen = rng.integers(len(shown), size=(users, CONVERGED))
        utilities = np.take_along_axis(people.utilities(population, *labels), seen, axis=1)
        rewards = (ratings_of(utilities, population.noise, rng) - 1) / 4
        belief = for_each(resources.trained.prior, users).learn(features[seen], rewards)
        start = arm.initial_state()
        arrays = [
            dict(start.arrays) | {"mean": mean, "covariance": covariance}
            for mean, covariance in zip(belief.mean, belief.covariance, strict=True)
        ]
        states = [UserState(start.kind, CONVERGED, own) for own in arrays]
        found = [_domains(arm, state, rng) for state in states]
        if name == "one":
            figures["domains_one"] = float(np.mean([len(own) for own in found]))
            continue
        liked = [set(np.flatnonzero(row > 0.5)) for row in people.affinity]
        both = [own <= got for own, got in zip(liked, found, strict=True)]
        figures["both_domains"] = float(np.mean(both))
    new = [_domains(arm, arm.initial_state(), rng) for _ in range(users)]
    return figures | {"domains_new": float(np.mean([len(own) for own in new]))}


def _domains(arm: Arm, state: UserState, rng: np.random.Generator) -> set[int]:
    """The domains of the texts that a user gets for requests for ten kinds of work."""
    tasks = list(load_corpus().tasks.values())
    requests = [
        Request(str(rng.choice(tasks[i].requests["test"])), state, seed=int(rng.integers(2**31)))
        for i in rng.permutation(len(tasks))[:ROUNDS]
    ]
    return {int(read(answer.text).domain.argmax()) for answer in arm.recommend(requests)}
