"""Divergence between users: by hand, its invariants, the test's level and power, the interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hare.errors import InputError, SettingsError
from hare.metrics.personalisation import (
    Divergence,
    _divisions,
    count_divisions,
    personalisation_divergence,
)


def study(
    seed: int | np.random.Generator, users: int, seeds: int, requests: int = 1, taste: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(vectors, users, requests): each text is its request's theme, a user's taste, and chance."""
    rng = np.random.default_rng(seed)
    theme = np.random.default_rng(0).normal(size=(requests, 1, 1, 12))
    likes = taste * rng.normal(size=(users, 1, 12))
    vectors = theme + likes + rng.normal(size=(requests, users, seeds, 12))
    where = np.indices((requests, users, seeds)).reshape(3, -1)
    return vectors.reshape(-1, 12), where[1], where[0]


def test_divergence_by_hand() -> None:
    # Users at right angles, each of whom says the same twice: all four pairs between are 1 apart.
    found = personalisation_divergence([[1, 0], [2, 0], [0, 1], [0, 3]], ["a", "a", "b", "b"])
    assert (found.between, found.within, found.effect) == pytest.approx((1, 0, 1))
    assert (found.low, found.high) == (None, None)  # two users tell nothing of others
    # Of the three divisions into pairs only the true one does as well.
    assert (found.p_value, found.divisions, found.exact) == (1 / 3, 3, True)
    assert found.smallest_p == found.p_value


def test_several_requests_are_averaged_and_each_is_divided_by_itself() -> None:
    one = [[1, 0], [2, 0], [0, 1], [0, 3]]
    mixed = [[1, 0], [0, 1], [1, 0], [0, 1]]  # here both users say either
    found = personalisation_divergence(one + mixed, ["a", "a", "b", "b"] * 2, ["x"] * 4 + ["y"] * 4)
    # Request y: two of four pairs between are 1 apart, and both within are.
    assert (found.between, found.within) == pytest.approx(((1 + 1 / 2) / 2, (0 + 1) / 2))
    # The effects of the divisions are 1, -1/2, -1/2 for either request: 1/4 or more in 5 of 9.
    assert (found.p_value, found.divisions) == (5 / 9, 9)


def test_a_decoder_that_wanders_is_not_personal_however_far_apart_its_texts() -> None:
    found = personalisation_divergence(*study(1, users=5, seeds=4))
    assert found.between > 0.4
    assert abs(found.effect) < 0.1
    assert found.p_value > 0.05


def test_a_common_seed_for_all_users_hides_what_is_personal() -> None:
    # As the docstring warns: here the users' texts differ by nothing but the seed.
    drawn = np.random.default_rng(2).normal(size=(3, 12))
    found = personalisation_divergence(np.tile(drawn, (4, 1)), np.repeat(range(4), 3))
    assert found.effect < -0.1
    assert found.p_value > 0.99


@given(st.integers(0, 999), st.floats(0.01, 100))
def test_names_order_and_lengths_do_not_matter(seed: int, scale: float) -> None:
    vectors, users, requests = study(seed, users=3, seeds=2, requests=2, taste=0.5)
    found = personalisation_divergence(vectors, users, requests)
    order = np.random.default_rng(seed).permutation(len(users))
    names = np.array(["cy", "ada", "bo"], dtype=object)[users]
    other = personalisation_divergence(scale * vectors[order], names[order], -requests[order])
    for name in ("between", "within", "effect", "low", "high", "p_value"):
        assert getattr(other, name) == pytest.approx(getattr(found, name)), name


@given(st.integers(0, 999), st.floats(0, 3))
def test_distances_and_p_values_keep_their_bounds(seed: int, taste: float) -> None:
    found = personalisation_divergence(*study(seed, users=3, seeds=2, taste=taste))
    assert 0 <= found.within <= 2
    assert 0 <= found.between <= 2
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.effect <= found.high
    assert found.smallest_p <= found.p_value <= 1


@pytest.mark.parametrize("sizes", [[2, 2], [3, 3, 3], [2, 3], [2, 2, 3], [4]])
def test_every_division_is_visited_once(sizes: list[int]) -> None:
    seen = set()
    for division in _divisions(sizes):
        assert sorted(np.bincount(division)) == sorted(sizes)
        groups = [tuple(np.flatnonzero(division == g)) for g in range(len(sizes))]
        seen.add(frozenset(groups))
    assert len(seen) == count_divisions(sizes) == len(list(_divisions(sizes)))


