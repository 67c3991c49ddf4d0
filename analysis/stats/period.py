"""Diagnostics of the crossover: do the round, the slot, or the text before move the ratings?

B. Jones and M. G. Kenward (2015), "Design and analysis of cross-over trials", 3rd ed., chapters 1
and 5. Every participant sees every arm in every round, in slots whose order follows a Williams
design (E. J. Williams 1949), so that what comes before is nearly balanced within a participant. In
two stages, with the participant as the unit: per participant a least-squares fit of

    rating = arm + slot + round + what stood before

and then a one-sample t test of each coefficient over the participants. Slots and predecessors are
coded as deviations from their mean. Diagnostic: the confirmatory tests do not depend on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Unpack, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.errors import InputError
from analysis.stats.arrays import DECIMALS, Array, numbers
from analysis.stats.multiplicity import benjamini_hochberg
from analysis.stats.paired import paired_t
from analysis.stats.results import TestResult
from analysis.stats.tabular import Tabular
from analysis.stats.tidy import Columns, with_slots

Integers = NDArray[np.int64]
Before = Literal["slot", "round"]
TEST = "one-sample t of participants' coefficients"


@dataclass(frozen=True, slots=True)
class Diagnostic(Tabular):
    """One possible disturbance, in points of the scale, tested against zero.

    name        "round" (points a round), "slot 1", … or "after ARM" (deviation from the mean)
    p_adjusted  Benjamini–Hochberg over all diagnostics asked for together; None when not estimable
    """

    name: str
    test: TestResult
    p_adjusted: float | None

    def apa(self) -> str:
        """One line for the results section."""
        return f"{self.name}: {self.test.apa()}"


def period(
    values: ArrayLike | pd.DataFrame, slots: ArrayLike | None = None, **tidy: Unpack[Columns]
) -> tuple[Diagnostic, ...]:
    """Do ratings move with the round, or with the place on the page?

    values  (participants, rounds, arms) ratings of one item, nan where one is missing
    slots   (participants, rounds, arms) place of each arm on the page, 0 for the first; of a
            missing round it may be anything in range
    values may be a tidy DataFrame without `slots`: its column slot tells the places, in the order
    of their names. tidy: participant, arm, round, slot, value and item, columns not called as in
    the export.

    The trend over the rounds first, then one diagnostic a slot. InputError for shapes that differ
    or slots that are not 0 to arms - 1, each once a round.

    >>> order = np.array([[[0, 1], [1, 0], [0, 1], [1, 0]]] * 3)
    >>> drift = np.array([0.1, 0.2, 0.3])[:, None, None] * np.arange(4.0)[None, :, None]
    >>> [d.name for d in period(3.0 + drift + order, order)]
    ['round', 'slot 1', 'slot 2']
    """
    values, slots, _ = with_slots(values, slots, None, tidy)
    table, place = _checked(values, slots)
    k = table.shape[2]
    round_, slot = _round_column(table), _deviations(place, k)
    columns = np.concatenate([_arm_columns(table), round_[..., None], slot], axis=-1)
    found, left_out = _coefficients(table, columns)
    trend = _tested("round", found[:, k], left_out)
    by_slot = _with_last(found[:, k + 1 :])
    names = [f"slot {number + 1}" for number in range(k)]
    return adjusted_together([trend, *_several(names, by_slot, left_out)])


def carry_over(
    values: ArrayLike | pd.DataFrame,
    slots: ArrayLike | None = None,
    arms: Sequence[str] | None = None,
    *,
    before: Before = "slot",
    **tidy: Unpack[Columns],
) -> tuple[Diagnostic, ...]:
    """Does it matter after which arm a text is read?

    values, slots, tidy  as for `period`
    arms           names of the arms, in the order of the last axis; of a tidy DataFrame all
    before         "slot": the arm in the slot before, on the same page
                   "round": the arm that stood in the same slot one round earlier

    One diagnostic an arm: how much higher the text after it is rated than after the average one.
    InputError as for `period`, and for an unknown `before`.

    >>> order = np.array([[[0, 1], [1, 0], [0, 1], [1, 0]]] * 3)
    >>> values = 3.0 + (order == 1) * np.array([0.0, 1.0])
    >>> [d.test.estimate.value for d in carry_over(values, order, ["a", "b"])]
    [0.5, -0.5]
    """
    if before not in get_args(Before):
        raise InputError(f"before = {before!r}: must be 'slot' or 'round'")
    values, slots, arms = with_slots(values, slots, arms, tidy)
    table, place = _checked(values, slots)
    k = table.shape[2]
    if arms is None or len(arms) != k:
        raise InputError(f"arms must name the {k} arms of values, names {len(arms or ())}")
    previous = _previous(table, place, before)
    columns = np.concatenate(
        [
            _arm_columns(table),
            _round_column(table)[..., None],
            _deviations(place, k),
            _deviations(previous, k),
        ],
        axis=-1,
    )
    found, left_out = _coefficients(table, columns)
    after = _with_last(found[:, 2 * k :])
    return adjusted_together(_several([f"after {arm}" for arm in arms], after, left_out))


def adjusted_together(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The diagnostics with p-values adjusted over all of them, whatever was adjusted before."""
    several = list(diagnostics)
    adjusted = benjamini_hochberg([diagnostic.test.p for diagnostic in several])
    return tuple(replace(d, p_adjusted=p) for d, p in zip(several, adjusted, strict=True))


