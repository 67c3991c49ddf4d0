"""Simulated users and their rating histories, on which the feature map, the prior and the
conditioned decoder are trained.

A user likes one or two domains and one level. Ratings follow from the labels of a text, so these
users know nothing of the encoder. Reports use other users, with other noise
(`hare.simulation.raters`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hare.data.skills import LEVELS, Skill
from hare.user_state.features import FeatureMap, fit_feature_map
from hare.user_state.ordinal import OrdinalModel, fit_cutpoints

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Population:
    """How simulated users differ. Units are points of the rating scale 1..5."""

    base: float = 1.7  # a text of a foreign domain
    domain_gain: float = 2.4  # added by the liked domain
    level_gain: float = 0.9  # added by the liked level
    second_domain: float = 0.4  # share of users with a second domain, liked 0.8 as much
    noise: float = 0.6  # standard deviation of one rating


@dataclass(frozen=True, slots=True, eq=False)
class Users:
    """m users. affinity (m, domains) and levels (m, levels), in [0, 1] up to noise."""

    affinity: Array
    levels: Array

    def utilities(self, population: Population, domains: NDArray, levels: NDArray) -> Array:
        """(m, n) expected ratings of n texts with these labels."""
        return (
            population.base
            + population.domain_gain * self.affinity[:, domains]
            + population.level_gain * self.levels[:, levels]
        )


def draw_users(population: Population, count: int, domains: int, rng: np.random.Generator) -> Users:
    """Draw users independently."""
    affinity = rng.normal(0.0, 0.1, (count, domains))
    order = np.argsort(rng.random((count, domains)), axis=1)
    rows = np.arange(count)
    affinity[rows, order[:, 0]] = 1.0
    both = rng.random(count) < population.second_domain
    affinity[rows[both], order[both, 1]] = 0.8
    levels = np.zeros((count, len(LEVELS)))
    levels[rows, rng.integers(len(LEVELS), size=count)] = 1.0
    return Users(affinity, levels)


def ratings_of(utilities: Array, noise: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Whole ratings 1..5 for expected ratings."""
    noisy = utilities + rng.normal(0.0, noise, utilities.shape)
    return np.clip(np.rint(noisy), 1, 5).astype(np.int64)


def labels_of(skills: Sequence[Skill], domains: Sequence[str]) -> tuple[NDArray, NDArray]:
    """Domain and level of each skill as integers."""
    domain_index = {d: i for i, d in enumerate(domains)}
    level_index = {v: i for i, v in enumerate(LEVELS)}
    return (
        np.array([domain_index[s.domain] for s in skills]),
        np.array([level_index[s.level] for s in skills]),
    )


def learn_features(
    embeddings: Array,
    skills: Sequence[Skill],
    domains: Sequence[str],
    size: int,
    population: Population,
    rng: np.random.Generator,
) -> tuple[FeatureMap, OrdinalModel]:
    """Feature map and rating model from a simulated population rating these texts."""
    users = draw_users(population, 4000, len(domains), rng)
    utilities = users.utilities(population, *labels_of(skills, domains))
    feature_map = fit_feature_map(embeddings, utilities, size)
    latent = feature_map.scale * (utilities - utilities.mean())
    pick = rng.integers(latent.size, size=40_000)
    observed = ratings_of(utilities, population.noise, rng).ravel()[pick] - 1
    return feature_map, fit_cutpoints(latent.ravel()[pick], observed, 5)


@dataclass(frozen=True, slots=True, eq=False)
class StateBank:
    """n posteriors after simulated histories, each with what its user wants.

    mean (n, p), covariance (n, p, p), domain (n,) a liked domain, level (n,) the liked level,
    rounds (n,) length of the history
    """

    mean: Array
    covariance: Array
    domain: NDArray[np.int64]
    level: NDArray[np.int64]
    rounds: NDArray[np.int64]


def simulate_states(
    features: Array,
    domains: NDArray,
    levels: NDArray,
    model: OrdinalModel,
    population: Population,
    domain_count: int,
    count: int,
    rng: np.random.Generator,
    longest: int = 12,
    shortest: int = 0,
) -> StateBank:
    """Posteriors of `count` new users after shortest..longest ratings of texts.

    features (n, p + 1), domains (n,), levels (n,) describe the texts that can be shown. In some
    histories texts are shown at random, in others mostly of the liked domain, as an adaptive arm
    does.
    """
    users = draw_users(population, count, domain_count, rng)
    size = features.shape[1] - 1
    mean, covariance = np.zeros((count, size)), np.zeros((count, size, size))
    liked, level = np.zeros(count, dtype=np.int64), users.levels.argmax(axis=1)
    rounds = rng.integers(shortest, longest + 1, size=count)
    by_domain = [np.flatnonzero(domains == d) for d in range(domain_count)]
    for i in range(count):
        taste = np.where(users.affinity[i] > 0.5, users.affinity[i], 0.0)
        liked[i] = rng.choice(domain_count, p=taste / taste.sum())
        focus = rng.choice([0.0, 0.3, 0.7])
        shown = np.array(
            [
                rng.choice(by_domain[liked[i]])
                if rng.random() < focus
                else rng.integers(len(features))
                for _ in range(rounds[i])
            ],
            dtype=np.int64,
        )
        expected = (
            population.base
            + population.domain_gain * users.affinity[i, domains[shown]]
            + population.level_gain * users.levels[i, levels[shown]]
        )
        rewards = (ratings_of(expected, population.noise, rng) - 1) / 4
        mean[i], covariance[i] = model.posterior(features[shown], rewards)
    return StateBank(mean, covariance, liked, level, rounds)
