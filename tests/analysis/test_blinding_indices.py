"""Bang's and James's indices against the R package BI on published trials."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import InputError, bang_index, guess_index, james_index

# Bang, Ni and Davis (2004), table 7: lovastatin and placebo; guesses of either, and don't know.
CRISP = [[82, 25, 170], [27, 29, 83]]
# Houweling et al. (2014), Clinical Trials 11, table 2, patients.
PATIENTS = [[143, 14, 188], [104, 57, 175]]


@pytest.mark.parametrize(
    ("answers", "value", "low", "high"),
    [
        # R: BI::BI(x)$JamesBI; tests/gold/blinding.R
        (CRISP, 0.7479275375, 0.70532302, 0.7905320549),
        (PATIENTS, 0.7051162892, 0.6738729925, 0.7363595859),
    ],
)
def test_james_index_equals_the_r_package_on_published_trials(
    answers: list[list[int]], value: float, low: float, high: float
) -> None:
    index = james_index(answers)
    assert index.value == pytest.approx(value, abs=5e-10)
    assert index.interval is not None
    assert index.interval.low == pytest.approx(low, abs=5e-9)
    assert index.interval.high == pytest.approx(high, abs=5e-9)


@pytest.mark.parametrize(
    ("correct", "wrong", "dont_know", "value", "low", "high"),
    [
        # R: BI::BI(x)$BangBI; tests/gold/blinding.R
        (82, 25, 170, 0.2057761733, 0.13671274504, 0.2748396015),
        (29, 27, 83, 0.0143884892, -0.0911025788, 0.1198795572),
        (143, 14, 188, 0.3739130435, 0.3146650002, 0.4331610868),
        (57, 104, 175, -0.1398809524, -0.2123693427, -0.0673925621),
    ],
)
def test_bang_index_of_each_arm_equals_the_r_package(
    correct: int, wrong: int, dont_know: int, value: float, low: float, high: float
) -> None:
    index = bang_index(correct, wrong, dont_know)
    assert index.value == pytest.approx(value, abs=5e-10)
    assert index.interval is not None
    assert index.interval.low == pytest.approx(low, abs=5e-9)
    assert index.interval.high == pytest.approx(high, abs=5e-9)


def test_james_index_is_half_for_random_guessing_and_runs_from_zero_to_one() -> None:
    assert james_index([[30, 30, 0], [30, 30, 0]]).value == pytest.approx(0.5)
    assert james_index([[30, 0, 0], [0, 30, 0]]).value == pytest.approx(0.0)
    assert james_index([[0, 0, 30], [0, 0, 30]]).value == 1.0
    assert james_index([[9, 9, 9, 0], [9, 9, 9, 0], [9, 9, 9, 0]]).value == pytest.approx(0.5)


def test_bang_index_is_zero_for_random_guessing_among_any_number_of_arms() -> None:
    assert bang_index(10, 20, 5, choices=3).value == pytest.approx(0.0)
    assert bang_index(12, 0, choices=3).value == 1.0
    assert bang_index(0, 12, choices=3).value == pytest.approx(-0.5)


@given(correct=st.integers(0, 30), wrong=st.integers(0, 30), choices=st.integers(2, 5))
@settings(max_examples=40, deadline=None)
def test_without_dont_know_both_ways_to_the_index_agree(
    correct: int, wrong: int, choices: int
) -> None:
    total = correct + wrong
    by_guess = guess_index("a", correct, total, choices).index.value
    by_answers = bang_index(correct, wrong, choices=choices).value
    assert (by_guess is None and by_answers is None) or by_guess == pytest.approx(by_answers)


def test_the_interval_of_bang_covers_as_often_as_it_says() -> None:
    answers = np.random.default_rng(6).multinomial(100, [0.4, 0.3, 0.3], size=2_000)
    covered = 0
    for correct, wrong, dont_know in answers.tolist():
        interval = bang_index(correct, wrong, dont_know).interval
        assert interval is not None
        covered += interval.low <= 0.1 <= interval.high
    assert 0.935 <= covered / 2_000 <= 0.965


def test_dont_know_answers_pull_a_guess_index_to_zero_and_leave_p_to_the_rest() -> None:
    # 12 of the 16 who named one of three arms; scipy.stats.binomtest(12, 16, 1/3)
    sure, some = guess_index("a", 12, 16, 3), guess_index("a", 12, 32, 3, dont_know=16)
    assert some.index.value == pytest.approx((sure.index.value or 0.0) / 2.0)
    assert some.p == sure.p
    assert guess_index("a", 0, 4, 3, dont_know=4).p is None


def test_answers_that_are_all_alike_have_no_interval_and_say_why() -> None:
    assert bang_index(5, 0).note == "no interval: every answer is alike"
    assert bang_index(0, 0).note == "nobody answered"
    assert james_index([[0, 0, 0], [0, 0, 0]]).note == "nobody answered"
    assert "don't know" in james_index([[0, 0, 4], [0, 0, 4]]).note
    assert james_index([[5, 0, 3], [0, 0, 2]]).value is None


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(InputError, match="correct = -1: must be a whole number"):
        bang_index(-1, 3)
    with pytest.raises(InputError, match="answers must be"):
        james_index([[1, 2], [3, 4]])
    with pytest.raises(InputError, match=r"5 of 8 guesses \(4 don't know\)"):
        guess_index("a", 5, 8, 3, dont_know=4)
