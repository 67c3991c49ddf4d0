"""Simulated users: a mixture of archetypes, stationary drift."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hare.errors import SettingsError
from hare.simulation.populations import ArchetypePopulation, draw_users, drift


def test_users_of_one_archetype_lie_closer_than_users_of_two() -> None:
    users = draw_users(ArchetypePopulation(), 300, np.random.default_rng(1))
    distance = np.linalg.norm(users.states[:, None] - users.states[None], axis=2)
    same = users.archetype[:, None] == users.archetype[None]
    away = ~np.eye(300, dtype=bool)
    assert distance[same & away].mean() < 0.6 * distance[~same].mean()


def test_the_stated_scale_is_that_of_users_over_many_populations() -> None:
    population = ArchetypePopulation()
    drawn = [draw_users(population, 5, np.random.default_rng(s)).states for s in range(2000)]
    assert np.std(drawn) == pytest.approx(population.scale, rel=0.02)


def test_drift_starts_at_the_given_states_and_keeps_their_scale() -> None:
    rng = np.random.default_rng(2)
    start = rng.normal(0.0, 1.5, (4000, 2))
    paths = drift(start, 60, persistence=0.9, scale=1.5, rng=rng)
    assert paths.shape == (60, 4000, 2)
    np.testing.assert_array_equal(paths[0], start)
    assert paths[-1].std() == pytest.approx(1.5, rel=0.03)
    correlation = np.corrcoef(paths[0].ravel(), paths[5].ravel())[0, 1]
    assert correlation == pytest.approx(0.9**5, abs=0.03)


def test_full_persistence_leaves_everybody_where_they_are() -> None:
    start = np.random.default_rng(3).normal(size=(4, 5))
    paths = drift(start, 7, 1.0, 1.0, np.random.default_rng(4))
    np.testing.assert_array_equal(paths, np.broadcast_to(start, (7, 4, 5)))


@pytest.mark.parametrize(
    ("field", "value"), [("archetypes", 0), ("dimension", 0), ("spread", -0.1), ("spread", np.inf)]
)
def test_impossible_populations_are_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=f"{field} = "):
        ArchetypePopulation(**{field: value})


def test_impossible_draws_are_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="users = 0"):
        draw_users(ArchetypePopulation(), 0, np.random.default_rng(1))
    with pytest.raises(SettingsError, match=r"persistence = 1\.1"):
        drift(np.zeros((1, 1)), 2, 1.1, 1.0, np.random.default_rng(1))
