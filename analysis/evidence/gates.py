"""The error over all families, with and without gates, where some null hypotheses are false.

Ratings of nothing, as in `analysis.evidence.errors`, to which a difference is added where a pattern
has one, so that what is tested of the true null hypotheses stays what it was. An error is a
rejection of a true null hypothesis; serial gatekeeping is to hold its chance at alpha whichever of
the others are false: A. Dmitrienko and A. C. Tamhane (2007), Pharmaceutical Statistics 6, 171-180.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.evidence.batches import t_tests
from analysis.evidence.errors import ALPHA, batches, contrast_values
from analysis.evidence.likert import LikertDesign
from analysis.evidence.rates import rate
from analysis.stats.arrays import Array
from analysis.stats.multiplicity import holm
from study_design import PILOT, Contrast, Protocol, families, load_protocol

Place = tuple[str, str]  # arm, item
Decisions = NDArray[np.bool_]
OWN, GATES = "families on their own", "gatekeeping"


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is really there: points by arm and item, and points a round."""

    shifts: Mapping[Place, float] = field(default_factory=dict)
    drifts: Mapping[Place, float] = field(default_factory=dict)

    def true_null(self, contrast: Contrast) -> bool:
        """Whether there is nothing to find for this contrast."""
        effects = self.drifts if contrast.kind == "slope" else self.shifts
        first, second = (contrast.treatment, contrast.item), (contrast.comparator, contrast.item)
        return effects.get(first, 0.0) == effects.get(second, 0.0)


_BOTH = (("rag", "relevance"), ("rag", "quality"))
PATTERNS: Mapping[str, Pattern] = {
    "none": Pattern(),
    "one of the two of F1": Pattern({_BOTH[0]: -1.0}),
    "both of F1": Pattern(dict.fromkeys(_BOTH, -1.0)),
    "both of F1, hard to find": Pattern(dict.fromkeys(_BOTH, -0.3)),
    "all of F1 and F2": Pattern(dict.fromkeys(_BOTH, -1.0), {("hare", "relevance"): 0.2}),
}


def gate_rows(repetitions: int, seed: int) -> list[dict[str, Any]]:
    """A row for each pattern: errors of both procedures, and how often the gates open.

    >>> [row["false"] for row in gate_rows(5, seed=1)][:2]
    ['none', 'one of the two of F1']
    """
    protocol = load_protocol(PILOT)
    design = LikertDesign(arms=len(protocol.arms), items=len(protocol.items))
    rows = []
    for place, (name, pattern) in enumerate(PATTERNS.items()):
        count: Counter[str] = Counter()
        rng = np.random.default_rng([seed, 91, place])
        for ratings, present in batches(design, repetitions, rng):
            moved = _moved(protocol, pattern, design, ratings)
            count.update(_errors(protocol, pattern, moved, present))
        rows.append(
            {
                "false": name,
                "errors": {what: rate(count[what], repetitions) for what in (OWN, GATES)},
                "tested": {
                    family.name: rate(count[family.name], repetitions)
                    for family in families(protocol)[1:]
                },
            }
        )
    return rows


def _moved(
    protocol: Protocol, pattern: Pattern, design: LikertDesign, ratings: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The ratings (studies, participants, rounds, arms, items) with what is really there."""
    items = [item.id for item in protocol.items]
    added = np.zeros((design.rounds, design.arms, design.items))
    for (arm, item), points in pattern.shifts.items():
        added[:, protocol.arm_names.index(arm), items.index(item)] += points
    for (arm, item), slope in pattern.drifts.items():
        added[:, protocol.arm_names.index(arm), items.index(item)] += slope * design.time
    return ratings + added.astype(np.float32)


def _errors(
    protocol: Protocol, pattern: Pattern, ratings: NDArray[np.float32], present: Decisions
) -> Counter[str]:
    """In how many studies each procedure errs, and in how many each family is tested by gates."""
    count: Counter[str] = Counter()
    alone = np.zeros(len(ratings), dtype=bool)
    gated, opened = alone.copy(), ~alone
    for family in families(protocol):
        count[family.name] += int(opened.sum())
        rejects = _rejects(
            [t_tests(contrast_values(protocol, c, ratings), present).p for c in family.contrasts]
        )
        null = np.array([pattern.true_null(contrast) for contrast in family.contrasts])
        wrong = (rejects & null).any(axis=1)
        alone |= wrong
        gated |= opened & wrong
        opened &= rejects.all(axis=1)
    count[OWN] += int(alone.sum())
    count[GATES] += int(gated.sum())
    return count


def _rejects(p: Sequence[Array]) -> Decisions:
    """(studies, contrasts) what Holm's procedure rejects of p, one row a contrast."""
    adjusted = [holm(row.tolist()) for row in np.column_stack(p)]
    return np.array([[value is not None and value <= ALPHA for value in row] for row in adjusted])
