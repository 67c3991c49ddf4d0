"""Power of the slope tests and of the mixed model's arm × round, by simulated studies.

The test is that of `slope_test`: a one-sample t of the participants' slopes, so that for normal
slopes its exact power is the noncentral t (`study_design.power_paired`). A simulated rating is a
latent value, rounded and clipped to the scale:

    middle + level of the participant + liking of the arm + drift of the arm · time + noise

and in the treatment + widening · (round − 1): the arms begin alike. The widening is found so that
the slopes of the rounded ratings have the true d_z that was asked for; their mean and variance are
integrated by Gauss-Hermite quadrature. By hand: no library of the stack simulates ratings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy import optimize, special

from analysis.errors import InputError
from analysis.stats.arrays import Array, check_level, check_whole
from analysis.stats.bootstrap import SEED
from analysis.stats.mixed import linear_mixed
from analysis.stats.power_simulation import BATCH_CELLS, LikertStudy, exact_power, p_values
from analysis.stats.proportions import exact_share
from analysis.stats.results import Estimate, number
from analysis.stats.tabular import Tabular

NODES = 24
STEEPEST = 10.0  # latent points a round that are tried, in widths of the scale


@dataclass(frozen=True, slots=True)
class LearningStudy(LikertStudy):
    """A `LikertStudy` of at least three rounds, in which arms also drift.

    drift  SD of a participant's drift of an arm, latent points a round
    """

    drift: float = 0.05

    def __post_init__(self) -> None:
        LikertStudy.__post_init__(self)
        check_whole(3, rounds=self.rounds)
        if not (math.isfinite(self.drift) and self.drift >= 0.0):
            raise InputError(f"drift = {self.drift!r}: must be finite and >= 0")

    @property
    def time(self) -> Array:
        """(rounds,) the centred round."""
        return np.arange(float(self.rounds)) - (self.rounds - 1) / 2.0

    @property
    def weights(self) -> Array:
        """(rounds,) what makes the ratings of the rounds their least-squares slope."""
        return cast(Array, self.time / np.square(self.time).sum())


@dataclass(frozen=True, slots=True)
class SlopePower(Tabular):
    """How often simulated studies find that a difference widens.

    participants  who begin each study
    effect        the true d_z of the slopes of treatment − comparator
    widening      latent points a round that give it
    slope         their true mean slope, points of the ratings a round
    power         share of studies in which the slope test has p <= alpha, Clopper–Pearson interval
    exact         power for normal slopes (noncentral t), over the chances of dropout
    mixed         the same share for the mixed model's arm × round; None where it was not asked for
    unfitted      mixed models that could not be fitted; they count as not rejecting
    """

    participants: int
    effect: float
    widening: float
    slope: float
    power: Estimate
    exact: float
    repetitions: int
    mixed: Estimate | None = None
    unfitted: int = 0

    def apa(self) -> str:
        """One line for a protocol or a results section."""
        model = "" if self.mixed is None else f"; mixed model, {self.mixed.apa(3)}"
        return (
            f"N = {self.participants}, d_z of slopes = {number(self.effect)} "
            f"({number(self.slope, 3)} points a round): {self.power.apa(3)} in "
            f"{self.repetitions:,} simulated studies, {number(self.exact, 3)} exact{model}"
        )


def power_slopes(
    participants: int,
    effect: float,
    *,
    study: LearningStudy | None = None,
    alpha: float = 0.05,
    repetitions: int = 2_000,
    mixed: int = 0,
    level: float = 0.95,
    seed: int = SEED,
) -> SlopePower:
    """Simulate studies of `participants` whose slopes have a true d_z of `effect`, and test each.

    participants  at least 2; alpha in (0, 1), two-sided
    mixed         in how many of the studies the mixed model is fitted too, 0.04 s each
    A study that cannot be tested counts as one that does not reject. InputError for values out of
    range, or an effect beyond the scale.

    >>> found = power_slopes(24, 0.6, repetitions=500)
    >>> abs(found.power.value - found.exact) < 0.08
    True
    """
    check_whole(2, participants=participants)
    check_whole(1, repetitions=repetitions)
    check_whole(mixed=mixed)
    if mixed > repetitions:
        raise InputError(f"mixed = {mixed}: must be at most repetitions = {repetitions}")
    check_level(alpha, "alpha")
    check_level(level)
    design = study or LearningStudy()
    widening = latent_widening(effect, design)
    rejected = fitted = found = done = 0
    for ratings, present in _studies(repetitions, participants, widening, design, seed):
        slopes = (ratings[..., 0] - ratings[..., 1]) @ design.weights  # (studies, participants)
        rejected += int((p_values(slopes, present) <= alpha).sum())
        for one, there in zip(ratings[: mixed - done], present, strict=False):
            p = _mixed_p(one[there])
            fitted += p is not None
            found += p is not None and p <= alpha
        done = min(mixed, done + len(ratings))
    return SlopePower(
        participants=participants,
        effect=effect,
        widening=widening,
        slope=slope_moments(widening, design)[0],
        power=exact_share(rejected, repetitions, "power", level),
        exact=exact_power(participants, effect, alpha, design.dropout),
        repetitions=repetitions,
        mixed=exact_share(found, mixed, "power", level) if mixed else None,
        unfitted=mixed - fitted,
    )


def latent_widening(effect: float, study: LearningStudy) -> float:
    """The latent points a round at which the slopes of a difference have d_z = `effect`.

    >>> round(latent_widening(0.0, LearningStudy()), 9)
    0.0
    """
    if not math.isfinite(effect):
        raise InputError(f"effect = {effect!r}: must be finite")
    if effect == 0.0:
        return 0.0

    def excess(widening: float) -> float:
        mean, variance = slope_moments(math.copysign(widening, effect), study)
        return abs(mean) / math.sqrt(max(variance, 1e-300)) - abs(effect)

    # The d_z of the slopes rises up to a widening that leaves the scale early, and falls then.
    steps = np.geomspace(1e-3, STEEPEST, 25) * (study.high - study.low) / study.rounds
    above = next((float(step) for step in steps if excess(float(step)) >= 0.0), None)
    if above is None:
        raise InputError(f"effect = {effect!r}: more than slopes of these ratings can differ")
    return math.copysign(cast(float, optimize.brentq(excess, 0.0, above, xtol=1e-12)), effect)


def slope_moments(widening: float, study: LearningStudy) -> tuple[float, float]:
    """Mean and variance of a participant's slope of treatment − comparator, points a round.

    >>> mean, variance = slope_moments(0.0, LearningStudy())
    >>> abs(round(mean, 12)), variance > 0.0
    (0.0, True)
    """
    node, weight = special.roots_hermitenorm(NODES)
    weight = weight / weight.sum()
    (mean_a, var_a), (mean_b, var_b) = (
        _arm_moments(node, weight, rise, study) for rise in (widening, 0.0)
    )
    gap = mean_a - mean_b
    mean = float(weight @ gap)
    return mean, float(weight @ (gap - mean) ** 2 + weight @ (var_a + var_b))


def _arm_moments(
    node: Array, weight: Array, rise: float, study: LearningStudy
) -> tuple[Array, Array]:
    """Mean and variance of an arm's slope, by the participant's level; each (levels,)."""
    place = study.middle + study.level * node[:, None, None, None]
    place = place + study.method * node[:, None, None]
    drift = study.drift * node[:, None] * study.time
    place = place + drift + rise * np.arange(study.rounds)  # (levels, likings, drifts, rounds)
    one, square = np.zeros_like(place), np.zeros_like(place)
    for k, cut in enumerate(np.arange(study.low, study.high) + 0.5):
        above = special.ndtr((place - cut) / study.noise)  # P(rating > cut)
        one += above
        square += (2.0 * k + 1.0) * above
    slope = one @ study.weights  # given level, liking and drift
    noise = (square - one**2) @ np.square(study.weights)
    both = np.outer(weight, weight)
    mean = np.einsum("lmd,md->l", slope, both)
    return mean, np.einsum("lmd,md->l", slope**2 + noise, both) - mean**2


def _studies(
    count: int, people: int, widening: float, study: LearningStudy, seed: int
) -> Iterator[tuple[Array, np.ndarray]]:
    """Batches of ratings (studies, people, rounds, treatment and comparator), and who completed."""
    rng = np.random.default_rng(seed)
    batch = max(1, BATCH_CELLS // (2 * people * study.rounds))
    for start in range(0, count, batch):
        shape = (min(batch, count - start), people)
        latent = study.middle + study.level * rng.standard_normal((*shape, 1, 1))
        latent = latent + study.method * rng.standard_normal((*shape, 1, 2))
        latent = latent + study.drift * rng.standard_normal((*shape, 1, 2)) * study.time[:, None]
        latent = latent + study.noise * rng.standard_normal((*shape, study.rounds, 2))
        latent[..., 0] += widening * np.arange(study.rounds)
        present = rng.random(shape) >= study.dropout
        yield np.clip(np.rint(latent), study.low, study.high), present


def _mixed_p(ratings: Array) -> float | None:
    """p of treatment × round in the mixed model of one study; None where it cannot be fitted."""
    arms = ["treatment", "comparator"]
    model = linear_mixed(ratings, arms, reference="comparator")
    return model.coefficient("treatment × round").p if model.coefficients else None
