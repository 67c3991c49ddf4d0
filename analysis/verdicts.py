"""What becomes of each hypothesis, by the rule that the preregistration states.

A hypothesis is supported on an item when its test in F1 is significant and its sign is as stated:
HARE higher. That a gap widens is claimed only from F2. F3 is secondary and gives no verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analysis.confirmatory import ContrastResult, FamilyResult
from study_design import Hypothesis, Protocol, testable

Outcome = str  # "supported", "not supported", "contradicted" or "not tested"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A hypothesis and what the study says of it.

    items     what the tests of F1 say, item by item: supported, not supported (not significant),
              contradicted (significant, the other way) or not tested
    widening  the same for each slope of F2 that bears on it, by its label
    text      all of it as one sentence
    """

    hypothesis: Hypothesis
    items: tuple[tuple[str, Outcome], ...]
    widening: tuple[tuple[str, Outcome], ...]
    text: str


def verdicts(protocol: Protocol, families: Sequence[FamilyResult]) -> tuple[Verdict, ...]:
    """The verdict on each of the six hypotheses, in their order."""
    return tuple(_verdict(protocol, families, hypothesis) for hypothesis in testable(protocol))


def _verdict(
    protocol: Protocol, families: Sequence[FamilyResult], hypothesis: Hypothesis
) -> Verdict:
    if not hypothesis.testable:
        return Verdict(hypothesis, (), (), hypothesis.reason)
    primary, slopes = (_bearing(family, hypothesis.id) for family in families[:2])
    items = tuple(
        (result.contrast.item, _outcome(protocol, families[0], result)) for result in primary
    )
    widening = tuple((result.label, _outcome(protocol, families[1], result)) for result in slopes)
    parts = [_grouped(items)] if items else ["no verdict: its contrasts are in F3, not in F1"]
    parts += [_widened(outcome) for outcome in dict.fromkeys(outcome for _, outcome in widening)]
    reasons = {
        reason
        for family, own in zip(families[:2], (primary, slopes), strict=True)
        for result in own
        if (reason := family.closed or (result.test.note if result.test.p is None else ""))
    }
    text = "; ".join(parts) + (f" ({'; '.join(sorted(reasons))})" if reasons else "")
    return Verdict(hypothesis, items, widening, text)


def _bearing(family: FamilyResult, hypothesis: str) -> list[ContrastResult]:
    return [result for result in family.contrasts if result.contrast.hypothesis == hypothesis]


def _outcome(protocol: Protocol, family: FamilyResult, result: ContrastResult) -> Outcome:
    rejected, estimate = family.rejected(result), result.test.estimate
    if rejected is None or estimate is None or estimate.value is None:
        return "not tested"
    if not rejected:
        return "not supported"
    forward = protocol.systems[result.contrast.treatment] == "hare"
    return "supported" if (estimate.value > 0) == forward else "contradicted"


def _grouped(items: Iterable[tuple[str, Outcome]]) -> str:
    """supported on relevance, not on quality"""
    by: dict[Outcome, list[str]] = {}
    for item, outcome in items:
        by.setdefault(outcome, []).append(item)
    order = ("supported", "contradicted", "not supported", "not tested")
    words = [f"{outcome} on {' and '.join(by[outcome])}" for outcome in order if outcome in by]
    if "supported" in by and "not supported" in by:
        words = [word.replace("not supported on", "not on") for word in words]
    return ", ".join(words)


def _widened(outcome: Outcome) -> str:
    return {
        "supported": "widening shown",
        "not supported": "widening not shown",
        "contradicted": "the gap narrows",
        "not tested": "widening not tested",
    }[outcome]
