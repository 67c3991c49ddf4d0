"""Tidy DataFrames in: from one row a rating, as in the export's ratings.csv, to a test's arrays.

Every procedure of one value a participant and condition, or of a table of them, takes a tidy frame
in place of its arrays. A difference is treatment − comparator, the two arms that are named.

Several rows of one participant and arm are refused, unless `mean_over="round"` asks for their mean:
the value that the study pre-registers, but a choice that nobody should make unawares. The mean is
over the rounds that a participant has in all conditions compared, and a note says what is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike

from analysis.errors import InputError
from analysis.stats.arrays import check_aligned
from analysis.stats.tidy_frame import Axes, TidyFrame, tidy_frame

Arms = Sequence[str] | None
AVERAGE = ", or average by mean_over='round'"


class Values(TypedDict, total=False):
    """What columns are called, where it is not as in the export; the value's is "rating" there."""

    item: str
    value: str


class Columns(Values, total=False):
    """And those that tell the rows apart."""

    participant: str
    arm: str
    round: str
    slot: str


class Contrast(Columns, total=False):
    """Two arms, as they are called in their column; the difference is treatment − comparator."""

    treatment: str
    comparator: str


class Averaged(Columns, total=False):
    """The column, most often "round", over which the values of one cell are averaged."""

    mean_over: str


class Pair(Contrast, Averaged, total=False):
    """Two arms, and over what their values are averaged before they are compared."""


def paired(
    x: ArrayLike, y: ArrayLike | None, tidy: Pair
) -> tuple[ArrayLike, ArrayLike | None, str]:
    """x (n,) of the treatment, y (n,) of the comparator, and a note for the result.

    Arrays stay as they are, and two Series must have the same index.
    """
    frame = tidy_frame(x, tidy, Pair.__optional_keys__)
    if frame is None:
        check_aligned({"x": x, "y": y})
        return x, y, ""
    if y is not None:
        raise InputError("y must be left out with a tidy DataFrame: name treatment and comparator")
    table, note = frame.compared(frame.people() | _two_arms(frame), hint=AVERAGE)
    return table[:, 0], table[:, 1], note


def by_factors(
    values: ArrayLike, factors: Sequence[str] | None, tidy: Averaged
) -> tuple[ArrayLike, Sequence[str] | None, str]:
    """(participants, levels, …), the names of the factors, and a note for the result.

    By the columns that `factors` names, by the arm when it is None.
    """
    frame = tidy_frame(values, tidy, Averaged.__optional_keys__)
    if frame is None:
        return values, factors, ""
    named = [frame.names["arm"]] if factors is None else list(factors)
    if not named:
        raise InputError("factors must name a column at least")
    axes = frame.people() | {name: frame.levels(name) for name in named}
    table, note = frame.compared(axes, hint=AVERAGE)
    return table, named, note


def by_round(values: ArrayLike, tidy: Contrast) -> ArrayLike:
    """(participants, rounds) values of one arm, or differences of two; nan where one is missing."""
    frame = tidy_frame(values, tidy, Contrast.__optional_keys__)
    if frame is None:
        return values
    axes = frame.people() | frame.rounds()
    if "treatment" not in tidy and "comparator" not in tidy:
        return frame.values(axes, hint=" to one arm, or name treatment and comparator")
    table = frame.values(axes | _two_arms(frame))
    return table[:, :, 0] - table[:, :, 1]


def by_round_and_arm(
    values: ArrayLike, arms: Arms, tidy: Columns
) -> tuple[ArrayLike, Sequence[str]]:
    """(participants, rounds, arms), nan where a rating is missing, and the arms in their order."""
    frame = tidy_frame(values, tidy, Columns.__optional_keys__)
    if frame is not None:
        axes = _designed(frame, arms)
        return frame.values(axes), _names(axes)
    if arms is None:
        raise InputError("arms must name the arms of values, in the order of its last axis")
    return values, arms


def with_requests(
    values: ArrayLike, requests: ArrayLike | str | None, arms: Arms, tidy: Columns
) -> tuple[ArrayLike, ArrayLike | None, Sequence[str]]:
    """As `by_round_and_arm`, and between them the request of each rating, None where none is told.

    requests  labels (participants, rounds) or as values, or the name of the frame's column of them;
              the labels come back as numbers, in the shape of values
    """
    frame = tidy_frame(values, tidy, Columns.__optional_keys__)
    table, names = by_round_and_arm(values, arms, tidy)
    if requests is None:
        return table, None, names
    if frame is None:
        if isinstance(requests, str):
            raise InputError(f"requests = {requests!r}: names a column of a tidy DataFrame")
        labels, shape = np.asarray(requests), np.shape(table)
        if labels.shape not in (shape, shape[:2]):
            raise InputError(
                f"requests must be (participants, rounds) of values, or as values {shape}; "
                f"has shape {labels.shape}"
            )
        codes = np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
        by_rating = codes if labels.shape == shape else codes[:, :, None]
        return table, np.broadcast_to(by_rating, shape), names
    if not isinstance(requests, str):
        raise InputError("requests must name the column of a tidy DataFrame that holds them")
    levels = {level: float(code) for code, level in enumerate(frame.levels(requests))}
    coded = frame.frame.assign(**{requests: frame.labels(requests).map(levels)})
    places = TidyFrame(coded, frame.given | {"value": requests}).values(_designed(frame, arms))
    return table, np.where(np.isnan(places), -1, places).astype(np.intp), names


def with_slots(
    values: ArrayLike, slots: ArrayLike | None, arms: Arms, tidy: Columns
) -> tuple[ArrayLike, ArrayLike, Arms]:
    """As `by_round_and_arm`, and between them the place of each rating on its page, from 0 on."""
    frame = tidy_frame(values, tidy, Columns.__optional_keys__)
    if frame is None:
        if slots is None:
            raise InputError("slots must hold the place of each of values on its page")
        return values, slots, arms
    if slots is not None:
        raise InputError("slots must be left out with a tidy DataFrame: name their column by slot=")
    axes, slot = _designed(frame, arms), frame.names["slot"]
    codes = {level: float(code) for code, level in enumerate(frame.levels(slot))}
    coded = frame.frame.assign(**{slot: frame.labels(slot).map(codes)})
    places = TidyFrame(coded, frame.given | {"value": slot})
    place = places.values(axes)
    place[np.isnan(place).all(axis=2)] = np.arange(place.shape[2])  # no slots in missing rounds
    if np.isnan(place).any():
        places.values(axes, complete=True)
    return frame.values(axes), place, _names(axes)


def crossed(values: ArrayLike, rows: str, columns: Sequence[str], tidy: Values) -> ArrayLike:
    """(rows, columns) by one column of the frame, and by the levels of others, crossed."""
    frame = tidy_frame(values, tidy, Values.__optional_keys__, participant=rows)
    if frame is None:
        return values
    table = frame.values(frame.people() | {name: frame.levels(name) for name in columns})
    return table.reshape(len(table), int(np.prod(table.shape[1:])))


def _two_arms(frame: TidyFrame) -> Axes:
    return frame.arms({name: frame.given.get(name) for name in ("treatment", "comparator")})


def _designed(frame: TidyFrame, arms: Arms) -> Axes:
    return {**frame.people(), **frame.rounds(), **frame.arms(arms)}


def _names(axes: Axes) -> list[str]:
    return [str(arm) for arm in list(axes.values())[-1]]
