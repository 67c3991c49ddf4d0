"""Repeated-measures analysis of variance against afex, and what becomes of degenerate tables."""

from __future__ import annotations

import numpy as np
import pytest
from broken_exports import gold
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis import InputError, paired_t
from analysis.stats.anova import rm_anova

ARMS = ("rag", "hare", "gpt2")


@pytest.fixture(scope="module")
def times() -> np.ndarray:
    """(10 people, 2 noise, 3 angles), those of tests/gold/reaction_times.R."""
    table = gold("reaction_times")
    return table.drop(columns="id").to_numpy(float).reshape(10, 2, 3)


@pytest.fixture(scope="module")
def rated() -> np.ndarray:
    """(12 participants, 3 arms, 6 rounds), those of tests/gold/rated_rounds.R."""
    table = gold("rated_rounds")
    values = np.empty((12, 3, 6))
    arm = [ARMS.index(name) for name in table["arm"]]
    values[table["p"] - 1, arm, table["round"] - 1] = table["rating"]
    return values


def test_one_factor_equals_afex_on_the_sleep_study() -> None:
    # afex: aov_ez("Subject", "Reaction", within = "day"); tests/gold/reaction_times.R
    days = gold("sleepstudy").pivot(index="Subject", columns="Days", values="Reaction")
    effect = rm_anova(days.to_numpy(), factors=["day"]).effect("day")
    assert (effect.df, effect.df_error) == (9, 153)
    assert effect.ss == pytest.approx(166235.1225, rel=1e-9)
    assert effect.ss_error == pytest.approx(151101.0386, rel=1e-9)
    assert effect.statistic == pytest.approx(18.70269793, rel=1e-9)
    assert effect.p == pytest.approx(8.995345416e-21, rel=1e-8)
    assert effect.epsilon_gg == pytest.approx(0.3690298448, abs=1e-9)
    assert effect.p_gg == pytest.approx(5.463091768e-09, rel=1e-8)
    assert effect.epsilon_hf == pytest.approx(0.4693647969, abs=1e-9)
    assert effect.p_hf == pytest.approx(7.076551753e-11, rel=1e-8)
    assert effect.partial_eta2.value == pytest.approx(0.5238455079, abs=1e-9)
    assert effect.generalized_eta2.value == pytest.approx(0.2926910342, abs=1e-9)


def test_two_factors_equal_afex_on_the_reaction_times(times: np.ndarray) -> None:
    # Maxwell and Delaney (2004), table 12.1; afex: tests/gold/reaction_times.R
    anova = rm_anova(times, factors=["noise", "angle"])
    assert [effect.name for effect in anova.effects] == ["noise", "angle", "noise × angle"]
    assert [effect.statistic for effect in anova.effects] == pytest.approx(
        [33.76595745, 40.71910112, 45.31034483], rel=1e-9
    )
    assert [effect.epsilon_gg for effect in anova.effects] == pytest.approx(
        [1.0, 0.9616365181, 0.9039770692], abs=1e-9
    )
    assert [effect.p_gg for effect in anova.effects] == pytest.approx(
        [2.559736584e-4, 3.401704844e-7, 3.453930861e-7], rel=1e-8
    )
    # afex prints 1.217563603 and 1.117869775, and treats them as 1
    assert [effect.epsilon_hf for effect in anova.effects] == [1.0, 1.0, 1.0]
    assert [effect.generalized_eta2.value for effect in anova.effects] == pytest.approx(
        [0.3866017052, 0.3901178750, 0.1882656351], abs=1e-9
    )


def test_an_interaction_of_ten_contrasts_equals_afex(rated: np.ndarray) -> None:
    # afex: within = c("arm", "round"); tests/gold/reaction_times.R
    effect = rm_anova(rated, factors=["arm", "round"]).effect("arm × round")
    assert effect.statistic == pytest.approx(0.776361009, abs=1e-8)
    assert effect.epsilon_gg == pytest.approx(0.4274914540, abs=1e-9)
    assert effect.p_gg == pytest.approx(0.55377165429, abs=1e-9)
    assert effect.epsilon_hf == pytest.approx(0.7330609368, abs=1e-9)
    assert effect.p_hf == pytest.approx(0.61428325785, abs=1e-9)


def test_the_interval_of_partial_eta_squared_is_effectsizes(times: np.ndarray) -> None:
    # effectsize: F_to_eta2(F, df, df_error, ci = .90, alternative = "two.sided")
    effects = rm_anova(times, factors=["noise", "angle"]).effects
    found = [effect.partial_eta2.interval for effect in effects]
    assert [(i.low, i.high) for i in found if i] == [
        pytest.approx((0.49218731, 0.88870026), abs=2e-7),
        pytest.approx((0.66040767, 0.88659418), abs=2e-7),
        pytest.approx((0.68804403, 0.89626369), abs=2e-7),
    ]