def _checked(values: ArrayLike, slots: ArrayLike) -> tuple[Array, Integers]:
    table, place = numbers(values, "values"), numbers(slots, "slots")
    if table.ndim != 3 or table.shape[2] < 2 or table.shape[1] < 2:
        raise InputError(
            f"values must be (participants, rounds >= 2, arms >= 2), has shape {table.shape}"
        )
    if place.shape != table.shape:
        raise InputError(f"slots must have the shape of values {table.shape}, has {place.shape}")
    if not np.array_equal(
        np.sort(place, axis=2), np.broadcast_to(np.arange(table.shape[2]), place.shape)
    ):
        raise InputError(f"slots must hold 0 to {table.shape[2] - 1} once for every round")
    return table, place.astype(np.int64)


def _arm_columns(table: Array) -> Array:
    """(participants, rounds, arms, arms) indicators of the arm."""
    return np.broadcast_to(np.eye(table.shape[2]), (*table.shape, table.shape[2]))


def _round_column(table: Array) -> Array:
    rounds = np.arange(table.shape[1]) - (table.shape[1] - 1) / 2.0
    return np.broadcast_to(rounds[None, :, None], table.shape)


def _deviations(code: Integers, k: int) -> Array:
    """Sum-to-zero coding of 0 … k - 1 in k - 1 columns; zeros where the code is -1."""
    rows = np.vstack([np.eye(k - 1), -np.ones((1, k - 1)), np.zeros((1, k - 1))])
    return rows[code]  # -1 picks the last row, the one of zeros


def _with_last(found: Array) -> Array:
    """The k deviations, which sum to zero, from the first k - 1."""
    return np.column_stack([found, -found.sum(axis=1)])


def _previous(table: Array, place: Integers, before: Before) -> Integers:
    """Which arm came before, -1 where none did or the round before is missing."""
    order = np.argsort(place, axis=2)  # (participants, rounds, slots): arm by slot
    if before == "slot":
        earlier = np.take_along_axis(order, np.maximum(place - 1, 0), axis=2)
        return np.where(place > 0, earlier, -1)
    seen = np.isfinite(table).sum(axis=2) == table.shape[2]  # rounds that were rated in full
    earlier = np.take_along_axis(order[:, :-1], place[:, 1:], axis=2)
    previous = np.full(place.shape, -1, dtype=np.int64)
    previous[:, 1:] = np.where(seen[:, :-1, None], earlier, -1)
    return previous


def _coefficients(table: Array, columns: Array) -> tuple[Array, int]:
    """Least squares per participant; how many were left out because theirs are not determined."""
    width = columns.shape[-1]
    rows = (table.shape[0], table.shape[1] * table.shape[2])
    present = np.isfinite(table).reshape(rows)
    x = np.where(present[..., None], columns.reshape(*rows, width), 0.0)
    y = np.where(present, np.nan_to_num(table.reshape(rows)), 0.0)
    squares = np.einsum("pri,prj->pij", x, x)
    full = np.linalg.matrix_rank(squares, hermitian=True) == width
    right = np.einsum("pri,pr->pi", x, y)[full]
    found = np.linalg.solve(squares[full], right[..., None])[..., 0]
    return np.round(found, DECIMALS), int((~full).sum())


def _tested(name: str, found: Array, left_out: int) -> Diagnostic:
    test = paired_t(found, test=TEST, name="M")
    if left_out:
        people = f"{left_out} participant{'' if left_out == 1 else 's'}"
        note = f"{people} left out: too few rounds to tell the effects apart"
        test = replace(test, note="; ".join(part for part in (test.note, note) if part))
    return Diagnostic(name, test, None)


def _several(names: Sequence[str], found: Array, left_out: int) -> list[Diagnostic]:
    return [_tested(name, found[:, j], left_out) for j, name in enumerate(names)]
