"""Friedman, Holm, power, slopes, choices and guesses: gold values and invariants."""

from __future__ import annotations

import numpy as np
import pytest
from broken_exports import gold
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis import (
    InputError,
    benjamini_hochberg,
    bradley_terry,
    choice_shares,
    friedman,
    guess_index,
    holm,
    participant_slopes,
    slope_test,
    win_probability,
)
from analysis.stats.bootstrap import bca
from analysis.stats.choices import wins_of_best

COUNTS = st.lists(st.integers(1, 40), min_size=3, max_size=5)


def test_friedman_equals_r_on_the_rounding_times() -> None:
    # R: friedman.test(RoundingTimes); tests/gold/rounding_times.R
    result = friedman(gold("rounding_times"))
    assert result.statistic == pytest.approx(11.142857, abs=5e-7)
    assert result.p == pytest.approx(0.003805041, abs=5e-10)
    assert result.effect("W").value == pytest.approx(0.253247, abs=5e-7)


def test_friedman_of_equal_rows_is_not_estimable() -> None:
    result = friedman([[3, 3, 3], [2, 2, 2]])
    assert result.p is None
    assert result.note == "every participant has equal values in all conditions"


def test_holm_equals_r_and_keeps_the_order_given() -> None:
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") = 0.03 0.06 0.06 0.02
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "BH") = 0.02 0.04 0.04 0.02
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.02, 0.04, 0.04, 0.02))


def test_a_test_without_p_still_counts_in_its_family() -> None:
    assert holm([0.01, None]) == pytest.approx((0.02, None))
    assert holm([]) == ()
    with pytest.raises(InputError, match=r"p\[1\] = 1.2"):
        holm([0.1, 1.2])


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_holm_never_lowers_a_p_and_never_reorders(p: list[float]) -> None:
    adjusted = holm(p)
    assert all(q is not None and q >= raw - 1e-12 for raw, q in zip(p, adjusted, strict=True))
    order = np.argsort(p)
    assert np.all(np.diff(np.array(adjusted, dtype=float)[order]) >= -1e-12)


def test_slopes_equal_a_regression_per_participant() -> None:
    values = np.random.default_rng(2).integers(-4, 5, size=(7, 10)).astype(float)
    expected = [np.polyfit(np.arange(10), row, 1)[0] for row in values]
    assert participant_slopes(values) == pytest.approx(expected, abs=1e-9)


def test_slopes_use_the_rounds_that_are_there() -> None:
    values = np.array([[0.0, np.nan, 2.0, 3.0], [5.0, np.nan, np.nan, np.nan]])
    slopes = participant_slopes(values)
    assert slopes[0] == pytest.approx(1.0)
    assert np.isnan(slopes[1])
    assert slope_test(values).n == 1


@given(counts=COUNTS)
@settings(max_examples=40, deadline=None)
def test_worths_of_best_of_k_choices_are_the_shares(counts: list[int]) -> None:
    worths = bradley_terry(wins_of_best(counts)).values
    assert worths == pytest.approx(np.array(counts) / sum(counts), abs=1e-8)


def test_worths_equal_r_on_the_baseball_data() -> None:
    # Agresti (2002), Categorical Data Analysis, table 10.10: American League East 1987.
    # R: BradleyTerry2::BTm abilities, as worth ratios to Baltimore: Milwaukee e^1.5814.
    wins = [
        [0, 7, 9, 7, 7, 9, 11],  # Milwaukee
        [6, 0, 7, 5, 11, 9, 9],  # Detroit
        [4, 6, 0, 7, 7, 8, 12],  # Toronto
        [6, 8, 6, 0, 6, 7, 10],  # New York
        [6, 2, 6, 7, 0, 7, 12],  # Boston
        [4, 4, 5, 6, 6, 0, 6],  # Cleveland
        [2, 4, 1, 3, 1, 7, 0],  # Baltimore
    ]
    worths = bradley_terry(wins).values
    assert worths is not None
    abilities = np.log(np.array(worths) / worths[-1])
    assert abilities[:6] == pytest.approx(
        [1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839], abs=5e-5
    )


def test_worths_of_an_arm_that_never_won_are_explained() -> None:
    result = bradley_terry(wins_of_best([10, 5, 0]))
    assert result.values is None
    assert "every or no comparison" in result.note


def test_choice_shares_are_tested_exactly_against_chance() -> None:
    counts = np.array([[3, 1, 0], [2, 1, 1], [4, 0, 0], [1, 2, 1]])
    first = choice_shares(counts, ["a", "b", "c"])[0]
    assert (first.count, first.total) == (10, 16)
    # R: binom.test(10, 16, 1/3)$p.value
    assert first.p == pytest.approx(stats.binomtest(10, 16, 1 / 3).pvalue)
    assert win_probability(counts[:, 0], counts[:, 1]).value == pytest.approx(10 / 14)


def test_no_choices_are_explained() -> None:
    share = choice_shares(np.zeros((2, 3)), ["a", "b", "c"])[0]
    assert share.p is None
    assert share.share.note == "no choices were made"
    assert win_probability([0, 0], [0, 0]).value is None


def test_guess_index_is_bangs_for_two_arms_and_zero_at_chance() -> None:
    # Bang et al. (2004): correct minus wrong share; 14 of 20 correct gives 0.4
    assert guess_index("a", 14, 20, 2).index.value == pytest.approx(0.4)
    assert guess_index("a", 8, 24, 3).index.value == pytest.approx(0.0)
    assert guess_index("a", 24, 24, 3).index.value == pytest.approx(1.0)
    assert guess_index("a", 0, 0, 3).index.note == "nobody answered"
    with pytest.raises(InputError, match="5 of 4 guesses"):
        guess_index("a", 5, 4, 3)


def test_bca_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for repetition in range(200):
        interval, _ = bca(np.mean, rng.exponential(1.0, 60), resamples=499, seed=repetition)
        assert interval is not None
        covered += interval.low <= 1.0 <= interval.high
    assert 0.89 <= covered / 200 <= 0.985


def test_bca_of_constant_or_few_values_says_why_there_is_none() -> None:
    assert bca(np.mean, np.ones(9)) == (
        None,
        "no bootstrap interval: every participant has the same value",
    )
    assert bca(np.mean, np.array([1.0, 2.0]))[1] == "no bootstrap interval from 2 participants"
