"""Effect sizes against R: value, sign, kind of interval, and what is said when there is none."""

from __future__ import annotations

import numpy as np
import pytest
from broken_exports import gold
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import cohens_dav, cohens_dz, hedges_gz, paired_t, rank_biserial

SLEEP = gold("sleep")
FIRST, SECOND = SLEEP["first"].to_numpy(), SLEEP["second"].to_numpy()


def test_hedges_g_is_d_z_times_the_exact_correction_of_r() -> None:
    # R: exp(lgamma(4.5) - lgamma(4)) / sqrt(4.5) = 0.9138748918; tests/gold/sleep.R
    effect = hedges_gz(FIRST, SECOND)
    assert effect.value == pytest.approx(-1.1739249035, abs=5e-10)
    assert effect.note == "J(9) = 0.9139"
    assert effect.interval is not None
    # R: the noncentral-t limits of d_z, -2.118 and -0.4146, times J
    assert effect.interval.low == pytest.approx(-2.118 * 0.9138749, abs=5e-4)
    assert effect.interval.high == pytest.approx(-0.4146 * 0.9138749, abs=5e-5)


def test_the_interval_of_d_av_is_bca_and_near_that_of_r() -> None:
    # R: boot::boot.ci(boot(cbind(first, second), d_av, 99999), type = "bca"); tests/gold/sleep.R
    interval = cohens_dav(FIRST, SECOND).interval
    assert interval is not None
    assert interval.method == "BCa, 9,999 resamples of participants"
    assert interval.low == pytest.approx(-1.4395, abs=0.04)
    assert interval.high == pytest.approx(-0.5066, abs=0.02)


def test_the_interval_of_the_rank_biserial_is_bca() -> None:
    effect = rank_biserial([1, 2, -3, 0, 4, 5, -1, 2])
    # nonzero sizes 1 1 2 2 3 4 5 have ranks 1.5 1.5 3.5 3.5 5 6 7: W+ 21.5, W- 6.5
    assert effect.value == pytest.approx((21.5 - 6.5) / 28.0)
    assert effect.interval is not None
    assert effect.interval.method.startswith("BCa")
    assert effect.note == "1 zero difference dropped; 4 tied in size"


def test_differences_of_one_sign_have_a_rank_biserial_of_one_and_no_interval() -> None:
    effect = rank_biserial(FIRST, SECOND)
    assert effect.value == -1.0
    assert effect.interval is None
    assert "the resamples hardly differ" in effect.note


def test_the_noncentral_interval_of_d_z_covers_as_often_as_it_says() -> None:
    rng, covered = np.random.default_rng(3), 0
    for _ in range(800):
        interval = cohens_dz(rng.normal(0.6, 1.0, 12)).interval
        assert interval is not None
        covered += interval.low <= 0.6 <= interval.high
    assert 0.925 <= covered / 800 <= 0.975


@given(values=st.lists(st.integers(-4, 4), min_size=4, max_size=12), shift=st.floats(-2, 2))
@settings(max_examples=40, deadline=None)
def test_d_z_excludes_zero_exactly_when_the_t_test_rejects(values: list[int], shift: float) -> None:
    d = np.array(values) + round(shift, 3)
    effect = cohens_dz(d)
    if effect.interval is None:
        return
    p = paired_t(d).p
    if p is not None and abs(p - 0.05) > 1e-6:
        assert (effect.interval.low > 0.0 or effect.interval.high < 0.0) == (p < 0.05)
