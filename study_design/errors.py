"""What can go wrong in study_design.

DesignError
├── ProtocolError      a protocol file that cannot be read or breaks a rule (lists every one)
└── ScheduleError      a sequence, a seed or letters that a study does not have
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One rule that a protocol breaks.

    field   where, as a path: "items[2].anchors"; "" for the file as a whole
    rule    what must hold there, in words
    """

    field: str
    rule: str

    def __str__(self) -> str:
        return f"{self.field}: {self.rule}" if self.field else self.rule


class DesignError(Exception):
    """Base of every error that study_design raises on purpose."""


class ProtocolError(DesignError, ValueError):
    """A protocol breaks at least one rule. `problems` lists all of them, `source` is the file."""

    def __init__(self, source: object, problems: Sequence[Problem]) -> None:
        self.source = str(source)
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        lines = "".join(f"\n  - {problem}" for problem in self.problems)
        super().__init__(f"{self.source}: not a valid protocol, {count}. Correct it:{lines}")


class ScheduleError(DesignError, ValueError):
    """A schedule was asked for with a sequence, a seed or letters that do not exist."""
