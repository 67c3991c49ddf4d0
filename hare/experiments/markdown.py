"""The pieces of Markdown that the results pages are made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with these column heads.

    >>> print(table(["arm", "texts"], [["hare", "8"]]))
    | arm | texts |
    |---|---|
    | hare | 8 |
    """
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def interval(value: float, low: float, high: float, digits: int) -> str:
    """An estimate with its interval, with a true minus sign.

    >>> interval(0.5, -0.25, 1.25, 2)
    '0.50 [−0.25, 1.25]'
    """
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]".replace("-", "−")


def image(folder: Path, name: str, text: str) -> str:
    """The figure `name`.svg of the folder with a description; empty where there is none yet."""
    return f"![{text}]({name}.svg)" if (folder / f"{name}.svg").is_file() else ""
