"""Expected reward as a function of an item's vector, and its optimum over the unit ball.

In round t the reward of a vector v is

    value(t, v) = link( offset[t, j] + coefficient[t, j] · v ),   j = argmax_k anchor_k · v

so every environment is one table of offsets and coefficients: with one anchor it is linear in v
(inside a rising link), with several it is linear in each of the cones that the anchors cut.

The optimum over the unit ball is exact. In the cone C_j = {v : (a_j − a_k)·v ≥ 0} the linear form
w·v reaches ‖Π(w)‖, Π the projection onto the cone. By Moreau's decomposition w − Π(w) is the
projection onto the polar cone {−Gᵀλ : λ ≥ 0}, G's rows a_j − a_k: non-negative least squares, whose
residual is Π(w) (Lawson & Hanson 1974, chapter 23). With one anchor this is ‖w‖. Where the optimum
lies on a border between cones it is a supremum: vectors of cone j come as close to it as one likes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from hare.errors import InputError

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Expected rewards of T rounds over J cones of a dv-dimensional space.

    offsets       (T, J)
    coefficients  (T, J, dv)
    anchors       (J, dv)
    saturating    link is tanh; else the identity
    """

    offsets: Array
    coefficients: Array
    anchors: Array
    saturating: bool

    def value(self, t: int, vectors: Array) -> Array:
        """(n,) expected rewards in round t of `vectors` (n, dv)."""
        vectors = np.asarray(vectors, dtype=np.float64)
        if vectors.ndim != 2 or vectors.shape[1] != self.anchors.shape[1]:
            raise InputError(
                f"vectors has shape {vectors.shape}: must be (n, {self.anchors.shape[1]})"
            )
        cone = self._cone(vectors)
        scores = np.einsum("nd,nd->n", self.coefficients[t][cone], vectors)
        return self._link(self.offsets[t][cone] + scores)

    def expected(self, items: Array) -> Array:
        """(T, N) expected rewards of the same items (N, dv) in every round."""
        cone = self._cone(items)
        scores = np.einsum("tnd,nd->tn", self.coefficients[:, cone], items)
        return self._link(self.offsets[:, cone] + scores)

    def best(self) -> Array:
        """(T,) the highest expected reward (a supremum) of any vector of norm at most 1."""
        reach = np.empty(self.offsets.shape)  # (T, J)
        for j, anchor in enumerate(self.anchors):
            others = np.delete(self.anchors, j, axis=0)
            # Rounds of one request region share their coefficients: project each set once.
            distinct, where = np.unique(self.coefficients[:, j], axis=0, return_inverse=True)
            reach[:, j] = _reach(distinct, anchor - others)[where.ravel()]
        return self._link((self.offsets + reach).max(axis=1))

    def _cone(self, vectors: Array) -> NDArray[np.intp]:
        return (vectors @ self.anchors.T).argmax(axis=1)

    def _link(self, scores: Array) -> Array:
        return np.tanh(scores) if self.saturating else scores


def _reach(forms: Array, walls: Array) -> Array:
    """(n,) maxima of linear forms (n, dv) over unit vectors v with walls (m, dv) @ v >= 0."""
    if not len(walls):
        return np.linalg.norm(forms, axis=1)
    return np.array([nnls(-walls.T, form)[1] for form in forms])
