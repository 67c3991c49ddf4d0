"""Tables of the results pages, in Markdown, and how a measured share is written in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table, without a line break at its end.

    >>> print(markdown_table(["N", "share"], [["12", "0.05"]]))
    | N | share |
    |---|---|
    | 12 | 0.05 |
    """
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def rate_text(share: Mapping[str, Any]) -> str:
    """A `Rate` with its interval.

    >>> rate_text({"value": 0.05, "low": 0.0164, "high": 0.1128})
    '0.050 [0.016, 0.113]'
    """
    return share_text(share["value"], share["low"], share["high"])


def share_text(value: float | None, low: float | None, high: float | None) -> str:
    """A share with its interval, or that there is none."""
    if value is None or low is None or high is None:
        return "not estimable"
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"
