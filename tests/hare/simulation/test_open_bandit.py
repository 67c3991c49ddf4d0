"""Reading Open Bandit folders: the real format in, and errors that say where."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from hare.errors import InputError
from hare.simulation.open_bandit import read_open_bandit

HEADER = [
    "",
    "timestamp",
    "item_id",
    "position",
    "click",
    "propensity_score",
    *(f"user_feature_{i}" for i in range(4)),
    *(f"user-item_affinity_{i}" for i in range(2)),
]


def row(number: int, item: object, position: object, click: object, propensity: object) -> list:
    time = f"2019-11-24 00:0{number}:13.442536+00:00"
    affinities = [0.0, 1.0]
    return [
        number, time, item, position, click, propensity, "cef3", "03a5", "7bc9", "9bde", *affinities
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "random", [row(i, i % 2, 1 + i % 3, int(i == 2), 0.5) for i in range(6)])
    write(tmp_path, "bts", [row(i, 1, 1 + i % 3, int(i == 1), 0.25 + 0.1 * i) for i in range(4)])
    return tmp_path


def write(folder: Path, policy: str, rows: list[list], header: list[str] = HEADER) -> None:
    (folder / policy).mkdir(exist_ok=True)
    with (folder / policy / "men.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def test_both_logs_are_read(folder: Path) -> None:
    data = read_open_bandit(folder)
    assert data.n_items == 2
    assert (len(data.random), len(data.bts)) == (6, 4)
    np.testing.assert_array_equal(data.random.items, [0, 1, 0, 1, 0, 1])
    np.testing.assert_array_equal(data.random.positions, [1, 2, 3, 1, 2, 3])
    np.testing.assert_array_equal(data.random.clicks, [0, 0, 1, 0, 0, 0])
    np.testing.assert_allclose(data.bts.propensities, [0.25, 0.35, 0.45, 0.55])
    assert list(data.bts.users[0]) == ["cef3", "03a5", "7bc9", "9bde"]


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("item_id", "-1", "must be 0 or a positive integer"),
        ("item_id", "1.5", "must be 0 or a positive integer"),
        ("position", "4", "must be 1, 2 or 3"),
        ("click", "2", "must be 0 or 1"),
        ("click", "", "must be 0 or 1"),
        ("propensity_score", "0", r"must lie in \(0, 1\]"),
        ("propensity_score", "nan", r"must lie in \(0, 1\]"),
        ("propensity_score", "much", r"must lie in \(0, 1\]"),
    ],
)
def test_a_wrong_cell_is_named_by_file_row_and_column(
    folder: Path, column: str, value: str, rule: str
) -> None:
    rows = [row(i, 1, 1, 0, 0.5) for i in range(4)]
    rows[2][HEADER.index(column)] = value
    write(folder, "bts", rows)
    with pytest.raises(
        InputError, match=rf"bts/men\.csv, row 3, column {column}: '{value}': {rule}"
    ):
        read_open_bandit(folder)


def test_a_random_log_that_is_not_uniform_is_refused(folder: Path) -> None:
    rows = [row(i, i % 2, 1, 0, 0.5) for i in range(4)]
    rows[1][5] = 0.4
    write(folder, "random", rows)
    with pytest.raises(InputError, match=r"random/men\.csv, row 2, .*: must be 1/2, as every one"):
        read_open_bandit(folder)


def test_a_missing_column_is_named(folder: Path) -> None:
    write(folder, "bts", [], [name for name in HEADER if name != "click"])
    with pytest.raises(InputError, match=r"bts/men\.csv: no column click"):
        read_open_bandit(folder)


def test_what_is_missing_or_empty_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match="nowhere: no such folder"):
        read_open_bandit(folder / "nowhere")
    with pytest.raises(InputError, match=r"random/women\.csv: no such file"):
        read_open_bandit(folder, "women")
    write(folder, "bts", [])
    with pytest.raises(InputError, match=r"bts/men\.csv: no rows below the header"):
        read_open_bandit(folder)
    (folder / "bts" / "men.csv").write_text("")
    with pytest.raises(InputError, match=r"bts/men\.csv: not a CSV table"):
        read_open_bandit(folder)
    (folder / "bts" / "men.csv").write_bytes(b"a,b\n\xff\xfe,1\n")
    with pytest.raises(InputError, match=r"bts/men\.csv: not a CSV table"):
        read_open_bandit(folder)
