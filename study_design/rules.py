"""Rules that concern several fields of a protocol at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from study_design.errors import Problem
from study_design.williams import order_count

if TYPE_CHECKING:
    from study_design.protocol import Protocol


class BrokenRules(ValueError):
    """Carries the problems through pydantic, which allows a validator only one error."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


def broken_rules(protocol: Protocol) -> Iterator[Problem]:
    """Every rule that the protocol breaks, in the order of its fields."""
    yield from _unique(protocol)
    yield from _sizes(protocol)
    yield from _attention_checks(protocol)
    yield from _names(protocol)


def _unique(protocol: Protocol) -> Iterator[Problem]:
    named: dict[str, Iterable[str]] = {
        "arms": protocol.arm_names,
        "items": [item.id for item in protocol.items],
        "requests": [request.id for request in protocol.requests],
        "background and eligibility": [
            question.id for question in (*protocol.background, *protocol.eligibility)
        ],
        "attention_checks": [check.id for check in protocol.attention_checks],
        "closing": [question.id for question in protocol.closing],
    }
    for field, names in named.items():
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            yield Problem(field, f"names must be unique; given twice: {', '.join(twice)}")


def _sizes(protocol: Protocol) -> Iterator[Problem]:
    arms, orders = len(protocol.arms), order_count(len(protocol.arms))
    if protocol.participants % orders:
        yield Problem(
            "participants",
            f"must be a multiple of {orders} (is {protocol.participants}): {arms} arms have "
            f"{orders} balanced orders, and only whole sets of them put each arm in each slot "
            "of each round equally often",
        )
    looks = protocol.analysis.stopping.looks
    if looks and looks[-1] != protocol.participants:
        yield Problem(
            "analysis.stopping.looks",
            f"the last must be {protocol.participants}, the planned participants (is {looks[-1]})",
        )
    if len(protocol.requests) < protocol.rounds:
        yield Problem(
            "requests",
            f"at least one a round is needed: {protocol.rounds} rounds, "
            f"{len(protocol.requests)} requests",
        )
    if len(protocol.practice.texts) != arms:
        yield Problem(
            "practice.texts",
            f"one text a slot is needed: {arms} slots, {len(protocol.practice.texts)} texts",
        )


def _attention_checks(protocol: Protocol) -> Iterator[Problem]:
    rounds = Counter(check.round for check in protocol.attention_checks)
    for index, check in enumerate(protocol.attention_checks):
        field = f"attention_checks[{index}].round"
        if check.round > protocol.rounds:
            yield Problem(field, f"must be at most {protocol.rounds}, the last round")
        if rounds[check.round] > 1:
            yield Problem(field, f"round {check.round} has more than one check; one is shown")
    limit = protocol.analysis.exclusions.attention_failures
    if limit is not None and protocol.attention_checks and limit > len(protocol.attention_checks):
        yield Problem(
            "analysis.exclusions.attention_failures",
            f"must be at most {len(protocol.attention_checks)}, the number of checks, or null",
        )


def _names(protocol: Protocol) -> Iterator[Problem]:
    items = [item.id for item in protocol.items]
    primary, slopes = protocol.analysis.primary, protocol.analysis.slopes
    used_items = {
        "update.reward_items": protocol.update.reward_items,
        "analysis.primary.items": primary.items,
        "analysis.slope_item": (protocol.analysis.slope_item,),
    }
    for field, names in used_items.items():
        yield from _known(field, names, items, "item")
        if len(set(names)) != len(names):
            yield Problem(field, "names an item twice")
    pairs = {"analysis.primary": (primary.treatment, primary.comparator)}
    pairs |= {f"analysis.slopes[{index}]": pair for index, pair in enumerate(slopes)}
    for field, pair in pairs.items():
        yield from _known(field, pair, protocol.arm_names, "arm")
        if pair[0] == pair[1]:
            yield Problem(field, f"compares {pair[0]!r} with itself")
    if len({frozenset(pair) for pair in slopes}) != len(slopes):
        yield Problem("analysis.slopes", "names a pair twice")
    for index, question in enumerate(protocol.background):
        if question.kind == "slot":
            yield Problem(f"background[{index}].kind", "slot is for closing questions only")


def _known(field: str, names: Iterable[str], known: Iterable[str], what: str) -> Iterator[Problem]:
    for name in names:
        if name not in known:
            yield Problem(field, f"{name!r} is no {what} of this study ({', '.join(known)})")
