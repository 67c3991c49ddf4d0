"""Rows to a table that keeps what it is given: None stays None, and never turns into nan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd


def frame(rows: Iterable[Sequence[object]], columns: Sequence[str]) -> pd.DataFrame:
    """The rows under their column names, all columns of type object.

    >>> frame([("a", None), ("b", 1.5)], ["name", "value"])["value"].tolist()
    [None, 1.5]
    """
    return pd.DataFrame(list(rows), columns=list(columns), dtype=object)
