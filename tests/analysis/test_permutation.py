"""The sign-flip test against Fisher's own count, lists of all flips, and the sampled p."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import InputError, cohens_dz, permutation_test
from analysis.stats import permutation

# Darwin's maize, eighths of an inch, crossed − self-fertilised (Fisher 1935, table 3)
MAIZE = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def test_darwins_maize_has_the_share_of_flips_that_fisher_counted() -> None:
    # Fisher (1935), section 21: 863 of 32,768 sums in either tail
    found = permutation_test(np.array(MAIZE) / 8.0)
    assert found.p == 2 * 863 / 2**15
    assert found.test == "sign-flip permutation (exact)"
    assert found.effects == (cohens_dz(np.array(MAIZE) / 8.0),)
    assert found.apa().startswith("M_diff = 2.62, p = .053, d_z = 0.55")


@given(d=st.lists(st.integers(-4, 4), min_size=1, max_size=8).filter(any))
@settings(max_examples=40, deadline=None)
def test_the_exact_p_is_the_share_among_all_flips_listed(d: list[int]) -> None:
    size = abs(sum(d))
    sums = [sum(np.multiply(d, signs)) for signs in product([-1, 1], repeat=len(d))]
    expected = float(np.mean([abs(total) >= size for total in sums]))
    assert permutation_test(np.array(d) / 10.0).p == pytest.approx(expected, abs=1e-12)


def test_differences_that_are_equal_but_for_binary_fractions_tie() -> None:
    x, y = [3.7, 4.1, 2.0, 2.0], [3.6, 4.0, 2.1, 1.0]
    assert permutation_test(x, y).p == permutation_test([1.0, 1.0, -1.0, 10.0]).p


def test_means_of_ratings_of_two_hundred_people_are_still_counted_exactly() -> None:
    d = np.random.default_rng(4).integers(-20, 26, 200) / 10.0
    found = permutation_test(d)
    assert "exact" in found.test
    assert found.p == pytest.approx(permutation_test(d[::-1]).p)


def test_where_sums_are_too_many_random_flips_by_the_seed_estimate_the_exact_p(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    d = np.random.default_rng(5).normal(0.35, 1.0, 16)
    exact = permutation_test(d).p
    assert exact is not None
    monkeypatch.setattr(permutation, "MOST_SUMS", 1_000)
    first, second = (permutation_test(d, resamples=9_999, seed=3) for _ in range(2))
    assert first == second
    assert first.note == "9,999 random sign flips, seed 3"
    # four standard errors of a share in 9,999 flips
    assert first.p == pytest.approx(exact, abs=4 * (exact * (1 - exact) / 9_999) ** 0.5)


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="resamples = 0"):
        permutation_test([1.0, 2.0], resamples=0)
    with pytest.raises(InputError, match="seed = -1"):
        permutation_test([1.0, 2.0], seed=-1)
