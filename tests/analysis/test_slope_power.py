"""Simulated power of the slope test against the noncentral t, and the calibration of its slopes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis import InputError, LearningStudy, participant_slopes, power_paired, power_slopes
from analysis.__main__ import main
from analysis.stats.slope_power import latent_widening, slope_moments

STUDIES = [
    LearningStudy(),
    LearningStudy(rounds=4, low=1, high=7, level=1.0, method=0.5, noise=1.2, drift=0.2),
    LearningStudy(rounds=6, level=0.0, method=0.0, noise=0.7, drift=0.0),
]


@pytest.mark.parametrize("study", STUDIES)
def test_mean_and_variance_of_a_slope_are_those_of_drawn_ratings(study: LearningStudy) -> None:
    rng = np.random.default_rng(1)
    people, rounds = 60_000, np.arange(study.rounds)
    level = study.middle + study.level * rng.standard_normal((people, 1))
    arms = []
    for widening in (0.12, 0.0):
        liking, drift = rng.standard_normal((2, people, 1)) * [[[study.method]], [[study.drift]]]
        noise = study.noise * rng.standard_normal((people, study.rounds))
        latent = level + liking + drift * (rounds - rounds.mean()) + widening * rounds + noise
        arms.append(np.clip(np.rint(latent), study.low, study.high))
    slopes = participant_slopes(arms[0] - arms[1])
    mean, variance = slope_moments(0.12, study)
    assert slopes.mean() == pytest.approx(mean, abs=4 * float(slopes.std()) / people**0.5)
    assert slopes.var() == pytest.approx(variance, rel=0.025)


@pytest.mark.parametrize("effect", [-0.6, 0.3, 0.9])
def test_the_widening_gives_the_effect_that_was_asked_for(effect: float) -> None:
    study = LearningStudy(rounds=6)
    mean, variance = slope_moments(latent_widening(effect, study), study)
    assert mean / variance**0.5 == pytest.approx(effect, abs=1e-6)


@pytest.mark.parametrize(("participants", "effect"), [(12, 0.6), (24, 0.5)])
def test_simulated_power_is_near_the_noncentral_t(participants: int, effect: float) -> None:
    found = power_slopes(participants, effect, repetitions=4_000)
    assert found.exact == power_paired(participants, effect)
    assert found.power.value == pytest.approx(found.exact, abs=0.035)
    assert found.slope > 0.0


def test_without_widening_the_slope_test_keeps_its_level() -> None:
    found = power_slopes(24, 0.0, repetitions=20_000)
    # four standard errors of a share of .05 in 20,000
    assert found.power.value == pytest.approx(0.05, abs=0.0062)
    assert found.slope == pytest.approx(0.0, abs=1e-12)


def test_the_mixed_model_is_fitted_to_the_first_studies() -> None:
    study = LearningStudy(rounds=5)
    found = power_slopes(12, 1.2, study=study, repetitions=40, mixed=12)
    assert found.mixed is not None
    assert found.mixed.interval is not None
    # 12 fits of which nearly all reject, as the slope test of 12 participants does (power .96)
    assert found.mixed.interval.high > found.exact
    assert found.unfitted == 0
    assert "mixed model, power = " in found.apa()


def test_the_same_seed_gives_the_same_power_with_and_without_the_mixed_model() -> None:
    plain = power_slopes(12, 0.5, repetitions=30, seed=9)
    fitted = power_slopes(12, 0.5, repetitions=30, seed=9, mixed=2)
    assert (plain.power, plain.mixed) == (fitted.power, None)


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="effect = 50: more than slopes"):
        power_slopes(12, 50)
    with pytest.raises(InputError, match="drift = -1"):
        LearningStudy(drift=-1)
    with pytest.raises(InputError, match="rounds = 2: must be a whole number >= 3"):
        LearningStudy(rounds=2)
    with pytest.raises(InputError, match="mixed = 3: must be at most repetitions = 2"):
        power_slopes(12, 0.5, repetitions=2, mixed=3)


def test_the_command_prints_slopes_as_a_table_and_as_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["power", "--slopes", "--n", "12", "--effect", "0.6", "--simulate", "60"]
    assert main([*command, "--mixed", "2", "--tests", "2"]) == 0
    printed = capsys.readouterr().out
    assert "α = 0.025" in printed
    assert "In 60 simulated studies each" in printed
    assert "could not be fitted, counted as not rejecting: 0" in printed
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["simulated"][0]
    assert found["exact"] == power_paired(12, 0.6)
    assert found["mixed"] is None


def test_mixed_without_slopes_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["power", "--mixed", "2"]) == 1
    assert "--mixed goes with --slopes" in capsys.readouterr().err
