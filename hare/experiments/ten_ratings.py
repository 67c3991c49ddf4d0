"""What can ten ratings do? Simulated users, one text of the pool a round, no language model.

Each round asks for another task; the arm shows the pool's text of that task which scores highest
and learns from the rating, or from the ratings of all three texts shown (the others are drawn at
random). Counted is the share of rounds whose text is of a domain that the user likes. A fifth of
the (domain, task) cells is not in the pool, so nobody can reach 1.

Feature maps, priors and rating models are fitted on one population. The rows are of other users and
other noise, the bonus is tuned on others again, and a text's features come from a map that saw no
text of its task.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import stats

from hare.errors import SettingsError
from hare.experiments.ten_ratings_crowd import SLOTS, Crowd, Setting, Texts, draw_crowd
from hare.synthesis.histories import Population, draw_users, ratings_of
from hare.user_state.features import (
    PRIOR_SD,
    Factors,
    coordinates,
    cross_fitted,
    factorise,
    regress,
)
from hare.user_state.gaussian import fit_gaussian_ratings
from hare.user_state.kinds import classify
from hare.user_state.mixture import MixturePosterior, fit_archetypes
from hare.user_state.normal import NormalPosterior
from hare.user_state.ordinal import fit_cutpoints
from hare.user_state.posterior import Posterior, RatingModel

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

BONUSES = (0.25, 0.5, 1.0, 2.0)  # of UCB, in posterior standard deviations
SCALES = (1.1, 1.5, 2.0, 3.0)  # prior standard deviations of a utility that a mixture may have


SETTINGS = (
    Setting("8 domains, one liked", 8, 0.0),
    Setting("10 domains, one or two liked", 10, 0.4),
    Setting("10 domains, raters of another law", 10, 0.4, others=True),
)


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to learn and to choose.

    features   pca, linear (ridge), kinds, or labels (the truth, which no map reaches)
    prior      normal or mixture;    ratings ordinal or gaussian
    choice     ucb, greedy or thompson;    learns own or all_slots;    batch: MAP of the whole
               history, otherwise rating by rating
    """

    features: str
    prior: str = "normal"
    ratings: str = "ordinal"
    choice: str = "ucb"
    learns: str = "own"
    batch: bool = False


@dataclass(frozen=True, slots=True)
class TenRatingsRow:
    """One variant in one round. `share` with its 95% interval over users; `bonus` as tuned."""

    setting: str
    features: str
    prior: str
    ratings: str
    choice: str
    learns: str
    batch: bool
    prior_sd: float
    bonus: float
    round: int
    users: int
    share: float
    ci_low: float
    ci_high: float
    chance: float
    ceiling: float


HEADLINES = (
    Variant("pca"),
    Variant("linear", choice="greedy"),
    Variant("linear", choice="thompson"),
    Variant("linear"),
    Variant("linear", "mixture"),
    Variant("kinds"),
    Variant("kinds", "mixture"),
    Variant("kinds", "mixture", learns="all_slots"),
    Variant("labels", "mixture"),
)
"""One change at a time, from plain components to what no map of the texts can reach."""


def variants() -> list[Variant]:
    """The table: every feature map, prior, rating model, choice and policy that is compared."""
    rows = [
        Variant(features, prior, ratings, choice, learns)
        for learns in ("own", "all_slots")
        for features, prior, ratings in (
            ("pca", "normal", "ordinal"),
            *(
                (features, prior, ratings)
                for features in ("linear", "kinds")
                for prior in ("normal", "mixture")
                for ratings in ("gaussian", "ordinal")
            ),
        )
        for choice in ("greedy", "thompson", "ucb")
    ]
    for learns in ("own", "all_slots"):
        rows.append(Variant("kinds", "mixture", "ordinal", "ucb", learns, batch=True))
        rows.append(Variant("labels", "mixture", "ordinal", "ucb", learns))
    return rows


