"""Reading an export folder: every file, digest, column and cell is checked before anything is used.

An export is what `python -m study_app export` writes: manifest.json, protocol.yaml and one CSV a
table. All problems are collected and raised together as one ExportError that names file, column,
row and rule; nothing is repaired on the way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import ValidationError

from analysis.data.consistency import inconsistencies
from analysis.data.schema import TABLES, Column, Manifest
from analysis.errors import ExportError, Problem
from study_design import Protocol, ProtocolError, load_protocol

ROWS_NAMED = 3


@dataclass(frozen=True, slots=True)
class Export:
    """An export whose files, digests, types and cross references all hold.

    tables  name -> rows in file order; text as str, int as Int64, float as float64 (empty: NaN),
            time as UTC timestamps, flag as bool, json as text
    """

    folder: Path
    manifest: Manifest
    protocol: Protocol
    tables: Mapping[str, pd.DataFrame]

    @property
    def simulated(self) -> bool:
        return self.manifest.simulated

    @property
    def data_hash(self) -> str:
        """SHA-256 over the digests of all tables, in the order of their names."""
        lines = [f"{name} {entry.sha256}\n" for name, entry in sorted(self.manifest.tables.items())]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_export(folder: str | Path) -> Export:
    """Read and check the export in `folder`; ExportError lists everything that is wrong.

    >>> import tempfile
    >>> from analysis.data.synthetic import write_synthetic_export
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_synthetic_export(folder, participants=6, seed=1)
    ...     len(read_export(folder).tables["participants"])
    6
    """
    path = Path(folder)
    if not path.is_dir():
        raise ExportError(path, [Problem(str(path), "there is no such folder")])
    manifest, protocol = _manifest(path), _protocol(path)
    problems: list[Problem] = []
    if protocol.hash != manifest.protocol_hash:
        rule = (
            f"its hash {protocol.hash[:12]}… is not the manifest's {manifest.protocol_hash[:12]}…"
        )
        problems.append(Problem("protocol.yaml", rule))
    if (protocol.study.id, protocol.study.version) != (manifest.study, manifest.version):
        problems.append(
            Problem("manifest.json", "names another study or version than protocol.yaml")
        )
    tables: dict[str, pd.DataFrame] = {}
    for name, columns in TABLES.items():
        table, found = _table(path, name, columns, manifest)
        problems += found
        if table is not None and not found:
            tables[name] = table
    if not problems:
        problems += inconsistencies(manifest, protocol, tables)
    if problems:
        raise ExportError(path, problems)
    return Export(path, manifest, protocol, tables)


def _manifest(folder: Path) -> Manifest:
    file = "manifest.json"
    try:
        content = json.loads((folder / file).read_text(encoding="utf-8"))
        return Manifest.model_validate(content)
    except FileNotFoundError:
        problems = [Problem(file, "is missing: this folder is no export")]
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        problems = [Problem(file, f"is not JSON ({error})")]
    except ValidationError as error:
        problems = [
            Problem(file, f"{'.'.join(str(step) for step in detail['loc'])}: {detail['msg']}")
            for detail in error.errors()
        ]
    raise ExportError(folder, problems)


def _protocol(folder: Path) -> Protocol:
    if not (folder / "protocol.yaml").is_file():
        raise ExportError(folder, [Problem("protocol.yaml", "is missing")])
    try:
        return load_protocol(folder / "protocol.yaml")
    except ProtocolError as error:
        raise ExportError(folder, [Problem("protocol.yaml", str(error))]) from error


def _table(
    folder: Path, name: str, columns: tuple[Column, ...], manifest: Manifest
) -> tuple[pd.DataFrame | None, list[Problem]]:
    file = f"{name}.csv"
    entry = manifest.tables.get(name)
    if entry is None:
        return None, [Problem("manifest.json", f"does not list the table {name}")]
    if not (folder / file).is_file():
        return None, [Problem(file, "is missing")]
    content = (folder / file).read_bytes()
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        return None, [
            Problem(file, "was changed after the export: its digest is not the manifest's")
        ]
    del content
    try:
        raw = pd.read_csv(folder / file, dtype=str, keep_default_na=False, encoding="utf-8")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        return None, [Problem(file, f"is no CSV table in UTF-8 ({error})")]
    problems = [
        Problem(file, "is missing", column.name)
        for column in columns
        if column.name not in raw.columns
    ]
    if len(raw) != entry.rows:
        problems.append(Problem(file, f"has {len(raw)} rows, the manifest says {entry.rows}"))
    if problems:
        return None, problems
    for column in columns:
        values, bad = _convert(raw[column.name], column)
        problems += cell_problems(file, column.name, bad, raw[column.name], _RULES[column.kind])
        raw[column.name] = values
    return raw, problems


def cell_problems(
    file: str, column: str, bad: pd.Series, cells: pd.Series, rule: str
) -> list[Problem]:
    """One problem a bad cell, the first few by row, the rest as a number."""
    rows = np.flatnonzero(bad.to_numpy())
    problems = [
        Problem(file, f"{rule}, is {_shown(cells.iloc[row])}", column, int(row) + 1)
        for row in rows[:ROWS_NAMED]
    ]
    if rows.size > ROWS_NAMED:
        more = f"{rule}; {rows.size - ROWS_NAMED} more rows like these"
        problems.append(Problem(file, more, column))
    return problems


_RULES = {
    "text": "must not be empty",
    "int": "must be a whole number",
    "float": "must be a finite number",
    "time": "must be an ISO 8601 time with its offset from UTC",
    "flag": "must be true or false",
    "json": "must be JSON",
}


def _shown(cell: object) -> str:
    text = str(cell)
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


def _convert(cells: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    """The typed values, and which cells are bad."""
    empty = cells == ""
    allowed = empty if column.optional else pd.Series(False, index=cells.index)
    values: pd.Series
    if column.kind == "text":
        return cells, empty & ~allowed
    if column.kind == "int":
        good = cells.str.fullmatch(r"-?\d{1,19}(\.0)?")
        whole = cells.where(good, "0").str.removesuffix(".0").map(int)
        values = whole.where(good).astype("Int64") if _fits(whole) else whole.astype(object)
    elif column.kind == "float":
        values = pd.to_numeric(cells, errors="coerce").astype("float64")
        good = pd.Series(np.isfinite(values.to_numpy()), index=cells.index)
    elif column.kind == "time":
        values = pd.to_datetime(cells, format="ISO8601", utc=True, errors="coerce")
        good = values.notna() & cells.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$")
    elif column.kind == "flag":
        values = cells.str.lower() == "true"
        good = cells.str.lower().isin(["true", "false"])
    else:
        good = cells.map(_is_json)
        values = cells
    return values, ~good.astype(bool) & ~allowed


def _fits(whole: pd.Series) -> bool:
    return whole.empty or (int(whole.max()) < 2**63 and int(whole.min()) >= -(2**63))


def _is_json(cell: str) -> bool:
    try:
        json.loads(cell)
    except json.JSONDecodeError:
        return False
    return True
