"""Adjusted p-values against R and statsmodels."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from analysis import InputError, benjamini_hochberg, hochberg, holm
from analysis.stats.multiplicity import adjust_p

METHODS = {"holm": holm, "simes-hochberg": hochberg, "fdr_bh": benjamini_hochberg}


def test_adjusted_p_values_equal_r_and_keep_the_order_given() -> None:
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), method) with "holm", "hochberg" and "BH"
    p = [0.01, 0.04, 0.03, 0.005]
    assert holm(p) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert hochberg(p) == pytest.approx((0.03, 0.04, 0.04, 0.02))
    assert benjamini_hochberg(p) == pytest.approx((0.02, 0.04, 0.04, 0.02))


@pytest.mark.parametrize("method", METHODS)
@given(p=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=9))
@settings(max_examples=8, deadline=None)
def test_adjusted_p_values_equal_statsmodels(method: str, p: list[float]) -> None:
    expected = np.asarray(multipletests(p, method=method)[1])
    assert METHODS[method](p) == pytest.approx(tuple(expected.tolist()), abs=1e-12)


@given(p=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=9))
@settings(max_examples=50, deadline=None)
def test_hochberg_lies_between_benjamini_hochberg_and_holm(p: list[float]) -> None:
    lowest, middle, highest = (np.array(f(p)) for f in (benjamini_hochberg, hochberg, holm))
    assert (lowest <= middle + 1e-12).all()
    assert (middle <= highest + 1e-12).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_test_without_p_still_counts_in_its_family(method: str) -> None:
    adjust = METHODS[method]
    assert adjust([0.01, None]) == (pytest.approx(0.02), None)
    assert adjust([]) == ()
    with pytest.raises(InputError, match=r"p\[1\] = 1.2"):
        adjust([0.1, 1.2])


def test_holm_is_our_own_because_statsmodels_collects_garbage_at_every_call() -> None:
    collected: list[str] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == 2:
            collected.append(phase)

    gc.disable()
    gc.callbacks.append(note)
    try:
        assert holm([0.01, 0.04]) == pytest.approx((0.02, 0.04))
        hochberg([0.01, 0.04])
        benjamini_hochberg([0.01, 0.04])
        assert collected == []
        multipletests([0.01, 0.04], method="holm")
        assert len(collected) == 1
    finally:
        gc.callbacks.remove(note)
        gc.enable()


def test_adjustments_are_called_by_name_and_others_are_refused() -> None:
    p = [0.01, 0.04, None]
    assert adjust_p(p, "holm") == holm(p)
    assert adjust_p(p, "none") == tuple(p)
    with pytest.raises(InputError, match="adjust = 'tukey': must be one of holm, hochberg"):
        adjust_p(p, "tukey")
