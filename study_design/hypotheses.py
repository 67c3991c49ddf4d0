"""The hypotheses of the research and the families of confirmatory tests.

Six hypotheses belong to the research as a whole; a study's arms decide which of them it can test.
Three families of contrasts are confirmatory in every study, each corrected by Holm on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from study_design.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Contrast:
    """treatment − comparator on one item; a positive value favours the treatment.

    kind         mean: difference of the means over rounds. slope: trend of the difference per round
    hypothesis   the id that it bears on, None when it belongs to none
    """

    kind: Literal["mean", "slope"]
    treatment: str
    comparator: str
    item: str
    hypothesis: str | None = None

    def __str__(self) -> str:
        what = "slope of " if self.kind == "slope" else ""
        return f"{what}{self.treatment} − {self.comparator}, {self.item}"


@dataclass(frozen=True, slots=True)
class Family:
    """Contrasts whose p-values are corrected together."""

    name: Literal["F1", "F2", "F3"]
    title: str
    correction: Literal["holm"]
    contrasts: tuple[Contrast, ...]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A hypothesis of the research; `reason` says why these arms can or cannot test it."""

    id: str
    statement: str
    testable: bool
    reason: str


# Hypotheses about people: with which system HARE is compared, and on which items (None: on any).
_TESTED_BY: dict[str, tuple[str, frozenset[str] | None]] = {
    "H2": ("rag", frozenset({"relevance", "quality"})),
    "H4": ("hare_no_user", None),
    "H6": ("best_existing", None),
}

_STATEMENTS = {
    "H1": "HARE has lower regret than LinUCB where rewards are not linear.",
    "H2": "HARE's texts are rated more relevant and of higher quality than RAG's, the more so the "
    "more rounds HARE has learned from.",
    "H3": "Exploration helps: with the uncertainty term, texts are more diverse and no worse.",
    "H4": "The user state matters: HARE is rated higher than HARE without it, and the gap widens "
    "over rounds.",
    "H5": "Specificity emerges: the entropy of the attention falls as uncertainty about the user "
    "falls.",
    "H6": "Synthesis beats retrieval: HARE's texts are rated higher than the best existing ones.",
}

_IN_SIMULATION = {
    "H1": "a simulation result: regret needs a known best answer, which people do not provide",
    "H3": "a simulation result: it needs the same users with and without the uncertainty term",
    "H5": "a simulation result: it needs users whose true state is known; a study describes the "
    "recorded entropy, as exploratory",
}


def families(protocol: Protocol) -> tuple[Family, ...]:
    """The confirmatory families of a study, in the order F1, F2, F3; F2 and F3 may be empty.

    >>> from study_design import PILOT, load_protocol
    >>> [len(family.contrasts) for family in families(load_protocol(PILOT))]
    [2, 2, 10]
    """
    primary = protocol.analysis.primary
    first = tuple(
        _contrast(protocol, "mean", primary.treatment, primary.comparator, item)
        for item in primary.items
    )
    slopes = tuple(
        _contrast(protocol, "slope", treatment, comparator, protocol.analysis.slope_item)
        for treatment, comparator in protocol.analysis.slopes
    )
    names = (primary.treatment, *(n for n in protocol.arm_names if n != primary.treatment))
    done = {(frozenset((c.treatment, c.comparator)), c.item) for c in first}
    rest = tuple(
        _contrast(protocol, "mean", treatment, comparator, item.id)
        for treatment, comparator in combinations(names, 2)
        for item in protocol.items
        if (frozenset((treatment, comparator)), item.id) not in done
    )
    return (
        Family("F1", "The primary comparison", "holm", first),
        Family("F2", "Learning over rounds", "holm", slopes),
        Family("F3", "Every remaining comparison", "holm", rest),
    )


def familywise_error(protocol: Protocol) -> float:
    """The chance of any false rejection over all families when every null hypothesis holds.

    With gatekeeping at most alpha. Without, 1 − (1 − alpha)^k for k families with contrasts, as if
    they were independent; at most k · alpha however they depend.

    >>> from study_design import PILOT, load_protocol
    >>> round(familywise_error(load_protocol(PILOT)), 3)
    0.143
    """
    analysis = protocol.analysis
    held = 1 if analysis.gatekeeping else sum(bool(f.contrasts) for f in families(protocol))
    return 1.0 - (1.0 - analysis.alpha) ** held


def testable(protocol: Protocol) -> tuple[Hypothesis, ...]:
    """H1 to H6, each with whether this study's arms can test it and why.

    >>> from study_design import PILOT, load_protocol
    >>> [h.id for h in testable(load_protocol(PILOT)) if h.testable]
    ['H2']
    """
    return tuple(_judge(protocol, id_, statement) for id_, statement in _STATEMENTS.items())


# pytest would take the function for a test in every module that imports it.
testable.__test__ = False  # pyright: ignore[reportFunctionMemberAccess]


def _judge(protocol: Protocol, id_: str, statement: str) -> Hypothesis:
    if id_ in _IN_SIMULATION:
        return Hypothesis(id_, statement, False, _IN_SIMULATION[id_])
    compared = [
        contrast
        for family in families(protocol)
        for contrast in family.contrasts
        if contrast.hypothesis == id_
    ]
    if not compared:
        reason = f"not testable with these arms: needs hare and {_TESTED_BY[id_][0]}"
        return Hypothesis(id_, statement, False, reason)
    counts = ", ".join(
        f"{family.name}: {number}"
        for family in families(protocol)
        if (number := sum(contrast.hypothesis == id_ for contrast in family.contrasts))
    )
    return Hypothesis(id_, statement, True, f"confirmatory contrasts by family: {counts}")


def _contrast(
    protocol: Protocol, kind: Literal["mean", "slope"], treatment: str, comparator: str, item: str
) -> Contrast:
    systems = {protocol.systems[treatment], protocol.systems[comparator]}
    hypothesis = next(
        (
            id_
            for id_, (system, items) in _TESTED_BY.items()
            if systems == {"hare", system} and (items is None or item in items)
        ),
        None,
    )
    return Contrast(kind, treatment, comparator, item, hypothesis)
