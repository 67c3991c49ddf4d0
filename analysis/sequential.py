"""Looking at a study more than once: which look it is at, and Holm's procedure at a look.

Y. Ye, A. Li, L. Liu and B. Yao (2013), "A group sequential Holm procedure with multiple primary
endpoints", Statistics in Medicine 32, 1112-1124: of m p-values at a look, the j-th smallest is
compared with the nominal level that this look has when alpha / (m − j + 1) is spent over all
looks, and the first failure ends the procedure.

Comparing Holm-adjusted p-values with the nominal level for alpha is not the same and not valid. It
would give the smallest p-value the level nominal(alpha) / m, with which the looks together spend
more than alpha / m: the smaller the levels, the more seldom two looks cross together, and the
nearer is the chance of any crossing to the sum of theirs. So the level has to be
nominal(alpha / m), found anew for each alpha / m.

What an earlier look rejected is not known here. The procedure would take it out of the family and
so raise the levels of the others; without that it errs on the safe side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.data.exports import Export
from analysis.data.sample import draw_sample
from analysis.stats.alpha_spending import Boundaries, Rule, spending_boundaries
from analysis.stats.results import NOT_ESTIMABLE
from study_design import Protocol


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a study stands among the looks that its protocol plans.

    planned    numbers of completed participants at which the data are looked at, rising
    completed  participants who have completed and are not excluded

    >>> Stage("pocock", (12, 24), 15).number, Stage("pocock", (12, 24), 7).number
    (1, 0)
    """

    rule: Rule
    planned: tuple[int, ...]
    completed: int

    @property
    def number(self) -> int:
        """The look that the study has reached, from 1; 0 before the first."""
        return sum(at <= self.completed for at in self.planned)

    @property
    def is_last(self) -> bool:
        return self.number == len(self.planned)

    @property
    def too_early(self) -> str:
        """Why nothing is tested before the first look; empty from then on."""
        if self.number:
            return ""
        return (
            f"not tested: the first look is at {self.planned[0]} completed participants, there "
            f"are {self.completed}"
        )

    def boundaries(self, alpha: float) -> Boundaries:
        """The boundaries of all looks as planned, two-sided, when alpha is spent over them."""
        return spending_boundaries(
            self.rule, [at / self.planned[-1] for at in self.planned], alpha=alpha
        )

    def holm_levels(self, p: Sequence[float | None], alpha: float) -> tuple[float | None, ...]:
        """The level of each p-value of a family at this look, which must have been reached.

        >>> levels = Stage("pocock", (12, 24), 12).holm_levels([0.01, 0.2], 0.05)
        >>> [round(level, 4) for level in levels]
        [0.0155, 0.031]
        """
        left = range(len(p), 0, -1)
        return holm_levels(p, [self.boundaries(alpha / m).nominal[self.number - 1] for m in left])


def level_of(stage: Stage | None, alpha: float) -> float | None:
    """What the p-value of a single test is compared with; None before the first look.

    >>> level_of(None, 0.05), level_of(Stage("pocock", (12, 24), 7), 0.05)
    (0.05, None)
    """
    if stage is None:
        return alpha
    return stage.boundaries(alpha).nominal[stage.number - 1] if stage.number else None


def stage_of(export: Export) -> Stage | None:
    """The look that the data of an export are at; None where the protocol plans no looks."""
    if export.protocol.analysis.stopping.rule == "fixed":
        return None
    rules = export.protocol.analysis.exclusions.model_copy(update={"complete_rounds": True})
    sample = draw_sample(export, rules)
    people = export.tables["participants"].set_index("participant")
    done = people.loc[list(sample.analysed), "status"] == "completed"
    return stage_at(export.protocol, int(done.sum()))


def stage_at(protocol: Protocol, completed: int) -> Stage | None:
    """The look of a study of which so many participants have completed, or None as above."""
    stopping = protocol.analysis.stopping
    if stopping.rule == "fixed":
        return None
    return Stage(stopping.rule, stopping.looks, completed)


def holm_levels(p: Sequence[float | None], levels: Sequence[float]) -> tuple[float | None, ...]:
    """With which level Holm's procedure compares each p-value, in the order given.

    p        of one family; None, not estimable, stays None and counts as 1
    levels   one a step: the levels for alpha / m, alpha / (m − 1), …, alpha

    A null hypothesis is rejected just when its p-value is at most its level: from the first failure
    on, the level rises no more.

    >>> holm_levels([0.018, 0.004, 0.019], [0.005, 0.01, 0.02])
    (0.01, 0.005, 0.01)
    """
    order = sorted(range(len(p)), key=[math.inf if q is None else q for q in p].__getitem__)
    found: list[float | None] = [None] * len(p)
    step = 0
    for k in order:
        value = p[k]
        if value is None:
            break
        found[k] = levels[step]
        if value <= levels[step]:
            step += 1
    return tuple(found)


def level_text(p: float | None) -> str:
    """A p-value or a level with three significant digits, so that one can be held to the other.

    >>> level_text(0.0030513), level_text(0.2), level_text(3.27e-7)
    ('.00305', '.200', '3.27e-07')
    """
    if p is None:
        return NOT_ESTIMABLE
    if p < 1e-5:
        return f"{p:.2e}"
    return f"{p:.{2 - math.floor(math.log10(p))}f}".removeprefix("0")
