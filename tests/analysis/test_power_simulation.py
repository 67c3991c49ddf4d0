"""Simulated power against the exact one, and the calibration of the simulated ratings."""

from __future__ import annotations

import numpy as np
import pytest

from analysis import InputError, LikertStudy, power_paired, power_simulated, smallest_effect
from analysis.stats.power_simulation import difference_moments, latent_shift

STUDIES = [
    LikertStudy(),
    LikertStudy(rounds=3, low=1, high=7, level=1.0, method=0.5, noise=1.2),
    LikertStudy(rounds=5, level=0.0, method=0.0, noise=0.7),
]


@pytest.mark.parametrize("study", STUDIES)
def test_mean_and_variance_of_a_difference_are_those_of_drawn_ratings(study: LikertStudy) -> None:
    rng = np.random.default_rng(1)
    people = 200_000
    level = study.middle + study.level * rng.standard_normal((people, 1))
    arms = [
        np.clip(
            np.rint(
                level
                + shift
                + study.method * rng.standard_normal((people, 1))
                + study.noise * rng.standard_normal((people, study.rounds))
            ),
            study.low,
            study.high,
        ).mean(axis=1)
        for shift in (0.7, 0.0)
    ]
    d = arms[0] - arms[1]
    mean, variance = difference_moments(0.7, study)
    assert d.mean() == pytest.approx(mean, abs=4 * float(d.std()) / people**0.5)
    assert d.var() == pytest.approx(variance, rel=0.015)


@pytest.mark.parametrize("effect", [-0.8, -0.3, 0.0, 0.5, 1.5])
@pytest.mark.parametrize("study", STUDIES)
def test_the_shift_gives_the_effect_that_was_asked_for(study: LikertStudy, effect: float) -> None:
    mean, variance = difference_moments(latent_shift(effect, study), study)
    assert mean / variance**0.5 == pytest.approx(effect, abs=1e-6)


@pytest.mark.parametrize("participants", [12, 24])
@pytest.mark.parametrize("effect", [0.3, 0.66])
def test_simulated_power_is_near_the_exact_one(participants: int, effect: float) -> None:
    found = power_simulated(participants, effect, repetitions=4_000)
    assert found.power.value == pytest.approx(found.exact, abs=0.035)
    assert found.exact == power_paired(participants, effect)
    assert found.power.interval is not None
    assert found.power.interval.low < (found.power.value or 0.0) < found.power.interval.high
    assert found.zeros > 0.0  # ratings tie


def test_without_an_effect_the_test_keeps_its_level() -> None:
    found = power_simulated(24, 0.0, repetitions=20_000)
    # four standard errors of a share of .05 in 20,000
    assert found.power.value == pytest.approx(0.05, abs=0.0062)


def test_dropouts_cost_the_power_that_their_number_costs() -> None:
    study = LikertStudy(dropout=0.25)
    found = power_simulated(24, 0.66, study=study, repetitions=4_000)
    assert found.analysed == pytest.approx(18.0, abs=0.15)
    assert power_paired(12, 0.66) < found.exact < power_paired(24, 0.66)
    assert found.power.value == pytest.approx(found.exact, abs=0.035)


def test_the_smallest_effect_of_twenty_participants_is_the_published_one() -> None:
    # R: power.t.test(n = 20, power = .8, type = "paired", strict = TRUE)$delta; tests/gold/power.R
    assert smallest_effect(20) == pytest.approx(0.6604, abs=5e-5)
    found = power_simulated(20, 0.6604, repetitions=4_000)
    assert found.power.value == pytest.approx(0.80, abs=0.035)


def test_the_same_seed_gives_the_same_power() -> None:
    first, second = (power_simulated(12, 0.5, repetitions=300, seed=9) for _ in range(2))
    assert first == second
    assert first.apa().startswith("N = 12, d_z = 0.50: power = ")


def test_studies_that_cannot_be_tested_do_not_reject() -> None:
    study = LikertStudy(rounds=1, level=0.0, method=0.0, noise=0.05)
    assert power_simulated(4, 0.0, study=study, repetitions=50).power.value == 0.0


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="participants = 1"):
        power_simulated(1, 0.5)
    with pytest.raises(InputError, match=r"alpha = 1.0"):
        power_simulated(12, 0.5, alpha=1.0)
    with pytest.raises(InputError, match="effect = 50: more than ratings"):
        power_simulated(12, 50)
    with pytest.raises(InputError, match=r"dropout = 1.0"):
        LikertStudy(dropout=1.0)
    with pytest.raises(InputError, match="low < high"):
        LikertStudy(low=5, high=5)
    with pytest.raises(InputError, match="noise > 0"):
        LikertStudy(noise=0.0)
