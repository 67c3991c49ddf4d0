"""Power of the confirmatory paired t test by simulated studies, beside the exact one.

The exact power (`study_design.power_paired`, the noncentral t) takes the participants' differences
as normal. Real ones are means of a few whole numbers on a short scale, with ties, ceilings and
dropouts. A simulated rating is a latent value, rounded and clipped to the scale:

    middle + level of the participant + liking of the arm + shift + noise

The shift is found so that the rounded and clipped ratings have the true d_z that was asked for:
mean and variance of a participant's difference are integrated by Gauss-Hermite quadrature, not
simulated. By hand: no library of the stack simulates ratings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy import optimize, special, stats

from analysis.errors import InputError
from analysis.stats.arrays import Array, check_level, check_whole
from analysis.stats.bootstrap import SEED
from analysis.stats.proportions import exact_share
from analysis.stats.results import Estimate, number
from analysis.stats.tabular import Tabular
from study_design import power_paired

NODES = 40
WIDEST = 1_000  # an end of a scale is no further from zero
BATCH_CELLS = 2_000_000


@dataclass(frozen=True, slots=True)
class LikertStudy:
    """What the simulated studies look like; SDs in points of the scale, before rounding.

    rounds       rounds in which both arms are rated
    low, high    ends of the scale
    level        SD of the participants' levels
    method       SD of a participant's liking of an arm: what makes their differences differ
    noise        SD of a single rating
    dropout      chance that a participant does not complete, and is left out
    """

    rounds: int = 10
    low: int = 1
    high: int = 5
    level: float = 0.5
    method: float = 0.3
    noise: float = 0.9
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_whole(1, rounds=self.rounds)
        if not -WIDEST <= self.low < self.high <= WIDEST:
            raise InputError(
                f"low = {self.low}, high = {self.high}: needs low < high, within ±{WIDEST:,}"
            )
        if not (min(self.level, self.method) >= 0.0 and self.noise > 0.0):
            raise InputError("level and method must be >= 0, and noise > 0")
        if not np.isfinite([self.level, self.method, self.noise]).all():
            raise InputError("level, method and noise must be finite")
        if not 0.0 <= self.dropout < 1.0:
            raise InputError(f"dropout = {self.dropout!r}: must be in [0, 1)")

    @property
    def middle(self) -> float:
        """The middle of the scale."""
        return (self.low + self.high) / 2.0


@dataclass(frozen=True, slots=True)
class SimulatedPower(Tabular):
    """How often simulated studies reject, and how often exact theory says they do.

    participants  who begin each study
    effect        the true d_z of the ratings
    shift         points on the latent scale that give it
    power         share of studies with p <= alpha, with its Clopper–Pearson interval
    exact         power of the paired t test for normal differences, over the chances of dropout
    zeros         share of participants whose difference is exactly zero
    analysed      mean number of participants who complete
    """

    participants: int
    effect: float
    shift: float
    power: Estimate
    exact: float
    zeros: float
    analysed: float
    repetitions: int

    def apa(self) -> str:
        """One line for a protocol or a results section."""
        return (
            f"N = {self.participants}, d_z = {number(self.effect)}: {self.power.apa(3)} "
            f"in {self.repetitions:,} simulated studies, {number(self.exact, 3)} exact"
        )


def power_simulated(
    participants: int,
    effect: float,
    *,
    study: LikertStudy | None = None,
    alpha: float = 0.05,
    repetitions: int = 10_000,
    level: float = 0.95,
    seed: int = SEED,
) -> SimulatedPower:
    """Simulate studies of `participants` with a true d_z of `effect`, and test each.

    participants  at least 2; alpha in (0, 1), two-sided
    A study whose differences cannot be tested (fewer than 2 participants, or no spread) counts as
    one that does not reject. InputError for values out of range, or an effect beyond the scale.

    >>> found = power_simulated(24, 0.6, repetitions=500)
    >>> abs(found.power.value - found.exact) < 0.08
    True
    """
    check_whole(2, participants=participants)
    check_whole(1, repetitions=repetitions)
    check_level(alpha, "alpha")
    check_level(level)
    design = study or LikertStudy()
    shift = latent_shift(effect, design)
    rng = np.random.default_rng(seed)
    batch = max(1, BATCH_CELLS // (participants * design.rounds))
    rejected = zeros = kept = 0
    for start in range(0, repetitions, batch):
        d, present = _studies(min(batch, repetitions - start), participants, shift, design, rng)
        rejected += int((p_values(d, present) <= alpha).sum())
        zeros += int(((d == 0.0) & present).sum())
        kept += int(present.sum())
    return SimulatedPower(
        participants=participants,
        effect=effect,
        shift=shift,
        power=exact_share(rejected, repetitions, "power", level),
        exact=exact_power(participants, effect, alpha, design.dropout),
        zeros=zeros / kept if kept else 0.0,
        analysed=kept / repetitions,
        repetitions=repetitions,
    )


def latent_shift(effect: float, study: LikertStudy) -> float:
    """The latent shift at which a participant's mean difference has d_z = `effect`.

    >>> round(latent_shift(0.0, LikertStudy()), 9)
    0.0
    """
    if not math.isfinite(effect):
        raise InputError(f"effect = {effect!r}: must be finite")
    widest = float(study.high - study.low)

    def excess(shift: float) -> float:
        mean, variance = difference_moments(shift, study)
        if variance < 1e-12:  # every rating of an arm is the same
            return 1e6 if mean > 1e-6 else -abs(effect)
        return mean / math.sqrt(variance) - abs(effect)

    if excess(widest) < 0.0:
        raise InputError(f"effect = {effect!r}: more than ratings on this scale can differ")
    shift = cast(float, optimize.brentq(excess, 0.0, widest, xtol=1e-12))
    if abs(excess(shift)) > 1e-6:
        raise InputError(f"effect = {effect!r}: no shift of these ratings has it")
    return math.copysign(shift, effect)


def difference_moments(shift: float, study: LikertStudy) -> tuple[float, float]:
    """Mean and variance of a participant's mean difference, treatment − comparator.

    >>> mean, variance = difference_moments(0.0, LikertStudy())
    >>> abs(round(mean, 12)), variance > 0.0
    (0.0, True)
    """
    node, weight = special.roots_hermitenorm(NODES)
    weight = weight / weight.sum()
    place = study.middle + study.level * node[:, None] + study.method * node[None, :]
    # Given the level, the arms are independent: a mean and a variance of each, by level.
    (mean_a, var_a), (mean_b, var_b) = (
        _arm_moments(place + moved, weight, study) for moved in (shift, 0.0)
    )
    gap = mean_a - mean_b
    mean = float(weight @ gap)
    return mean, float(weight @ (gap - mean) ** 2 + weight @ (var_a + var_b))


def _arm_moments(place: Array, weight: Array, study: LikertStudy) -> tuple[Array, Array]:
    """Mean and variance of an arm's mean rating, by level; place (levels, likings)."""
    cuts = np.arange(study.low, study.high) + 0.5
    above = special.ndtr((place[..., None] - cuts) / study.noise)  # P(rating > cut)
    steps = 2.0 * (np.arange(study.low, study.high) - study.low) + 1.0
    one = above.sum(axis=-1)  # E(rating - low)
    variance = (steps * above).sum(axis=-1) - one**2
    mean = one @ weight
    return mean, (one**2) @ weight - mean**2 + (variance @ weight) / study.rounds


