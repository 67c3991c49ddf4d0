"""NeuralUCB and NeuralTS: a network's prediction, and the width of its linearisation.

Zhou, Li, Gu (2020), "Neural contextual bandits with UCB-based exploration", Algorithm 1; Zhang,
Zhou, Li, Gu (2021), "Neural Thompson sampling", Algorithm 1. With g the gradient of f by its
weights, phi = g / sqrt(m) and Z = ridge I + sum phi phi' over the rows played,

    NeuralUCB plays argmax f(x) + alpha sqrt(phi' Z^-1 phi);
    NeuralTS plays argmax of draws from N(f(x), scale^2 phi' Z^-1 phi), one an arm.

The weights descend on mean (f - r)^2 / 2 + ridge m |theta - theta_0|^2 / (2 n) over the history.
The papers restart that descent from theta_0 in every round; here it goes on from where it stands,
`steps` steps of Adam every `train_every` rounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hare.bandits.base import ContextualBandit, RandomState, chosen_rows
from hare.bandits.checks import (
    Array,
    Integers,
    check_choice,
    check_count,
    check_flag,
    check_real,
)
from hare.bandits.gradient_covariance import DiagonalPrecision, FullPrecision
from hare.bandits.linear import SMALLEST_RIDGE
from hare.bandits.neural_network import TwinNetwork
from hare.errors import InputError, SettingsError

_CHUNK = 1 << 22  # entries of gradient features held at once


class NeuralBandit(ContextualBandit):
    """Base of the neural bandits: one network for all arms.

    n_arms          K, needed for contexts (n, d). These become (n, K, K d), the vector in the
                    arm's own block and 0 elsewhere, as in the papers' experiments.
    ridge           Z starts at ridge * I, and the weights are pulled to their initial values
    width, depth    hidden units a layer (even), hidden layers (1 or 2)
    covariance      "diagonal" keeps the diagonal of Z (p numbers), "full" all of it (p^2)
    train_every     rounds between two trainings; before the first, predictions are 0
    steps           steps of Adam a training
    batch_size      rows a step, drawn from the history (all of it while it is smaller)
    learning_rate   Adam's
    memory          rows of history kept, the latest; None keeps all
    centre_rewards  learn rewards minus their mean so far
    refresh         rows between two Cholesky rebuilds of the inverse of a full Z
    """

    def __init__(
        self,
        n_arms: int | None = None,
        ridge: float = 0.1,
        width: int = 32,
        depth: int = 1,
        covariance: str = "diagonal",
        train_every: int = 10,
        steps: int = 50,
        batch_size: int = 128,
        learning_rate: float = 3e-3,
        memory: int | None = None,
        centre_rewards: bool = False,
        refresh: int = 1000,
        random_state: RandomState = None,
    ) -> None:
        self.n_arms = n_arms
        self.ridge = ridge
        self.width = width
        self.depth = depth
        self.covariance = covariance
        self.train_every = train_every
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.memory = memory
        self.centre_rewards = centre_rewards
        self.refresh = refresh
        self.random_state = random_state

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_real("ridge", self.ridge, low=SMALLEST_RIDGE)
        check_count("width", self.width, 2)
        if self.width % 2:
            raise SettingsError("width", self.width, "must be even: two towers share it")
        check_count("depth", self.depth)
        if self.depth > 2:
            raise SettingsError("depth", self.depth, "must be 1 or 2")
        check_choice("covariance", self.covariance, ("diagonal", "full"))
        for field in ("train_every", "steps", "batch_size", "refresh"):
            check_count(field, getattr(self, field))
        check_real("learning_rate", self.learning_rate, above=True)
        check_count("memory", self.memory, optional=True)
        check_flag("centre_rewards", self.centre_rewards)

    def _arms_may_vary(self) -> bool:
        return self.n_arms is None

    def _begin(self, contexts: Array) -> None:
        inputs = contexts.shape[-1]
        if contexts.ndim == 2:
            inputs *= self._arms_of(contexts)
        self._network = TwinNetwork(inputs, self.width, self.depth, self.rng_)
        kind = DiagonalPrecision if self.covariance == "diagonal" else FullPrecision
        self._precision = kind(self._network.size, float(self.ridge), self.refresh)
        self._rows = np.empty((0, inputs))
        self._rewards = np.empty(0)
        self._pending = 0

    def _learn(self, contexts: Array, decisions: Integers, rewards: Array) -> None:
        rows = chosen_rows(self._expand(contexts), decisions)
        for start in range(0, len(rows), self._rows_at_once):
            part = rows[start : start + self._rows_at_once]
            self._precision.add(self._network.features(part))
        self._remember(rows, rewards)
        due, self._pending = divmod(self._pending + len(rows), self.train_every)
        if due:
            self._train(due * self.steps)

    def _train(self, steps: int) -> None:
        count = len(self._rewards)
        targets = self._rewards - self._centre
        pull = float(self.ridge) * self._network.width / count
        for _ in range(steps):
            drawn: Any = slice(None)
            if count > self.batch_size:
                drawn = self.rng_.integers(count, size=self.batch_size)
            gradient = self._network.loss_gradient(self._rows[drawn], targets[drawn], pull)
            self._network.descend(gradient, self.learning_rate)

    def _remember(self, rows: Array, rewards: Array) -> None:
        self._rows = np.concatenate([self._rows, rows])
        self._rewards = np.concatenate([self._rewards, rewards])
        if self.memory is not None:
            self._rows = self._rows[-self.memory :]
            self._rewards = self._rewards[-self.memory :]

    @property
    def _centre(self) -> float:
        return float(self._rewards.mean()) if self.centre_rewards and len(self._rewards) else 0.0

    @property
    def _rows_at_once(self) -> int:
        return max(1, _CHUNK // self._network.size)

    def _expand(self, contexts: Array) -> Array:
        """(n, K, inputs): contexts (n, d) in the block of each arm."""
        if contexts.ndim == 3:
            return contexts
        n, d = contexts.shape
        arms = self._arms_of(contexts)
        blocks = np.zeros((n, arms, arms, d))
        every = np.arange(arms)
        blocks[:, every, every] = contexts[:, None]
        return blocks.reshape(n, arms, arms * d)

    def _means(self, contexts: Array) -> Array:
        return self._of_rows(contexts, self._network.outputs) + self._centre

    def _widths(self, contexts: Array) -> Array:
        """(n, K) sqrt(phi' Z^-1 phi)."""

        def squared(rows: Array) -> Array:
            return self._precision.squared_widths(self._network.features(rows))

        return np.sqrt(self._of_rows(contexts, squared))

    def _of_rows(self, contexts: Array, function: Any) -> Array:
        rounds = max(1, self._rows_at_once // self._arms_of(contexts))
        out = np.empty((len(contexts), self._arms_of(contexts)))
        for start in range(0, len(contexts), rounds):
            part = self._expand(contexts[start : start + rounds])
            values = function(part.reshape(-1, part.shape[-1]))
            out[start : start + rounds] = values.reshape(part.shape[:2])
        return out

    def _prepare(self, contexts: Array) -> None:
        super()._prepare(contexts)
        if contexts.ndim != self._ndim:
            raise InputError(
                "contexts: this bandit began with the other of the shapes (n, K, d) and (n, d)"
            )

    def _arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        arrays = {
            **self._network.state(),
            **self._precision.state(),
            "rows": self._rows,
            "rewards": self._rewards,
        }
        return arrays, {"pending": self._pending, "steps": self._network.steps}

    def _set_arrays(self, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> None:
        rows, rewards = arrays["rows"], arrays["rewards"]
        if rows.shape != (len(rewards), self._rows.shape[1]):
            raise ValueError("rows and rewards of the history do not fit")
        self._network.restore(arrays, int(values["steps"]))
        self._precision.restore(arrays)
        self._rows, self._rewards = rows, rewards
        self._pending = int(values["pending"])


class NeuralUCB(NeuralBandit):
    """Upper confidence bounds over a network.

    alpha   width multiplier, >= 0; 0 is greedy
    The other parameters are those of `NeuralBandit`.
    """

    def __init__(
        self,
        n_arms: int | None = None,
        alpha: float = 1.0,
        ridge: float = 0.1,
        width: int = 32,
        depth: int = 1,
        covariance: str = "diagonal",
        train_every: int = 10,
        steps: int = 50,
        batch_size: int = 128,
        learning_rate: float = 3e-3,
        memory: int | None = None,
        centre_rewards: bool = False,
        refresh: int = 1000,
        random_state: RandomState = None,
    ) -> None:
        super().__init__(
            n_arms,
            ridge,
            width,
            depth,
            covariance,
            train_every,
            steps,
            batch_size,
            learning_rate,
            memory,
            centre_rewards,
            refresh,
            random_state,
        )
        self.alpha = alpha

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_real("alpha", self.alpha)

    def _scores(self, contexts: Array) -> Array:
        means = self._means(contexts)
        return means + self.alpha * self._widths(contexts) if self.alpha else means


class NeuralTS(NeuralBandit):
    """Posterior sampling of each arm's reward, a new draw for every round of every call.

    scale   sd multiplier, >= 0; 0 is greedy
    The other parameters are those of `NeuralBandit`.
    """

    def __init__(
        self,
        n_arms: int | None = None,
        scale: float = 0.2,
        ridge: float = 0.1,
        width: int = 32,
        depth: int = 1,
        covariance: str = "diagonal",
        train_every: int = 10,
        steps: int = 50,
        batch_size: int = 128,
        learning_rate: float = 3e-3,
        memory: int | None = None,
        centre_rewards: bool = False,
        refresh: int = 1000,
        random_state: RandomState = None,
    ) -> None:
        super().__init__(
            n_arms,
            ridge,
            width,
            depth,
            covariance,
            train_every,
            steps,
            batch_size,
            learning_rate,
            memory,
            centre_rewards,
            refresh,
            random_state,
        )
        self.scale = scale

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_real("scale", self.scale)

    def _scores(self, contexts: Array) -> Array:
        means = self._means(contexts)
        return means + self.scale * self._widths(contexts) * self.rng_.normal(size=means.shape)
