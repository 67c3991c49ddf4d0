"""The Parquet of a table, which must hold what the CSV beside it holds.

The manifest has the digests of both files. Exports from before it did are compared cell by cell.
"""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import ArrowException

from analysis.data.digests import CHANGED, file_digest
from analysis.data.schema import TableEntry
from analysis.errors import Problem


def parquet_problems(
    folder: Path, name: str, entry: TableEntry | None, cells: pd.DataFrame | None
) -> list[Problem]:
    """What is wrong with the Parquet of the table `name`; empty when it is as exported.

    entry  what the manifest says of the table; cells: the texts of its CSV; None where unreadable
    """
    file = f"{name}.parquet"
    path = folder / file
    if not path.is_file():
        return [Problem(file, "is missing")]
    if entry is not None and entry.parquet_sha256 is not None:
        same = file_digest(path) == entry.parquet_sha256
        return [] if same else [Problem(file, CHANGED)]
    try:
        table = pd.read_parquet(path)
    except (OSError, ArrowException) as error:
        return [Problem(file, f"is no Parquet table ({error})")]
    return [] if cells is None else _differences(name, _texts(table), cells)


def _texts(table: pd.DataFrame) -> pd.DataFrame:
    """Every cell as the CSV of the table would hold it."""
    return pd.read_csv(StringIO(table.to_csv(index=False)), dtype=str, keep_default_na=False)


def _differences(name: str, found: pd.DataFrame, cells: pd.DataFrame) -> list[Problem]:
    file, other = f"{name}.parquet", f"{name}.csv"
    if list(found.columns) != list(cells.columns):
        return [Problem(file, f"has other columns than {other}")]
    if len(found) != len(cells):
        return [Problem(file, f"has {len(found)} rows, and {other} has {len(cells)}")]
    apart = np.argwhere((found != cells).to_numpy())
    for row, column in apart[:1]:
        held, expected = str(found.iat[row, column]), str(cells.iat[row, column])
        rule = f"is {held!r} where {other} holds {expected!r}; cells that differ: {len(apart):,}"
        return [Problem(file, rule, str(cells.columns[column]), int(row) + 1)]
    return []
