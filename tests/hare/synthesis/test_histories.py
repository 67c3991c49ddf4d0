"""Simulated users: what they like shows in their ratings, and posteriors find it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from hare.data.skills import LEVELS, Skill
from hare.synthesis.histories import (
    Population,
    draw_users,
    for_each,
    labels_of,
    learn_users,
    ratings_of,
    simulate_states,
)
from hare.user_state.kinds import KindMap
from hare.user_state.mixture import MixturePosterior
from hare.user_state.ordinal import OrdinalModel

POPULATION = Population()
DOMAINS = ["baking", "chess", "sailing"]
TASKS = ["choose", "explain", "plan", "repair"]
SIZE, ARCHETYPES = 4, 9
Learned = tuple[KindMap, MixturePosterior]


def skill(domain: str, task: str, level: str) -> Skill:
    return Skill("T", "D", "W", ("S",), "E", domain=domain, task=task, level=level)


@pytest.fixture(scope="module")
def skills() -> list[Skill]:
    return [skill(*cell) for _ in range(2) for cell in product(DOMAINS, TASKS, LEVELS)]


@pytest.fixture(scope="module")
def embeddings(skills: list[Skill]) -> np.ndarray:
    """(n, 24) rows from which domain and level can be told, and the task, which tells nothing."""
    rng = np.random.default_rng(3)
    words = {name: rng.normal(size=24) for name in (*DOMAINS, *TASKS, *LEVELS)}
    rows = [words[s.domain] + words[s.task] + words[s.level] for s in skills]
    noisy = np.array(rows) + rng.normal(0.0, 0.1, (len(rows), 24))
    return noisy / np.linalg.norm(noisy, axis=1, keepdims=True)


def learn(embeddings: np.ndarray, skills: list[Skill], seed: int = 0) -> Learned:
    rng = np.random.default_rng(seed)
    return learn_users(embeddings, skills, DOMAINS, SIZE, ARCHETYPES, POPULATION, rng)


@pytest.fixture(scope="module")
def learned(embeddings: np.ndarray, skills: list[Skill]) -> Learned:
    return learn(embeddings, skills)


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


def test_a_skill_s_labels_are_its_places_in_the_lists() -> None:
    domains, levels = labels_of(
        [skill("sailing", "plan", "expert"), skill("baking", "plan", "beginner")], DOMAINS
    )
    assert domains.tolist() == [2, 0]
    assert levels.tolist() == [2, 0]


def test_the_prior_has_the_population_s_moments(learned: Learned) -> None:
    _, prior = learned
    # Coordinates of the population have mean 0 and covariance I; EM keeps both, but for its floor.
    assert prior.mean == pytest.approx(np.zeros(SIZE), abs=0.02)
    assert prior.covariance == pytest.approx(np.eye(SIZE), abs=0.05)
    assert prior.weights.shape == (ARCHETYPES,)
    assert isinstance(prior.ratings, OrdinalModel)
    assert prior.ratings.categories == 5


def test_learned_features_order_texts_as_the_users_do(
    learned: Learned, embeddings: np.ndarray, skills: list[Skill]
) -> None:
    feature_map, prior = learned
    features = feature_map(embeddings)
    assert features.shape == (len(skills), SIZE + 1)
    users = draw_users(POPULATION, 40, len(DOMAINS), np.random.default_rng(11))
    utilities = users.utilities(POPULATION, *labels_of(skills, DOMAINS))
    rewards = (ratings_of(utilities[:, ::2], 0.0, np.random.default_rng(0)) - 1) / 4
    seen = np.broadcast_to(features[::2], (40, *features[::2].shape))
    belief = for_each(prior, 40).learn(seen, rewards)
    expected = belief.predict(np.broadcast_to(features[1::2], seen.shape)).mean
    for row, truth in zip(expected, utilities[:, 1::2], strict=True):
        assert np.corrcoef(row, truth)[0, 1] > 0.85


def test_equal_seeds_learn_equal_maps_and_priors(
    learned: Learned, embeddings: np.ndarray, skills: list[Skill]
) -> None:
    feature_map, prior = learn(embeddings, skills)
    assert (feature_map(embeddings) == learned[0](embeddings)).all()
    assert (prior.means == learned[1].means).all()
    assert (prior.covariances == learned[1].covariances).all()


def test_many_users_learn_together_what_each_learns_alone(
    learned: Learned, embeddings: np.ndarray
) -> None:
    feature_map, prior = learned
    rng = np.random.default_rng(2)
    shown = rng.integers(len(embeddings), size=(5, 6))
    rewards = rng.integers(5, size=(5, 6)) / 4
    features = feature_map(embeddings)[shown]
    together = for_each(prior, 5).learn(features, rewards)
    for i in range(5):
        alone = prior.learn(features[i], rewards[i])
        np.testing.assert_allclose(together.mean[i], alone.mean, atol=1e-10)
        np.testing.assert_allclose(together.covariance[i], alone.covariance, atol=1e-10)


def test_a_user_of_whom_nothing_is_known_is_the_prior_and_ratings_tell_who_they_are(
    learned: Learned, embeddings: np.ndarray, skills: list[Skill]
) -> None:
    feature_map, prior = learned
    domains, levels = labels_of(skills, DOMAINS)
    features = feature_map(embeddings)
    bank = simulate_states(
        features, domains, levels, prior, POPULATION, 3, 600, np.random.default_rng(1)
    )
    assert set(bank.rounds) == set(range(31))  # up to ten rounds of three texts
    assert np.isfinite(bank.mean).all()
    new = bank.rounds == 0
    unlearned = bank.mean[new]
    np.testing.assert_allclose(unlearned, np.broadcast_to(prior.mean, unlearned.shape), atol=1e-12)
    unsure = bank.covariance[new]
    np.testing.assert_allclose(unsure, np.broadcast_to(prior.covariance, unsure.shape), atol=1e-12)
    doubt = np.trace(bank.covariance, axis1=1, axis2=2)
    few = (bank.rounds > 0) & (bank.rounds < 5)
    known = bank.rounds > 8
    assert doubt[known].mean() < doubt[few].mean() < doubt[new].mean()
    # What the posterior likes best: texts of the domain and of the level that the user likes.
    best = (bank.mean[known] @ features[:, :-1].T + features[:, -1]).argmax(axis=1)
    assert np.mean(levels[best] == bank.level[known]) > 0.8
    assert np.mean(domains[best] == bank.domain[known]) > 0.6  # a second domain may lead


def test_equal_seeds_simulate_equal_users(
    learned: Learned, embeddings: np.ndarray, skills: list[Skill]
) -> None:
    feature_map, prior = learned
    features, labels = feature_map(embeddings), labels_of(skills, DOMAINS)

    def bank(seed: int, shortest: int = 0, longest: int = 12):
        rng = np.random.default_rng(seed)
        return simulate_states(
            features, *labels, prior, POPULATION, 3, 20, rng, longest=longest, shortest=shortest
        )

    assert (bank(1).mean == bank(1).mean).all()
    assert not (bank(1).mean == bank(2).mean).all()
    assert set(bank(3, shortest=4, longest=5).rounds) == {4, 5}
