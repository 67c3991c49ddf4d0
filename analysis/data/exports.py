"""Reading an export folder: every file, digest, column and cell is checked before anything is used.

An export is what `python -m study_app export` writes: manifest.json, protocol.yaml, codebook.csv
and a CSV and a Parquet a table, of which the CSV is analysed. All problems are collected, each with
file, column, row and rule; nothing is repaired on the way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from analysis.data.cells import typed
from analysis.data.codebook import (
    Codebook,
    off_codebook,
    read_codebook,
    unasked_answers,
    undescribed,
)
from analysis.data.consistency import inconsistencies
from analysis.data.csv_files import read_texts
from analysis.data.digests import CHANGED, file_digest
from analysis.data.event_chain import broken_chain
from analysis.data.parquet import parquet_problems
from analysis.data.schema import TABLES, Manifest, TableEntry
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
        """SHA-256 over the digests of all tables (CSV), in the order of their names."""
        lines = [f"{name} {entry.sha256}\n" for name, entry in sorted(self.manifest.tables.items())]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_export(folder: str | Path) -> Export:
    """Read and check the export in `folder`; ExportError lists what is wrong.

    The error names the first rows that break a rule and counts the rest; `inspect_export` has all.

    >>> import tempfile
    >>> from analysis.data.synthetic import write_synthetic_export
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_synthetic_export(folder, participants=6, seed=1)
    ...     len(read_export(folder).tables["participants"])
    6
    """
    export, problems = inspect_export(folder)
    if export is None:
        raise ExportError(Path(folder), condensed(problems))
    return export


def inspect_export(folder: str | Path) -> tuple[Export | None, list[Problem]]:
    """The export in `folder` and no problem, or None and every problem, one a cell or row."""
    path = Path(folder)
    if not path.is_dir():
        return None, [Problem(str(path), "there is no such folder")]
    manifest, problems = _manifest(path)
    protocol, found = _protocol(path)
    problems += found
    book, found = read_codebook(path)
    problems += found
    if manifest and protocol:
        problems += _identity(manifest, protocol)
    tables: dict[str, pd.DataFrame] = {}
    for name in TABLES:
        table, found = _table(path, name, manifest, book)
        problems += found
        if table is not None:
            tables[name] = table
    if protocol and "participants" in tables:
        problems += unasked_answers(protocol, tables["participants"])
    if manifest and protocol:
        problems += inconsistencies(manifest, protocol, tables)
    problems = _one_a_cell(problems)
    if problems or manifest is None or protocol is None:
        return None, problems
    return Export(path, manifest, protocol, tables), []


def condensed(problems: Sequence[Problem], named: int = ROWS_NAMED) -> list[Problem]:
    """The same problems with the first few rows of each broken rule, and a count of the others.

    >>> rows = [Problem("t.csv", "must not be empty, is ''", "a", row) for row in range(1, 7)]
    >>> condensed(rows)[-1].text()
    't.csv, column a: must not be empty; 3 more rows like these'
    """
    groups: dict[tuple[str, str | None, str], list[Problem]] = {}
    for problem in problems:
        rule = problem.rule if problem.row is None else _rule(problem)
        groups.setdefault((problem.file, problem.column, rule), []).append(problem)
    shown: list[Problem] = []
    for (file, column, rule), group in groups.items():
        shown += group[:named]
        if len(group) > named:
            shown.append(
                Problem(file, f"{rule}; {len(group) - named} more rows like these", column)
            )
    return shown


def _rule(problem: Problem) -> str:
    """The rule alone, without what the cell holds."""
    return problem.rule.rpartition(", is ")[0] or problem.rule


def _one_a_cell(problems: Sequence[Problem]) -> list[Problem]:
    """The first problem of each cell: what follows from it says nothing new."""
    kept: list[Problem] = []
    seen: set[tuple[str, str, int]] = set()
    for problem in problems:
        if problem.column is not None and problem.row is not None:
            cell = (problem.file, problem.column, problem.row)
            if cell in seen:
                continue
            seen.add(cell)
        kept.append(problem)
    return kept


def _manifest(folder: Path) -> tuple[Manifest | None, list[Problem]]:
    file = "manifest.json"
    try:
        content = json.loads((folder / file).read_text(encoding="utf-8"))
        return Manifest.model_validate(content), []
    except FileNotFoundError:
        return None, [Problem(file, "is missing: this folder is no export")]
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        return None, [Problem(file, f"is not JSON ({error})")]
    except ValidationError as error:
        return None, [
            Problem(file, f"{'.'.join(str(step) for step in detail['loc'])}: {detail['msg']}")
            for detail in error.errors()
        ]


def _protocol(folder: Path) -> tuple[Protocol | None, list[Problem]]:
    if not (folder / "protocol.yaml").is_file():
        return None, [Problem("protocol.yaml", "is missing")]
    try:
        return load_protocol(folder / "protocol.yaml"), []
    except ProtocolError as error:
        return None, [Problem("protocol.yaml", str(error))]


def _identity(manifest: Manifest, protocol: Protocol) -> list[Problem]:
    problems = []
    if protocol.hash != manifest.protocol_hash:
        rule = (
            f"its hash {protocol.hash[:12]}… is not the manifest's {manifest.protocol_hash[:12]}…"
        )
        problems.append(Problem("protocol.yaml", rule))
    if (protocol.study.id, protocol.study.version) != (manifest.study, manifest.version):
        rule = "names another study or version than protocol.yaml"
        problems.append(Problem("manifest.json", rule))
    return problems


def _table(
    folder: Path, name: str, manifest: Manifest | None, book: Codebook | None
) -> tuple[pd.DataFrame | None, list[Problem]]:
    """A table with typed columns (what is bad is missing in them), and what is wrong with it."""
    file, problems = f"{name}.csv", list[Problem]()
    entry = None if manifest is None else manifest.tables.get(name)
    if manifest is not None and entry is None:
        problems.append(Problem("manifest.json", f"does not list the table {name}"))
    table, found = _cells(folder, file, entry)
    problems += [*found, *parquet_problems(folder, name, entry, table)]
    if table is None:
        return None, problems
    if entry is not None and len(table) != entry.rows:
        rule = f"has {len(table)} rows, the manifest says {entry.rows}"
        problems.append(Problem(file, rule))
    columns = TABLES[name]
    problems += [Problem(file, "is missing", c.name) for c in columns if c.name not in table]
    if book is not None:
        problems += undescribed(name, list(table.columns), book)
        problems += off_codebook(name, table, book)
    if name == "events":
        problems += broken_chain(table)
    for column in columns:
        if column.name in table:
            table[column.name], found = typed(file, table[column.name], column)
            problems += found
    return table, problems


def _cells(
    folder: Path, file: str, entry: TableEntry | None
) -> tuple[pd.DataFrame | None, list[Problem]]:
    """The texts of a table's CSV, and what is wrong with the file."""
    table, problems = read_texts(folder, file)
    path = folder / file
    if entry is not None and path.is_file() and file_digest(path) != entry.sha256:
        problems = [Problem(file, CHANGED), *problems]
    return table, problems
