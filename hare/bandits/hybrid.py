"""Hybrid LinUCB: coefficients that all arms share, and coefficients of every arm's own.

Li, Chu, Langford, Schapire (2010), Algorithm 2: E[r] = z'beta + x'theta_a. Eliminating theta_a
(block elimination; Frisch and Waugh 1933) turns the algorithm into two layers of ridge regression.
Per arm, reward and z are regressed on x, which gives eta_a = A_a^-1 b_a and G_a = A_a^-1 B_a; what
that leaves, u = z - G_a'x and r - x'eta_a, is regressed for beta with weight 1 / (1 + x'A_a^-1 x),
since the paper's A_0 and b_0 grow by exactly these rows. Then

    mean = u'beta + x'eta_a,    s = u'A_0^-1 u + x'A_a^-1 x,    score = mean + alpha sqrt(s)

and every step is a rank-one update, with no subtraction of matrices to lose definiteness by.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hare.bandits.base import ContextualBandit, RandomState
from hare.bandits.checks import Array, Integers, check_count, check_flag, check_real
from hare.bandits.linear import SMALLEST_RIDGE
from hare.bandits.ridge import RidgeBank
from hare.errors import SettingsError

Features = slice | Sequence[int] | None


class HybridLinUCB(ContextualBandit):
    """Hybrid LinUCB. Draws nothing: random_state is unused.

    alpha            width multiplier, >= 0
    ridge            A_0 and every A_a start at ridge * I, >= 1e-3
    shared_features  which entries of a context make z: a slice, indices, or None for all
    arm_features     which entries make x: likewise. The paper's own choice: z the product of user
                     and article, x the user
    centre_rewards, refresh   as in `LinearBandit`
    """

    def __init__(
        self,
        n_arms: int | None = None,
        alpha: float = 1.0,
        ridge: float = 1.0,
        shared_features: Features = None,
        arm_features: Features = None,
        centre_rewards: bool = False,
        refresh: int = 1000,
        random_state: RandomState = None,
    ) -> None:
        self.n_arms = n_arms
        self.alpha = alpha
        self.ridge = ridge
        self.shared_features = shared_features
        self.arm_features = arm_features
        self.centre_rewards = centre_rewards
        self.refresh = refresh
        self.random_state = random_state

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_real("alpha", self.alpha)
        check_real("ridge", self.ridge, low=SMALLEST_RIDGE)
        check_flag("centre_rewards", self.centre_rewards)
        check_count("refresh", self.refresh)

    def _begin(self, contexts: Array) -> None:
        d = contexts.shape[-1]
        self._z = _entries("shared_features", self.shared_features, d)
        self._x = _entries("arm_features", self.arm_features, d)
        self._rewards = 2 if self.centre_rewards else 1  # targets: rewards, and ones to centre them
        ridge, k = float(self.ridge), len(self._z)
        self._arms = RidgeBank(len(self._x), self._rewards + k, ridge, self.refresh)
        self._common = RidgeBank(k, self._rewards, ridge, self.refresh)
        self._common.add()
        for _ in range(self.n_arms_ or 0):
            self._arms.add()
        self._reward_sum = 0.0

    def _learn(self, contexts: Array, decisions: Integers, rewards: Array) -> None:
        for context, arm, reward in zip(contexts, decisions, rewards, strict=True):
            row = context if context.ndim == 1 else context[arm]
            z, x = row[self._z], row[self._x]
            outcome = np.array([reward, 1.0])[: self._rewards]
            fitted = self._arms.coef[arm] @ x  # (rewards + k,) x'eta_a and G_a'x
            width = float(self._arms.squared_widths(arm, x[None])[0])
            weight = 1.0 / np.sqrt(1.0 + width)
            left = weight * (outcome - fitted[: self._rewards])
            self._common.update_row(0, weight * (z - fitted[self._rewards :]), left)
            self._arms.update_row(arm, x, np.concatenate([outcome, z]))
            self._reward_sum += float(reward)

    @property
    def _centre(self) -> float:
        return self._reward_sum / self.rounds_ if self._rewards == 2 and self.rounds_ else 0.0

    def _parts(self, contexts: Array) -> tuple[Array, Array, Array]:
        """u (n, K, k), x (n, K, dx) or (n, dx), and the means (n, K)."""
        centre = self._centre
        x = np.ascontiguousarray(contexts[..., self._x])
        z = contexts[..., self._z]
        pattern = "nd,krd->nkr" if x.ndim == 2 else "nkd,krd->nkr"
        fitted = np.einsum(pattern, x, self._arms.coef, optimize=True)  # (n, K, rewards + k)
        left = (z[:, None] if z.ndim == 2 else z) - fitted[:, :, self._rewards :]
        common = self._common.coef[0]
        means = left @ common[0] + fitted[:, :, 0]
        if self._rewards == 2:
            means += centre * (1.0 - left @ common[1] - fitted[:, :, 1])
        return left, x, means

    def _means(self, contexts: Array) -> Array:
        return self._parts(contexts)[2]

    def _scores(self, contexts: Array) -> Array:
        left, x, means = self._parts(contexts)
        if not self.alpha:
            return means
        own = (
            self._arms.squared_widths_everywhere(x)
            if x.ndim == 2
            else self._arms.squared_widths_by_slot(x)
        )
        common = self._common.squared_widths(0, left.reshape(-1, left.shape[-1]))
        return means + self.alpha * np.sqrt(own + common.reshape(own.shape))

    def _arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        arrays = {f"arms_{name}": array for name, array in self._arms.state().items()}
        arrays |= {f"common_{name}": array for name, array in self._common.state().items()}
        return arrays, {"sum": self._reward_sum}

    def _set_arrays(self, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> None:
        for prefix, bank in (("arms_", self._arms), ("common_", self._common)):
            count = len(bank)
            bank.restore({name: arrays[prefix + name] for name in bank.state()})
            if len(bank) != count:
                raise ValueError(f"{len(bank)} regressions instead of {count}")
        self._reward_sum = float(values["sum"])


def _entries(field: str, features: Features, size: int) -> NDArray[np.int64]:
    """The chosen entries 0..size-1, at least one and none twice; else SettingsError."""
    rule = f"must choose at least one of the {size} entries of a context, none twice"
    everything = np.arange(size)
    try:
        chosen = everything if features is None else everything[features]
    except (IndexError, TypeError) as error:
        raise SettingsError(field, features, rule) from error
    if chosen.ndim != 1 or not len(chosen) or len(np.unique(chosen)) != len(chosen):
        raise SettingsError(field, features, rule)
    return chosen
