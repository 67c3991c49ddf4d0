"""Simulated ratings of whole studies: participants, rounds, arms and items on one short scale.

A rating is a latent value, rounded and clipped to the scale:

    middle + level of the participant + liking of the arm + trend of the liking · (round − middle
    round) + what the text does to all its items + noise

All are normal and independent; under the null no arm is liked better on average. What ratings then
differ by on average follows in closed form, since each latent value is normal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.errors import InputError
from analysis.stats.arrays import Array

BATCH_CELLS = 1_500_000


@dataclass(frozen=True, slots=True)
class LikertDesign:
    """Studies to simulate; SDs in points of the scale, before rounding.

    middle      where the latent ratings lie; the middle of the scale, or near an end of it
    level       SD of the participants' levels
    liking      SD of a participant's liking of an arm, for all items; item_liking: for one item
    trend       SD of the slope of a participant's liking of an arm, points a round
    text        SD of what one text does to all its items
    noise       SD of a single rating
    dropout     chance that a participant does not complete, and is left out
    shift       how far the first arm lies above the others; drift: its slope, points a round
    """

    participants: int = 24
    rounds: int = 10
    arms: int = 3
    items: int = 4
    low: int = 1
    high: int = 5
    middle: float = 3.0
    level: float = 0.5
    liking: float = 0.3
    item_liking: float = 0.2
    trend: float = 0.05
    text: float = 0.4
    noise: float = 0.8
    dropout: float = 0.1
    shift: float = 0.0
    drift: float = 0.0

    def __post_init__(self) -> None:
        if min(self.participants, self.rounds, self.arms) < 2 or self.items < 1:
            raise InputError("needs at least 2 participants, rounds and arms, and 1 item")
        sds = (self.level, self.liking, self.item_liking, self.trend, self.text)
        if min(sds) < 0.0 or self.noise <= 0.0 or not 0.0 <= self.dropout < 1.0:
            raise InputError("SDs must be >= 0, noise > 0, and dropout in [0, 1)")

    @property
    def time(self) -> Array:
        """(rounds,) the rounds, centred."""
        return np.arange(self.rounds, dtype=np.float64) - (self.rounds - 1) / 2.0

    @property
    def batch(self) -> int:
        """How many studies are simulated at a time."""
        cells = self.participants * self.rounds * self.arms * self.items
        return max(1, BATCH_CELLS // cells)


def simulate(
    count: int, design: LikertDesign, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Ratings (count, participants, rounds, arms, items), and who completes (count, participants).

    >>> ratings, present = simulate(2, LikertDesign(), np.random.default_rng(1))
    >>> ratings.shape, float(ratings.min()) >= 1.0, float(ratings.max()) <= 5.0
    ((2, 24, 10, 3, 4), True, True)
    """
    people, rounds, arms, items = design.participants, design.rounds, design.arms, design.items

    def normal(sd: float, *shape: int) -> NDArray[np.float32]:
        return rng.standard_normal(shape, dtype=np.float32) * np.float32(sd)

    time = design.time.astype(np.float32)[:, None, None]
    first = (np.arange(arms) == 0).astype(np.float32)[:, None]
    moved = np.float32(design.middle) + first * (
        np.float32(design.shift) + np.float32(design.drift) * time
    )
    latent = normal(design.noise, count, people, rounds, arms, items)
    latent += normal(design.text, count, people, rounds, arms, 1)
    latent += normal(design.trend, count, people, 1, arms, 1) * time
    latent += normal(design.liking, count, people, 1, arms, 1)
    latent += normal(design.item_liking, count, people, 1, arms, items)
    latent += normal(design.level, count, people, 1, 1, 1)
    latent += moved
    np.rint(latent, out=latent)
    np.clip(latent, design.low, design.high, out=latent)
    return latent, rng.random((count, people)) >= design.dropout


def expected_difference(design: LikertDesign) -> Array:
    """(rounds,) expected rating of the first arm less that of another, after rounding.

    >>> float(expected_difference(LikertDesign()).max())
    0.0
    """
    parts = (design.level, design.liking, design.item_liking, design.text, design.noise)
    spread = np.sqrt(np.square(parts).sum() + (design.trend * design.time) ** 2)
    cuts = np.arange(design.low, design.high) + 0.5

    def mean(place: Array) -> Array:
        return special.ndtr((place[:, None] - cuts) / spread[:, None]).sum(axis=1)

    others = np.full(design.rounds, design.middle)
    return cast(Array, mean(others + design.shift + design.drift * design.time) - mean(others))
