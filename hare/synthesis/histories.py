"""Simulated users and their rating histories, on which the feature map, the prior over archetypes
of users and the conditioned decoder are trained.

A user likes one or two domains and one level. Ratings follow from the labels of a text, so these
users know nothing of the encoder. Reports use other users, with other noise
(`hare.simulation.raters`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hare.data.skills import LEVELS, Skill
from hare.user_state.features import coordinates, cross_fitted, factorise
from hare.user_state.kinds import KindMap, classify
from hare.user_state.mixture import MixturePosterior, fit_archetypes
from hare.user_state.ordinal import fit_cutpoints

Array = NDArray[np.float64]

SCALES = (1.1, 1.5, 2.0, 3.0)  # prior standard deviations of a utility that are tried, in logits
PENALTY = 0.1  # of the regression from embeddings to kinds
FOLDS = 3  # groups of tasks, each read by a map that saw the others
PEOPLE = 2000  # of the population whose tastes are factored
RATINGS = 40_000  # of the population, on which the cutpoints are fitted
GROUP = 4000  # for so many users, those with histories of one length are computed in one part


@dataclass(frozen=True, slots=True)
class Population:
    """How simulated users differ. Units are points of the rating scale 1..5."""

    base: float = 1.7  # a text of a foreign domain
    domain_gain: float = 2.4  # added by the liked domain
    level_gain: float = 1.2  # added by the liked level
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


def learn_users(
    embeddings: Array,
    skills: Sequence[Skill],
    domains: Sequence[str],
    size: int,
    archetypes: int,
    population: Population,
    rng: np.random.Generator,
) -> tuple[KindMap, MixturePosterior]:
    """Feature map and prior from a simulated population rating these texts.

    embeddings   (n, e) of the skills
    size         p, the dimension of the user state
    archetypes   components of the prior

    The scale of the features and the cutpoints are those under which the population's ratings are
    most likely, given features from maps that saw no text of the same task.
    """
    users = draw_users(population, PEOPLE, len(domains), rng)
    utilities = users.utilities(population, *labels_of(skills, domains))
    factors = factorise(utilities, size, prior_sd=1.0)  # scaled below
    where = coordinates(factors.targets, utilities, factors.scale)
    kinds = len(np.unique(factors.targets.round(9), axis=0))
    tasks = np.unique([s.task for s in skills], return_inverse=True)[1]
    fit = partial(classify, kinds=kinds, penalty=PENALTY)
    unseen = cross_fitted(fit, embeddings, factors, tasks % FOLDS)
    latent = (where @ unseen[:, :-1].T + unseen[:, -1]).ravel()
    pick = rng.integers(latent.size, size=RATINGS)
    observed = ratings_of(utilities, population.noise, rng).ravel()[pick] - 1
    scale, ratings = max(
        ((sd, fit_cutpoints(sd * latent[pick], observed, 5)) for sd in SCALES),
        key=lambda at: at[1].log_likelihood(at[0] * latent[pick], observed / 4).mean(),
    )
    learned = fit(embeddings, factors)
    feature_map = replace(learned, factors=scale * learned.factors, scale=scale * learned.scale)
    return feature_map, fit_archetypes(where, archetypes, ratings, int(rng.integers(2**31)))


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
    prior: MixturePosterior,
    population: Population,
    domain_count: int,
    count: int,
    rng: np.random.Generator,
    longest: int = 30,
    shortest: int = 0,
) -> StateBank:
    """Posteriors of `count` new users after shortest..longest ratings of texts: by default up to
    those of ten rounds in which all three texts teach.

    features (n, p + 1), domains (n,), levels (n,) describe the texts that can be shown. In some
    histories texts are shown at random, in others mostly of the liked domain, as an adaptive arm
    does.
    """
    users = draw_users(population, count, domain_count, rng)
    taste = np.where(users.affinity > 0.5, users.affinity, 0.0)
    draws = rng.random((count, 1)) * taste.sum(axis=1, keepdims=True)
    liked = (np.cumsum(taste, axis=1) <= draws).sum(axis=1)
    rounds = rng.integers(shortest, longest + 1, size=count)
    by_domain = [np.flatnonzero(domains == d) for d in range(domain_count)]
    mean = np.tile(prior.mean, (count, 1))
    covariance = np.tile(prior.covariance, (count, 1, 1))
    for length in np.unique(rounds[rounds > 0]):
        for rows in np.array_split(np.flatnonzero(rounds == length), 1 + count // GROUP):
            shown = _shown(liked[rows], int(length), by_domain, len(features), rng)
            expected = (
                population.base
                + population.domain_gain * users.affinity[rows[:, None], domains[shown]]
                + population.level_gain * users.levels[rows[:, None], levels[shown]]
            )
            rewards = (ratings_of(expected, population.noise, rng) - 1) / 4
            belief = for_each(prior, len(rows)).learn(features[shown], rewards)
            mean[rows], covariance[rows] = belief.mean, belief.covariance
    return StateBank(mean, covariance, liked, users.levels.argmax(axis=1), rounds)


def for_each(prior: MixturePosterior, users: int) -> MixturePosterior:
    """The prior once for each of so many users."""
    return replace(
        prior,
        log_weights=np.broadcast_to(prior.log_weights, (users, *prior.log_weights.shape)),
        means=np.broadcast_to(prior.means, (users, *prior.means.shape)),
        covariances=np.broadcast_to(prior.covariances, (users, *prior.covariances.shape)),
    )


def _shown(
    liked: NDArray[np.int64],
    length: int,
    by_domain: Sequence[NDArray[np.int64]],
    texts: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """(m, length) texts shown to m users, each with a focus of their own on the liked domain."""
    focus = rng.choice([0.0, 0.3, 0.7], size=len(liked))
    shown = rng.integers(texts, size=(len(liked), length))
    for row, domain in enumerate(liked):
        focused = rng.random(length) < focus[row]
        shown[row, focused] = rng.choice(by_domain[domain], size=int(focused.sum()))
    return shown
