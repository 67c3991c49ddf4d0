"""Simulated users: what they like shows in their ratings, and posteriors find it."""

from __future__ import annotations

import numpy as np
import pytest

from hare.synthesis.histories import Population, draw_users, ratings_of, simulate_states
from hare.user_state.ordinal import OrdinalModel

POPULATION = Population()


def test_users_like_one_or_two_domains_and_one_level() -> None:
    users = draw_users(POPULATION, 2000, 10, np.random.default_rng(0))
    liked = (users.affinity > 0.5).sum(axis=1)
    assert set(liked) == {1, 2}
    # 0.4 of the users, four standard errors of a share of 2,000
    assert np.mean(liked == 2) == pytest.approx(POPULATION.second_domain, abs=0.044)
    assert (users.levels.sum(axis=1) == 1).all()


def test_ratings_are_whole_and_on_the_scale_and_equal_expectations_without_noise() -> None:
    expected = np.array([[1.0, 2.4, 2.6, 9.0, -3.0]])
    rng = np.random.default_rng(0)
    assert ratings_of(expected, 0.0, rng).tolist() == [[1, 2, 3, 5, 1]]
    noisy = ratings_of(np.full((100, 100), 3.0), 2.0, rng)
    assert set(np.unique(noisy)) == {1, 2, 3, 4, 5}


def test_histories_of_every_length_occur_and_longer_ones_leave_less_doubt() -> None:
    rng = np.random.default_rng(1)
    domains, levels = np.arange(90) % 5, np.arange(90) % 3
    features = np.column_stack([1.1 * np.eye(5)[domains], np.zeros(90)])
    model = OrdinalModel(np.array([-1.5, -0.5, 0.5, 1.5]))
    bank = simulate_states(features, domains, levels, model, POPULATION, 5, 400, rng)
    assert set(bank.rounds) == set(range(13))
    doubt = np.trace(bank.covariance, axis1=1, axis2=2) / 5
    assert (doubt[bank.rounds == 0] == 1).all()
    assert (bank.mean[bank.rounds == 0] == 0).all()
    assert doubt[bank.rounds > 8].mean() < doubt[(bank.rounds > 0) & (bank.rounds < 5)].mean()
    known = bank.rounds > 8
    found = bank.mean[known].argmax(axis=1) == bank.domain[known]
    assert found.mean() > 0.6  # a second liked domain may lead; chance is a fifth
