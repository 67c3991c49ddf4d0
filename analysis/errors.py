"""What can go wrong in analysis.

AnalysisError
├── InputError     arrays of the wrong shape, type or range, or not finite
├── ExportError    an export that is missing, changed or malformed (file, column, row, rule)
└── ReportError    a report that must not be written (wrong kind of data, foreign folder)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SHOWN = 20


class AnalysisError(Exception):
    """Base of every error that analysis raises on purpose."""


class InputError(AnalysisError, ValueError):
    """An argument has the wrong shape, type or range."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule of an export. `row` counts data rows from 1, below the header.

    >>> Problem("ratings.csv", "must be 1 to 5, is 7", column="rating", row=12).text()
    'ratings.csv, column rating, row 12: must be 1 to 5, is 7'
    """

    file: str
    rule: str
    column: str | None = None
    row: int | None = None

    def text(self) -> str:
        column = "" if self.column is None else f", column {self.column}"
        row = "" if self.row is None else f", row {self.row}"
        return f"{self.file}{column}{row}: {self.rule}"


class ExportError(AnalysisError):
    """The export folder cannot be analysed. `problems` holds every broken rule that was found."""

    def __init__(self, folder: Path, problems: Sequence[Problem]) -> None:
        self.folder = folder
        self.problems = tuple(problems)
        lines = [f"- {problem.text()}" for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(f"- and {len(self.problems) - SHOWN} more")
        super().__init__(
            f"the export in {folder} cannot be analysed:\n"
            + "\n".join(lines)
            + "\nNothing was written. Export again with `python -m study_app export`,"
            " and do not edit the files."
        )


class ReportError(AnalysisError):
    """The report must not be written: the wrong kind of data, or a folder that is not ours."""
