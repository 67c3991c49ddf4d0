"""LinUCB: ridge regression and optimism by its confidence width.

Li, Chu, Langford, Schapire (2010), "A contextual-bandit approach to personalized news article
recommendation", Algorithm 1 (disjoint); Chu, Li, Reyzin, Schapire (2011), "Contextual bandits with
linear payoff functions" (shared). Score: x'theta + alpha sqrt(x' A^-1 x).
"""

from __future__ import annotations

from hare.bandits.base import RandomState
from hare.bandits.checks import Array, check_real
from hare.bandits.linear import LinearBandit


class LinUCB(LinearBandit):
    """Upper confidence bounds over ridge regressions. Draws nothing: random_state is unused.

    alpha   width multiplier, >= 0; 0 is greedy. Tune it on the task's own grid.
    The other parameters are those of `LinearBandit`.

    >>> bandit = LinUCB(n_arms=2).fit([[1.0, 0.0], [0.0, 1.0]], [0, 1], [1.0, -1.0])
    >>> bandit.predict([[1.0, 0.0]])
    array([0])
    """

    def __init__(
        self,
        n_arms: int | None = None,
        alpha: float = 1.0,
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
        self.alpha = alpha

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_real("alpha", self.alpha)

    def _scores(self, contexts: Array) -> Array:
        means = self._means(contexts)
        if self.alpha:
            means += self.alpha * self._widths(contexts)
        return means
