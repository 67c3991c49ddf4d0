"""Linear reward models behind the bandits: a ridge regression an arm, or one for all arms.

`parameters="disjoint"` learns coefficients of its own for every arm (Li et al. 2010, Algorithm 1;
K is fixed). `parameters="shared"` learns one vector for all arms, told apart by their contexts
(Chu, Li, Reyzin, Schapire 2011); K may then vary from call to call.
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
from hare.bandits.ridge import RidgeBank
from hare.errors import InputError

SMALLEST_RIDGE = 1e-3  # below it double precision no longer carries the inverse


class LinearBandit(ContextualBandit):
    """Base of the bandits over ridge regressions.

    n_arms          K, needed for contexts (n, d)
    ridge           A starts at ridge * I, >= 1e-3
    parameters      "disjoint" or "shared"
    centre_rewards  learn rewards minus their mean so far; predict_expectations adds it again. An
                    arm never chosen is then expected to pay the mean, not 0.
    forgetting      g in (0, 1]: A <- g A + x x' + (1 - g) ridge I with every row of that regression
                    (an arm's own rows when disjoint); < 1 costs a Cholesky a row
    refresh         rows after which an inverse is rebuilt by Cholesky
    """

    def __init__(
        self,
        n_arms: int | None = None,
        ridge: float = 1.0,
        parameters: str = "disjoint",
        centre_rewards: bool = False,
        forgetting: float = 1.0,
        refresh: int = 1000,
        random_state: RandomState = None,
    ) -> None:
        self.n_arms = n_arms
        self.ridge = ridge
        self.parameters = parameters
        self.centre_rewards = centre_rewards
        self.forgetting = forgetting
        self.refresh = refresh
        self.random_state = random_state

    @property
    def coef_(self) -> Array:
        """(K, d) coefficients by arm when disjoint, (d,) when shared."""
        if self._shared:
            return self._coefficients()[0]
        out = np.zeros((self.n_arms_ or 0, self.n_features_in_))
        out[self._arm_of_slot] = self._coefficients()
        return out

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_real("ridge", self.ridge, low=SMALLEST_RIDGE)
        check_choice("parameters", self.parameters, ("disjoint", "shared"))
        check_flag("centre_rewards", self.centre_rewards)
        check_real("forgetting", self.forgetting, high=1.0, above=True)
        check_count("refresh", self.refresh)

    def _arms_may_vary(self) -> bool:
        return self.parameters == "shared"

    def _begin(self, contexts: Array) -> None:
        targets = 2 if self.centre_rewards else 1  # rewards, and ones to subtract their mean later
        self._bank = RidgeBank(
            contexts.shape[-1], targets, float(self.ridge), self.refresh, float(self.forgetting)
        )
        self._shared = self.parameters == "shared"
        # An arm gets a regression when it is first chosen: until then it needs no memory.
        self._slot_of_arm = np.full(self.n_arms_ or 0, -1, dtype=np.int64)
        self._arm_of_slot = np.empty(0, dtype=np.int64)
        self._reward_sum = self._reward_weight = 0.0
        if self._shared:
            self._bank.add()

    def _check_shape(self, contexts: Array) -> None:
        if contexts.ndim == 2 and self.parameters == "shared":
            raise InputError(
                "contexts: must be (n, K, d) for shared parameters; with one vector for all "
                "arms every arm would have the same score"
            )

    def _learn(self, contexts: Array, decisions: Integers, rewards: Array) -> None:
        rows = chosen_rows(contexts, decisions)
        targets = rewards[:, None]
        if self._bank.targets == 2:
            targets = np.column_stack([rewards, np.ones(len(rewards))])
        if self._shared:
            self._bank.update(0, rows, targets)
        elif len(rows) == 1:
            self._bank.update_row(self._slot(int(decisions[0])), rows[0], targets[0])
        else:
            for arm in np.unique(decisions):
                mine = decisions == arm
                self._bank.update(self._slot(int(arm)), rows[mine], targets[mine])
        self._note_rewards(rewards)

    def _note_rewards(self, rewards: Array) -> None:
        decay = self._bank.forgetting
        if decay == 1.0:
            self._reward_sum += float(rewards.sum())
            self._reward_weight += len(rewards)
        else:
            for reward in rewards:
                self._reward_sum = decay * self._reward_sum + float(reward)
                self._reward_weight = decay * self._reward_weight + 1.0

    @property
    def _centre(self) -> float:
        centred = self._bank.targets == 2 and self._reward_weight
        return self._reward_sum / self._reward_weight if centred else 0.0

    def _slot(self, arm: int) -> int:
        slot = int(self._slot_of_arm[arm])
        if slot < 0:
            slot = self._bank.add()
            self._slot_of_arm[arm] = slot
            self._arm_of_slot = np.append(self._arm_of_slot, arm)
        return slot

    def _coefficients(self) -> Array:
        """(S, d) coefficients of the centred rewards. They are linear in the rewards, so the
        mean can still be subtracted when it is known."""
        coef = self._bank.coef
        return coef[:, 0] if coef.shape[1] == 1 else coef[:, 0] - self._centre * coef[:, 1]

    def _means(self, contexts: Array) -> Array:
        coef, centre = self._coefficients(), self._centre
        if self._shared:
            return contexts @ coef[0] + centre
        out = np.full((len(contexts), len(self._slot_of_arm)), centre)
        if contexts.ndim == 2:
            out[:, self._arm_of_slot] = contexts @ coef.T + centre
        else:
            seen = contexts[:, self._arm_of_slot]
            out[:, self._arm_of_slot] = np.einsum("nsd,sd->ns", seen, coef) + centre
        return out

    def _widths(self, contexts: Array) -> Array:
        """(n, K) sqrt(x' A^-1 x)."""
        if self._shared:
            rows = contexts.reshape(-1, contexts.shape[-1])
            return np.sqrt(self._bank.squared_widths(0, rows)).reshape(contexts.shape[:2])
        slots = self._arm_of_slot
        out = np.empty((len(contexts), len(self._slot_of_arm)))
        if len(slots) < out.shape[1]:
            prior = np.einsum("...d,...d->...", contexts, contexts) / self._bank.ridge
            out[:] = prior[:, None] if contexts.ndim == 2 else prior
        if contexts.ndim == 2:
            out[:, slots] = self._bank.squared_widths_everywhere(contexts)
        else:
            out[:, slots] = self._bank.squared_widths_by_slot(contexts[:, slots])
        return np.sqrt(out, out=out)

    def _arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        arrays = {**self._bank.state(), "arm_of_slot": self._arm_of_slot}
        return arrays, {"sum": self._reward_sum, "weight": self._reward_weight}

    def _set_arrays(self, arrays: dict[str, NDArray[Any]], values: dict[str, Any]) -> None:
        slots = arrays.pop("arm_of_slot")
        self._bank.restore(arrays)
        if not self._shared and slots.shape != (len(self._bank),):
            raise ValueError("arm_of_slot does not fit the regressions")
        self._slot_of_arm[slots] = np.arange(len(slots))
        self._arm_of_slot = slots
        self._reward_sum, self._reward_weight = float(values["sum"]), float(values["weight"])
