"""Intraclass correlations and Krippendorff's alpha against R and the published examples."""

from __future__ import annotations

import numpy as np
import pytest
from broken_exports import gold
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import InputError, icc, krippendorff_alpha
from analysis.stats.reliability import Form, Measurement

NAN = float("nan")
JUDGES = gold("judges").to_numpy()
# Krippendorff's example with three coders of fifteen units (Wikipedia, "Krippendorff's alpha").
CANONICAL = [
    [NAN, NAN, NAN, NAN, NAN, 3, 4, 1, 2, 1, 1, 3, 3, NAN, 3],
    [1, NAN, 2, 1, 3, 3, 4, 3, NAN, NAN, NAN, NAN, NAN, NAN, NAN],
    [NAN, NAN, 2, 1, 3, 4, 4, NAN, 2, 1, 1, 3, 3, NAN, 4],
]
# Krippendorff (2011), "Computing Krippendorff's alpha-reliability", example C: four observers.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]


@pytest.mark.parametrize(
    ("form", "value", "low", "high", "p"),
    [
        # R: psych::ICC(judges, lmer = FALSE); tests/gold/judges.R
        ("ICC(1)", 0.1657417684, -0.13293232487, 0.7225600623, 0.1647688083446),
        ("ICC(A,1)", 0.2897637795, 0.01878651337, 0.7610843696, 0.0001345665165),
        ("ICC(C,1)", 0.7148407148, 0.34246476503, 0.9458582600, 0.0001345665165),
        ("ICC(k)", 0.4427971337, -0.88444215524, 0.9124154203, 0.1647688083446),
        ("ICC(A,k)", 0.6200505476, 0.07113681530, 0.9272320402, 0.0001345665165),
        ("ICC(C,k)", 0.9093155424, 0.67567471382, 0.9858916782, 0.0001345665165),
    ],
)
def test_intraclass_correlations_equal_r_on_the_four_judges(
    form: Form, value: float, low: float, high: float, p: float
) -> None:
    result = icc(JUDGES, form=form)
    assert result.estimate.value == pytest.approx(value, abs=1e-9)
    assert result.estimate.interval is not None
    assert result.estimate.interval.low == pytest.approx(low, abs=1e-9)
    assert result.estimate.interval.high == pytest.approx(high, abs=1e-9)
    assert result.p == pytest.approx(p, abs=1e-9)
    assert (result.n, result.k) == (6, 4)


def test_the_f_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    truth, covered = 0.25 / (0.25 + 0.09 + 0.16), 0
    for _ in range(600):
        targets, raters = rng.normal(0, 0.5, (20, 1)), rng.normal(0, 0.3, (1, 5))
        interval = icc(targets + raters + rng.normal(0, 0.4, (20, 5))).estimate.interval
        assert interval is not None
        covered += interval.low <= truth <= interval.high
    assert 0.92 <= covered / 600 <= 0.98


def test_targets_with_a_missing_rating_are_left_out_and_counted() -> None:
    table = np.vstack([JUDGES.astype(float), [5.0, NAN, 4.0, 4.0]])
    result = icc(table)
    assert result.n == 6
    assert result.estimate.value == pytest.approx(0.2897637795, abs=1e-9)
    assert result.estimate.note == "1 targets with missing ratings left out"


@given(shift=st.floats(-50, 50), scale=st.floats(0.1, 20))
@settings(max_examples=25, deadline=None)
def test_agreement_does_not_depend_on_the_unit_of_the_scale(shift: float, scale: float) -> None:
    moved, plain = icc(shift + scale * JUDGES), icc(JUDGES)
    assert moved.estimate.value == pytest.approx(plain.estimate.value, rel=1e-6)


@pytest.mark.parametrize(
    ("values", "form", "reason"),
    [
        ([[3, 3], [3, 3]], "ICC(1)", "all ratings equal 3"),
        ([[3, 4]], "ICC(A,1)", "needs at least 2 targets rated by all, has 1"),
        ([[1, 2], [1, 2]], "ICC(C,k)", "the raters differ by a shift alone"),
        ([[1, 2], [2, 1]], "ICC(A,k)", "neither the targets nor the raters differ"),
    ],
)
def test_ratings_without_variation_are_not_estimable_and_say_why(
    values: list[list[float]], form: Form, reason: str
) -> None:
    result = icc(values, form=form)
    assert result.estimate.value is None
    assert reason in result.estimate.note
    assert "not estimable" in result.apa()


def test_raters_who_agree_fully_have_a_coefficient_of_one_and_no_interval() -> None:
    result = icc([[1, 1], [2, 2], [4, 4]])
    assert result.estimate.value == pytest.approx(1.0)
    assert "no interval" in result.estimate.note


@pytest.mark.parametrize(
    ("measurement", "canonical", "observers"),
    [
        # The first by hand in the sources above, 0.691 and 0.811; the second 0.743, 0.815, 0.849.
        ("nominal", 0.691358, 0.743),
        ("ordinal", None, 0.815),
        ("interval", 0.810845, 0.849),
    ],
)
def test_krippendorffs_alpha_equals_the_published_examples(
    measurement: Measurement, canonical: float | None, observers: float
) -> None:
    if canonical is not None:
        value = krippendorff_alpha(CANONICAL, measurement=measurement, resamples=99).value
        assert value == pytest.approx(canonical, abs=5e-7)
    value = krippendorff_alpha(OBSERVERS, measurement=measurement, resamples=99).value
    assert value == pytest.approx(observers, abs=5e-4)


def test_the_bootstrap_interval_of_alpha_is_over_units_and_holds_the_value() -> None:
    alpha = krippendorff_alpha(OBSERVERS)
    assert alpha.value is not None
    assert alpha.interval is not None
    assert alpha.interval.low < alpha.value < alpha.interval.high <= 1.0
    assert alpha.interval.method == "BCa, 1,999 resamples of units"
    assert krippendorff_alpha(OBSERVERS) == alpha


def test_alpha_of_raters_who_rate_by_chance_is_about_zero() -> None:
    ratings = np.random.default_rng(1).integers(1, 6, (20, 400)).astype(float)
    assert krippendorff_alpha(ratings, resamples=99).value == pytest.approx(0.0, abs=0.01)


def test_alpha_without_variation_or_without_pairs_says_why() -> None:
    assert krippendorff_alpha([[2, 2], [2, 2]]).note == "all ratings equal 2"
    assert krippendorff_alpha([[1, NAN], [NAN, 2]]).note == "no unit was rated twice"
    assert krippendorff_alpha([[1, 2], [1, 2]]).note == "no interval from 2 units"


def test_wrong_arguments_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="form = 'ICC3'"):
        icc(JUDGES, form="ICC3")  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="at least 2 raters"):
        icc([[1], [2]])
    with pytest.raises(InputError, match="measurement = 'ratio'"):
        krippendorff_alpha(CANONICAL, measurement="ratio")  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="values must be finite"):
        krippendorff_alpha([[1, float("inf")]])
    with pytest.raises(InputError, match="values must have two dimensions"):
        icc([1, 2, 3])