def ten_ratings(
    texts: Texts,
    users: int = 400,
    tuning_users: int = 200,
    fitting_users: int = 3000,
    rounds: int = 10,
    seed: int = 0,
    settings: Sequence[Setting] = SETTINGS,
    table: Sequence[Variant] | None = None,
    jobs: int = 1,
) -> list[TenRatingsRow]:
    """One row a setting, variant and round; equal seeds give equal rows.

    rounds   at most the number of tasks: none is asked twice
    """
    tasks = len(np.unique(texts.tasks))
    if not 1 <= rounds <= tasks:
        raise SettingsError("rounds", rounds, f"must be in 1..{tasks}: no task is asked twice")
    for field, value, least in (
        ("users", users, 2),
        ("tuning_users", tuning_users, 2),
        ("fitting_users", fitting_users, 100),
    ):
        if value < least:
            raise SettingsError(field, value, f"must be at least {least}")
    chosen = variants() if table is None else list(table)
    rows: list[TenRatingsRow] = []
    for setting in settings:
        pool = texts.of_domains(setting.domains)
        fitted = _fit_all(pool, setting, chosen, fitting_users, seed)
        tuning = draw_crowd(pool, setting, tuning_users, rounds, np.random.default_rng([seed, 1]))
        crowd = draw_crowd(pool, setting, users, rounds, np.random.default_rng([seed, 2]))
        results: Any = Parallel(n_jobs=jobs)(
            delayed(_measure)(fitted[_key(v)], v, setting, tuning, crowd, pool, seed)
            for v in chosen
        )
        rows += [row for some in results for row in some]
    return rows


