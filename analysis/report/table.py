"""A table of the report: the numbers as a CSV file, and the same rows as they read on the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.stats.results import NOT_ESTIMABLE, Estimate, number, p_text


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A column on the page: its heading, and how a row's value reads.

    source   a column of the frame, or a function of the row
    style    "text", "count", "p", or the number of decimals
    """

    heading: str
    source: str | Callable[[Mapping[str, Any]], str]
    style: str | int = "text"

    @property
    def numeric(self) -> bool:
        return self.style != "text"

    def cell(self, row: Mapping[str, Any]) -> str:
        if callable(self.source):
            return self.source(row)
        value = row[self.source]
        if value is None:
            return NOT_ESTIMABLE
        if self.style == "p":
            return p_text(value).removeprefix("p ").removeprefix("= ")
        if self.style == "count":
            return f"{int(value):,}"
        if isinstance(self.style, int):
            return number(float(value), self.style)
        return str(value)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows with a name (of the CSV file), a caption, and what of them the page shows.

    frame    object columns; None is "not estimable", and nan is refused
    columns  what the page shows; empty when the table is a file only
    note     what a reader must know to read the numbers
    stacked  on a phone, show a row as a card of its own rather than as a line to scroll
    grouped  this many leading columns are left blank where they repeat the row above
    """

    name: str
    caption: str
    frame: pd.DataFrame
    columns: tuple[Shown, ...] = ()
    note: str = ""
    stacked: bool = False
    grouped: int = 0

    def __post_init__(self) -> None:
        for column in self.frame.columns:
            for value in self.frame[column]:
                if isinstance(value, float | np.floating) and not np.isfinite(value):
                    raise ValueError(f"table {self.name}, column {column}: {value} is no number")

    def rows(self) -> list[list[str]]:
        """The cells that the page shows, as text."""
        records = self.records()
        return [[column.cell(record) for column in self.columns] for record in records]

    def repeats(self) -> list[int]:
        """For each row, how many of the leading `grouped` cells repeat those of the row above."""
        rows = self.rows()
        counts = []
        for row, above in zip(rows, [[], *rows], strict=False):
            same = 0
            while same < min(self.grouped, len(above)) and row[same] == above[same]:
                same += 1
            counts.append(same)
        return counts

    def records(self) -> list[dict[str, Any]]:
        """The rows as plain JSON values; None where something is not estimable."""
        return [
            {str(key): _plain(value) for key, value in record.items()}
            for record in self.frame.astype(object).to_dict(orient="records")
        ]

    def csv(self) -> str:
        """The rows as CSV: full precision, "not estimable" in words, never an empty number."""
        frame = self.frame.astype(object).map(
            lambda value: NOT_ESTIMABLE if value is None else _plain(value)
        )
        return frame.to_csv(index=False, lineterminator="\n")


def bounds(estimate: Estimate) -> tuple[float | None, float | None]:
    """Low and high of an estimate's interval, or None twice."""
    interval = estimate.interval
    return (None, None) if interval is None else (interval.low, interval.high)


def with_interval(
    value: str, low: str = "ci_low", high: str = "ci_high", digits: int = 2
) -> Callable[[Mapping[str, Any]], str]:
    """A function of a row that shows a value and its interval as 0.33 [0.13, 0.52]."""

    def show(row: Mapping[str, Any]) -> str:
        if row[value] is None:
            return NOT_ESTIMABLE
        if row[low] is None or row[high] is None:
            return f"{number(row[value], digits)} [{NOT_ESTIMABLE}]"
        interval = f"[{number(row[low], digits)}, {number(row[high], digits)}]"
        return f"{number(row[value], digits)} {interval}"

    return show


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return None if value is pd.NA else value
