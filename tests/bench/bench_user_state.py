"""What a rating costs: user-state updates at p = 32, and a full `learn` of the HARE arm.

    python -m tests.bench.bench_user_state [--repeats 300]

Every line times single calls and gives their median and quartiles in microseconds, by the wall's
clock. `learn` of the arm appends to the history and computes the batch posterior anew, and is timed
after 0 and after 9 ratings with the shipped model's sizes; the state's bytes are part of a round,
and have a line of their own.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from hare.user_state.binomial import BinomialRatings
from hare.user_state.credit import ClusterCredit
from hare.user_state.gaussian import GaussianRatings
from hare.user_state.mixture import MixturePosterior
from hare.user_state.normal import NormalPosterior
from hare.user_state.ordinal import OrdinalModel
from hare.user_state.state import UserState

SIZE, HISTORY, ARCHETYPES = 32, 10, 10
Row = dict[str, Any]


def rows(repeats: int = 300) -> list[Row]:
    """One row an operation: its name, median and quartiles in microseconds."""
    rng = np.random.default_rng(0)
    phi = rng.normal(size=(HISTORY, SIZE)) / np.sqrt(SIZE)
    texts = np.column_stack([1.1 * phi, rng.normal(0.0, 0.5, HISTORY)])
    rewards = rng.choice([0.0, 0.25, 0.5, 0.75, 1.0], HISTORY)
    ordinal = OrdinalModel(np.array([-1.6, 0.6, 2.3, 3.8]))
    gaussian = GaussianRatings(0.36)

    def normal(ratings: Any) -> NormalPosterior:
        return NormalPosterior.standard(SIZE, ratings)

    def mixture(ratings: Any) -> MixturePosterior:
        means = rng.normal(size=(ARCHETYPES, SIZE))
        covariances = np.tile(0.3 * np.eye(SIZE), (ARCHETYPES, 1, 1))
        return MixturePosterior(
            np.full(ARCHETYPES, -np.log(ARCHETYPES)), means, covariances, ratings
        )

    archetypes, mixed = f"{ARCHETYPES} archetypes", mixture(ordinal)
    known, many = normal(ordinal), mixture(gaussian)
    state = known.to_state()
    credit = ClusterCredit.start(24, SIZE, 1.0, 0.36)
    attention = np.full(24, 1 / 24)
    simple, binomial = normal(gaussian), normal(BinomialRatings())
    calls: dict[str, Callable[[], object]] = {
        "gaussian, one rating": lambda: simple.update(texts[0], 0.5),
        "ordinal, one rating, streaming": lambda: known.update(texts[0], 0.75),
        "binomial, one rating, streaming": lambda: binomial.update(texts[0], 0.75),
        f"gaussian mixture, {archetypes}, one rating": lambda: many.update(texts[0], 0.5),
        f"ordinal mixture, {archetypes}, one rating": lambda: mixed.update(texts[0], 0.75),
        f"ordinal, batch of {HISTORY} ratings": lambda: known.learn(texts, rewards),
        f"ordinal mixture, {archetypes}, batch of {HISTORY}": lambda: mixed.learn(texts, rewards),
        "information gain of 10 texts, ordinal": lambda: known.information_gain(texts),
        "credit to 24 clusters, one reward": lambda: credit.update(attention, phi[0], 0.5),
        "state to bytes and back": lambda: UserState.from_bytes(state.to_bytes()),
    }
    calls |= _arm_calls(rng)
    return [{"operation": name, **_timed(call, repeats)} for name, call in calls.items()]


def _arm_calls(rng: np.random.Generator) -> dict[str, Callable[[], object]]:
    """`learn` of the HARE arm with the shipped model, after no and after 9 ratings."""
    from hare.arms import ResourceSettings, build_arms
    from hare.arms.interface import Diagnostics, Provenance, Recommendation

    arm = build_arms({"hare": "hare"}, ResourceSettings())["hare"]
    fresh = arm.initial_state()
    shapes = {name: array.shape[1:] for name, array in fresh.arrays.items()}
    nothing = Provenance(arm="hare", version="", model="", prompt="", seed=0)
    p = shapes["features"][0] - 1
    shown = [
        Recommendation(
            text="",
            features={
                "text": np.append(1.1 * rng.normal(size=p) / np.sqrt(p), 0.0),
                "query": rng.normal(size=shapes["queries"]),
                "credit": rng.random(shapes["credit"]),
            },
            diagnostics=Diagnostics(),
            provenance=nothing,
        )
        for _ in range(HISTORY)
    ]
    later = fresh
    for text in shown[:-1]:
        later = arm.learn(later, text, float(rng.integers(5)) / 4)
    return {
        f"HARE arm, learn, first rating (p = {p})": lambda: arm.learn(fresh, shown[0], 0.75),
        f"HARE arm, learn, tenth rating (p = {p})": lambda: arm.learn(later, shown[-1], 0.75),
    }


def _timed(call: Callable[[], object], repeats: int) -> dict[str, float]:
    for _ in range(5):
        call()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    low, median, high = np.percentile(1e6 * np.array(seconds), [25, 50, 75])
    return {"median_us": float(median), "q1_us": float(low), "q3_us": float(high)}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=300)
    repeats = parser.parse_args().repeats
    print(f"| operation, p = {SIZE} unless stated | median, µs | quartiles, µs |\n|---|---|---|")
    for row in rows(repeats):
        quartiles = f"{row['q1_us']:.0f} to {row['q3_us']:.0f}"
        print(f"| {row['operation']} | {row['median_us']:.0f} | {quartiles} |")


if __name__ == "__main__":
    main()
