"""Looks at the data as planned: which one a study is at, Holm's levels there, and their error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis import holm, spending_boundaries
from analysis.sequential import Stage, holm_levels, level_of
from analysis.stats.alpha_spending import Rule

RULES: list[Rule] = ["obrien_fleming", "pocock"]


@pytest.mark.parametrize(
    ("completed", "number", "is_last"),
    [(0, 0, False), (11, 0, False), (12, 1, False), (23, 1, False), (24, 2, True), (30, 2, True)],
)
def test_the_look_is_the_last_planned_one_that_was_reached(
    completed: int, number: int, is_last: bool
) -> None:
    stage = Stage("pocock", (12, 24), completed)
    assert (stage.number, stage.is_last) == (number, is_last)
    assert bool(stage.too_early) == (number == 0)


def test_before_the_first_look_the_reason_names_both_numbers() -> None:
    stage = Stage("obrien_fleming", (12, 24), 7)
    assert stage.too_early == (
        "not tested: the first look is at 12 completed participants, there are 7"
    )
    assert level_of(stage, 0.05) is None


def test_boundaries_are_those_of_the_looks_as_planned() -> None:
    expected = spending_boundaries("obrien_fleming", [0.5, 0.75, 1.0])
    for completed in (12, 15, 26):
        assert Stage("obrien_fleming", (12, 18, 24), completed).boundaries(0.05) == expected
    assert level_of(Stage("obrien_fleming", (12, 18, 24), 15), 0.05) == expected.nominal[0]
    assert level_of(Stage("obrien_fleming", (12, 18, 24), 26), 0.05) == expected.nominal[2]


@pytest.mark.parametrize("rule", RULES)
def test_each_step_of_holm_has_a_boundary_of_its_own_alpha(rule: Rule) -> None:
    stage = Stage(rule, (12, 24), 24)
    smallest, middle, largest = stage.holm_levels([1e-6, 2e-6, 3e-6], 0.05)
    own = [spending_boundaries(rule, [0.5, 1.0], alpha=0.05 / m).nominal[1] for m in (3, 2, 1)]
    assert [smallest, middle, largest] == own


def test_levels_differ_from_a_share_of_the_level_for_alpha() -> None:
    # The level of Holm's first step of two is that for .025; half of the level for .05 is larger.
    first, _ = Stage("obrien_fleming", (12, 24), 12).holm_levels([0.01, 0.02], 0.05)
    assert first == pytest.approx(0.000824, abs=1e-6)
    assert spending_boundaries("obrien_fleming", 2).nominal[0] / 2 == pytest.approx(
        0.001525, abs=1e-6
    )


@given(
    p=st.lists(st.one_of(st.none(), st.floats(0.0, 1.0)), min_size=1, max_size=8),
    alpha=st.floats(0.001, 0.4),
)
def test_with_the_levels_of_one_look_the_procedure_is_holms(
    p: list[float | None], alpha: float
) -> None:
    left = range(len(p), 0, -1)
    levels = holm_levels(p, [alpha / m for m in left])
    for value, level, adjusted in zip(p, levels, holm(p), strict=True):
        if value is None or level is None or adjusted is None:
            assert value is level is adjusted is None
        elif abs(adjusted - alpha) > 1e-12:  # m p <= alpha and p <= alpha / m may round apart
            assert (value <= level) == (adjusted <= alpha)


def test_equal_p_values_and_those_not_estimable_keep_their_places() -> None:
    assert holm_levels([0.01, None, 0.01], [0.005, 0.02, 0.05]) == (0.005, None, 0.005)
    assert holm_levels([None, None], [0.025, 0.05]) == (None, None)
    assert holm_levels([0.01, None, 0.01], [0.01, 0.02, 0.05]) == (0.01, None, 0.02)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("effect", [0.0, 1.5])
def test_two_looks_at_two_correlated_contrasts_keep_the_familywise_error(
    rule: Rule, effect: float
) -> None:
    # Paired t tests of 12 and then 24 participants. The first contrast has no effect, the second
    # none or a large one, which is the harder case for Holm: the first then has all of alpha.
    rng = np.random.default_rng(20)
    d = rng.standard_normal((20_000, 24, 2)) @ np.linalg.cholesky([[1.0, 0.5], [0.5, 1.0]]).T
    d[:, :, 1] += effect
    null = [0] if effect else [0, 1]
    wrong = np.zeros(len(d), dtype=bool)
    for look, n in enumerate((12, 24)):
        levels = [Stage(rule, (12, 24), n).boundaries(0.05 / m).nominal[look] for m in (2, 1)]
        t = d[:, :n].mean(axis=1) / d[:, :n].std(axis=1, ddof=1) * np.sqrt(n)
        p = 2.0 * stats.t.sf(np.abs(t), n - 1)
        held = np.array([holm_levels(row, levels) for row in p.tolist()], dtype=np.float64)
        wrong |= (p <= held)[:, null].any(axis=1)
    error = np.sqrt(0.05 * 0.95 / len(d))
    assert wrong.mean() <= 0.05 + 3.0 * error
    assert wrong.mean() >= 0.04  # and alpha is used
