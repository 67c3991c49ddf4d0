"""The codebook of an export: codebook.csv says what every column of every table holds.

It has the columns table, column, type, description and values. Where `values` lists a set of texts
("active, completed") or a range of numbers ("0 to 1"), the cells must keep to it; the answers to
questions of the protocol are checked against the protocol's options instead, which may hold commas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.data.cells import bad_cells, typed
from analysis.data.csv_files import read_texts
from analysis.data.schema import TABLES, Column, Kind
from analysis.errors import Problem
from study_design import Protocol

FILE = "codebook.csv"
KINDS: dict[str, Kind] = {
    "text": "text",
    "id": "text",
    "time": "time",
    "json": "json",
    "integer": "int",
    "number": "float",
    "boolean": "flag",
}
_FIELDS = ("table", "column", "type", "description", "values")
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?) to (-?\d+(?:\.\d+)?)")
_LIST = re.compile(r"\w+(, \w+)+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the codebook: a column, its type, and the values that it may hold."""

    column: str
    type: str
    values: str


Codebook = Mapping[str, Mapping[str, Entry]]  # table -> column -> entry


def read_codebook(folder: Path) -> tuple[Codebook | None, list[Problem]]:
    """The codebook of an export folder, or None, and what is wrong with it."""
    lines, problems = read_texts(folder, FILE)
    if lines is None:
        return None, problems
    missing = [Problem(FILE, "is missing", name) for name in _FIELDS if name not in lines]
    if missing:
        return None, missing
    rule = f"must be one of {', '.join(KINDS)}"
    problems = list(bad_cells(FILE, "type", ~lines["type"].isin(list(KINDS)), lines["type"], rule))
    twice = lines.duplicated(["table", "column"])
    rule = "describes a column that an earlier row describes"
    problems += bad_cells(FILE, "column", twice, lines["column"], rule)
    book: dict[str, dict[str, Entry]] = {name: {} for name in TABLES}
    for line in lines.to_dict(orient="records"):
        entry = Entry(str(line["column"]), str(line["type"]), str(line["values"]))
        book.setdefault(str(line["table"]), {}).setdefault(entry.column, entry)
    for name in sorted(book.keys() - TABLES.keys()):
        problems.append(Problem(FILE, f"describes a table {name}, which no export has"))
    return book, problems


def undescribed(name: str, columns: list[str], book: Codebook) -> Iterator[Problem]:
    """Columns of a table that the codebook lacks, and the other way round."""
    described = book[name]
    for column in columns:
        if column not in described:
            yield Problem(f"{name}.csv", f"is not described in {FILE}", column)
    required = {column.name for column in TABLES[name]}
    for column in described:
        if column not in columns and column not in required:
            yield Problem(f"{name}.csv", f"is missing, and {FILE} describes it", column)


def off_codebook(name: str, table: pd.DataFrame, book: Codebook) -> Iterator[Problem]:
    """Cells (texts) that are not of the type or the values that the codebook gives their column."""
    required = {column.name: column for column in TABLES[name]}
    for column, entry in book[name].items():
        if column not in table.columns or entry.type not in KINDS:
            continue
        file, kind, cells = f"{name}.csv", KINDS[entry.type], table[column]
        if column in required and required[column].kind != kind:
            rule = f"says {entry.type} of {name}.{column}, which holds {required[column].kind}"
            yield Problem(FILE, rule, "type")
            continue
        if column not in required:
            yield from typed(file, cells, Column(column, kind, optional=True))[1]
        yield from _off_values(file, cells, entry)


def unasked_answers(protocol: Protocol, participants: pd.DataFrame) -> Iterator[Problem]:
    """Answers about the participant that are no option of their question in the protocol."""
    questions = {f"eligibility_{q.id}": tuple(q.options) for q in protocol.eligibility}
    for question in protocol.background:
        points = tuple(str(k + 1) for k in range(len(question.anchors)))
        questions[f"background_{question.id}"] = (*question.options, *points)
    for column, options in questions.items():
        if column not in participants.columns:
            yield Problem("participants.csv", "is missing: the protocol asks it", column)
        elif options:
            cells = participants[column]
            bad = ~cells.isin(["", *options])
            rule = f"must be one of the protocol's {'; '.join(options)}"
            yield from bad_cells("participants.csv", column, bad, cells, rule)


def _off_values(file: str, cells: pd.Series, entry: Entry) -> Iterator[Problem]:
    asked = entry.column.startswith(("eligibility_", "background_"))
    limits, kind = _RANGE.fullmatch(entry.values), KINDS[entry.type]
    if limits and kind in ("int", "float"):
        values = pd.to_numeric(cells, errors="coerce")
        low, high = (float(bound) for bound in limits.groups())
        bad = values.notna() & ~values.between(low, high)
        yield from bad_cells(file, entry.column, bad, cells, f"must be {entry.values}")
    elif _LIST.fullmatch(entry.values) and kind == "text" and not asked:
        allowed = entry.values.split(", ")
        bad = ~cells.isin(["", *allowed])
        rule = f"must be one of {entry.values}"
        yield from bad_cells(file, entry.column, bad, cells, rule)
