"""Helpers of the analysis tests: reference tables, and exports that a test has broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from analysis.data.digests import file_digest

GOLD = Path(__file__).parents[1] / "gold"


def gold(name: str) -> pd.DataFrame:
    """A table of reference data; the R script of the same name made it."""
    return pd.read_csv(GOLD / f"{name}.csv")


def edit_table(folder: Path, name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Change a table and put the manifest right, as an export with such a table would be."""
    file = folder / f"{name}.csv"
    table = change(pd.read_csv(file, dtype=str, keep_default_na=False))
    table.to_csv(file, index=False)
    table.to_parquet(file.with_suffix(".parquet"), index=False)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["tables"][name] = {
        "rows": len(table),
        "sha256": file_digest(file),
        "parquet_sha256": file_digest(file.with_suffix(".parquet")),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def call_early(folder: Path) -> None:
    """Make the manifest one from before the Parquet files had digests in it."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for entry in manifest["tables"].values():
        del entry["parquet_sha256"]
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def set_cell(folder: Path, name: str, row: int, column: str, value: str) -> None:
    """Overwrite one cell (row counted from 1) of an otherwise sound export."""

    def change(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[row - 1, column] = value
        return table

    edit_table(folder, name, change)


def call_human(folder: Path) -> None:
    """Mark an export as one of human participants, for tests of how such an export is treated."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["simulated"] = False
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    edit_table(folder, "participants", lambda table: table.assign(simulated="False"))
