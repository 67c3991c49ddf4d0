"""The results folder: what each command leaves there, and how it is read back.

    regret.json, regret.csv   one row an environment and policy (`regret.Row`)
    tuning.json               what was tried and chosen        (`runs.Choice`)
    by_seed.json              regret by quarter and diversity, a list a policy (`regret.SeedRecord`)
    curves.npz                cumulative regret by round: mean and 95% band
    vectors.json              the second action class          (`vectors.VectorRow`)
    ablations.json  entropy.json  trends.json  hypotheses.json (verdicts and aims)

A list is written one row a line. Writing rows of some environments keeps those of the others, so
that a long measurement can be made in parts.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hare.errors import InputError

Rows = list[dict[str, Any]]
Array = NDArray[np.float64]


def write_rows(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """A JSON list, one row a line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
    file.write_text(f"[\n{lines}\n]\n" if rows else "[]\n", "utf-8")


def write_object(file: Path, value: Mapping[str, Any]) -> None:
    """One JSON object."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    file.write_text(text + "\n", "utf-8")


def read_rows(file: Path) -> Rows:
    """What `write_rows` wrote; InputError where there is none."""
    rows = _read(file)
    if not isinstance(rows, list):
        raise InputError(f"{file}: must hold a list of rows")
    return rows


def read_object(file: Path) -> dict[str, Any]:
    """What `write_object` wrote; InputError where there is none."""
    value = _read(file)
    if not isinstance(value, dict):
        raise InputError(f"{file}: must hold one object")
    return value


def merge_rows(file: Path, rows: Rows) -> Rows:
    """Write rows in place of those of the same environments; all rows that are then there."""
    renewed = {row["environment"] for row in rows}
    kept = read_rows(file) if file.is_file() else []
    merged = [row for row in kept if row["environment"] not in renewed] + rows
    write_rows(file, merged)
    return merged


def write_csv(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """The same rows as a table; values that are no numbers or texts as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]) if rows else [])
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in row.items()}
            )


def merge_curves(file: Path, environment: str, at: Array, curves: Mapping[str, Array]) -> None:
    """Curves of one environment, (3, points) a policy, in place of its former ones."""
    arrays = {
        key: array
        for key, array in (read_curves(file) if file.is_file() else {}).items()
        if key.split("/")[0] != environment
    }
    arrays[f"{environment}/at"] = at
    for policy, curve in curves.items():
        arrays[f"{environment}/{policy}"] = curve
    file.parent.mkdir(parents=True, exist_ok=True)
    small = {key: np.asarray(array, dtype=np.float32) for key, array in arrays.items()}
    np.savez_compressed(file, allow_pickle=False, **small)


def read_curves(file: Path) -> dict[str, Array]:
    """'environment/at' -> rounds; 'environment/policy' -> (3, points): mean, low, high."""
    if not file.is_file():
        raise InputError(f"{file}: no such file; the command regret writes it")
    with np.load(file, allow_pickle=False) as arrays:
        return {key: np.asarray(arrays[key], dtype=np.float64) for key in arrays.files}


def _read(file: Path) -> Any:
    if not file.is_file():
        raise InputError(f"{file}: no such file; the command that writes it has not been run")
    try:
        return json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise InputError(f"{file}: not JSON: {error}") from error
