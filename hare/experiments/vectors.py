"""The second action class: a synthesised vector in place of an item.

In each round HARE's attended mixture z = Σ Ā_k v_k is brought to unit length, played, and learned
from as a context whose item columns are z. Its regret is against the stated optimum over the unit
ball (`Stream.best_vector_value`), never against the best item. Next to it, against that same
optimum: the items that HARE chooses when it plays items, and the best item there is, known only to
an oracle. The settings are those that tuning chose for items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hare.errors import InputError
from hare.experiments.policies import ITEM, Settings, Shape, attentive, without_constant
from hare.experiments.runs import Plan, Task, draw, policy_rng, run_all
from hare.experiments.statistics import mean_interval, paired_ratio
from hare.simulation.environments import ENVIRONMENTS, Stream

Array = NDArray[np.float64]
WAYS = {
    "hare_vectors": "HARE, synthesised vectors",
    "hare_items": "HARE, items",
    "best_item": "best item (oracle)",
}


@dataclass(frozen=True, slots=True)
class VectorRow:
    """Regret against the best vector of the unit ball. ratio_to_best_item: paired over seeds."""

    environment: str
    policy: str
    seeds: int
    horizon: int
    regret_mean: float
    regret_ci_low: float
    regret_ci_high: float
    ratio_to_best_item: float
    ratio_ci_low: float
    ratio_ci_high: float
    last_quarter_a_round: float  # mean regret of a round in the last quarter
    settings: dict[str, Any]
    action_class: str = "vectors"


def measure_vectors(
    environments: Sequence[str], settings: Mapping[str, Settings], plan: Plan
) -> list[VectorRow]:
    """Three rows an environment. `settings` of HARE, by environment; data sets have no vectors."""
    rows: list[VectorRow] = []
    for environment in [name for name in environments if name in ENVIRONMENTS]:
        chosen = settings.get(environment, {})
        tasks = [
            Task(environment, way, seed, plan.rounds, chosen)
            for way in WAYS
            for seed in plan.reported
        ]
        regrets = np.stack(run_all(run_vectors, tasks, plan, f"{environment}, vectors"))
        by_way = regrets.reshape(len(WAYS), plan.seeds, -1)
        oracle = by_way[list(WAYS).index("best_item")].sum(axis=1)
        for way, own in zip(WAYS, by_way, strict=True):
            mean = mean_interval(own.sum(axis=1))
            ratio = paired_ratio(own.sum(axis=1), oracle)
            rows.append(
                VectorRow(
                    environment,
                    way,
                    plan.seeds,
                    own.shape[1],
                    *(mean.value, mean.low, mean.high),
                    *(ratio.value, ratio.low, ratio.high),
                    last_quarter_a_round=float(own[:, -(own.shape[1] // 4) :].mean()),
                    settings={} if way == "best_item" else dict(chosen),
                )
            )
    return rows


def run_vectors(task: Task) -> Array:
    """(T,) regret of each round against the best vector."""
    stream = draw(task.environment, task.seed, task.rounds)
    assert isinstance(stream, Stream)
    if task.policy == "best_item":
        return stream.best_vector_value - stream.expected.max(axis=1)
    bandit = attentive(task.settings, Shape.of(stream), policy_rng(task.policy, task.seed))
    regret = np.empty(len(stream))
    for t in range(len(stream)):
        user = int(stream.users[t])
        contexts, users = without_constant(stream.contexts(t), user), [user]
        if task.policy == "hare_items":
            item = int(bandit.predict(contexts[None], users)[0])
            row, reward = contexts[item], stream.reward(t, item)
            regret[t] = stream.best_vector_value[t] - stream.expected[t, item]
        else:
            vector = _unit(bandit.synthesise(contexts[None], users)[0])
            # One noise a round, drawn as an item's is: the first item's column.
            reward = float(stream.value(t, vector[None])[0] + stream.noise[t, 0])
            row = contexts[0].copy()
            row[ITEM] = vector * np.linalg.norm(contexts[0, ITEM])
            regret[t] = stream.vector_regret(t, vector)
        bandit.partial_fit(row[None, None], [0], [reward], users)
    return regret


def _unit(vector: Array) -> Array:
    norm = float(np.linalg.norm(vector))
    if not norm > 0:
        raise InputError("the attended mixture is zero and has no direction")
    return vector / norm
