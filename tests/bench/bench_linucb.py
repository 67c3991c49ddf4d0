"""LinUCB, one decision and one update at d = 64 and K = 100, beside two other libraries.

    python -m tests.bench.bench_linucb [--quick]

All play the same stream in one process and must decide alike, round for round. They take turns in
blocks of rounds, in rotating order, so that each finds its own matrices in the cache. Before that
every arm is played once: contextualbandits breaks the first ties at random, the others by index.
A ratio is the peer's median time over ours within one repeat; its median, smallest and largest
over the repeats are given, on the wall's clock and in processor time. On a busy machine the wall's
clock flatters us: a round of microseconds ends before it is interrupted, one of milliseconds does
not. Processor time shows that less.

mabwiser 2.7.0 asks numpy for a name that numpy 2 dropped (`Inf`); it is lent for the run.
contextualbandits is given `use_float=False, fit_intercept=False`. A peer that is not installed is
named and left out.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hare.bandits import LinUCB

SIZE, ARMS, BLOCK = 64, 100, 25
AIM = 50.0  # times faster than mabwiser
OURS = "hare"
Array = NDArray[np.float64]
Row = dict[str, Any]


@dataclass(frozen=True)
class Player:
    """decide takes one context (1, d); learn takes it with the arm and the reward, (1,) each."""

    decide: Callable[[Array], Any]
    learn: Callable[[Array, NDArray[np.int64], Array], Any]


def rows(quick: bool = False) -> list[Row]:
    """One row a library: median milliseconds a round, and how many times ours it takes."""
    repeats, rounds = (5, 100) if quick else (9, 400)
    with _name_that_numpy_dropped():
        names = [OURS, *(name for name in PEERS if _version(name))]
        times = {name: np.zeros((repeats, 2)) for name in names}  # wall, processor; milliseconds
        for repeat in range(repeats):
            for name, seconds in played(names, repeat, rounds).items():
                times[name][repeat] = 1e3 * np.median(seconds, axis=0)
    found: list[Row] = []
    for name in (OURS, *PEERS):
        row: Row = {"library": name, "version": "here" if name == OURS else _version(name)}
        if name in times:
            ratio = times[name] / times[OURS]
            row |= {
                "repeats": repeats,
                "rounds": rounds,
                "median_ms": float(np.median(times[name][:, 0])),
                **_spread("ratio", ratio[:, 0]),
                **_spread("processor_ratio", ratio[:, 1]),
            }
        found.append(row)
    return found


def played(names: list[str], seed: int, rounds: int) -> dict[str, Array]:
    """(rounds, 2) seconds by library, on the wall and of the processor; RuntimeError when two
    decide differently."""
    rng = np.random.default_rng(seed)
    contexts = rng.normal(size=(ARMS + rounds, SIZE))
    contexts /= np.linalg.norm(contexts, axis=1, keepdims=True)
    rewards = contexts @ rng.normal(size=(SIZE, ARMS))
    rewards += rng.normal(0.0, 0.1, size=rewards.shape)
    first = np.arange(ARMS)
    builders = {OURS: _ours, **PEERS}
    players = {
        name: builders[name](contexts[:ARMS], first, rewards[first, first]) for name in names
    }
    seconds = {name: np.zeros((rounds, 2)) for name in names}
    decisions = {name: np.zeros(rounds, dtype=np.int64) for name in names}
    for block, start in enumerate(range(0, rounds, BLOCK)):
        for turn in range(len(names)):
            name = names[(block + turn) % len(names)]
            player = players[name]
            for t in range(start, min(start + BLOCK, rounds)):
                x, paid = contexts[ARMS + t : ARMS + t + 1], rewards[ARMS + t]
                begin, busy = time.perf_counter(), time.process_time()
                arm = np.atleast_1d(player.decide(x))
                player.learn(x, arm, paid[arm])
                spent = time.process_time() - busy
                seconds[name][t] = time.perf_counter() - begin, spent
                decisions[name][t] = arm[0]
    for name in names[1:]:
        differ = np.flatnonzero(decisions[name] != decisions[OURS])
        if len(differ):
            raise RuntimeError(f"{name} decides otherwise than {OURS} in round {differ[0]}")
    return seconds


def _ours(contexts: Array, arms: NDArray[np.int64], rewards: Array) -> Player:
    bandit = LinUCB(n_arms=ARMS, alpha=1.0, ridge=1.0).fit(contexts, arms, rewards)
    return Player(bandit.predict, bandit.partial_fit)


def _mabwiser(contexts: Array, arms: NDArray[np.int64], rewards: Array) -> Player:
    module = import_module("mabwiser.mab")
    bandit = module.MAB(list(range(ARMS)), module.LearningPolicy.LinUCB(alpha=1.0, l2_lambda=1.0))
    bandit.fit(arms, rewards, contexts)
    return Player(bandit.predict, lambda x, arm, reward: bandit.partial_fit(arm, reward, x))


def _contextualbandits(contexts: Array, arms: NDArray[np.int64], rewards: Array) -> Player:
    module = import_module("contextualbandits.online")
    bandit = module.LinUCB(
        ARMS, alpha=1.0, lambda_=1.0, use_float=False, fit_intercept=False, random_state=1
    )
    bandit.partial_fit(contexts, arms, rewards)
    return Player(bandit.predict, bandit.partial_fit)


PEERS: dict[str, Callable[[Array, NDArray[np.int64], Array], Player]] = {
    "mabwiser": _mabwiser,
    "contextualbandits": _contextualbandits,
}


def _spread(name: str, values: Array) -> Row:
    """Median, smallest and largest under three names."""
    return {
        name: float(np.median(values)),
        f"{name}_low": float(values.min()),
        f"{name}_high": float(values.max()),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


@contextmanager
def _name_that_numpy_dropped() -> Iterator[None]:
    lent = not hasattr(np, "Inf")
    if lent:
        np.__dict__["Inf"] = np.inf
    try:
        yield
    finally:
        if lent:
            del np.__dict__["Inf"]


def main() -> None:
    parser = argparse.ArgumentParser(description="LinUCB beside other libraries.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and repeats")
    found = rows(parser.parse_args().quick)
    print(f"LinUCB, decide + update of one round, d = {SIZE}, K = {ARMS}, same decisions.\n")
    print(
        "| library | version | ms a round | times ours (smallest–largest) | in processor time |\n"
        "|---|---|---|---|---|"
    )
    for row in found:
        if "ratio" not in row:
            print(f"| {row['library']} | not installed | not measured | | |")
            continue
        ratios = [
            f"{row[name]:.1f} ({row[name + '_low']:.1f}–{row[name + '_high']:.1f})"
            for name in ("ratio", "processor_ratio")
        ]
        print(
            f"| {row['library']} | {row['version']} | {row['median_ms']:.4f} "
            f"| {ratios[0]} | {ratios[1]} |"
        )
    for row in found:
        if row["library"] == "mabwiser" and "ratio" in row:
            verdict = "met" if min(row["ratio"], row["processor_ratio"]) >= AIM else "missed"
            print(f"\nAim of 1/{AIM:.0f} of mabwiser's time: {verdict}")


if __name__ == "__main__":
    main()
