"""Policies, tuning and many runs: equal budgets, other seeds, equal results for any workers."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from hare.errors import SettingsError
from hare.experiments.policies import GRID_SIZE, POLICIES, Shape, policy_named
from hare.experiments.runs import (
    FIRST_TUNING_SEED,
    Plan,
    Task,
    draw,
    play,
    run_all,
    run_task,
    tune,
)
from hare.simulation.environments import draw_stream

TINY = Plan(seeds=2, rounds=30, tuning_seeds=1)
NOTHING_TO_TUNE = {"random", "rag"}


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_plays_a_stream_of_pairs_with_exact_regret(name: str) -> None:
    task = Task("nonlinear", name, 1, 30, POLICIES[name].grid[0])
    played = run_task(task)
    stream = draw("nonlinear", 1, 30)
    assert played.regret.shape == played.decisions.shape == (30,)
    assert (played.regret >= 0).all()
    own = [stream.regret(t, item) for t, item in enumerate(played.decisions)]
    np.testing.assert_array_equal(played.regret, own)
    assert 1 <= played.effective_items <= min(30, 40) + 1e-9


@pytest.mark.parametrize(
    "name", [n for n, p in POLICIES.items() if p.applies(Shape(arms=3, users=1, pairs=False))]
)
def test_policies_that_apply_play_classification_data(name: str) -> None:
    played = run_task(Task("wine", name, 1, 20, POLICIES[name].grid[0]))
    assert set(played.regret) <= {0.0, 1.0}


def test_policies_that_need_items_or_users_do_not_apply_to_classification_data() -> None:
    shape = Shape.of(draw("wine", 0, 20))
    left_out = {name for name, policy in POLICIES.items() if not policy.applies(shape)}
    assert {"rag", "linucb_per_user", "neural_ucb_users", "linucb_crossed"} <= left_out
    assert {"hare", "linucb", "neural_ucb", "random"}.isdisjoint(left_out)


def test_every_tunable_policy_has_as_many_different_settings() -> None:
    for name, policy in POLICIES.items():
        expected = 1 if name in NOTHING_TO_TUNE else GRID_SIZE
        assert len(policy.grid) == expected, name
        assert len({repr(s) for s in policy.grid}) == expected, name


def test_tuning_tries_every_setting_on_seeds_that_are_never_reported() -> None:
    plan = Plan(seeds=FIRST_TUNING_SEED, rounds=30, tuning_seeds=3)
    assert not set(plan.reported) & set(plan.tuning)
    choices = tune("nonlinear", ["linucb", "lin_ts", "random"], TINY)
    assert len(choices["linucb"].tried) == len(choices["lin_ts"].tried) == GRID_SIZE
    assert choices["random"].tried == []
    for name in ("linucb", "lin_ts"):
        best = min(choices[name].tried, key=lambda t: t["regret_mean"])
        assert choices[name].settings == best["settings"]


def test_the_tried_regret_is_that_of_the_tuning_seed() -> None:
    choice = tune("bilinear", ["linucb"], TINY)["linucb"]
    first = choice.tried[0]
    task = Task("bilinear", "linucb", FIRST_TUNING_SEED, 30, first["settings"])
    assert first["regret_mean"] == pytest.approx(run_task(task).regret.sum())


def test_runs_are_the_same_for_any_number_of_workers_and_in_order() -> None:
    tasks = [Task("linear", name, s, 20) for name in ("random", "linucb") for s in (0, 1)]
    alone = run_all(run_task, tasks, Plan(seeds=2, rounds=20, jobs=1))
    shared = run_all(run_task, tasks, Plan(seeds=2, rounds=20, jobs=2))
    for a, b in zip(alone, shared, strict=True):
        np.testing.assert_array_equal(a.decisions, b.decisions)
    assert not np.array_equal(alone[0].decisions, alone[1].decisions)


def test_a_policy_that_knows_the_answer_has_no_regret() -> None:
    stream = draw("drifting", 3, 25)

    class Oracle:
        def __init__(self) -> None:
            self.round = 0

        def decide(self, context: np.ndarray, user: int) -> int:
            return int(stream.expected[self.round].argmax())

        def learn(self, context: np.ndarray, user: int, decision: int, reward: float) -> None:
            self.round += 1

    assert play(stream, Oracle()).regret.sum() == 0.0


def test_told_users_changes_what_a_policy_can_do_and_others_are_not_told() -> None:
    shape = Shape(arms=40, users=20, pairs=True)
    stream = draw("nonlinear", 5, 40)
    for name, policy in POLICIES.items():
        if policy.uses_users or name in ("random", "neural_ts", "lin_ts"):
            continue
        decisions = []
        for user in (0, 7):
            player = policy.build(policy.grid[0], shape, np.random.default_rng(0))
            chosen = []
            for t in range(12):
                context = stream.contexts(t)
                item = player.decide(context, user)
                player.learn(context, user, item, stream.reward(t, item))
                chosen.append(item)
            decisions.append(chosen)
        assert decisions[0] == decisions[1], name


def test_cosine_takes_the_item_most_alike_the_request() -> None:
    stream = draw_stream("linear", 2, 10)
    player = policy_named("rag").build({}, Shape.of(stream), np.random.default_rng(0))
    for t in range(10):
        wanted = int((stream.items @ stream.requests[t]).argmax())
        assert player.decide(stream.contexts(t), 0) == wanted


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"seeds": 1}, "seeds"),
        ({"seeds": FIRST_TUNING_SEED + 1}, "seeds"),
        ({"rounds": 3}, "rounds"),
        ({"tuning_seeds": 0}, "tuning_seeds"),
        ({"jobs": 0}, "jobs"),
        ({"backend": "threads"}, "backend"),
    ],
)
def test_a_plan_out_of_range_is_refused_by_name(values: dict[str, Any], field: str) -> None:
    with pytest.raises(SettingsError, match=f"^{field} = "):
        Plan(**values)


def test_unknown_environments_and_policies_are_refused_with_what_is_known() -> None:
    with pytest.raises(SettingsError, match="environments = 'moon': must be among linear"):
        draw("moon", 0, 10)
    with pytest.raises(SettingsError, match="policies = 'oracle': must be among hare"):
        policy_named("oracle")


def test_without_ray_its_backend_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    plan = Plan(seeds=2, rounds=10, backend="ray")
    with pytest.raises(SettingsError, match="pip install"):
        run_all(run_task, [Task("linear", "random", 0, 10)], plan)
