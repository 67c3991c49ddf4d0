"""The fixed effects of a mixed model together: any linear combination, its error and its df.

F. E. Satterthwaite (1946), Biometrics Bulletin 2, 110-114; for mixed models A. Kuznetsova and
others (2017), Journal of Statistical Software 82(13), equation 4: a combination l'b has variance
v = l' C l, which the variance parameters move by g_k = l' (dC / dtheta_k) l, so its degrees of
freedom are 2 v² / (g' A g), with A the covariance of the parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from analysis.stats.arrays import Array


@dataclass(frozen=True, slots=True)
class FixedEffects:
    """Estimates (p,), their covariance (p, p), and how the variance parameters move it.

    slopes      (k, p, p) derivative of the covariance toward each of k parameters
    parameters  (k, k) covariance of the parameters
    """

    estimates: Array
    covariance: Array
    slopes: Array
    parameters: Array

    def combine(self, weights: Array) -> tuple[Array, Array, Array]:
        """Estimates, standard errors and Satterthwaite df of the combinations `weights` (m, p).

        >>> one, none = np.ones(1), np.zeros((1, 1))
        >>> fixed = FixedEffects(2.0 * one, none + 4.0, (none + 1.0)[None], none + 0.5)
        >>> [part.tolist() for part in fixed.combine(np.array([[3.0]]))]
        [[6.0], [6.0], [64.0]]
        """
        v = np.einsum("mp,pq,mq->m", weights, self.covariance, weights)
        g = np.einsum("mp,kpq,mq->mk", weights, self.slopes, weights)
        spread = np.einsum("mk,kl,ml->m", g, self.parameters, g)
        return (
            cast(Array, weights @ self.estimates),
            np.sqrt(v),
            cast(Array, 2.0 * v**2 / spread),
        )


@dataclass(frozen=True, slots=True)
class ArmsByRound:
    """What the fixed effects of arm × round mean: the arms in their order, and how many rounds."""

    arms: tuple[str, ...]
    reference: str
    rounds: int

    def weights(self, arm: str, number: float) -> Array:
        """(terms,) of the mean of an arm in a round, counted from 1, as `long_ratings` orders them.

        >>> ArmsByRound(("rag", "hare"), "rag", 3).weights("hare", 3).tolist()
        [1.0, 1.0, 1.0, 1.0]
        """
        own = [float(arm == other) for other in self.arms if other != self.reference]
        time = number - (self.rounds + 1) / 2.0
        return np.array([1.0, *own, time, *(time * one for one in own)])
