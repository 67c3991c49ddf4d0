"""A tidy DataFrame, one row a rating, and its values by the levels of some of its columns.

H. Wickham (2014), "Tidy data", Journal of Statistical Software 59(10). Column names are those of
the export's ratings.csv unless others are given. What does not give one value a cell is refused by
the column, the participant and the arm: several items, a row twice, a cell that a test needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.errors import InputError
from analysis.stats.arrays import Array, check_flat, numbers

EXPORT = {name: name for name in ("participant", "arm", "round", "slot", "item")}
EXPORT["value"] = "rating"
MOST_ROUNDS = 10_000

Axes = dict[str, Sequence[object]]  # a column and its levels, for each axis of an array


class TidyFrame:
    """A frame whose columns are called as `given` says, and otherwise as in the export."""

    def __init__(self, frame: pd.DataFrame, given: Mapping[str, str]) -> None:
        self.frame, self.given = frame, dict(given)
        self.names = EXPORT | self.given

    def column(self, name: str) -> pd.Series:
        """The column of this name, or InputError where there is none, or more than one."""
        if name not in self.frame:
            if name in self.frame.index.names:
                raise InputError(f"column {name!r} is in the index: pass frame.reset_index()")
            role = next((role for role, own in self.names.items() if own == name), None)
            other = f"; name another one by {role}=" if role in EXPORT else ""
            known = _listed(self.frame.columns)
            raise InputError(f"column {name!r} is missing: a tidy DataFrame has {known}{other}")
        column = self.frame[name]
        if isinstance(column, pd.DataFrame):
            raise InputError(f"column {name!r} is there {column.shape[1]} times")
        return column

    def labels(self, name: str) -> pd.Series:
        """A column that tells rows apart: no cell of it may be empty."""
        column = self.column(name).astype(object)
        if column.isna().any():
            where = int(np.argmax(column.isna()))
            raise InputError(f"column {name!r} must not be empty; position {where} is")
        return column

    def levels(self, name: str) -> list[object]:
        """The levels of a column, sorted."""
        levels = self.labels(name).unique().tolist()
        return sorted(levels, key=lambda level: (not isinstance(level, Real), level))

    def people(self) -> Axes:
        """The axis of the participants, in the order in which they first appear."""
        name = self.names["participant"]
        return {name: self.labels(name).unique().tolist()}

    def rounds(self) -> Axes:
        """The axis of the rounds: every whole number from the first round to the last."""
        name = self.names["round"]
        found = self.labels(name).tolist()
        for where, number in enumerate(found):
            if not (isinstance(number, Real) and float(number).is_integer()):
                rule = f"must hold whole numbers; position {where} is {number!r}"
                raise InputError(f"column {name!r} {rule}")
        whole = [int(number) for number in found]
        first, last = min(whole, default=1), max(whole, default=0)
        if last - first >= MOST_ROUNDS:
            raise InputError(f"column {name!r} must number the rounds, has {first} to {last}")
        return {name: range(first, last + 1)}

    def arms(self, named: Mapping[str, str | None] | Sequence[str] | None) -> Axes:
        """The axis of the arms: all of them, or those that are named, each by its keyword."""
        name = self.names["arm"]
        there = self.levels(name)
        if named is None:
            return {name: there}
        asked = named.items() if isinstance(named, Mapping) else [("arm", arm) for arm in named]
        for keyword, arm in asked:
            if arm not in there:
                raise InputError(f"{keyword} = {arm!r}: column {name!r} has {_listed(there)}")
        arms = [arm for _, arm in asked]
        if len(set(arms)) < len(arms):
            raise InputError(f"the arms must differ, and are {_listed(arms)}")
        return {name: arms}

    def values(self, axes: Axes, *, complete: bool = False, hint: str = "") -> Array:
        """The values by the levels of the columns of `axes`, nan for a cell without a row.

        `complete` refuses cells without a value, and `hint` says what to do about several rows
        for one.
        """
        table = self._table(axes, hint)
        if complete:
            self._check_complete(axes, np.logical_not(np.isnan(table)))
        return table

    def compared(self, axes: Axes, *, hint: str = "") -> tuple[Array, str]:
        """Complete values of conditions (the axes after the first), and what they leave out.

        With `mean_over` given they are means over what a participant has of that column in every
        condition, so that all conditions are averaged over the same rounds. Conditions that are
        made of rounds (every round of a participant is in one of them) keep their own, but arms
        are always compared over the same.
        """
        over = self.given.get("mean_over")
        if over is None:
            return self.values(axes, complete=True, hint=hint), ""
        if over in axes:
            raise InputError(f"mean_over = {over!r}: must be none of {_listed(axes)}")
        table = self._table({**axes, over: self.levels(over)}, hint)
        there = np.logical_not(np.isnan(table))
        self._check_complete(axes, there.any(axis=-1))
        arm, names = self.names["arm"], list(axes)
        shared = tuple(k for k in range(1, len(names)) if names[k] == arm or not _nested(there, k))
        kept = there & there.all(axis=shared, keepdims=True)
        for gap in np.argwhere(~kept.any(axis=-1))[:1]:
            who = f"{names[0]} {axes[names[0]][gap[0]]!r}"
            rule = "that all conditions share; mean_over averages those"
            raise InputError(f"{who} has no {over} {rule}")
        lost = there & ~kept
        note = ""
        if lost.any():
            people = int(lost.any(axis=tuple(range(1, lost.ndim))).sum())
            note = (
                f"averaged over what a participant has of {over!r} in every condition: "
                f"{int(lost.sum())} values of {people} participants left out"
            )
        return np.where(kept, table, 0.0).sum(axis=-1) / kept.sum(axis=-1), note

    def _table(self, by: Axes, hint: str) -> Array:
        """The values by the levels of some columns, one row a cell at most."""
        item = self.names["item"]
        if item in self.frame and item not in by and len(items := self.levels(item)) > 1:
            raise InputError(
                f"column {item!r} holds {len(items)} items ({_listed(items)}): "
                f"filter the frame to one, as in frame[frame[{item!r}] == {items[0]!r}]"
            )
        cells = numbers(
            self.column(self.names["value"]).to_numpy(dtype=object, na_value=np.nan),
            f"column {self.names['value']!r}",
        )
        places = np.array([_codes(levels, self.labels(name)) for name, levels in by.items()])
        kept = (places >= 0).all(axis=0)  # not the rows of arms that nobody asked for
        place = tuple(places[:, kept])
        table = np.full([len(levels) for levels in by.values()], np.nan)
        rows = np.zeros(table.shape, dtype=np.int64)
        np.add.at(rows, place, 1)
        for twice in np.argwhere(rows > 1)[:1]:
            what = f"has {rows[tuple(twice)]} rows"
            raise InputError(f"{_where(by, twice, what)}; one is needed: filter the frame{hint}")
        table[place] = cells[kept]
        return table

    def _check_complete(self, axes: Axes, there: ArrayLike) -> None:
        for gap in np.argwhere(np.logical_not(there))[:1]:
            what = f"has no {self.names['value']}"
            raise InputError(f"{_where(axes, gap, what)}; every participant needs one")


def tidy_frame(
    values: ArrayLike, given: Mapping[str, object], known: Iterable[str], **columns: str
) -> TidyFrame | None:
    """`values` as a tidy frame; None for an array or a wide frame, which are taken as they are.

    A DataFrame is tidy when it has the column of the participant or of the value, or when one of
    the keywords of tidy frames is `given`; of any other, every column must hold numbers.

    known    the keywords that may be given; columns: what columns are called beside them
    """
    for name in given.keys() - set(known):
        raise TypeError(f"unexpected keyword argument {name!r}")
    if not isinstance(values, pd.DataFrame):
        for name, value in given.items():
            raise InputError(f"{name} = {value!r}: needs a tidy DataFrame, one row a rating")
        return None
    check_flat(values, "the DataFrame")
    names = EXPORT | columns
    if given or names["participant"] in values or names["value"] in values:
        return TidyFrame(values, columns | cast(dict[str, str], dict(given)))
    for name, column in values.items():
        if not pd.api.types.is_numeric_dtype(column):
            raise InputError(
                f"column {name!r} holds no numbers: a DataFrame is wide, with numbers alone, "
                "or tidy, with a column 'participant' (or participant= names it)"
            )
    return None


def _codes(levels: Sequence[object], labels: pd.Series) -> np.ndarray:
    """The position of every label among the levels, -1 where it is none of them."""
    return pd.Index(list(levels), dtype=object).get_indexer(pd.Index(labels, dtype=object))


def _nested(there: np.ndarray, axis: int) -> bool:
    """Whether each participant has each level of the last axis at one level of `axis` at most."""
    others = tuple(k for k in range(1, there.ndim - 1) if k != axis)
    return bool((there.any(axis=others).sum(axis=1) <= 1).all())


def _where(axes: Axes, place: np.ndarray, what: str) -> str:
    """As in "participant 'p7' has 2 rows for arm 'rag'"."""
    first, *rest = (f"{name} {axes[name][k]!r}" for name, k in zip(axes, place, strict=True))
    return f"{first} {what} for {', '.join(rest)}"


def _listed(names: Iterable[object]) -> str:
    listed = [str(name) for name in names] or ["nothing"]
    return ", ".join(listed[:8]) + (", …" if len(listed) > 8 else "")
