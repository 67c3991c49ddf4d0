"""Results as DataFrames: `to_frame()` of every result, for tables, for many results in one, for R.

One row an estimate, a term or a pair. Fields keep their names; an estimate takes the column of its
field, or of its own name among the effect sizes, with the ends of its interval in `_low` and
`_high`; those of a result's own interval are `low` and `high`. What is missing is nan, and `note`
says why.

>>> import pandas as pd
>>> from analysis.stats.paired import paired_t
>>> relevance, quality = [0.5, 1.0, 0.2, 0.6], [0.1, -0.4, 0.3, 0.2]
>>> both = pd.concat([paired_t(d).to_frame() for d in (relevance, quality)])
>>> both[["statistic", "p", "d_z"]].round(3).to_numpy().tolist()
[[3.481, 0.04, 1.74], [0.322, 0.769, 0.161]]
"""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import pandas as pd

Cells = dict[str, object]


class Tabular:
    """A result that is a table too. Those that hold several terms say what their rows are."""

    __slots__ = ()

    def to_frame(self) -> pd.DataFrame:
        """One row an estimate, a term or a pair; nan where a value is missing."""
        rows = [
            {k: math.nan if v is None else v for k, v in row.items()} for row in self.table_rows()
        ]
        return pd.DataFrame(rows)

    def table_rows(self) -> list[Cells]:
        """The rows of the table, by the names of the columns; None where a value is missing."""
        return [cells(self)]

    def as_columns(self, name: str) -> Cells:
        """What this result is, as the part called `name`, in the row of a larger one."""
        del name  # estimates and intervals go by it
        return self.table_rows()[0]


def cells(result: Tabular) -> Cells:
    """The row of a result: its numbers, texts and parts; `note`, the reasons, comes last."""
    found: Cells = {}
    reasons: list[str] = []
    for field in fields(_dataclass(result)):
        value = getattr(result, field.name)
        if isinstance(value, Tabular):
            found |= value.as_columns(field.name)
            reasons.append(reason(value, field.name))
        elif field.name != "note" and (isinstance(value, str | int | float) or _number(field.type)):
            found[field.name] = value
    return with_reasons(found, [getattr(result, "note", ""), *reasons])


def with_reasons(row: Cells, reasons: list[str]) -> Cells:
    """The row with its note last: each reason once."""
    row = dict(row)
    said = str(row.pop("note", ""))
    for text in reasons:
        if text and text.rpartition(": ")[2] not in said:
            said = f"{said}; {text}" if said else text
    return {**row, "note": said}


def reason(part: object, name: str) -> str:
    """Why an estimate has no value or no interval; empty when it has both."""
    note = getattr(part, "note", "")
    missing = getattr(part, "value", note) is None or getattr(part, "interval", note) is None
    return f"{name}: {note}" if note and missing else ""


def _number(annotation: object) -> bool:
    """Whether a field without a value would hold a number: its column stays."""
    return annotation in ("float | None", "int | None")


def _dataclass(result: Tabular) -> Any:
    return result
