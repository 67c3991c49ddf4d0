"""Counts of what is missing, multiple imputation under MAR, and the tipping point."""

from __future__ import annotations

import numpy as np
import pytest

from analysis import (
    InputError,
    missing_summary,
    multiple_imputation,
    paired_t,
    tipping_point,
)
from analysis.stats.arrays import Array
from analysis.stats.imputation import pool

NAN = float("nan")


def studied(people: int, rng: np.random.Generator, mean: float = 0.3) -> Array:
    """Differences by round, where those whose mean so far is low tend to leave: MAR dropout."""
    own = rng.normal(mean, 0.5, (people, 1))
    values = np.rint(own + rng.normal(0.0, 1.2, (people, 10)))
    for row in values:
        for round_ in range(2, 10):
            if row[:round_].mean() < 0.2 and rng.random() < 0.25:
                row[round_:] = NAN
                break
    return values


def test_participants_are_counted_by_what_they_rated() -> None:
    summary = missing_summary(
        [[1, 2, 3], [1, 2, NAN], [1, NAN, NAN], [1, NAN, 3], [NAN, 2, 3], [NAN, NAN, NAN]]
    )
    assert (summary.complete, summary.stopped, summary.gaps, summary.empty) == (1, 2, 2, 1)
    assert summary.by_round == (4, 3, 3)
    assert summary.missing_rounds == 8
    assert summary.apa() == (
        "1 of 6 participants rated every round, 2 stopped early, 2 left a gap, 1 rated none; "
        "8 of 18 rounds (44.4%) are missing"
    )


def test_a_round_counts_only_when_every_value_of_it_is_there() -> None:
    values = np.ones((2, 3, 2))
    values[0, 2, 1] = NAN
    assert missing_summary(values).by_round == (2, 2, 1)
    assert missing_summary(np.ones((0, 3, 2))).participants == 0


def test_pooling_equals_mice() -> None:
    # R: mice::pool.scalar(Q, U, n = 24, k = 1); tests/gold/pooling.R
    mean, variance, df, _ = pool(np.array([1.0, 1.2, 0.9]), np.array([0.04, 0.05, 0.045]), 24)
    assert mean == pytest.approx(1.033333333, abs=5e-10)
    assert variance == pytest.approx(0.07611111111, abs=5e-12)
    assert df == pytest.approx(6.127172218, abs=5e-10)


def test_imputation_takes_out_the_bias_of_complete_cases() -> None:
    values = studied(3_000, np.random.default_rng(1))
    complete = paired_t(values[~np.isnan(values).any(axis=1)].mean(axis=1)).estimate
    imputed = multiple_imputation(values, imputations=10).estimate
    assert complete is not None
    assert imputed is not None
    assert complete.value is not None
    assert complete.value > 0.5  # the truth is .3
    assert imputed.value == pytest.approx(0.3, abs=0.06)  # four standard errors


def test_the_pooled_interval_covers_as_often_as_it_says() -> None:
    rng, covered = np.random.default_rng(4), 0
    for seed in range(400):
        estimate = multiple_imputation(studied(24, rng), imputations=20, seed=seed).estimate
        assert estimate is not None
        assert estimate.interval is not None
        covered += estimate.interval.low <= 0.3 <= estimate.interval.high
    assert 0.92 <= covered / 400 <= 0.985


def test_with_nothing_missing_it_is_the_paired_t() -> None:
    values = np.random.default_rng(2).normal(0.2, 1.0, (12, 5))
    result, expected = multiple_imputation(values), paired_t(values.mean(axis=1))
    assert (result.p, result.statistic, result.df) == (expected.p, expected.statistic, expected.df)
    assert result.note == "nothing is missing"


def test_the_same_seed_gives_the_same_result() -> None:
    values = studied(24, np.random.default_rng(3))
    assert multiple_imputation(values, seed=5) == multiple_imputation(values, seed=5)
    assert multiple_imputation(values, seed=5).p != multiple_imputation(values, seed=6).p


def test_delta_moves_the_estimate_by_the_share_that_was_imputed() -> None:
    values = studied(24, np.random.default_rng(3))
    share = np.isnan(values).mean()
    there, moved = multiple_imputation(values), multiple_imputation(values, delta=-1.0)
    assert there.estimate is not None
    assert moved.estimate is not None
    assert (moved.estimate.value or 0.0) - (there.estimate.value or 0.0) == pytest.approx(-share)


def test_at_the_tipping_point_the_finding_is_lost_and_a_step_before_it_is_not() -> None:
    values = np.random.default_rng(0).normal(0.5, 1.0, (20, 6))
    values[:6, 3:] = NAN
    tip = tipping_point(values, step=0.1)
    assert tip.delta is not None
    assert tip.delta < 0.0  # against a positive finding
    after = multiple_imputation(values, delta=tip.delta)
    before = multiple_imputation(values, delta=tip.delta + 0.1)
    assert after.p is not None
    assert before.p is not None
    assert before.p <= 0.05 < after.p
    assert tip.curve[-1] == (pytest.approx(tip.delta), pytest.approx(after.p))


def test_a_negative_finding_tips_upwards() -> None:
    values = np.random.default_rng(0).normal(0.5, 1.0, (20, 6))
    values[:6, 3:] = NAN
    up, down = tipping_point(-values), tipping_point(values)
    assert up.delta is not None
    assert down.delta is not None
    assert up.delta > 0.0 > down.delta


def test_there_is_no_tipping_point_without_a_finding_or_without_gaps() -> None:
    rng = np.random.default_rng(0)
    nothing = rng.normal(0.0, 1.0, (20, 6))
    assert tipping_point(nothing).note == "nothing is missing"
    nothing[0, 4:] = NAN
    assert "already under missing at random" in tipping_point(nothing).apa()
    clear = rng.normal(2.0, 0.2, (20, 6))
    clear[0, 5] = NAN
    assert "p <= 0.05 up to −4.00" in tipping_point(clear).apa()


def test_what_cannot_be_imputed_says_why() -> None:
    few = np.random.default_rng(1).normal(0, 1, (6, 3))
    few[:3, 2] = NAN
    assert multiple_imputation(few).note == (
        "round 3 was rated by 3: too few to impute it for others"
    )
    constant = np.ones((8, 3))
    constant[0, 2] = NAN
    assert "all differences are equal" in multiple_imputation(constant).apa()
    empty = np.random.default_rng(1).normal(0, 1, (8, 3))
    empty[0] = NAN
    assert "1 participants without a rated round left out" in multiple_imputation(empty).note
    assert tipping_point(constant).delta is None


def test_wrong_arguments_are_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"values must be \(participants, rounds\)"):
        multiple_imputation([1.0, 2.0])
    with pytest.raises(InputError, match="imputations = 1"):
        multiple_imputation([[1.0, 2.0]], imputations=1)
    with pytest.raises(InputError, match="step = 0"):
        tipping_point([[1.0, 2.0]], step=0.0)
    with pytest.raises(InputError, match="values must be finite"):
        multiple_imputation([[float("inf"), 2.0]])
    with pytest.raises(InputError, match="has shape"):
        missing_summary([1.0])
