"""Does attention become more specific as a user is known better? (H5; mathematics in §1.4)

For each user's own 1st, 2nd, ... round: H(Ā), E[H(A_u)], their difference I(item; u), and the share
of the user's prior variance that is left. Two kinds of streams:

    arriving   cold_start: everybody arrives, asks ten times and leaves
    staying    nonlinear: twenty users who ask in random order, their first 30 rounds

Only the later half of the users who arrive is counted: by then the prior is learned, and what
falls within a user's rounds is not the population's part. Entropy falls in expectation under exact
Bayes, not along each path; so the trend is tested over seeds, one slope a seed, never on one path.
The attention is also played (its argmax), with the ablations' default settings and with alpha = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hare.experiments.ablations import DEFAULT
from hare.experiments.policies import Shape, attentive, without_constant
from hare.experiments.runs import Plan, Task, draw, policy_rng, run_all
from hare.experiments.statistics import Interval, mean_interval, slopes

Array = NDArray[np.float64]
STREAMS = {"cold_start": 10, "nonlinear": 30}  # environment -> own rounds looked at
ALPHAS = (0.0, 2.0)
MEASURES = ("entropy", "expected_entropy", "mutual_information", "uncertainty")


@dataclass(frozen=True, slots=True)
class EntropyPoint:
    """A measure in the users' own round (1, 2, ...): mean over users, then over seeds. nats,
    except `uncertainty`, a share of the prior's variance."""

    environment: str
    alpha: float
    measure: str
    own_round: int
    seeds: int
    mean: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True)
class Trend:
    """The slope of a measure by own round, over seeds: mean, 95% t interval, two-sided p.

    change   mean in the last own round less that in the first, with its interval
    falling  share of seeds whose slope is below 0
    """

    environment: str
    alpha: float
    measure: str
    seeds: int
    horizon: int
    own_rounds: int
    slope: float
    slope_ci_low: float
    slope_ci_high: float
    p: float
    falling: float
    change: float
    change_ci_low: float
    change_ci_high: float


def measure_entropy(plan: Plan) -> tuple[list[EntropyPoint], list[Trend]]:
    """The points of all trajectories, and their trends."""
    points: list[EntropyPoint] = []
    trends: list[Trend] = []
    for environment in STREAMS:
        for alpha in ALPHAS:
            tasks = [
                Task(environment, "hare", seed, plan.rounds, {"alpha": alpha})
                for seed in plan.reported
            ]
            label = f"{environment}, alpha {alpha:g}"
            paths = _common(run_all(run_entropy, tasks, plan, label))
            for m, measure in enumerate(MEASURES):
                own = paths[:, m]  # (seeds, own rounds)
                for k, column in enumerate(own.T):
                    i = mean_interval(column)
                    points.append(
                        EntropyPoint(
                            environment, alpha, measure, k + 1, plan.seeds, i.value, i.low, i.high
                        )
                    )
                trends.append(_trend(environment, alpha, measure, own, plan))
    return points, trends


def run_entropy(task: Task) -> Array:
    """(measures, own rounds) of one stream: means over the users who came so far."""
    stream = draw(task.environment, task.seed, task.rounds)
    bandit = attentive(
        {**DEFAULT, **task.settings}, Shape.of(stream), policy_rng("hare", task.seed)
    )
    own_rounds = STREAMS[task.environment]
    sums, counts = np.zeros((len(MEASURES), own_rounds)), np.zeros(own_rounds)
    asked: dict[int, int] = {}
    early: set[int] = set()  # users not counted
    arriving = task.environment == "cold_start"
    for t in range(len(stream)):
        user = int(stream.users[t])
        context = without_constant(stream.contexts(t), user)[None]
        attention = bandit.attend(context, [user])
        decision = int(attention.weights[0].argmax())
        k = asked.get(user, 0)
        asked[user] = k + 1
        if arriving and k == 0 and 2 * t < len(stream):
            early.add(user)
        if k < own_rounds and user not in early:
            sums[:, k] += [float(getattr(attention, measure)[0]) for measure in MEASURES]
            counts[k] += 1
        bandit.partial_fit(context, [decision], [stream.reward(t, decision)], [user])
    reached = counts > 0
    return sums[:, reached] / counts[reached]


def _common(paths: list[Array]) -> Array:
    """(seeds, measures, own rounds) up to the own round that every seed reached."""
    shortest = min(path.shape[1] for path in paths)
    return np.stack([path[:, :shortest] for path in paths])


def _trend(environment: str, alpha: float, measure: str, own: Array, plan: Plan) -> Trend:
    by_seed = slopes(own)
    slope, change = mean_interval(by_seed), mean_interval(own[:, -1] - own[:, 0])
    return Trend(
        environment,
        alpha,
        measure,
        plan.seeds,
        plan.rounds,
        own.shape[1],
        *_numbers(slope),
        p=float(np.asarray(stats.ttest_1samp(by_seed, 0.0))[1]),
        falling=float((by_seed < 0).mean()),
        change=change.value,
        change_ci_low=change.low,
        change_ci_high=change.high,
    )


def _numbers(interval: Interval) -> tuple[float, float, float]:
    return interval.value, interval.low, interval.high
