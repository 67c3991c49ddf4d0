"""What each part of HARE is worth: one part changed at a time, paired with the default.

All runs use the settings that `default` names, untuned, so that a row differs from the default in
what it says and in nothing else. `horizon` is that of the stream, for the linear schedule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hare.experiments.policies import (
    BanditPlayer,
    Settings,
    Shape,
    attentive,
    without_constant,
)
from hare.experiments.runs import Plan, Played, Task, draw, play, policy_rng, run_all
from hare.experiments.statistics import mean_interval, paired_difference, paired_ratio

ENVIRONMENTS = ("nonlinear", "cold_start")
DEFAULT: Settings = {
    "alpha": 2.0,
    "exploration": "cubature",
    "temperature": 0.1,
    "heads": 1,
    "clusters": 8,
    "schedule": "fixed",
    "update_every": 1,
    "crossed": True,
    "user_state": True,
    "learn_prior": True,
}
VARIANTS: dict[str, tuple[str, Settings]] = {  # name -> part, what is changed
    "default": ("default", {}),
    "alpha = 0": ("exploration strength", {"alpha": 0.0}),
    "thompson": ("exploration mode", {"exploration": "thompson"}),
    "gumbel": ("exploration mode", {"exploration": "gumbel"}),
    "temperature": ("exploration mode", {"exploration": "temperature"}),
    "none": ("exploration mode", {"exploration": "none"}),
    "2 heads": ("heads", {"heads": 2}),
    "4 heads": ("heads", {"heads": 4}),
    "linear schedule": ("schedule of alpha", {"schedule": "linear"}),
    "inverse square root schedule": ("schedule of alpha", {"schedule": "inverse_sqrt"}),
    "learned alpha": ("schedule of alpha", {"schedule": "learned"}),
    "update every 10": ("covariance update", {"update_every": 10}),
    "update every 50": ("covariance update", {"update_every": 50}),
    "2 clusters": ("clusters", {"clusters": 2}),
    "4 clusters": ("clusters", {"clusters": 4}),
    "16 clusters": ("clusters", {"clusters": 16}),
    "no linear attention": ("attention", {"crossed": False}),
    "no user state": ("user state", {"user_state": False}),
    "prior not learned": ("prior", {"learn_prior": False}),
}


@dataclass(frozen=True, slots=True)
class AblationRow:
    """One variant in one environment; difference and ratio to the default, paired over seeds."""

    environment: str
    variant: str
    part: str
    seeds: int
    horizon: int
    regret_mean: float
    regret_ci_low: float
    regret_ci_high: float
    difference: float
    difference_ci_low: float
    difference_ci_high: float
    ratio: float
    ratio_ci_low: float
    ratio_ci_high: float
    effective_items: float
    settings: dict[str, Any]


def measure_ablations(environments: Sequence[str], plan: Plan) -> list[AblationRow]:
    """A row for each environment and variant, the default's first."""
    rows: list[AblationRow] = []
    for environment in environments:
        tasks = [
            Task(environment, name, seed, plan.rounds)
            for name in VARIANTS
            for seed in plan.reported
        ]
        results = run_all(run_variant, tasks, plan, f"{environment}, ablations")
        totals = np.array([played.regret.sum() for played in results]).reshape(-1, plan.seeds)
        for i, (name, (part, changed)) in enumerate(VARIANTS.items()):
            own, base = totals[i], totals[0]
            mean, difference = mean_interval(own), paired_difference(own, base)
            ratio = paired_ratio(own, base)
            played = results[i * plan.seeds : (i + 1) * plan.seeds]
            rows.append(
                AblationRow(
                    environment,
                    name,
                    part,
                    plan.seeds,
                    len(played[0].regret),
                    *(mean.value, mean.low, mean.high),
                    *(difference.value, difference.low, difference.high),
                    *(ratio.value, ratio.low, ratio.high),
                    effective_items=float(np.mean([p.effective_items for p in played])),
                    settings={**DEFAULT, **changed},
                )
            )
    return rows


def run_variant(task: Task) -> Played:
    """The variant `task.policy` on its stream; all variants draw from the same generator."""
    stream = draw(task.environment, task.seed, task.rounds)
    settings = {**DEFAULT, **VARIANTS[task.policy][1], "horizon": len(stream)}
    bandit = attentive(settings, Shape.of(stream), policy_rng("hare", task.seed))
    return play(stream, BanditPlayer(bandit, told_users=True, see=without_constant))