def play(
    prior: Posterior,
    features: Array,
    variant: Variant,
    bonus: float,
    crowd: Crowd,
    texts: Texts,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """(u, rounds): whether the text shown was of a liked domain. `prior` is that of every user."""
    users, rounds = crowd.asked.shape
    rows = np.arange(users)
    belief = prior
    hits = np.zeros((users, rounds), dtype=bool)
    seen: list[Array] = []
    rewards: list[Array] = []
    candidates = _by_task(texts.tasks)  # (tasks, most), -1 where a task has fewer
    for t in range(rounds):
        ids = candidates[crowd.asked[:, t]]
        score = _score(belief, features[ids], variant.choice, bonus, rng)
        shown = ids[rows, np.where(ids >= 0, score, -np.inf).argmax(axis=1)]
        hits[:, t] = crowd.liked[rows, texts.domains[shown]]
        rated = [shown]
        if variant.learns == "all_slots":
            rated += [crowd.others[:, t, k] for k in range(SLOTS - 1)]
        for slot, text in enumerate(rated):
            points = np.rint(crowd.expected[rows, text] + crowd.noise[:, t, slot])
            reward = (np.clip(points, 1, 5) - 1) / 4
            seen.append(features[text])
            rewards.append(reward)
            if not variant.batch:
                belief = belief.update(features[text], reward)
        if variant.batch:
            belief = prior.learn(np.stack(seen, axis=1), np.stack(rewards, axis=1))
    return hits


def _score(
    belief: Posterior, features: Array, choice: str, bonus: float, rng: np.random.Generator
) -> Array:
    """(u, c) scores of the candidates, features (u, c, p + 1)."""
    if choice == "thompson":
        user = belief.sample(rng)
        return (features[..., :-1] @ user[..., None])[..., 0] + features[..., -1]
    mean, variance = belief.predict(features)
    return mean if choice == "greedy" else mean + bonus * np.sqrt(variance)


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What one variant's fitting gives: features (n, p + 1), the prior, and its scale."""

    features: Array
    prior: NormalPosterior | MixturePosterior
    prior_sd: float


def _key(variant: Variant) -> tuple[str, str, str]:
    return variant.features, variant.prior, variant.ratings


def _fit_all(
    texts: Texts, setting: Setting, table: Sequence[Variant], count: int, seed: int
) -> dict[tuple[str, str, str], Fitted]:
    rng = np.random.default_rng([seed, 0])
    population = Population(second_domain=setting.second_domain)
    users = draw_users(population, count, setting.domains, rng)
    utilities = users.utilities(population, texts.domains, texts.levels)
    pick = rng.integers(utilities.size, size=40_000)
    categories = ratings_of(utilities, population.noise, rng).ravel()[pick] - 1
    factors = factorise(utilities, setting.domains + 3, prior_sd=1.0)  # scaled below
    where = coordinates(factors.targets, utilities, factors.scale)
    features = {n: _features(n, texts, factors, seed) for n in {v.features for v in table}}
    archetypes: MixturePosterior | None = None
    fitted: dict[tuple[str, str, str], Fitted] = {}
    for key in dict.fromkeys(_key(v) for v in table):
        name, prior, ratings = key
        rows = features[name]
        latent = where @ rows[:, :-1].T + rows[:, -1]  # a rating model allows for what they miss
        if name == "pca":  # it knows nothing of users: the true utilities fit its rating model
            latent = factors.scale * (utilities - utilities.mean())
        observed = latent.ravel()[pick]
        scales = SCALES if prior == "mixture" else (PRIOR_SD,)
        prior_sd, ordinal = max(
            ((sd, fit_cutpoints(sd * observed, categories, 5)) for sd in scales),
            key=lambda at: at[1].log_likelihood(at[0] * observed, categories / 4).mean(),
        )
        model: RatingModel = ordinal
        if ratings == "gaussian":
            model = fit_gaussian_ratings(prior_sd * observed, categories / 4)
        start: NormalPosterior | MixturePosterior
        start = NormalPosterior.standard(rows.shape[1] - 1, model)
        if prior == "mixture":
            archetypes = archetypes or fit_archetypes(where, setting.domains, model, seed)
            start = replace(archetypes, ratings=model)
        fitted[key] = Fitted(prior_sd * rows, start, prior_sd)
    return fitted


def _features(name: str, texts: Texts, factors: Factors, seed: int) -> Array:
    """(n, p + 1) features whose utilities have a mean prior standard deviation of about 1."""
    if name == "labels":
        return factors.targets
    if name == "pca":
        centred = texts.embeddings - texts.embeddings.mean(axis=0)
        left, singular, _ = np.linalg.svd(centred, full_matrices=False)
        size = factors.targets.shape[1] - 1
        phi = left[:, :size] * singular[:size]
        phi /= np.linalg.norm(phi, axis=1).mean()
        return np.column_stack([phi, np.zeros(len(phi))])
    fit: Any = regress
    if name == "kinds":
        found = len(np.unique(factors.targets.round(9), axis=0))
        fit = partial(classify, kinds=found, seed=seed)
    elif name != "linear":
        raise SettingsError("features", name, "must be pca, linear, kinds or labels")
    return cross_fitted(fit, texts.embeddings, factors, texts.tasks // 2)


def _measure(
    fitted: Fitted,
    variant: Variant,
    setting: Setting,
    tuning: Crowd,
    crowd: Crowd,
    texts: Texts,
    seed: int,
) -> list[TenRatingsRow]:
    def shares(people: Crowd, bonus: float, stream: int) -> NDArray[np.bool_]:
        prior = _for_each(fitted.prior, len(people.asked))
        rng = np.random.default_rng([seed, stream])
        return play(prior, fitted.features, variant, bonus, people, texts, rng)

    bonus = 0.0
    if variant.choice == "ucb":
        bonus = max(BONUSES, key=lambda b: shares(tuning, b, 3).mean())
    hits = shares(crowd, bonus, 4)
    available = ((texts.tasks == crowd.asked[..., None]) & crowd.liked[:, None, texts.domains]).sum(
        axis=-1
    )
    chance = available / np.bincount(texts.tasks)[crowd.asked]
    users, rounds = hits.shape
    half = stats.t.ppf(0.975, users - 1) * hits.std(axis=0, ddof=1) / np.sqrt(users)
    share = hits.mean(axis=0)
    return [
        TenRatingsRow(
            setting.name,
            variant.features,
            variant.prior,
            variant.ratings,
            variant.choice,
            variant.learns,
            variant.batch,
            fitted.prior_sd,
            bonus,
            t + 1,
            users,
            float(share[t]),
            float(share[t] - half[t]),
            float(share[t] + half[t]),
            float(chance[:, t].mean()),
            float((available[:, t] > 0).mean()),
        )
        for t in range(rounds)
    ]


def _for_each(prior: NormalPosterior | MixturePosterior, users: int) -> Posterior:
    """The prior once for each user."""

    def tiled(array: Array) -> Array:
        return np.broadcast_to(array, (users, *array.shape))

    if isinstance(prior, NormalPosterior):
        return replace(prior, mean=tiled(prior.mean), covariance=tiled(prior.covariance))
    return replace(
        prior,
        log_weights=tiled(prior.log_weights),
        means=tiled(prior.means),
        covariances=tiled(prior.covariances),
    )


def _by_task(tasks: Integers) -> Integers:
    """(tasks, most) texts of each task, -1 where a task has fewer."""
    sizes = np.bincount(tasks)
    table = np.full((len(sizes), int(sizes.max())), -1, dtype=np.int64)
    for task, size in enumerate(sizes):
        table[task, :size] = np.flatnonzero(tasks == task)
    return table
