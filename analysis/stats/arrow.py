"""A matrix of small blocks with one border: I + [A B]' w [A B], where B alone crosses the blocks.

Its inverse is never formed. By Schur's complement of the blocks, everything costs a small solve a
block and one of the border's size (G. H. Golub and C. F. Van Loan, 2013, Matrix Computations,
section 3.2), so that requests can cross hundreds of participants.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from analysis.stats.arrays import Array


class Arrow:
    """Of A (C, m, q), B (C, m, G) and w (C, m); G may be zero.

    inverse  (C, q, q) of the blocks; log_det: of the whole matrix

    >>> rng = np.random.default_rng(1)
    >>> A, B, w = rng.normal(size=(1, 5, 2)), rng.normal(size=(1, 5, 1)), np.ones((1, 5))
    >>> both = np.concatenate([A, B], axis=2)[0]
    >>> bool(np.isclose(Arrow(A, B, w).log_det, np.linalg.slogdet(np.eye(3) + both.T @ both)[1]))
    True
    """

    def __init__(self, A: Array, B: Array, w: Array) -> None:
        self.A, self.B = A, B
        Aw, Bw = A * w[..., None], B * w[..., None]
        D = np.eye(A.shape[2]) + np.swapaxes(A, 1, 2) @ Aw
        self.inverse = cast(Array, np.linalg.inv(D))
        self.cross = np.swapaxes(Aw, 1, 2) @ B  # (C, q, G)
        self.F = self.inverse @ self.cross  # (C, q, G)
        G = B.shape[2]
        S = np.eye(G) + _summed(B, Bw) - _summed(self.cross, self.F)
        self.S_inverse = cast(Array, np.linalg.inv(S))
        self.log_det = float(np.linalg.slogdet(D)[1].sum() + np.linalg.slogdet(S)[1])

    def solve(self, u: Array, g: Array) -> tuple[Array, Array]:
        """The inverse times (u (C, q), g (G,)), in these parts."""
        across = self.S_inverse @ (g - np.einsum("cqg,cq->g", self.F, u))
        return times(self.inverse, u) - self.F @ across, across

    def with_rows(self) -> tuple[Array, Array]:
        """[A B] times the inverse: the columns of the own block (C, m, q), and the border's."""
        rest = (self.B - self.A @ self.F) @ self.S_inverse  # (C, m, G)
        return self.A @ self.inverse - rest @ np.swapaxes(self.F, 1, 2), rest


def times(matrices: Array, vectors: Array) -> Array:
    """(C, a, b) times (C, b)."""
    return cast(Array, (matrices @ vectors[..., None])[..., 0])


def _summed(left: Array, right: Array) -> Array:
    """The sum over blocks of left' right, for left (C, a, i) and right (C, a, j)."""
    return cast(Array, np.tensordot(left, right, axes=((0, 1), (0, 1))))
