"""Equivalence of every contrast of means, where the protocol states bounds for it.

The bounds stand in the protocol, so these tests are pre-registered; each is made on its own, at
the protocol's alpha. Where the protocol plans several looks at the data they are made at the last
one only, once: alpha is not spent over looks for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.confirmatory import ContrastResult, FamilyResult
from analysis.sequential import Stage
from analysis.stats.equivalence import tost
from analysis.stats.results import Estimate, TestResult
from study_design.plan import Equivalence


@dataclass(frozen=True, slots=True)
class EquivalenceResult:
    """The two one-sided tests of one contrast.

    shown   what the bounds are about, with its interval at 1 − 2 alpha: the mean difference, or d_z
    """

    label: str
    alpha: float
    test: TestResult
    shown: Estimate

    @property
    def verdict(self) -> str | None:
        """In words; None when it could not be tested."""
        if self.test.p is None:
            return None
        return "equivalent" if self.test.p <= self.alpha else "not shown to be equivalent"


def equivalences(
    families: Sequence[FamilyResult], bounds: Equivalence | None
) -> tuple[EquivalenceResult, ...]:
    """Every contrast of means against the bounds; empty where the protocol states none."""
    if bounds is None:
        return ()
    return tuple(
        _test(result, family.alpha, bounds, family.stage)
        for family in families
        for result in family.contrasts
        if result.contrast.kind == "mean"
    )


def _test(
    result: ContrastResult, alpha: float, bounds: Equivalence, stage: Stage | None
) -> EquivalenceResult:
    waits = ""
    if stage is not None and not stage.is_last:
        waits = f"not tested before the last look, at {stage.planned[-1]} completed participants"
    test = tost(
        () if waits else result.values,
        low=bounds.low,
        high=bounds.high,
        units=bounds.units,
        alpha=alpha,
    )
    raw = test.estimate or Estimate("M_diff", None)
    shown = raw if bounds.units == "raw" else test.effect("d_z")
    if waits:
        test, shown = replace(test, note=waits), replace(shown, note=waits)
    return EquivalenceResult(result.label, alpha, test, shown)
