"""The Parquet files of an export are held to the manifest, or to the CSV where it is older."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from broken_exports import call_early

from analysis import ExportError
from analysis.data.exports import read_export
from analysis.data.schema import TABLES


def refusal(folder: Path) -> str:
    with pytest.raises(ExportError) as raised:
        read_export(folder)
    return str(raised.value)


def all_fives(folder: Path) -> None:
    file = folder / "ratings.parquet"
    pd.read_parquet(file).assign(rating=5).to_parquet(file, index=False)


def half_its_bytes(folder: Path) -> None:
    content = (folder / "ratings.parquet").read_bytes()
    (folder / "ratings.parquet").write_bytes(content[: len(content) // 2])


def half_its_rows(folder: Path) -> None:
    file = folder / "ratings.parquet"
    pd.read_parquet(file).iloc[:360].to_parquet(file, index=False)


def no_rating(folder: Path) -> None:
    file = folder / "ratings.parquet"
    pd.read_parquet(file).drop(columns="rating").to_parquet(file, index=False)


@pytest.mark.parametrize("change", [all_fives, half_its_bytes, half_its_rows, no_rating])
def test_a_parquet_changed_after_the_export_is_named(
    folder: Path, change: Callable[[Path], None]
) -> None:
    change(folder)
    assert "ratings.parquet: was changed after the export" in refusal(folder)


def test_every_missing_parquet_is_named(folder: Path) -> None:
    for table in TABLES:
        (folder / f"{table}.parquet").unlink()
    found = refusal(folder)
    assert all(f"{table}.parquet: is missing" in found for table in TABLES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            all_fives,
            "is '5' where ratings.csv holds '",
        ),
        (half_its_bytes, "ratings.parquet: is no Parquet table ("),
        (half_its_rows, "ratings.parquet: has 360 rows, and ratings.csv has 720"),
        (no_rating, "ratings.parquet: has other columns than ratings.csv"),
    ],
)
def test_without_its_digest_the_parquet_is_compared_with_the_csv(
    folder: Path, change: Callable[[Path], None], message: str
) -> None:
    call_early(folder)
    assert len(read_export(folder).tables["ratings"]) == 720
    change(folder)
    assert message in refusal(folder)
