"""What becomes of the type-I error when ratings, not participants, are the units of a t test.

Twenty participants rate two arms on four items in ten rounds. The same ratings are tested as 800
differences of single ratings, as 200 differences of a round's means, and as 20 differences of
participants' means: only the last are independent.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analysis.evidence.batches import t_tests
from analysis.evidence.errors import ALPHA
from analysis.evidence.likert import LikertDesign, simulate
from analysis.evidence.rates import rate

SPREADS = (0.0, 0.2, 0.4)  # SD between participants of the true difference of two arms


def pseudo_rows(repetitions: int, seed: int) -> list[dict[str, Any]]:
    """False positives by number of units, for each SD of the participants' true differences.

    >>> [row["spread"] for row in pseudo_rows(2, seed=1)]
    [0.0, 0.2, 0.4]
    """
    rows = []
    for place, spread in enumerate(SPREADS):
        design = LikertDesign(
            *(20, 10, 2, 4),
            liking=spread / math.sqrt(2.0),
            item_liking=0.0,
            trend=0.0,
            dropout=0.0,
        )
        rng = np.random.default_rng([seed, place])
        rejected = dict.fromkeys(_units(design), 0)
        for start in range(0, repetitions, design.batch):
            count = min(design.batch, repetitions - start)
            ratings, _ = simulate(count, design, rng)
            d = (ratings[:, :, :, 0] - ratings[:, :, :, 1]).astype(np.float64)  # (·, p, r, items)
            for units, values in zip(
                rejected, (d, d.mean(axis=3), d.mean(axis=(2, 3))), strict=True
            ):
                flat = values.reshape(count, units)
                p = t_tests(flat, np.ones_like(flat, dtype=bool)).p
                rejected[units] += int((p <= ALPHA).sum())
        found = {str(units): rate(count, repetitions) for units, count in rejected.items()}
        rows.append({"spread": spread, "false_positives": found})
    return rows


def _units(design: LikertDesign) -> tuple[int, int, int]:
    people = design.participants
    return people * design.rounds * design.items, people * design.rounds, people
