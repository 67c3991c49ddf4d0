"""A bank of ridge regressions that learn row by row: what every linear bandit stands on.

Regression s holds A = ridge * I + sum x x' and, for each of its targets, M = sum y x'; its
coefficients are M A^-1 and the squared width of a row is x' A^-1 x. One row costs O(d^2) by the
formula of Sherman and Morrison (1950); every `refresh` rows, and whenever that formula would lose
digits, the inverse is rebuilt from A by Cholesky. With forgetting g a row first lets the past
fade: A <- g A + x x' + (1 - g) ridge I and M <- g M + y x', so that A never falls under
ridge * I; that needs a Cholesky a row.

Matrices are kept packed (LAPACK's upper packed storage: the d (d + 1) / 2 entries i <= j, column
by column). The widths of one row under all regressions are then one matrix-vector product that
reads half of the memory of square matrices, and memory traffic is what it costs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs, get_lapack_funcs

from hare.errors import InputError

Array = NDArray[np.float64]

# Above this x' A^-1 x the Sherman-Morrison update cancels more than six of the sixteen digits.
LARGEST_STEP = 1e6
# Above this largest diagonal entry of A over the ridge, rounding swallows the ridge.
LARGEST_CONDITION = 1e12
_spmv, _spr, _symm = get_blas_funcs(("spmv", "spr", "symm"), dtype=np.float64)
_potrf, _potri, _potrs, _tpttr = get_lapack_funcs(
    ("potrf", "potri", "potrs", "tpttr"), dtype=np.float64
)
_CHUNK = 1 << 21  # entries of packed outer products held at once


class RidgeBank:
    """Ridge regressions of the same size, added one at a time.

    size        d, length of a row
    targets     R, how many values are regressed on the rows; 0 keeps A and its inverse alone
    ridge       A starts at ridge * I
    refresh     rows between two rebuilds of an inverse
    forgetting  g in (0, 1]; 1 forgets nothing

    precision, inverse  (S, d (d + 1) / 2) packed A and A^-1
    moments, coef       (S, R, d) sums of y x', and the coefficients
    age                 (S,) rows since the inverse was rebuilt
    """

    def __init__(
        self, size: int, targets: int, ridge: float, refresh: int = 1000, forgetting: float = 1.0
    ) -> None:
        self.size, self.targets = size, targets
        self.ridge, self.refresh, self.forgetting = ridge, refresh, forgetting
        self.column, self.row = np.tril_indices(size)  # A[row, column] of each packed entry
        self._twice = np.where(self.row == self.column, 1.0, 2.0)
        self._identity = np.where(self.row == self.column, 1.0, 0.0)
        self._count = 0
        self._allocate(0)

    def _allocate(self, capacity: int) -> None:
        packed = len(self.row)
        self._precision = np.empty((capacity, packed))
        self._inverse = np.empty((capacity, packed))
        self._moments = np.zeros((capacity, self.targets, self.size))
        self._coef = np.zeros((capacity, self.targets, self.size))
        self._age = np.zeros(capacity, dtype=np.int64)

    def __len__(self) -> int:
        return self._count

    @property
    def precision(self) -> Array:
        return self._precision[: self._count]

    @property
    def inverse(self) -> Array:
        return self._inverse[: self._count]

    @property
    def moments(self) -> Array:
        return self._moments[: self._count]

    @property
    def coef(self) -> Array:
        return self._coef[: self._count]

    @property
    def age(self) -> NDArray[np.int64]:
        return self._age[: self._count]

    def add(self) -> int:
        """One more regression that has seen nothing; its number."""
        if self._count == len(self._age):
            old = self.state()
            self._allocate(max(4, 2 * self._count))
            self._fill(old)
        slot = self._count
        self._precision[slot] = self.ridge * self._identity
        self._inverse[slot] = self._identity / self.ridge
        self._count += 1
        return slot

    def update(self, slot: int, rows: Array, values: Array) -> None:
        """Learn rows (m, d) with targets (m, R), in their order; InputError if A degenerates."""
        if self.forgetting == 1.0 and len(rows) <= 1 + self.size // 8:
            for x, y in zip(rows, values, strict=True):
                self.update_row(slot, x, y)
        elif len(rows):
            self._rebuild(slot, rows, values)

    def update_row(self, slot: int, x: Array, y: Array) -> None:
        """Learn one row (d,) with its targets (R,)."""
        inverse = self._inverse[slot]
        direction = _spmv(self.size, 1.0, inverse, x)
        step = float(direction @ x)
        worn = self._age[slot] + 1 >= self.refresh or not 0.0 <= step <= LARGEST_STEP
        if worn or self.forgetting != 1.0:
            self._rebuild(slot, x[None], y[None])
            return
        shrink = 1.0 / (1.0 + step)
        precision = self._precision[slot]
        precision[:] = _spr(self.size, 1.0, x, precision, overwrite_ap=True)
        inverse[:] = _spr(self.size, -shrink, direction, inverse, overwrite_ap=True)
        if self.targets:
            coef = self._coef[slot]
            coef += (y - coef @ x)[:, None] * (direction * shrink)
            self._moments[slot] += y[:, None] * x
        self._age[slot] += 1

    def _rebuild(self, slot: int, rows: Array, values: Array) -> None:
        """The same from A itself: A and M of all the rows, then one Cholesky factorisation."""
        kept = self.forgetting ** len(rows)
        weights = self.forgetting ** np.arange(len(rows) - 1, -1, -1.0)
        weighted = rows * weights[:, None]
        precision = kept * self._precision[slot] + (1.0 - kept) * self.ridge * self._identity
        precision += (weighted.T @ rows)[self.row, self.column]
        factor, failed = _potrf(self.unpack(precision), lower=1, clean=1)
        largest = float(precision[self._identity == 1.0].max())
        if failed or not largest <= LARGEST_CONDITION * self.ridge:
            raise InputError(self._degenerate())
        inverse, _ = _potri(factor, lower=1)
        moments = kept * self._moments[slot] + values.T @ weighted
        if self.targets:
            solved, _ = _potrs(factor, moments.T, lower=1)
            self._coef[slot] = solved.T
        self._precision[slot] = precision
        self._inverse[slot] = inverse[self.column, self.row]
        self._moments[slot] = moments
        self._age[slot] = 0

    def _degenerate(self) -> str:
        return (
            f"contexts: so large against the ridge of {self.ridge:g} that the precision matrix "
            "is singular in double precision; normalise them or raise ridge"
        )

    def unpack(self, packed: Array) -> Array:
        """(d, d) symmetric matrix of packed entries."""
        square = np.empty((self.size, self.size))
        square[self.row, self.column] = packed
        square[self.column, self.row] = packed
        return square

    def factor(self, slot: int) -> Array:
        """(d, d) lower Cholesky factor L of A = L L'."""
        factor, failed = _potrf(self.unpack(self.precision[slot]), lower=1, clean=1)
        if failed:
            raise InputError(self._degenerate())
        return factor

    def squared_widths(self, slot: int, rows: Array) -> Array:
        """(m,) x' A^-1 x of rows (m, d) under one regression."""
        half, _ = _tpttr(self.size, self.inverse[slot], uplo="U")  # the upper triangle
        directions = _symm(1.0, half, rows.T)  # (d, m) A^-1 x, reads that triangle alone
        return np.maximum(np.einsum("dm,md->m", directions, rows), 0.0)

    def squared_widths_everywhere(self, rows: Array) -> Array:
        """(m, S) x' A_s^-1 x of rows (m, d) under every regression."""
        inverse = self.inverse
        if len(rows) == 1:
            return np.maximum(inverse @ self._outer(rows[0]), 0.0)[None]
        out = np.empty((len(rows), self._count))
        chunk = max(1, _CHUNK // len(self.row))
        for start in range(0, len(rows), chunk):
            part = rows[start : start + chunk]
            out[start : start + chunk] = self._outer(part) @ inverse.T
        return np.maximum(out, 0.0, out=out)

    def squared_widths_by_slot(self, rows: Array) -> Array:
        """(m, S) x_s' A_s^-1 x_s of rows (m, S, d): to every regression its own row."""
        out = np.empty(rows.shape[:2])
        chunk = max(1, _CHUNK // max(1, self._count * len(self.row)))
        for start in range(0, len(rows), chunk):
            part = self._outer(rows[start : start + chunk])
            out[start : start + chunk] = np.einsum("msp,sp->ms", part, self.inverse)
        return np.maximum(out, 0.0, out=out)

    def _outer(self, rows: Array) -> Array:
        """(..., P) packed x x', off the diagonal twice: times packed A^-1 it is x'A^-1 x."""
        outer = rows.take(self.row, axis=-1)
        outer *= rows.take(self.column, axis=-1)
        outer *= self._twice
        return outer

    def state(self) -> dict[str, NDArray[Any]]:
        """Everything learned, by name: what `restore` takes."""
        return {
            "precision": self.precision,
            "inverse": self.inverse,
            "moments": self.moments,
            "coef": self.coef,
            "age": self.age,
        }

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Take over what `state` gave; ValueError where the shapes are not this bank's."""
        count = len(state["age"])
        shapes = {
            "precision": (count, len(self.row)),
            "inverse": (count, len(self.row)),
            "moments": (count, self.targets, self.size),
            "coef": (count, self.targets, self.size),
            "age": (count,),
        }
        for name, shape in shapes.items():
            if state[name].shape != shape:
                raise ValueError(f"{name} has the shape {state[name].shape}, not {shape}")
        self._allocate(count)
        self._count = count
        self._fill(state)

    def _fill(self, state: dict[str, NDArray[Any]]) -> None:
        for name, array in state.items():
            getattr(self, f"_{name}")[: len(array)] = array
