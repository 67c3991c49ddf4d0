"""LinTS: Thompson sampling over ridge regressions.

Agrawal, Goyal (2013), "Thompson sampling for contextual bandits with linear payoffs", Algorithm 1:
draw theta~ from N(theta, scale^2 A^-1) and play the arm that it likes best.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

from hare.bandits.base import RandomState
from hare.bandits.checks import Array, check_real
from hare.bandits.linear import LinearBandit


class LinTS(LinearBandit):
    """Posterior sampling; a new draw for every round of every call.

    scale   sd multiplier, >= 0; 0 is greedy. It wants to be 3 to 10 times smaller than LinUCB's
            alpha.
    The other parameters are those of `LinearBandit`.

    With shared parameters one theta~ is drawn a round, by the Cholesky factor of A: theta~ = theta
    + scale L'^-1 e. With disjoint parameters every arm has its own theta~ and gives one score a
    round, so the score is drawn from its exact law, N(x'theta, scale^2 x'A^-1 x).
    """

    def __init__(
        self,
        n_arms: int | None = None,
        scale: float = 0.2,
        ridge: float = 1.0,
        parameters: str = "disjoint",
        centre_rewards: bool = False,
        forgetting: float = 1.0,
        refresh: int = 1000,
        random_state: RandomState = None,
    ) -> None:
        super().__init__(
            n_arms, ridge, parameters, centre_rewards, forgetting, refresh, random_state
        )
        self.scale = scale

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_real("scale", self.scale)

    def _scores(self, contexts: Array) -> Array:
        means = self._means(contexts)
        if not self._shared:
            return means + self.scale * self._widths(contexts) * self.rng_.normal(size=means.shape)
        noise = self.rng_.normal(size=(self.n_features_in_, len(contexts)))  # (d, n)
        drawn = solve_triangular(self._bank.factor(0), noise, lower=True, trans=1)  # L'^-1 e
        return means + self.scale * np.einsum("nkd,dn->nk", contexts, drawn)
