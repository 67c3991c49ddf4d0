"""Paired t, signed-rank, sign test and effect sizes against R, and against enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from broken_exports import gold
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis import (
    InputError,
    cohens_dav,
    cohens_dz,
    hedges_gz,
    paired_t,
    rank_biserial,
    sign_test,
    signed_rank,
)
from analysis.stats.effects import noncentrality_bounds

SLEEP = gold("sleep")
FIRST, SECOND = SLEEP["first"].to_numpy(), SLEEP["second"].to_numpy()
DIFFERENCES = st.lists(st.integers(-4, 4), min_size=1, max_size=9)


def test_paired_t_equals_r_on_the_sleep_data() -> None:
    # R: t.test(first, second, paired = TRUE); tests/gold/sleep.R
    result = paired_t(FIRST, SECOND)
    assert result.statistic == pytest.approx(-4.0621277, abs=5e-8)
    assert result.df == 9
    assert result.p == pytest.approx(0.00283289, abs=5e-9)
    assert result.estimate is not None
    assert result.estimate.interval is not None
    assert result.estimate.interval.low == pytest.approx(-2.4598858, abs=5e-8)
    assert result.estimate.interval.high == pytest.approx(-0.7001142, abs=5e-8)


def test_d_z_and_its_noncentral_interval_equal_the_published_ones() -> None:
    # R: mean(d) / sd(d); MBESS::conf.limits.nct, over sqrt(10); tests/gold/sleep.R
    effect = cohens_dz(FIRST, SECOND)
    assert effect.value == pytest.approx(-1.28456, abs=5e-6)
    assert effect.interval is not None
    assert effect.interval.low == pytest.approx(-2.118, abs=5e-4)
    assert effect.interval.high == pytest.approx(-0.4146, abs=5e-5)


def test_d_av_and_rank_biserial_keep_the_sign() -> None:
    # R: mean(d) / sqrt((var(first) + var(second)) / 2); every nonzero difference is negative
    assert cohens_dav(FIRST, SECOND).value == pytest.approx(-0.83218, abs=5e-6)
    assert rank_biserial(FIRST, SECOND).value == -1.0
    assert "1 zero difference dropped" in rank_biserial(FIRST, SECOND).note


def test_signed_rank_equals_r_on_the_sleep_data() -> None:
    # R: coin::wilcoxsign_test, exact Wilcoxon and asymptotic Pratt; tests/gold/sleep.R
    assert signed_rank(FIRST, SECOND, method="exact").p == 0.00390625
    pratt = signed_rank(FIRST, SECOND, zeros="pratt", method="asymptotic")
    assert pratt.p == pytest.approx(0.005825024, abs=5e-10)


@pytest.mark.parametrize("zeros", ["wilcox", "pratt"])
@given(values=DIFFERENCES)
@settings(max_examples=60, deadline=None)
def test_exact_p_is_that_of_all_sign_assignments(zeros: str, values: list[int]) -> None:
    d = np.array(values, dtype=float)
    if not d.any():
        return
    ranks = stats.rankdata(np.abs(d[d != 0] if zeros == "wilcox" else d))
    ranks = ranks if zeros == "wilcox" else ranks[d != 0]
    observed = ranks[d[d != 0] > 0].sum()
    sums = np.array([np.dot(ranks, signs) for signs in product((0, 1), repeat=ranks.size)])
    tails = (np.mean(sums <= observed + 1e-9), np.mean(sums >= observed - 1e-9))
    result = signed_rank(d, zeros=zeros, method="exact")  # pyright: ignore[reportArgumentType]
    assert result.p == pytest.approx(min(1.0, 2.0 * min(tails)), abs=1e-12)


def test_exact_and_asymptotic_agree_on_many_participants() -> None:
    d = np.rint(np.random.default_rng(1).normal(0.15, 1.0, 250) * 10) / 10
    exact, asymptotic = (signed_rank(d, method=method).p for method in ("exact", "asymptotic"))
    assert exact == pytest.approx(asymptotic, abs=2e-3)


def test_differences_of_binary_fractions_are_ties() -> None:
    # 3.7 - 3.6 and 4.1 - 4.0 differ in the last bit
    assert 3.7 - 3.6 != 4.1 - 4.0
    as_floats = signed_rank([3.7, 4.1, 2.0], [3.6, 4.0, 2.3])
    as_tenths = signed_rank([1, 1, -3])
    assert as_floats.p == as_tenths.p
    assert as_floats.statistic == as_tenths.statistic == 3.0


@given(values=DIFFERENCES)
@settings(max_examples=40, deadline=None)
def test_swapping_the_arms_flips_signs_and_keeps_p(values: list[int]) -> None:
    d = np.array(values, dtype=float)
    for test in (paired_t, signed_rank, sign_test):
        forward, backward = test(d), test(-d)
        assert forward.p == pytest.approx(backward.p)
    there, back = cohens_dz(d).value, cohens_dz(-d).value
    assert (there is None and back is None) or there == pytest.approx(-(back or 0.0))


def test_sign_test_counts_the_nonzero_differences() -> None:
    # R: binom.test(0, 9)$p.value = 0.00390625
    result = sign_test(FIRST, SECOND)
    assert result.p == 0.00390625
    assert result.note == "0 of 9 nonzero differences are positive"


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0, 2.0], [0.0, 0.0]])
def test_constant_or_single_differences_are_explained_and_never_nan(values: list[float]) -> None:
    for result in (paired_t(values), signed_rank(values), sign_test(values)):
        assert result.statistic is None or np.isfinite(result.statistic)
        assert result.p is None or 0.0 <= result.p <= 1.0
        assert result.estimable or result.note
        assert "nan" not in result.apa()
    assert not paired_t(values).estimable
    for effect in (cohens_dz(values), hedges_gz(values)):
        assert effect.value is None
        assert effect.note


def test_arrays_that_do_not_pair_up_or_are_not_finite_are_refused() -> None:
    with pytest.raises(InputError, match="x and y must pair up: 2 and 3 values"):
        paired_t([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="x must be finite; position 1 is nan"):
        signed_rank([1.0, float("nan")])
    with pytest.raises(InputError, match="x must hold numbers"):
        sign_test(["a"])
    with pytest.raises(InputError, match="zeros = 'zsplit'"):
        signed_rank([1.0], zeros="zsplit")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("df", [1, 2, 9, 23, 500, 5000])
@pytest.mark.parametrize("t", [0.0, 0.5, 4.0, 60.0, 999.0])
def test_noncentral_bounds_are_found_for_every_t_and_mirror(t: float, df: int) -> None:
    bounds, mirrored = noncentrality_bounds(t, df, 0.95), noncentrality_bounds(-t, df, 0.95)
    assert bounds is not None
    assert mirrored is not None
    assert bounds[0] < bounds[1]
    assert bounds == pytest.approx((-mirrored[1], -mirrored[0]))


def test_the_line_for_a_paper_reads_as_one() -> None:
    assert (
        paired_t(FIRST, SECOND)
        .apa()
        .startswith(
            "t(9) = −4.06, p = .003, M_diff = −1.58, 95% CI [−2.46, −0.70], "
            "d_z = −1.28, 95% CI [−2.12, −0.41], g_z = −1.17"
        )
    )
