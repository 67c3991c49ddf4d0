"""What becomes of each hypothesis, by the rule that the preregistration states.

A hypothesis is supported on an item when its test in F1 is significant and its sign is as stated:
HARE higher. That a gap widens is claimed only from F2. F3 is secondary and gives no verdict. Before
the last of several looks, what is not significant is not decided: it is tested again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from analysis.confirmatory import ContrastResult, FamilyResult
from analysis.sequential import Stage
from study_design import Hypothesis, Protocol, testable

Outcome = Literal["supported", "contradicted", "not supported", "not yet supported", "not tested"]
Outcomes = tuple[tuple[str, Outcome], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A hypothesis and what the study says of it.

    items     what the tests of F1 say, item by item: supported, contradicted (significant, the
              other way), not supported (not significant; not yet, where a look is still to come)
              or not tested
    widening  the same for each slope of F2 that bears on it, by its label
    text      all of it as one sentence
    """

    hypothesis: Hypothesis
    items: Outcomes
    widening: Outcomes
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
    items: Outcomes = tuple(
        (result.contrast.item, _outcome(protocol, families[0], result)) for result in primary
    )
    widening: Outcomes = tuple(
        (result.label, _outcome(protocol, families[1], result)) for result in slopes
    )
    parts = [_grouped(items)] if items else ["no verdict: its contrasts are in F3, not in F1"]
    parts += list(dict.fromkeys(_widened(outcome) for _, outcome in widening))
    reasons = {
        reason
        for family, own in zip(families[:2], (primary, slopes), strict=True)
        for result in own
        if (reason := family.closed or (result.test.note if result.test.p is None else ""))
    }
    notes = [*sorted(reasons), *_as_of(families[0].stage)]
    text = "; ".join(parts) + (f" ({'; '.join(notes)})" if notes else "")
    return Verdict(hypothesis, items, widening, text)


def _as_of(stage: Stage | None) -> list[str]:
    """At which look, and that the report of another one may say more; nothing before the first."""
    if stage is None or stage.too_early:
        return []
    earlier = "; what an earlier look rejected stays rejected" if stage.number > 1 else ""
    return [f"at look {stage.number} of {len(stage.planned)}{earlier}"]


def _bearing(family: FamilyResult, hypothesis: str) -> list[ContrastResult]:
    return [result for result in family.contrasts if result.contrast.hypothesis == hypothesis]


def _outcome(protocol: Protocol, family: FamilyResult, result: ContrastResult) -> Outcome:
    rejected, estimate = family.rejected(result), result.test.estimate
    if rejected is None or estimate is None or estimate.value is None:
        return "not tested"
    if not rejected:
        return "not yet supported" if family.stage and not family.stage.is_last else "not supported"
    forward = protocol.systems[result.contrast.treatment] == "hare"
    return "supported" if (estimate.value > 0) == forward else "contradicted"


def _grouped(items: Outcomes) -> str:
    """supported on relevance, not on quality"""
    by: dict[Outcome, list[str]] = {}
    for item, outcome in items:
        by.setdefault(outcome, []).append(item)
    words = [
        f"{outcome} on {' and '.join(by[outcome])}"
        for outcome in get_args(Outcome)
        if outcome in by
    ]
    if "supported" in by:
        words = [words[0], *(word.replace(" supported on", " on") for word in words[1:])]
    return ", ".join(words)


def _widened(outcome: Outcome) -> str:
    return {
        "supported": "widening shown",
        "not supported": "widening not shown",
        "not yet supported": "widening not yet shown",
        "contradicted": "the gap narrows",
        "not tested": "widening not tested",
    }[outcome]
