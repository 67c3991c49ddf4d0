"""Rating models, priors and histories for the tests of normal beliefs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

from hare.user_state.binomial import BinomialRatings
from hare.user_state.features import PRIOR_SD
from hare.user_state.gaussian import GaussianRatings
from hare.user_state.normal import NormalPosterior
from hare.user_state.ordinal import OrdinalModel
from hare.user_state.posterior import RatingModel

GAUSSIAN = GaussianRatings(variance=0.5, intercept=0.4, slope=1.5)
ORDINAL = OrdinalModel(np.array([-2.0, -0.7, 0.5, 1.8]))
BINOMIAL = BinomialRatings(trials=4, threshold=0.3)
MODELS = [GAUSSIAN, ORDINAL, BINOMIAL]
Array = np.ndarray
every_model = pytest.mark.parametrize("ratings", MODELS, ids=lambda m: m.name)


def texts(rng: np.random.Generator, count: int, size: int, deviation: float = PRIOR_SD) -> Array:
    phi = rng.normal(size=(count, size))
    phi *= deviation / np.linalg.norm(phi, axis=1, keepdims=True)
    return np.column_stack([phi, rng.normal(0.0, 0.5, count)])


def some_prior(rng: np.random.Generator, size: int, ratings: RatingModel) -> NormalPosterior:
    root = rng.normal(size=(size, size)) / np.sqrt(size)
    P = root @ root.T + 0.1 * np.eye(size)
    return NormalPosterior(rng.normal(size=size), (P + P.T) / 2, ratings)


@st.composite
def cases(draw: st.DrawFn, ratings: RatingModel, least: int = 1):
    """A prior, features of a history and its rewards."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count, size = draw(st.integers(least, 9)), draw(st.integers(1, 6))
    rewards = draw(st.lists(st.floats(0, 1), min_size=count, max_size=count))
    rows = texts(rng, count, size, draw(st.floats(0.1, 3.0)))
    return some_prior(rng, size, ratings), rows, np.array(rewards)


def stream(prior: NormalPosterior, rows: Array, rewards: Array) -> NormalPosterior:
    for row, reward in zip(rows, rewards, strict=True):
        prior = prior.update(row, reward)
    return prior