def test_drawn_divisions_agree_with_all_of_them() -> None:
    texts = study(5, users=4, seeds=2, taste=0.35)
    exact = personalisation_divergence(*texts)
    drawn = personalisation_divergence(*texts, exact_up_to=0, draws=20_000, seed=1)
    assert exact.exact
    assert not drawn.exact
    assert exact.divisions == 105
    assert 0.02 < exact.p_value < 0.5
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.015)
    assert drawn.effect == exact.effect


def test_equal_seeds_draw_equal_divisions() -> None:
    texts = study(6, users=5, seeds=3, taste=0.2)

    def p_value(seed: int) -> float:
        return personalisation_divergence(*texts, draws=500, seed=seed).p_value

    assert p_value(3) == p_value(3)
    assert len({p_value(seed) for seed in range(4)}) > 1


def test_users_with_different_numbers_of_texts_are_taken() -> None:
    vectors, users, _ = study(7, users=3, seeds=4, taste=2.0)
    kept = np.array([0, 1, 2, 3, 4, 5, 8, 9, 10])
    found = personalisation_divergence(vectors[kept], users[kept])
    assert found.texts == 9
    assert found.divisions == 9 * 4 * 10 * 7 // 2  # 9! / (4! 3! 2!) / 1 = 1260
    assert found.p_value == 1 / 1260


def repeated(count: int, seed: int, **settings) -> list[Divergence]:
    rng = np.random.default_rng(seed)
    return [
        personalisation_divergence(
            *study(rng, users=5, seeds=3, requests=2, **settings),
            exact_up_to=0,
            draws=99,
            seed=rng,
        )
        for _ in range(count)
    ]


def test_without_influence_of_the_user_the_test_rejects_at_its_level() -> None:
    p_values = np.array([found.p_value for found in repeated(600, seed=11)])
    # Binomial(600, level): three standard deviations around it.
    for level in (0.05, 0.2):
        margin = 3 * (level * (1 - level) / 600) ** 0.5
        assert (p_values <= level).mean() == pytest.approx(level, abs=margin)


def test_a_taste_of_most_of_the_noise_s_size_is_found() -> None:
    found = repeated(100, seed=12, taste=0.7)
    assert np.mean([each.p_value <= 0.05 for each in found]) > 0.95


def test_the_interval_covers_the_mean_effect_over_users() -> None:
    found = repeated(500, seed=13, taste=0.5)
    truth = np.mean([each.effect for each in found])
    covered = [each.low <= truth <= each.high for each in found if each.low and each.high]
    assert 0.93 <= np.mean(covered) <= 0.995


def test_a_higher_confidence_makes_a_wider_interval() -> None:
    texts = study(8, users=5, seeds=2, taste=0.5)
    wide = personalisation_divergence(*texts, confidence=0.99)
    narrow = personalisation_divergence(*texts, confidence=0.8)
    assert wide.low is not None
    assert narrow.low is not None
    assert wide.low < narrow.low < narrow.effect == wide.effect


@pytest.mark.parametrize(
    ("users", "requests", "message"),
    [
        (["a"] * 4, None, "users: there must be at least two different ones"),
        (["a", "a", "a", "b"], None, "users: number 2 in sorted order has 1 texts for request"),
        (["a", "a", "b", "b"], [0, 1, 0, 1], "every user needs two for each"),
        (["a", "b"], None, r"users: must be \(4,\) like vectors"),
        ([0.5, 0.5, 1.0, 1.0], None, "users: must be integers or names"),
        (["a", "a", "b", "b"], [0], r"requests: must be \(4,\) like vectors"),
    ],
)
def test_designs_without_a_control_are_refused(users, requests, message: str) -> None:
    with pytest.raises(InputError, match=message):
        personalisation_divergence(np.eye(4), users, requests)


def test_vectors_and_settings_that_are_none_are_refused() -> None:
    users = [0, 0, 1, 1]
    with pytest.raises(InputError, match=r"vectors\[2\]: is zero"):
        personalisation_divergence(np.diag([1.0, 1.0, 0.0, 1.0]), users)
    with pytest.raises(InputError, match="vectors: holds a value that is not finite"):
        personalisation_divergence(np.full((4, 2), np.nan), users)
    with pytest.raises(InputError, match="vectors: must have at least 4 rows"):
        personalisation_divergence(np.zeros((0, 2)), [])
    with pytest.raises(SettingsError, match=r"confidence = 1\.0: must lie between 0 and 1"):
        personalisation_divergence(np.eye(4), users, confidence=1.0)
    with pytest.raises(SettingsError, match="draws = 0: must be an integer >= 1"):
        personalisation_divergence(np.eye(4), users, draws=0)
    with pytest.raises(SettingsError, match="exact_up_to = -1"):
        personalisation_divergence(np.eye(4), users, exact_up_to=-1)
