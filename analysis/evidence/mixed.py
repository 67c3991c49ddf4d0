"""Whether the mixed models keep their level where nothing is there, and slopes or requests differ.

Ratings from 1 to 5 of 24 participants, three arms and ten rounds, no arm better on average. What
differs beside participants and arms is named by each null: the slope of a participant's liking of
an arm, the slope of all that a participant says, or what a request does to each arm, with the same
ten requests for everybody in orders of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.evidence.errors import ALPHA
from analysis.evidence.rates import rate
from analysis.stats.arrays import Array
from analysis.stats.long_form import long_ratings
from analysis.stats.mixed import MixedModel, linear_mixed
from analysis.stats.ordinal_mixed import OrdinalModel, ordinal_by_arm, ordinal_mixed

ARMS = ("hare", "rag", "gpt2")
REFERENCE = "rag"
PARTICIPANTS, ROUNDS = 24, 10
Fit = Callable[[Array, Array], MixedModel | OrdinalModel]


@dataclass(frozen=True, slots=True)
class MixedNull:
    """SDs in points of the scale, before rounding; slopes in points a round."""

    arm_slope: float = 0.0
    slope: float = 0.0
    request: float = 0.0
    request_arm: float = 0.0
    level: float = 0.5
    liking: float = 0.3
    noise: float = 0.9


def _linear(values: Array, requests: Array) -> MixedModel:
    return linear_mixed(values, ARMS, reference=REFERENCE)


def _linear_requests(values: Array, requests: Array) -> MixedModel:
    return linear_mixed(values, ARMS, reference=REFERENCE, requests=requests)


def _ordinal(values: Array, requests: Array) -> OrdinalModel:
    return ordinal_by_arm(values, ARMS, reference=REFERENCE)


def _ordinal_requests(values: Array, requests: Array) -> OrdinalModel:
    return ordinal_by_arm(values, ARMS, reference=REFERENCE, requests=requests)


def _ordinal_intercepts(values: Array, requests: Array) -> OrdinalModel:
    """Without slopes: what the model of the study would be if it left them out."""
    rows = long_ratings(values, ARMS, reference=REFERENCE)
    groups = {"p": rows.people, "p:arm": rows.people * len(ARMS) + rows.arm}
    return ordinal_mixed(rows.rating, rows.design[:, 1:], groups, terms=rows.terms[1:])


LINEAR, ORDINAL = "linear", "ordinal"
LINEAR_REQUESTS, ORDINAL_REQUESTS = "linear, requests random", "ordinal, requests random"
INTERCEPTS = "ordinal, intercepts alone"
FITS: Mapping[str, Fit] = {
    LINEAR: _linear,
    LINEAR_REQUESTS: _linear_requests,
    INTERCEPTS: _ordinal_intercepts,
    ORDINAL: _ordinal,
    ORDINAL_REQUESTS: _ordinal_requests,
}
NULLS: Mapping[str, tuple[MixedNull, tuple[str, ...]]] = {
    "slopes of participants and arms, SD 0.07": (
        MixedNull(arm_slope=0.07),
        (LINEAR, INTERCEPTS, ORDINAL),
    ),
    "slopes of participants, SD 0.07": (
        MixedNull(slope=0.07),
        (LINEAR, INTERCEPTS, ORDINAL),
    ),
    "requests and arms, SD 0.3, slopes 0.05": (
        MixedNull(arm_slope=0.05, request=0.3, request_arm=0.3),
        (LINEAR, LINEAR_REQUESTS, ORDINAL, ORDINAL_REQUESTS),
    ),
}


def mixed_rows(repetitions: int, seed: int) -> list[dict[str, Any]]:
    """False positives of an arm and of arm × round by each null and model.

    >>> len(mixed_rows(1, seed=1))
    10
    """
    rows = []
    for place, (name, (null, models)) in enumerate(NULLS.items()):
        rng = np.random.default_rng([seed, 211, place])
        count: Counter[tuple[str, str]] = Counter()
        for _ in range(repetitions):
            values, requests = _study(null, rng)
            for model in models:
                found = FITS[model](values, requests)
                if not found.coefficients:
                    continue
                count[model, "fitted"] += 1
                for term in ("hare", "hare × round"):
                    count[model, term] += found.coefficient(term).p <= ALPHA
        rows += [
            {
                "null": name,
                "model": model,
                "fitted": count[model, "fitted"],
                "studies": repetitions,
                "arm": rate(count[model, "hare"], count[model, "fitted"]),
                "arm × round": rate(count[model, "hare × round"], count[model, "fitted"]),
            }
            for model in models
        ]
    return rows


def _study(null: MixedNull, rng: np.random.Generator) -> tuple[Array, Array]:
    """Ratings (participants, rounds, arms), and the requests (participants, rounds)."""
    people, arms = PARTICIPANTS, len(ARMS)
    time = (np.arange(ROUNDS) - (ROUNDS - 1) / 2.0)[:, None]
    requests = rng.permuted(np.tile(np.arange(ROUNDS), (people, 1)), axis=1)
    latent = 3.0 + null.noise * rng.normal(size=(people, ROUNDS, arms))
    latent += null.level * rng.normal(size=(people, 1, 1))
    latent += null.liking * rng.normal(size=(people, 1, arms))
    latent += null.slope * rng.normal(size=(people, 1, 1)) * time
    latent += null.arm_slope * rng.normal(size=(people, 1, arms)) * time
    latent += null.request * rng.normal(size=(ROUNDS, 1))[requests]
    latent += null.request_arm * rng.normal(size=(ROUNDS, arms))[requests]
    return np.clip(np.rint(latent), 1, 5), requests
