"""Cumulative regret of every policy in every environment, on common random numbers.

Every tunable policy chooses among as many settings on as many tuning seeds; the reported seeds are
others. A row is one policy in one environment; ratios and differences are paired over seeds. The
second action class, synthesised vectors, has rows of its own (`vectors`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hare.experiments.policies import POLICIES, Shape, policy_named
from hare.experiments.runs import Choice, Plan, Played, Task, draw, run_all, run_task, tune
from hare.experiments.statistics import Interval, mean_interval, paired_difference, paired_ratio

Array = NDArray[np.float64]
QUARTERS = 4
REFERENCES = ("linucb", "linucb_disjoint", "neural_ucb")  # what the others are compared with
CURVE_POINTS = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One policy in one environment. Intervals are 95%; regret is summed over the horizon.

    ratio_to_linucb        this policy's mean regret over LinUCB's, paired over seeds; None where
                           LinUCB was not run. Likewise for LinUCB in its disjoint form (None also
                           on data sets, where LinUCB is disjoint) and for NeuralUCB.
    difference             this policy's regret less LinUCB's
    effective_items        exp H of how often each item was played
    settings               what tuning chose
    """

    environment: str
    policy: str
    seeds: int
    horizon: int
    regret_mean: float
    regret_ci_low: float
    regret_ci_high: float
    ratio_to_linucb: float | None
    ratio_ci_low: float | None
    ratio_ci_high: float | None
    ratio_to_linucb_disjoint: float | None
    ratio_to_linucb_disjoint_ci_low: float | None
    ratio_to_linucb_disjoint_ci_high: float | None
    ratio_to_neural_ucb: float | None
    ratio_to_neural_ucb_ci_low: float | None
    ratio_to_neural_ucb_ci_high: float | None
    difference: float | None
    difference_ci_low: float | None
    difference_ci_high: float | None
    effective_items: float
    settings: dict[str, Any]
    action_class: str = "items"


@dataclass(frozen=True, slots=True)
class SeedRecord:
    """What later comparisons need of every seed: regret by quarter of the stream, diversity."""

    environment: str
    policy: str
    quarters: list[list[float]]  # (seeds, 4)
    effective_items: list[float]  # (seeds,)


@dataclass(frozen=True, slots=True)
class EnvironmentResult:
    """All policies in one environment. curves: policy -> (3, points), mean, low, high, at rounds
    `at`."""

    environment: str
    rows: list[Row]
    choices: list[Choice]
    records: list[SeedRecord]
    at: NDArray[np.intp]
    curves: dict[str, Array] = field(default_factory=dict)


def measure_regret(
    environments: Sequence[str], policies: Sequence[str], plan: Plan
) -> Iterator[EnvironmentResult]:
    """One result an environment, as they are finished. Policies that do not apply are left out."""
    for name in policies:
        policy_named(name)
    shapes = {name: Shape.of(draw(name, 0, plan.rounds)) for name in environments}
    for environment in environments:
        shape = shapes[environment]
        names = [name for name in policies if POLICIES[name].applies(shape)]
        choices = tune(environment, names, plan)
        tasks = [
            Task(environment, name, seed, plan.rounds, choices[name].settings)
            for name in names
            for seed in plan.reported
        ]
        results = run_all(run_task, tasks, plan, environment)
        runs = {
            name: results[i * plan.seeds : (i + 1) * plan.seeds] for i, name in enumerate(names)
        }
        yield _summary(environment, runs, choices)


def as_json(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Dataclasses as JSON values."""
    return [asdict(row) for row in rows]


def _summary(
    environment: str, runs: dict[str, list[Played]], choices: dict[str, Choice]
) -> EnvironmentResult:
    totals = {name: np.array([p.regret.sum() for p in played]) for name, played in runs.items()}
    horizon = len(next(iter(runs.values()))[0].regret)
    at = np.unique(np.linspace(0, horizon - 1, min(CURVE_POINTS, horizon)).astype(np.intp))
    return EnvironmentResult(
        environment,
        [_row(environment, name, runs[name], totals, choices[name], horizon) for name in runs],
        list(choices.values()),
        [_record(environment, name, played) for name, played in runs.items()],
        at + 1,
        {name: _curve(played, at) for name, played in runs.items()},
    )


def _row(
    environment: str,
    name: str,
    played: list[Played],
    totals: dict[str, Array],
    choice: Choice,
    horizon: int,
) -> Row:
    own = totals[name]
    mean = mean_interval(own)
    ratios = {
        reference: paired_ratio(own, totals[reference]) if reference in totals else None
        for reference in REFERENCES
    }
    difference = paired_difference(own, totals["linucb"]) if "linucb" in totals else None
    return Row(
        environment,
        name,
        len(own),
        horizon,
        *_numbers(mean),
        *_numbers(ratios["linucb"]),
        *_numbers(ratios["linucb_disjoint"]),
        *_numbers(ratios["neural_ucb"]),
        *_numbers(difference),
        effective_items=float(np.mean([p.effective_items for p in played])),
        settings=dict(choice.settings),
    )


def _numbers(interval: Interval | None) -> tuple[Any, Any, Any]:
    return (None, None, None) if interval is None else (interval.value, interval.low, interval.high)


def _record(environment: str, name: str, played: list[Played]) -> SeedRecord:
    return SeedRecord(
        environment,
        name,
        [
            [round(float(part.sum()), 4) for part in np.array_split(p.regret, QUARTERS)]
            for p in played
        ],
        [round(p.effective_items, 4) for p in played],
    )


def _curve(played: list[Played], at: NDArray[np.intp]) -> Array:
    """(3, points): the mean cumulative regret over seeds and its 95% band."""
    cumulative = np.stack([np.cumsum(p.regret)[at] for p in played])
    intervals = [mean_interval(column) for column in cumulative.T]
    return np.array([[i.value, i.low, i.high] for i in intervals]).T