def _studies(
    count: int, people: int, shift: float, study: LikertStudy, rng: np.random.Generator
) -> tuple[Array, np.ndarray]:
    """Mean differences (count, people) and who completed."""
    level = study.level * rng.standard_normal((count, people, 1))
    sums = []
    for moved in (shift, 0.0):
        liking = study.method * rng.standard_normal((count, people, 1))
        noise = study.noise * rng.standard_normal((count, people, study.rounds))
        latent = study.middle + level + liking + moved + noise
        sums.append(np.clip(np.rint(latent), study.low, study.high).sum(axis=2))
    present = rng.random((count, people)) >= study.dropout
    return (sums[0] - sums[1]) / study.rounds, present


def p_values(d: Array, present: np.ndarray) -> Array:
    """Two-sided paired t of each row; 1 where it cannot be computed."""
    n = present.sum(axis=1)
    held = np.maximum(n, 1)
    mean = np.where(present, d, 0.0).sum(axis=1) / held
    squares = np.where(present, (d - mean[:, None]) ** 2, 0.0).sum(axis=1)
    fine = (n >= 2) & (squares > 1e-12)
    df = np.maximum(n - 1, 1)
    error = np.sqrt(np.where(fine, squares, 1.0) / df / held)
    return np.where(fine, 2.0 * stats.t.sf(np.abs(mean) / error, df), 1.0)


def exact_power(participants: int, effect: float, alpha: float, dropout: float) -> float:
    """Exact power, averaged over how many complete; fewer than two never reject."""
    if dropout == 0.0:
        return power_paired(participants, effect, alpha)
    counts = np.arange(2, participants + 1)
    chances = stats.binom.pmf(counts, participants, 1.0 - dropout)
    powers = [power_paired(int(n), effect, alpha) for n in counts]
    return float(np.dot(chances, powers))
