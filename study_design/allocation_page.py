"""The page on how balanced allocation stays: what was simulated, and a table of what came out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from study_design.arrivals import Cell, balance_table
from study_design.protocol import Protocol

SIZES = (12, 24, 60)


class Others(TypedDict, total=False):
    """What else may happen in a table, by the fields of Recruitment."""

    excluded: float
    come_back: float


TABLES: dict[str, Others] = {
    "A quarter of those who stop say so, nobody comes back, nobody is excluded": {},
    "One in ten completers is excluded and replaced": {"excluded": 0.1},
    "One in ten completers is excluded, and one in five who left without a word comes back and "
    "completes after the place was given to somebody else": {"excluded": 0.1, "come_back": 0.2},
}


def allocation_page(protocol: Protocol, *, repetitions: int, seed: int) -> str:
    """The page in Markdown, with a table for each kind of recruitment in TABLES."""
    parts = [
        f"""# Allocation under overlap, dropout and exclusion

`python -m study_design balance --repetitions {repetitions} --seed {seed}` wrote this page:
{repetitions} simulated recruitments a row, each to its end, of study {protocol.study.id} at three
sizes. Sessions take 45 ± 15 minutes; the place of someone who stopped is held for 24 hours. The
range is the number of completers who count in the slot order that has the most, less that in the
order that has the fewest.

At the end, where the tests are made, the orders are equal unless people complete whose place had
been given away. Halfway, when half of the planned have completed, people are still under way in
every order, and the range is wider: a look at the data there rests on less balance.
"""
    ]
    for title, others in TABLES.items():
        cells = balance_table(
            protocol, repetitions=repetitions, seed=seed, participants=SIZES, **others
        )
        parts.append(f"\n## {title}\n\n{_table(cells)}")
    return "".join(parts)


def _table(cells: Iterable[Cell]) -> str:
    rows = [
        "| participants | an arrival every | drop out | range at the end, mean | worst "
        "| halfway, mean | worst |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {cell.participants} | {cell.recruitment.every:g} min "
            f"| {cell.recruitment.dropout:.0%} | {cell.mean:.2f} | {cell.worst} "
            f"| {cell.halfway_mean:.2f} | {cell.halfway_worst} |"
            for cell in cells
        ),
    ]
    return "\n".join(rows) + "\n"
