"""Plain text for a terminal: tables whose columns line up, and paragraphs that fit the width."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from analysis.report.table import Table

WIDTH = 96


def text_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]
) -> str:
    """Rows in columns, numbers to the right.

    >>> print(text_table(["arm", "n"], [["hare", "24"], ["rag", "8"]], [False, True]))
    arm    n
    ────  ──
    hare  24
    rag    8
    """
    widths = [max(len(row[k]) for row in (headings, *rows)) for k in range(len(headings))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, numeric, strict=True)
        ]
        return "  ".join(padded).rstrip()

    rule = "  ".join("─" * width for width in widths)
    return "\n".join([line(headings), rule, *(line(row) for row in rows)])


def shown(table: Table, *, limit: int = 60) -> str:
    """A table of the report with its caption and note, as far as `limit` rows."""
    parts = [table.caption]
    if table.note:
        parts.append(textwrap.fill(table.note, WIDTH, initial_indent="  ", subsequent_indent="  "))
    repeats = table.repeats()
    rows = [
        ["" if k < repeats[n] else c for k, c in enumerate(r)] for n, r in enumerate(table.rows())
    ]
    if not rows:
        return "\n".join([*parts, "  none"])
    columns = table.columns
    drawn = text_table(
        [column.heading for column in columns], rows[:limit], [c.numeric for c in columns]
    )
    parts.append(textwrap.indent(drawn, "  "))
    if len(rows) > limit:
        parts.append(f"  the first {limit} of {len(rows)} rows")
    return "\n".join(parts)
