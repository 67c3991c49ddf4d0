"""An arm that answers at once, for tests, dry runs of the software and studies of the null.

It writes well-formed texts from a few fixed sentences and learns a running mean of its rewards, so
that every path of the platform (generation, learning, replay) can be exercised without a model.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence

import numpy as np

from hare.arms.interface import Diagnostics, Provenance, Recommendation, Request, check_reward
from hare.errors import StateError
from hare.user_state.state import Array, UserState

VERSION = "1"

_TITLES = ("A first pass at the work", "One steady way through", "The short careful route")
_STEPS = (
    "Write down what the work must do before anything else.",
    "Ask the person who relies on it what would hurt most.",
    "Take the smallest part first and finish it.",
    "Check the result against the list from the start.",
    "Keep a note of what surprised you for the next time.",
    "Show it to one person who has not seen it before.",
)


class FakeArm:
    """An instant arm. `name` is free, so one study can hold several under different labels.

    >>> arm = FakeArm()
    >>> request = Request("Help me plan", arm.initial_state(), seed=1)
    >>> arm.recommend([request])[0].text == arm.recommend([request])[0].text
    True
    """

    adaptive = True

    def __init__(self, name: str = "fake", feature_size: int = 4) -> None:
        self.name = name
        self.feature_size = feature_size

    def initial_state(self) -> UserState:
        return UserState("fake", 0, {"mean": np.zeros(self.feature_size), "precision": np.ones(1)})

    def recommend(self, requests: Sequence[Request]) -> list[Recommendation]:
        return [self._write(request) for request in requests]

    def learn(self, state: UserState, recommendation: Recommendation, reward: float) -> UserState:
        known = _read(state)
        precision = known["precision"] + 1.0
        error = check_reward(reward) - known["mean"]
        mean = known["mean"] + recommendation.features["text"] * error / precision
        return UserState("fake", state.rounds + 1, {"mean": mean, "precision": precision})

    def _write(self, request: Request) -> Recommendation:
        start = time.perf_counter()
        doubt = 1.0 / _read(request.state)["precision"][0]
        rng = np.random.default_rng([request.seed, request.state.rounds])
        steps = rng.permutation(len(_STEPS))[:4]
        lines = "\n".join(f"{k}. {_STEPS[i]}" for k, i in enumerate(steps, start=1))
        text = (
            f"# {_TITLES[rng.integers(len(_TITLES))]}\n\n"
            "A short plan that keeps the work small and visible.\n\n"
            "## When to use\nUse this when you are about to start and want no surprises.\n\n"
            f"## Instructions\n{lines}\n\n"
            "## Example\n"
            "A colleague followed it for a week and found the weak spot on the second day."
        )
        digest = hashlib.sha256(text.encode()).digest()[: self.feature_size]
        features = np.frombuffer(digest, dtype=np.uint8).astype(np.float64) / 255.0
        return Recommendation(
            text=text,
            features={"text": features},
            diagnostics=Diagnostics(uncertainty=float(doubt)),
            provenance=Provenance(
                arm=self.name,
                version=VERSION,
                model="",
                prompt=request.query,
                seed=request.seed,
                tokens=len(text.split()),
                latency_s=time.perf_counter() - start,
            ),
        )


def _read(state: UserState) -> Mapping[str, Array]:
    if state.kind != "fake":
        raise StateError(f"the fake arm cannot read a state of kind {state.kind!r}")
    return state.arrays
