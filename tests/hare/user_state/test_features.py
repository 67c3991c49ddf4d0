"""The feature map finds the directions that tell users apart."""

from __future__ import annotations

import numpy as np
import pytest

from hare.errors import InputError
from hare.user_state.features import PRIOR_SD, fit_feature_map

Array = np.ndarray


def planted(rng: np.random.Generator, texts: int, users: int, rank: int) -> tuple[Array, ...]:
    """Embeddings, utilities of rank `rank` plus an appeal, and the factors behind them."""
    embeddings = rng.normal(size=(texts, 20))
    factors = embeddings @ rng.normal(size=(20, rank))
    appeal = embeddings @ rng.normal(size=20)
    return embeddings, rng.normal(size=(users, rank)) @ factors.T + appeal, factors, appeal


def test_a_planted_structure_of_low_rank_is_recovered_up_to_rotation() -> None:
    embeddings, _, factors, appeal = planted(np.random.default_rng(0), 400, 3000, 3)
    utilities = np.random.default_rng(1).normal(size=(3000, 3)) @ factors.T + appeal
    fitted = fit_feature_map(embeddings, utilities, size=3, ridge=1e-6)
    phi = fitted(embeddings)
    # Inner products say what a user who likes one text thinks of another; they have no rotation.
    found = (phi[:, :-1] @ phi[:, :-1].T) / fitted.scale**2
    assert np.corrcoef(found.ravel(), (factors @ factors.T).ravel())[0, 1] > 0.999
    assert np.corrcoef(phi[:, -1], appeal)[0, 1] > 0.995


def test_users_of_the_population_are_standard_normal_in_the_fitted_coordinates() -> None:
    rng = np.random.default_rng(2)
    embeddings, utilities, *_ = planted(rng, 300, 2000, 4)
    fitted = fit_feature_map(embeddings, utilities, size=4, ridge=1e-6)
    phi = fitted(embeddings)[:, :-1]
    tastes = fitted.scale * (utilities - utilities.mean(axis=0))
    users = np.linalg.lstsq(phi, tastes.T, rcond=None)[0].T
    assert users.mean(axis=0) == pytest.approx(0.0, abs=1e-8)
    assert np.cov(users.T) == pytest.approx(np.eye(4), abs=0.01)


def test_the_mean_prior_deviation_of_a_text_is_the_calibrated_one() -> None:
    embeddings, utilities, *_ = planted(np.random.default_rng(3), 200, 500, 3)
    phi = fit_feature_map(embeddings, utilities, size=3, ridge=1e-9)(embeddings)
    assert np.linalg.norm(phi[:, :-1], axis=1).mean() == pytest.approx(PRIOR_SD, rel=1e-6)


def test_the_map_is_affine_and_knows_its_size() -> None:
    rng = np.random.default_rng(4)
    embeddings, utilities, *_ = planted(rng, 60, 50, 2)
    fitted = fit_feature_map(embeddings, utilities, size=2)
    assert fitted.size == 2
    a, b = rng.normal(size=(2, 1, 20))
    assert fitted((a + b) / 2) == pytest.approx((fitted(a) + fitted(b)) / 2)
    assert fitted(np.zeros((0, 20))).shape == (0, 3)


@pytest.mark.parametrize("shape", [(20,), (3, 19), (2, 3, 20)])
def test_embeddings_of_another_size_are_refused_with_both_shapes(shape: tuple[int, ...]) -> None:
    embeddings, utilities, *_ = planted(np.random.default_rng(5), 30, 10, 2)
    fitted = fit_feature_map(embeddings, utilities, size=2)
    with pytest.raises(InputError, match=r"must be \(n, 20\)"):
        fitted(np.zeros(shape))


def test_a_population_that_does_not_fit_its_texts_is_refused() -> None:
    embeddings, utilities, *_ = planted(np.random.default_rng(6), 30, 10, 2)
    with pytest.raises(InputError, match="29 embeddings for utilities of 30 texts"):
        fit_feature_map(embeddings[1:], utilities, size=2)
    with pytest.raises(InputError, match="must be 2-dimensional"):
        fit_feature_map(embeddings, utilities[0], size=1)
    for size in (0, 11):
        with pytest.raises(InputError, match=rf"size = {size}: must be in 1\.\.10"):
            fit_feature_map(embeddings, utilities, size=size)
    with pytest.raises(InputError, match="finite"):
        fit_feature_map(embeddings, np.where(utilities > 0, np.nan, utilities), size=2)
