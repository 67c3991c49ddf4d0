"""How strong exploration is over the rounds.

    fixed          alpha_0
    linear         alpha_0 (1 - t / horizon), 0 from the horizon on
    inverse_sqrt   alpha_0 / sqrt(t + 1). Double decay: U_j itself shrinks as 1/sqrt(n) while a
                   cluster is observed, so the bonus falls as 1/t, and exploration can end too soon
    learned        from reward (`LearnedAlpha`), never from the loss of a language model, which
                   carries no signal about exploration

The learned strength is an exact small bandit: the expected reward of each alpha on a grid is one
draw of a Gaussian process over log alpha, alike at neighbouring strengths; the posterior is
updated in closed form with every reward (Rasmussen and Williams 2006, equation 2.23), returns
towards its prior as the task changes, and a Thompson draw from it chooses (Russo et al. 2018).
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from hare.errors import InputError, SettingsError, StateError

Array = NDArray[np.float64]
Form = Literal["fixed", "linear", "inverse_sqrt"]
GRID = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class AlphaSchedule:
    """A strength that is known in advance."""

    form: Form = "fixed"
    alpha: float | tuple[float, ...] = 1.0  # alpha_0 in logit units; a tuple: one a head; >= 0
    horizon: int = 1000  # rounds until linear reaches 0, >= 1

    def __post_init__(self) -> None:
        if self.form not in get_args(Form):
            raise SettingsError("form", self.form, f"must be one of {', '.join(get_args(Form))}")
        heads = np.atleast_1d(np.asarray(self.alpha, dtype=np.float64))
        if heads.ndim != 1 or not len(heads) or not ((heads >= 0) & np.isfinite(heads)).all():
            raise SettingsError("alpha", self.alpha, "must be >= 0 and finite")
        if self.horizon < 1:
            raise SettingsError("horizon", self.horizon, "must be >= 1")

    def __call__(self, t: int) -> float | Array:
        """The strength in round t = 0, 1, ...: a number, or (H,) one a head."""
        if t < 0:
            raise InputError(f"t: must be >= 0, not {t}")
        factor = 1.0
        if self.form == "linear":
            factor = max(0.0, 1.0 - t / self.horizon)
        elif self.form == "inverse_sqrt":
            factor = 1.0 / math.sqrt(t + 1)
        alpha = self.alpha
        return np.array(alpha) * factor if isinstance(alpha, tuple) else float(alpha) * factor


@dataclass(frozen=True, slots=True)
class LearnedAlpha:
    """What rewards have taught about each strength on the grid: a value, updated into a new one.

    In each round `choose` gives the index of a strength, grid[index] is played, and `learn`
    takes the reward. mean and covariance are the posterior's; empty ones start at the prior. For
    strengths by head, keep one of these a head and give each of them the round's reward.

    >>> state = LearnedAlpha(grid=(0.0, 1.0))
    >>> after = state.learn(1, reward=2.0)
    >>> after.mean[1] > after.mean[0] > 0
    True
    """

    grid: tuple[float, ...] = GRID  # ascends strictly, >= 0
    noise: float = 1.0  # standard deviation of a reward around its expectation
    level: float = 2.0  # prior deviation of what all strengths have in common
    contrast: float = 0.5  # prior deviation of what sets a strength apart
    length: float = 1.0  # of the likeness, in steps of the grid
    return_rate: float = 0.0  # share of the posterior that a round forgets, in [0, 1)
    mean: tuple[float, ...] = ()
    covariance: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        grid = np.asarray(self.grid, dtype=np.float64)
        ascends = grid.ndim == 1 and len(grid) and np.isfinite(grid).all() and grid[0] >= 0
        if not ascends or (np.diff(grid) <= 0).any():
            raise SettingsError("grid", self.grid, "must be finite, >= 0 and ascend strictly")
        for name in ("noise", "level", "contrast", "length"):
            if not 0 < getattr(self, name) < math.inf:
                raise SettingsError(name, getattr(self, name), "must be > 0 and finite")
        if not 0 <= self.return_rate < 1:
            raise SettingsError("return_rate", self.return_rate, "must be in [0, 1)")
        if not self.mean and not self.covariance:
            object.__setattr__(self, "mean", (0.0,) * len(grid))
            object.__setattr__(self, "covariance", _tuples(self._prior()))
        shapes = np.shape(self.mean), np.shape(self.covariance)
        if shapes != ((len(grid),), (len(grid), len(grid))):
            raise StateError(f"mean and covariance have shapes {shapes}, the grid {len(grid)}")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.covariance).all()):
            raise StateError("mean and covariance must be finite")

    def choose(self, generator: np.random.Generator) -> int:
        """The index of the strength to play: the best of one draw from the posterior."""
        draw = generator.multivariate_normal(self.mean, self.covariance, method="eigh")
        return int(np.argmax(draw))

    def best(self) -> float:
        """The strength of the highest expected reward."""
        return self.grid[int(np.argmax(self.mean))]

    def learn(self, index: int, reward: float) -> LearnedAlpha:
        """The posterior after a reward for the strength grid[index]."""
        if not 0 <= index < len(self.grid):
            raise InputError(f"index: must be in 0..{len(self.grid) - 1}, not {index}")
        if not math.isfinite(reward):
            raise InputError(f"reward: must be finite, not {reward}")
        keep = 1.0 - self.return_rate
        mean = math.sqrt(keep) * np.array(self.mean)
        covariance = keep * np.array(self.covariance) + self.return_rate * self._prior()
        gain = covariance[:, index] / (self.noise**2 + covariance[index, index])
        mean = mean + gain * (reward - mean[index])
        covariance = covariance - np.outer(gain, covariance[index])
        covariance = (covariance + covariance.T) / 2
        return replace(self, mean=tuple(mean.tolist()), covariance=_tuples(covariance))

    def to_bytes(self) -> bytes:
        """JSON that `from_bytes` reads back exactly."""
        return json.dumps(asdict(self), sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> LearnedAlpha:
        """Raises StateError for bytes that `to_bytes` did not write."""
        try:
            fields = json.loads(data)
            fields["covariance"] = tuple(tuple(row) for row in fields["covariance"])
            lists = {name: tuple(fields[name]) for name in ("grid", "mean")}
            return cls(**{**fields, **lists})
        except (ValueError, TypeError, KeyError) as error:
            raise StateError(f"these bytes are no learned strength: {error}") from error

    def _prior(self) -> Array:
        steps = np.arange(len(self.grid), dtype=np.float64)
        distance = (steps[:, None] - steps[None, :]) / self.length
        return self.level**2 + self.contrast**2 * np.exp(-(distance**2) / 2)


def _tuples(matrix: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in matrix.tolist())
