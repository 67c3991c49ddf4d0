"""The map by kinds: exact where texts come in kinds, and better there than a linear map."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from hare.errors import InputError, SettingsError
from hare.user_state.features import (
    Factors,
    coordinates,
    cross_fitted,
    factorise,
    regress,
)
from hare.user_state.kinds import classify

Array = np.ndarray


def texts_of_kinds(rng: np.random.Generator, kinds: int, texts: int) -> tuple[Array, Array, Array]:
    """Embeddings around one centre a kind, (n,) kinds, and (m, n) utilities of users."""
    of = np.arange(texts) % kinds
    centres = rng.normal(size=(kinds, 8))
    embeddings = centres[of] + 0.45 * rng.normal(size=(texts, 8))
    return embeddings, of, rng.normal(size=(300, kinds))[:, of]


def unexplained(features: Array, factors: Factors) -> float:
    total = factors.targets - factors.targets.mean(axis=0)
    return float(((features - factors.targets) ** 2).sum() / (total**2).sum())


def test_on_new_texts_of_known_kinds_the_map_by_kinds_errs_less_than_the_linear_one() -> None:
    embeddings, _, utilities = texts_of_kinds(np.random.default_rng(0), 12, 240)
    factors = factorise(utilities, 11)
    groups = np.arange(240) // 12 % 5
    by_kinds = cross_fitted(partial(classify, kinds=12, penalty=0.1), embeddings, factors, groups)
    linear = cross_fitted(regress, embeddings, factors, groups)
    assert unexplained(by_kinds, factors) < unexplained(linear, factors) / 2


@pytest.mark.parametrize("kinds", [2, 5])
def test_the_probabilities_sum_to_one_and_name_the_kind_of_a_clear_text(kinds: int) -> None:
    embeddings, of, utilities = texts_of_kinds(np.random.default_rng(1), kinds, 60)
    fitted = classify(embeddings, factorise(utilities, 1), kinds, penalty=0.1)
    p = fitted.probabilities(embeddings)
    assert p.shape == (60, kinds)
    assert p.sum(axis=1) == pytest.approx(1.0)
    names = p.argmax(axis=1)
    agreement = [len(set(names[of == k])) == 1 for k in range(kinds)]
    assert np.mean(agreement) > 0.5
    assert fitted.size == 1
    assert fitted(embeddings).shape == (60, 2)


def test_cross_fitted_features_do_not_depend_on_the_text_s_own_group() -> None:
    embeddings, _, utilities = texts_of_kinds(np.random.default_rng(2), 4, 40)
    factors, groups = factorise(utilities, 3), np.arange(40) // 20
    plain = cross_fitted(regress, embeddings, factors, groups)
    spoiled = Factors(factors.targets.copy(), factors.scale)
    spoiled.targets[:20] += 5.0
    assert (cross_fitted(regress, embeddings, spoiled, groups)[:20] == plain[:20]).all()
    assert (cross_fitted(regress, embeddings, spoiled, groups)[20:] != plain[20:]).any()


def test_the_coordinates_of_users_reproduce_their_utilities() -> None:
    _, _, utilities = texts_of_kinds(np.random.default_rng(3), 6, 60)
    factors = factorise(utilities, 6)
    users = coordinates(factors.targets, utilities, factors.scale)
    found = users @ factors.targets[:, :-1].T / factors.scale
    assert found == pytest.approx(utilities - utilities.mean(axis=0), abs=1e-5)
    assert np.cov(users.T) == pytest.approx(np.eye(6), abs=0.02)


def test_kinds_and_texts_that_do_not_fit_are_refused_by_name() -> None:
    embeddings, _, utilities = texts_of_kinds(np.random.default_rng(4), 4, 40)
    factors = factorise(utilities, 3)
    for kinds in (1, 5):
        with pytest.raises(SettingsError, match=rf"kinds = {kinds}: must be in 2\.\.4"):
            classify(embeddings, factors, kinds)
    with pytest.raises(SettingsError, match="penalty"):
        classify(embeddings, factors, 4, penalty=0.0)
    with pytest.raises(InputError, match=r"embeddings \(39, 8\)"):
        classify(embeddings[1:], factors, 4)
    with pytest.raises(InputError, match="finite"):
        classify(np.where(embeddings > 0, np.nan, embeddings), factors, 4)
    with pytest.raises(InputError, match=r"must be \(n, 8\)"):
        classify(embeddings, factors, 4)(np.zeros((2, 7)))
    with pytest.raises(InputError, match="groups"):
        cross_fitted(regress, embeddings, factors, np.zeros(40, dtype=np.int64))
    with pytest.raises(InputError, match=r"utilities \(300, 39\)"):
        coordinates(factors.targets, utilities[:, 1:], 1.0)
    with pytest.raises(InputError, match="finite"):
        coordinates(factors.targets, np.full_like(utilities, np.inf), 1.0)
