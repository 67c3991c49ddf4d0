"""Cells of a CSV table: text in, typed values out, and a problem for every cell that is none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.data.schema import Column
from analysis.errors import Problem

_WHOLE = re.compile(r"-?[0-9]{1,19}(\.0)?")
RULES = {
    "text": "must not be empty",
    "int": "must be a whole number",
    "float": "must be a finite number",
    "time": "must be an ISO 8601 time with its offset from UTC",
    "flag": "must be true or false",
    "json": "must be JSON",
}


def typed(file: str, cells: pd.Series, column: Column) -> tuple[pd.Series, list[Problem]]:
    """The values of a column of texts, and a problem for every cell that does not read as one.

    text as str, int as Int64, float as float64 (empty: nan), time as UTC timestamps, flag as bool,
    json as text. What is bad or empty is missing in the values.

    >>> values, problems = typed("t.csv", pd.Series(["1", "x"]), Column("n", "int"))
    >>> problems[0].text()
    "t.csv, column n, row 2: must be a whole number, is 'x'"
    """
    values, bad = _convert(cells, column)
    return values, list(bad_cells(file, column.name, bad, cells, RULES[column.kind]))


def bad_cells(
    file: str, column: str, bad: pd.Series, cells: pd.Series, rule: str
) -> Iterator[Problem]:
    """One problem a bad cell, with what it holds."""
    for row in np.flatnonzero(bad.to_numpy(dtype=bool, na_value=False)):
        yield Problem(file, f"{rule}, is {shown(cells.iloc[row])}", column, int(row) + 1)


def shown(cell: object) -> str:
    """A cell in a message: a text quoted, and cut where it is long; a number as it is."""
    if not isinstance(cell, str):
        return str(cell)
    return repr(cell if len(cell) <= 40 else f"{cell[:37]}...")


def _convert(cells: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    """The typed values, and which cells are bad."""
    empty = cells == ""
    allowed = empty if column.optional else pd.Series(False, index=cells.index)
    values: pd.Series
    if column.kind == "text":
        return cells, empty & ~allowed
    if column.kind == "int":
        codes, distinct = pd.factorize(cells)  # most columns hold few numbers, many times
        known = [_whole(text) for text in distinct.tolist()]
        numbers = np.array([0 if number is None else number for number in known], dtype=np.int64)
        good = pd.Series(np.array([number is not None for number in known], dtype=bool)[codes])
        values = pd.Series(numbers[codes], dtype="Int64").mask(~good)
    elif column.kind == "float":
        values = pd.to_numeric(cells, errors="coerce").astype("float64")
        good = pd.Series(np.isfinite(values.to_numpy()), index=cells.index)
        values = values.where(good)
    elif column.kind == "time":
        values = pd.to_datetime(cells, format="ISO8601", utc=True, errors="coerce")
        good = values.notna() & cells.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$")
    elif column.kind == "flag":
        good = cells.str.lower().isin(["true", "false"])
        values = cells.str.lower() == "true"
    else:
        good = _json(cells)
        values = cells
    return values, ~good.astype(bool) & ~allowed


def _whole(text: str) -> int | None:
    """The whole number that a text holds, None when it holds none that fits 64 bits."""
    if not _WHOLE.fullmatch(text):
        return None
    number = int(text.removesuffix(".0"))
    return number if -(2**63) <= number < 2**63 else None


def _json(cells: pd.Series) -> pd.Series:
    known = {cell: _is_json(cell) for cell in cells.unique()}
    return cells.map(known).astype(bool)


def _is_json(cell: str) -> bool:
    try:
        json.loads(cell)
    except json.JSONDecodeError:
        return False
    return True
