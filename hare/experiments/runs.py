"""Many runs on all cores: one task is one policy with one setting on one stream.

Streams are drawn anew in every worker from their seed, so nothing but names and numbers travels.
Every worker keeps to one thread: the cores are shared out among tasks. A task's result depends on
the task alone, so it is the same for any number of jobs and for either backend.

Reported seeds are 0, 1, ...; tuning uses seeds from `FIRST_TUNING_SEED` on, the same number of
settings and seeds for every policy that has something to tune.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import joblib
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from hare.errors import SettingsError
from hare.experiments.policies import AnyStream, Player, Settings, Shape, policy_named
from hare.simulation.classification import DATASETS, draw_classification
from hare.simulation.environments import ENVIRONMENTS, draw_stream

Array = NDArray[np.float64]
In = TypeVar("In")
Out = TypeVar("Out")

ALL_ENVIRONMENTS = (*ENVIRONMENTS, *DATASETS)
BACKENDS = ("loky", "ray")
FIRST_TUNING_SEED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is run, and on what."""

    seeds: int = 30  # reported: 0 .. seeds - 1
    rounds: int = 1000  # at most: a data set ends where it ends
    tuning_seeds: int = 4
    jobs: int = 1  # -1: one a core
    backend: str = "loky"

    def __post_init__(self) -> None:
        for name, least, most in (
            ("seeds", 2, FIRST_TUNING_SEED),
            ("rounds", 4, 10**6),
            ("tuning_seeds", 1, 10**4),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise SettingsError(name, value, f"must lie in {least}..{most}")
        if self.jobs == 0:
            raise SettingsError("jobs", self.jobs, "must be at least 1, or -1 for one a core")
        if self.backend not in BACKENDS:
            raise SettingsError("backend", self.backend, f"must be one of {', '.join(BACKENDS)}")

    @property
    def reported(self) -> range:
        return range(self.seeds)

    @property
    def tuning(self) -> range:
        return range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + self.tuning_seeds)


@dataclass(frozen=True, slots=True)
class Task:
    """One run."""

    environment: str
    policy: str
    seed: int
    rounds: int
    settings: Settings = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What came of a run: regret (T,) >= 0 of each round, and the items played (T,)."""

    regret: Array
    decisions: NDArray[np.intp]

    @property
    def effective_items(self) -> float:
        """exp H of how often each item was played: how many items it amounts to."""
        shares = np.unique(self.decisions, return_counts=True)[1] / len(self.decisions)
        return float(np.exp(-(shares * np.log(shares)).sum()))


@dataclass(frozen=True, slots=True)
class Choice:
    """The settings that tuning chose: of the lowest mean regret, the first among equals."""

    environment: str
    policy: str
    settings: Settings
    tried: list[dict[str, Any]]  # settings and regret_mean over the tuning seeds


def play(stream: AnyStream, player: Player) -> Played:
    """Play all rounds of a stream."""
    rounds = len(stream)
    regret, decisions = np.empty(rounds), np.empty(rounds, dtype=np.intp)
    for t in range(rounds):
        context, user = stream.contexts(t), int(stream.users[t])
        decision = player.decide(context, user)
        decisions[t], regret[t] = decision, stream.regret(t, decision)
        player.learn(context, user, decision, stream.reward(t, decision))
    return Played(regret, decisions)


@lru_cache(maxsize=4)
def draw(environment: str, seed: int, rounds: int) -> AnyStream:
    """The stream of this name; a data set gives at most the examples that it has."""
    if environment in DATASETS:
        whole = draw_classification(environment, seed)
        return draw_classification(environment, seed, min(rounds, len(whole)))
    if environment not in ENVIRONMENTS:
        known = ", ".join(ALL_ENVIRONMENTS)
        raise SettingsError("environments", environment, f"must be among {known}")
    return draw_stream(environment, seed, rounds)


def policy_rng(policy: str, seed: int) -> np.random.Generator:
    """The generator that a policy draws from: another one for each policy and seed."""
    return np.random.default_rng([seed, zlib.crc32(policy.encode())])


def run_task(task: Task) -> Played:
    """Draw the stream, build the policy, play."""
    stream = draw(task.environment, task.seed, task.rounds)
    rng = policy_rng(task.policy, task.seed)
    player = policy_named(task.policy).build(task.settings, Shape.of(stream), rng)
    return play(stream, player)


def run_all(
    function: Callable[[In], Out], tasks: Sequence[In], plan: Plan, label: str = ""
) -> list[Out]:
    """`function` of each task, in the tasks' order, on `plan.jobs` workers with a progress bar."""
    if plan.backend == "ray":
        _register_ray()
    calls = (joblib.delayed(_single_threaded)(function, task) for task in tasks)
    threads = {"inner_max_num_threads": 1} if plan.backend == "loky" else {}  # torch's, too
    with joblib.parallel_config(backend=plan.backend, n_jobs=plan.jobs, **threads):
        # Ray's backend hands its results over together, so there its bar moves at the end only.
        how = "generator" if plan.backend == "loky" else "list"
        results: Any = joblib.Parallel(return_as=how)(calls)
        return list(tqdm(results, total=len(tasks), desc=label, leave=False, disable=None))


def tune(environment: str, policies: Iterable[str], plan: Plan) -> dict[str, Choice]:
    """For each policy the settings of its grid that did best on the tuning seeds."""
    tasks = [
        Task(environment, policy, seed, plan.rounds, settings)
        for policy in policies
        for settings in policy_named(policy).grid
        for seed in plan.tuning
        if len(policy_named(policy).grid) > 1
    ]
    totals: dict[str, dict[str, float]] = {}
    for task, played in zip(
        tasks, run_all(run_task, tasks, plan, f"tuning {environment}"), strict=True
    ):
        of = totals.setdefault(task.policy, {})
        of[repr(task.settings)] = of.get(repr(task.settings), 0.0) + float(played.regret.sum())
    choices = {}
    for policy in policies:
        grid = policy_named(policy).grid
        means = [
            totals[policy][repr(s)] / plan.tuning_seeds if policy in totals else None for s in grid
        ]
        best = int(np.argmin([0.0 if mean is None else mean for mean in means]))
        tried = [
            {"settings": dict(s), "regret_mean": mean}
            for s, mean in zip(grid, means, strict=True)
            if mean is not None
        ]
        choices[policy] = Choice(environment, policy, grid[best], tried)
    return choices


def _single_threaded(function: Callable[[In], Out], task: In) -> Out:
    with threadpool_limits(limits=1):
        return function(task)


def _register_ray() -> None:
    try:
        from ray.util.joblib import register_ray  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise SettingsError(
            "backend", "ray", "needs the package ray: pip install 'ray[default]'"
        ) from error
    register_ray()
