"""Users of the simulated environments: a mixture of few archetypes, and how they drift.

A user's hidden state is u = c_k + spread · ε with archetype k uniform, c_k and ε standard normal in
`dimension` coordinates. Drift is a stationary AR(1): u ← ρ u + √(1 − ρ²) · s · ε with
s² = 1 + spread², so that users move without their scale growing. These are not the raters of
`hare.simulation.raters`, who read texts; these users live in vector spaces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hare.errors import SettingsError

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ArchetypePopulation:
    """How simulated users differ."""

    archetypes: int = 4  # centres of the mixture
    dimension: int = 5  # p, coordinates of a user's state
    spread: float = 0.35  # standard deviation around the archetype, in each coordinate

    def __post_init__(self) -> None:
        if self.archetypes < 1:
            raise SettingsError("archetypes", self.archetypes, "must be at least 1")
        if self.dimension < 1:
            raise SettingsError("dimension", self.dimension, "must be at least 1")
        if not 0 <= self.spread < np.inf:
            raise SettingsError("spread", self.spread, "must be finite and >= 0")

    @property
    def scale(self) -> float:
        """Standard deviation of one coordinate over archetypes and users."""
        return float(np.sqrt(1.0 + self.spread**2))


@dataclass(frozen=True, slots=True, eq=False)
class Users:
    """m users: states (m, p), and the archetype of each, (m,) in 0..archetypes-1."""

    states: Array
    archetype: NDArray[np.intp]


def draw_users(population: ArchetypePopulation, count: int, rng: np.random.Generator) -> Users:
    """Draw archetypes, then `count` users around them.

    >>> draw_users(ArchetypePopulation(), 3, np.random.default_rng(1)).states.shape
    (3, 5)
    """
    if count < 1:
        raise SettingsError("users", count, "must be at least 1")
    centres = rng.normal(size=(population.archetypes, population.dimension))
    archetype = rng.integers(population.archetypes, size=count)
    around = rng.normal(0.0, population.spread, (count, population.dimension))
    return Users(centres[archetype] + around, archetype)


def drift(
    states: Array, rounds: int, persistence: float, scale: float, rng: np.random.Generator
) -> Array:
    """(rounds, m, p) states of all users in every round; the first round holds `states` (m, p).

    persistence ρ in [0, 1]: 1 leaves everybody where they are. scale: the stationary standard
    deviation of one coordinate.
    """
    if not 0 <= persistence <= 1:
        raise SettingsError("persistence", persistence, "must lie in [0, 1]")
    paths = np.empty((rounds, *states.shape))
    paths[0] = states
    step = np.sqrt(1.0 - persistence**2) * scale
    for t in range(1, rounds):
        paths[t] = persistence * paths[t - 1] + step * rng.normal(size=states.shape)
    return paths