@given(st.integers(0, 10_000), st.integers(3, 12))
@settings(max_examples=25, deadline=None)
def test_two_conditions_give_the_square_of_the_paired_t(seed: int, n: int) -> None:
    values = np.random.default_rng(seed).normal(size=(n, 2))
    effect = rm_anova(values).effect("A")
    t = paired_t(values[:, 0], values[:, 1])
    assert t.statistic is not None
    assert effect.statistic == pytest.approx(t.statistic**2, rel=1e-7)
    assert effect.p == effect.p_gg == effect.p_hf == pytest.approx(t.p, rel=1e-7)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_epsilon_lies_between_its_bounds_and_p_grows_as_it_falls(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(6, 4)) * [1.0, 1.0, 2.0, 4.0]
    effect = rm_anova(values).effect("A")
    assert effect.epsilon_gg is not None
    assert effect.epsilon_hf is not None
    assert 1 / 3 - 1e-12 <= effect.epsilon_gg <= effect.epsilon_hf <= 1.0
    assert effect.statistic == pytest.approx(
        rm_anova(values + np.arange(6.0)[:, None]).effect("A").statistic, rel=1e-6
    )


def test_the_sums_of_squares_add_up_to_the_total(rated: np.ndarray) -> None:
    effects = rm_anova(rated).effects
    within = sum(effect.ss + effect.ss_error for effect in effects)
    between = 18 * np.square(rated.mean(axis=(1, 2)) - rated.mean()).sum()
    assert within + between == pytest.approx(np.square(rated - rated.mean()).sum())


def test_the_corrected_test_keeps_its_level_when_sphericity_fails() -> None:
    rng = np.random.default_rng(8)
    plain = corrected = 0
    for _ in range(1_000):
        effect = rm_anova(rng.normal(size=(12, 4)) * [0.5, 1.0, 1.0, 4.0]).effect("A")
        assert effect.p is not None
        assert effect.p_gg is not None
        plain += effect.p < 0.05
        corrected += effect.p_gg < 0.05
    assert stats.binomtest(plain, 1_000, 0.05, alternative="greater").pvalue < 1e-3
    assert stats.binomtest(corrected, 1_000, 0.05, alternative="greater").pvalue > 1e-3


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.ones((5, 3)), "every participant has equal means in all conditions"),
        (
            np.arange(4.0)[:, None] + [0.1, 0.2, 0.4],
            "the conditions differ by the same amounts for every participant",
        ),
        ([[1.0, 2.0, 3.0]], "needs at least 2 participants, has 1"),
    ],
)
def test_tables_without_an_error_term_are_explained(values: np.ndarray, reason: str) -> None:
    effect = rm_anova(values, factors=["arm"]).effect("arm")
    assert (effect.statistic, effect.p, effect.p_gg, effect.p_hf) == (None, None, None, None)
    assert not effect.estimable
    assert effect.partial_eta2.note == effect.note == reason
    assert effect.apa() == f"arm: not estimable ({reason})"


def test_one_effect_may_be_estimable_and_another_not() -> None:
    rng = np.random.default_rng(1)
    by_arm = rng.normal(size=(6, 3, 1))
    anova = rm_anova(by_arm + np.zeros((6, 3, 2)), factors=["arm", "round"])
    assert [effect.estimable for effect in anova.effects] == [True, False, False]


def test_few_participants_for_the_contrasts_are_said() -> None:
    values = np.random.default_rng(0).normal(size=(3, 6))
    effect = rm_anova(values).effect("A")
    assert effect.note == "3 participants for 5 contrasts: their covariance is singular"
    two = rm_anova(values[:2]).effect("A")
    assert (two.epsilon_hf, two.p_hf) == (None, None)
    assert two.note == "ε_HF needs at least 3 participants"


def test_effects_read_as_in_a_paper(times: np.ndarray) -> None:
    assert rm_anova(times, factors=["noise", "angle"]).apa().splitlines() == [
        "noise: F(1, 9) = 33.77, p < .001, η²_p = .79, 90% CI [.49, .89], η²_G = .39",
        "angle: F(1.92, 17.31) = 40.72, p < .001, ε_GG = .96, "
        "η²_p = .82, 90% CI [.66, .89], η²_G = .39",
        "noise × angle: F(1.81, 16.27) = 45.31, p < .001, ε_GG = .90, "
        "η²_p = .83, 90% CI [.69, .90], η²_G = .19",
    ]


def test_an_enormous_f_has_no_interval_and_says_so() -> None:
    noise = np.random.default_rng(0).normal(size=(8, 3)) * 1e-4
    effect = rm_anova(noise + np.arange(3.0)).effect("A")
    assert effect.partial_eta2.interval is None
    assert effect.partial_eta2.note == "no interval: F is beyond the noncentral F's range"


def test_wrong_tables_are_refused() -> None:
    with pytest.raises(InputError, match=r"has shape \(4,\)"):
        rm_anova([1.0, 2.0, 3.0, 4.0])
    with pytest.raises(InputError, match=r"at least 2 levels, has shape \(4, 1\)"):
        rm_anova(np.ones((4, 1)))
    with pytest.raises(InputError, match="finite in every cell; position 1, 2 is not"):
        rm_anova([[1.0, 2.0, 3.0], [1.0, 2.0, np.nan]])
    with pytest.raises(InputError, match="factors must name the 1 factors"):
        rm_anova(np.ones((4, 3)), factors=["arm", "round"])
    with pytest.raises(InputError, match="level = 95"):
        rm_anova(np.ones((4, 3)), level=95)
    with pytest.raises(KeyError, match="no effect 'round'"):
        rm_anova(np.eye(4), factors=["arm"]).effect("round")
