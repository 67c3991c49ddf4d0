"""How often the report's table of order and carry-over finds something where there is nothing.

Ratings of 24 participants on the pilot's own schedules that depend neither on round, slot nor on
what came before. Its p-values as the report has them, corrected by Benjamini and Hochberg over the
table, beside the same not corrected.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from analysis.data.ratings import Ratings
from analysis.diagnostics import orders
from analysis.evidence.errors import ALPHA
from analysis.evidence.likert import LikertDesign, simulate
from analysis.evidence.rates import rate
from study_design import PILOT, Protocol, draw_schedule, load_protocol, sequence_count


def order_errors(repetitions: int, seed: int) -> dict[str, Any]:
    """The share of studies with any p at most alpha in the table of `tests` p-values.

    >>> found = order_errors(2, seed=1)
    >>> found["tests"], found["corrected"]["of"]
    (40, 2)
    """
    protocol = load_protocol(PILOT)
    design = LikertDesign(arms=len(protocol.arms), items=len(protocol.items), dropout=0.0)
    slots = _slots(protocol, design.participants)
    requests = np.zeros(slots.shape[:2], dtype=np.int64)  # the table does not tell them apart
    people = tuple(str(person) for person in range(design.participants))
    items = tuple(item.id for item in protocol.items)
    rng = np.random.default_rng([seed, 95])
    tests, corrected, raw = 0, 0, 0
    for _ in range(repetitions):
        values = simulate(1, design, rng)[0][0].astype(np.float64)
        found = orders(Ratings(people, protocol.arm_names, items, values, slots, requests))
        table = list(chain.from_iterable((*o.place, *o.after_left, *o.after_round) for o in found))
        tests = len(table)
        corrected += any(_found(d.p_adjusted) for d in table)
        raw += any(_found(d.test.p) for d in table)
    return {
        "tests": tests,
        "participants": design.participants,
        "corrected": rate(corrected, repetitions),
        "raw": rate(raw, repetitions),
    }


def _found(p: float | None) -> bool:
    return p is not None and p <= ALPHA


def _slots(protocol: Protocol, people: int) -> np.ndarray:
    """(people, rounds, arms) slot of each arm, 0 for the first, one sequence after the other."""
    slots = np.zeros((people, protocol.rounds, len(protocol.arms)), dtype=np.int64)
    for person in range(people):
        drawn = draw_schedule(protocol, sequence=person % sequence_count(protocol), seed=0)
        for plan in drawn.rounds:
            for slot, arm in enumerate(plan.order):
                slots[person, plan.round - 1, protocol.arm_names.index(arm)] = slot
    return slots
