"""Which sequence the next participant gets, so that those who complete are balanced.

Minimisation without chance: the least used slot order, then the least used request order. What
counts as used is decided by whoever calls: those who completed and are not excluded, and those who
are under way and keep their place. Counting completions alone would send everybody to the order of
one slow participant; counting people who left would keep their orders from being filled again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from study_design.sequences import members
from study_design.williams import order_count, williams_square

if TYPE_CHECKING:
    from study_design.protocol import Protocol


def next_sequence(protocol: Protocol, taken: Mapping[int, int]) -> int:
    """The sequence for the next participant.

    taken   sequence -> participants who hold it: completed and not excluded, or under way

    The least used first: among the slot orders (they must be balanced at any stage), then among
    the request orders, then among the sequences, then in their order.

    >>> from study_design import PILOT, load_protocol
    >>> next_sequence(load_protocol(PILOT), {0: 1, 1: 1})
    2
    """
    orders = order_count(len(protocol.arms))
    requests = len(williams_square(len(protocol.requests)))
    by_order: Counter[int] = Counter()
    by_request: Counter[int] = Counter()
    for sequence, number in taken.items():
        order, request = members(sequence, orders, requests)
        by_order[order] += number
        by_request[request] += number

    def used(sequence: int) -> tuple[int, int, int]:
        order, request = members(sequence, orders, requests)
        return by_order[order], by_request[request], taken.get(sequence, 0)

    return min(range(orders * requests), key=used)
