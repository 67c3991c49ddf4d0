"""The familywise error of two looks at the data: alpha spent over them, or all of it at each.

The primary family, two items of one pair of arms, by paired t at 12 and again at 24 participants,
none of whom drops out. Every null hypothesis is true, so that Holm's procedure errs just when its
first step rejects at either look.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.evidence.batches import t_tests
from analysis.evidence.errors import ALPHA
from analysis.evidence.likert import LikertDesign, simulate
from analysis.evidence.rates import rate
from analysis.sequential import Stage

LOOKS = (12, 24)
ITEMS = 2
ANEW = "alpha at each look"


def look_rows(repetitions: int, seed: int) -> list[dict[str, Any]]:
    """False positives by how the level of Holm's first step is made at each look.

    >>> [row["rule"] for row in look_rows(20, seed=1)]
    ['obrien_fleming', 'pocock', 'alpha at each look']
    """
    first = {
        "obrien_fleming": Stage("obrien_fleming", LOOKS, 0).boundaries(ALPHA / ITEMS).nominal,
        "pocock": Stage("pocock", LOOKS, 0).boundaries(ALPHA / ITEMS).nominal,
        ANEW: (ALPHA / ITEMS,) * len(LOOKS),
    }
    design = LikertDesign(LOOKS[-1], arms=2, items=ITEMS, dropout=0.0)
    wrong, rng = dict.fromkeys(first, 0), np.random.default_rng([seed, 77])
    for start in range(0, repetitions, design.batch):
        count = min(design.batch, repetitions - start)
        ratings, present = simulate(count, design, rng)
        d = (ratings[:, :, :, 0] - ratings[:, :, :, 1]).astype(np.float64).mean(axis=2)
        smallest = np.array(
            [
                np.min([t_tests(d[:, :n, k], present[:, :n]).p for k in range(ITEMS)], axis=0)
                for n in LOOKS
            ]
        )  # (looks, studies)
        for rule, levels in first.items():
            wrong[rule] += int((smallest <= np.array(levels)[:, None]).any(axis=0).sum())
    return [
        {"rule": rule, "levels": list(first[rule]), "false_positives": rate(count, repetitions)}
        for rule, count in wrong.items()
    ]
