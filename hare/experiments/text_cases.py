"""Requests of users whose taste is known, in wordings that training has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hare.arms.hare_arm import HareArm
from hare.arms.interface import Request
from hare.data.corpus import compose_many, load_corpus
from hare.data.skills import LEVELS, format_skill
from hare.errors import SettingsError
from hare.synthesis.histories import Population, labels_of, simulate_states
from hare.synthesis.resources import Resources
from hare.user_state.state import UserState

CONVERGED = 30  # ratings after which a user counts as known


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One request of one known user: the cell and level they want, and whether it is held out."""

    domain: str
    task: str
    level: str
    held_out: bool
    request: Request


def draw_cases(resources: Resources, arm: HareArm, count: int, seed: int) -> list[Case]:
    """`count` cases in seen and `count` in held-out cells, in turn.

    The users are new ones of the population that training simulated, after CONVERGED ratings of
    texts that training has not seen.
    """
    if count < 1:
        raise SettingsError("texts", count, "must be >= 1")
    corpus, domains = load_corpus(), list(load_corpus().domains)
    rng = np.random.default_rng([seed, 1])
    shown = compose_many(corpus, 1, seed=seed + 5_000)
    features = resources.trained.feature_map(
        resources.encoder.encode([format_skill(s) for s in shown])
    )
    bank = simulate_states(
        features,
        *labels_of(shown, domains),
        prior=resources.trained.prior,
        population=Population(second_domain=0.0),
        domain_count=len(domains),
        count=2 * count,
        rng=rng,
        longest=CONVERGED,
        shortest=CONVERGED,
    )
    cases = []
    for i in range(2 * count):
        held_out = i % 2 == 1
        domain = domains[bank.domain[i]]
        tasks = [t for d, t in corpus.cells(held_out) if d == domain]
        task = tasks[rng.integers(len(tasks))]
        wordings = corpus.tasks[task].requests["test"]
        wording = wordings[rng.integers(len(wordings))]
        start = arm.initial_state()
        arrays = dict(start.arrays) | {"mean": bank.mean[i], "covariance": bank.covariance[i]}
        state = UserState(start.kind, CONVERGED, arrays)
        request = Request(wording, state, int(rng.integers(2**31)))
        cases.append(Case(domain, task, LEVELS[bank.level[i]], held_out, request))
    return cases
