"""Group-sequential boundaries against published tables, gsDesign, and simulated looks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis import InputError, classical_boundaries, spend, spending_boundaries
from analysis.stats.alpha_spending import Rule


@pytest.mark.parametrize(
    ("looks", "pocock", "obrien_fleming"),
    [
        # C. Jennison and B. W. Turnbull (2000), "Group sequential methods", tables 2.1 and 2.3,
        # two-sided alpha .05; gsDesign to 1e-6: tests/gold/alpha_spending.R
        (1, 1.960, 1.960),
        (2, 2.178, 1.977),
        (3, 2.289, 2.004),
        (4, 2.361, 2.024),
        (5, 2.413, 2.040),
    ],
)
def test_classical_constants_equal_the_published_tables(
    looks: int, pocock: float, obrien_fleming: float
) -> None:
    assert classical_boundaries("pocock", looks).z == pytest.approx([pocock] * looks, abs=5e-4)
    last = classical_boundaries("obrien_fleming", looks).z[-1]
    assert last == pytest.approx(obrien_fleming, abs=5e-4)


def test_obrien_and_flemings_five_looks_equal_the_published_ones() -> None:
    # Jennison and Turnbull (2000), table 2.3 times sqrt(5 / k); gsDesign(k = 5, sfu = "OF")
    z = classical_boundaries("obrien_fleming", 5).z
    assert z == pytest.approx([4.562, 3.226, 2.634, 2.281, 2.040], abs=5e-4)
    assert z == pytest.approx(
        [4.561742571, 3.225639106, 2.633723301, 2.280871285, 2.040073297], abs=2e-6
    )


@pytest.mark.parametrize(
    ("rule", "information", "sides", "expected"),
    [
        # R: gsDesign(..., alpha = .025, sfu = sfLDOF or sfLDPocock)$upper$bound, test.type 1 for
        # one side and 2 for two; tests/gold/alpha_spending.R
        (
            "obrien_fleming",
            5,
            1,
            [4.876884949, 3.357010993, 2.680279581, 2.289816682, 2.031032215],
        ),
        (
            "pocock",
            5,
            1,
            [2.437976688, 2.426813689, 2.410194122, 2.396649301, 2.385999729],
        ),
        (
            "pocock",
            5,
            2,
            [2.437976688, 2.426813688, 2.410193820, 2.396645436, 2.385984651],
        ),
        ("obrien_fleming", [0.3, 0.7, 1.0], 2, [3.928572543, 2.438742131, 2.000008608]),
        ("pocock", [0.3, 0.7, 1.0], 1, [2.311835304, 2.258346323, 2.306182902]),
    ],
)
def test_spending_boundaries_equal_gsdesign(
    rule: Rule, information: int | list[float], sides: int, expected: list[float]
) -> None:
    found = spending_boundaries(rule, information, alpha=0.025 * sides, sides=sides)
    assert found.z == pytest.approx(expected, abs=2e-6)


def test_power_under_a_drift_equals_gsdesign() -> None:
    # R: gsDesign(k = 5, test.type = 2, alpha = .025, beta = .1, sfu = "OF") has power .9 at
    # theta 3.24151555 and inflation 1.026485854; tests/gold/alpha_spending.R
    drift = 3.24151555 * math.sqrt(1.026485854)
    power = classical_boundaries("obrien_fleming", 5).power(drift)
    assert power[-1] == pytest.approx(0.9, abs=1e-6)


@given(
    rule=st.sampled_from(["obrien_fleming", "pocock"]),
    steps=st.lists(st.floats(0.05, 1.0), min_size=1, max_size=6),
    alpha=st.floats(0.01, 0.2),
    sides=st.sampled_from([1, 2]),
)
@settings(max_examples=30, deadline=None)
def test_the_null_is_rejected_as_often_as_was_spent_whatever_the_looks(
    rule: Rule, steps: list[float], alpha: float, sides: int
) -> None:
    looks = [float(t) for t in np.cumsum(steps) / np.sum(steps)]
    looks[-1] = 1.0
    found = spending_boundaries(rule, looks, alpha=alpha, sides=sides)
    expected = [spend(rule, t, alpha=alpha, sides=sides) for t in looks]
    assert found.spent == pytest.approx(expected, abs=1e-9)
    assert found.spent[-1] == pytest.approx(alpha, abs=1e-9)
    assert classical_boundaries(rule, looks, alpha=alpha, sides=sides).spent[-1] == pytest.approx(
        alpha, abs=1e-9
    )


def test_simulated_looks_cross_as_often_as_the_integration_says() -> None:
    looks = np.array([0.25, 0.6, 1.0])
    found = classical_boundaries("pocock", looks.tolist())
    rng = np.random.default_rng(12)
    for drift in (0.0, 2.5):
        steps = rng.standard_normal((200_000, 3)) * np.sqrt(np.diff(looks, prepend=0.0))
        z = (np.cumsum(steps, axis=1) + drift * looks) / np.sqrt(looks)
        crossed = np.maximum.accumulate(np.abs(z) >= found.z, axis=1).mean(axis=0)
        # four standard errors of a share in 200,000
        assert crossed == pytest.approx(found.power(drift), abs=4.5e-3)


def test_one_look_is_the_ordinary_test() -> None:
    only = spending_boundaries("obrien_fleming", 1)
    assert only.z[0] == pytest.approx(float(stats.norm.isf(0.025)), abs=1e-9)
    assert only.nominal[0] == pytest.approx(0.05, abs=1e-9)
    assert only.apa() == (
        "O'Brien–Fleming type spending, two-sided alpha = 0.05: "
        "z = 1.960 at 100% of the information"
    )


def test_looks_that_do_not_rise_or_come_too_early_are_refused() -> None:
    with pytest.raises(InputError, match=r"information = \[0.5, 0.5\]: must rise"):
        spending_boundaries("pocock", [0.5, 0.5])
    with pytest.raises(InputError, match="must rise, within"):
        classical_boundaries("pocock", [0.5, 1.2])
    with pytest.raises(InputError, match=r"information\[0\] = 0.001: this early"):
        spending_boundaries("obrien_fleming", [0.001, 1.0])
    with pytest.raises(InputError, match=r"is too close to the look before, 0.5"):
        classical_boundaries("pocock", [0.5, 0.500001, 1.0])
    with pytest.raises(InputError, match="needs at least 1 look"):
        classical_boundaries("pocock", 0)


def test_rules_levels_and_sides_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="rule = 'haybittle'"):
        spend("haybittle", 0.5)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match=r"alpha = 0.5"):
        spending_boundaries("pocock", 3, alpha=0.5)
    with pytest.raises(InputError, match="sides = 3"):
        classical_boundaries("pocock", 3, sides=3)
    with pytest.raises(InputError, match="information = 0"):
        spend("pocock", 0)
