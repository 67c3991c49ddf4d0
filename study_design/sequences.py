"""Which request a participant meets in which round, and in which slot each arm's answer stands.

Orders come from Williams squares: E. J. Williams (1949), "Experimental designs balanced for the
estimation of residual effects of treatments", Australian Journal of Scientific Research A 2. With k
arms there are n = k (even k) or n = 2k (odd k) slot orders, in Latin squares of k, and as many
order sequences, which say the slot order of every round. With m requests there are M = m (even m)
or M = 2m (odd m) request sequences. A full set holds every pair of the two once: 60 for three arms
and ten requests. "A set of n" below is n sequences in a row, the first one at a multiple of n.

What is balanced
    One participant, after any number of rounds: the numbers of times that an arm stood in each slot
    differ by at most one, and no request came twice.
    A set of n: in every round each slot order is used once. So arm × slot × round is exact, and so
    is, in every round, each ordered pair of arms in neighbouring slots.
    A set of M: in every round each request comes equally often.
    A full set: in every round each request meets each slot order equally often. So request × arm ×
    slot × round is exact.
    Carry-over of requests, in a set of M: with as many rounds as requests each request follows each
    other one equally often; with fewer rounds no ordered pair comes more than M / m times.
    Carry-over of arms, from a slot in one round to the same slot in the next, in a set of n: inside
    whole blocks of k rounds every ordered pair of different arms comes equally often in every slot.
    At a block's end a slot may keep its arm. For three arms and 10 to 12 rounds all of it is exact:
    pairs of different arms are equally often, and each arm is kept equally often.
What is not
    Carry-over over more than one round, and carry-over of arms beyond what is said above. Part of a
    set: the pilot's 24 participants meet each request in each round 2 or 3 times (M = 10), and an
    arm's answer to a request stands in a slot 4 to 12 times, 8 on average. Every arm answers every
    request for every participant in any case.

Nothing balanced is drawn by chance: an independent draw for each participant would undo the balance
between participants. The seed of a schedule is what the participant's texts are drawn from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from study_design.errors import ScheduleError

if TYPE_CHECKING:
    from study_design.protocol import Protocol


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """One round: its number from 1, the request's id, and the arms' labels by slot."""

    round: int
    request: str
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A participant's whole study. `seed` starts every random draw for this participant."""

    sequence: int
    seed: int
    rounds: tuple[RoundPlan, ...]


def williams_square(n: int) -> tuple[tuple[int, ...], ...]:
    """The Williams design for n treatments 0..n-1: n rows for even n, 2n rows for odd n.

    Each treatment is in each column equally often and right after each other one equally often.
    The rows come in Latin squares: rows 0..n-1, and for odd n rows n..2n-1, their mirror images.

    >>> williams_square(4)
    ((0, 1, 3, 2), (1, 2, 0, 3), (2, 3, 1, 0), (3, 0, 2, 1))
    """
    if n < 1:
        raise ScheduleError(f"n = {n}: a square needs at least one treatment")
    zigzag = _zigzag(n)
    square = tuple(tuple((start + step) % n for step in zigzag) for start in range(n))
    if n % 2 == 0 or n == 1:
        return square
    return square + tuple(row[::-1] for row in square)


def order_count(arms: int) -> int:
    """Number of slot orders, and of order sequences, for so many arms: 6 for three.

    >>> [order_count(arms) for arms in (2, 3, 4, 5)]
    [2, 6, 4, 10]
    """
    return len(williams_square(arms))


def sequence_count(protocol: Protocol) -> int:
    """Number of distinct sequences of the study: order sequences × request sequences."""
    return order_count(len(protocol.arms)) * len(williams_square(len(protocol.requests)))


def draw_schedule(protocol: Protocol, *, sequence: int, seed: int) -> Schedule:
    """The schedule of one participant: pure, the same for the same arguments.

    sequence   0 <= sequence < sequence_count(protocol)
    seed       0 <= seed < 2**63, recorded with the schedule

    Raises ScheduleError when one of them is outside its range.

    >>> from study_design import PILOT, load_protocol
    >>> schedule = draw_schedule(load_protocol(PILOT), sequence=0, seed=7)
    >>> schedule.rounds[0]
    RoundPlan(round=1, request='tests', order=('hare', 'rag', 'gpt2'))
    """
    count = sequence_count(protocol)
    if not 0 <= sequence < count:
        raise ScheduleError(f"sequence = {sequence}: this protocol has 0 to {count - 1}")
    if not 0 <= seed < 2**63:
        raise ScheduleError(f"seed = {seed}: must be at least 0 and below 2**63")
    arms, rows = protocol.arm_names, williams_square(len(protocol.arms))
    requests = williams_square(len(protocol.requests))
    by_order, by_request = _members(sequence, len(rows), len(requests))
    orders = _order_sequence(len(arms), by_order, protocol.rounds)
    return Schedule(
        sequence=sequence,
        seed=seed,
        rounds=tuple(
            RoundPlan(
                round=index + 1,
                request=protocol.requests[requests[by_request][index]].id,
                order=tuple(arms[arm] for arm in rows[orders[index]]),
            )
            for index in range(protocol.rounds)
        ),
    )


def next_sequence(
    protocol: Protocol, completed: Mapping[int, int], active: Mapping[int, int]
) -> int:
    """The sequence for the next participant, so that those who complete are balanced.

    completed, active   how many participants with a sequence have completed, or are under way

    Fewest completions first, then fewest under way: first among the slot orders (they must be
    balanced at any stage), then among the request sequences, then among sequences.

    >>> from study_design import PILOT, load_protocol
    >>> next_sequence(load_protocol(PILOT), completed={0: 1}, active={1: 1})
    2
    """
    orders = order_count(len(protocol.arms))
    requests = len(williams_square(len(protocol.requests)))
    load: dict[tuple[str, int], list[int]] = {}
    for column, counts in enumerate((completed, active)):
        for sequence, number in counts.items():
            by_order, by_request = _members(sequence, orders, requests)
            for key in (("order", by_order), ("request", by_request), ("sequence", sequence)):
                load.setdefault(key, [0, 0])[column] += number

    def burden(sequence: int) -> tuple[list[int], ...]:
        by_order, by_request = _members(sequence, orders, requests)
        keys = (("order", by_order), ("request", by_request), ("sequence", sequence))
        return tuple(load.get(key, [0, 0]) for key in keys)

    return min(range(orders * requests), key=burden)


def _zigzag(n: int) -> tuple[int, ...]:
    """0, 1, n-1, 2, n-2, …: for even n the steps between neighbours are all different (mod n)."""
    return tuple((i + 1) // 2 if i % 2 else (n - i // 2) % n for i in range(n))


def _members(sequence: int, orders: int, requests: int) -> tuple[int, int]:
    """The order sequence and the request sequence that make a sequence.

    Both walk at once, so that any whole run of either is complete; after each common multiple the
    requests skip one, so that every pair comes once.
    """
    return sequence % orders, (sequence + sequence // math.lcm(orders, requests)) % requests


def _order_sequence(arms: int, index: int, rounds: int) -> tuple[int, ...]:
    """Row numbers of the Williams design by round.

    A block of `arms` rounds walks through one Latin square: its rows are shifts of each other, and
    a zigzag through the shifts makes their differences even. Blocks alternate between the squares
    and, for odd `arms`, between the zigzag and its mirror image.
    """
    squares = order_count(arms) // arms
    square, start = divmod(index, arms)
    zigzag = _zigzag(arms)
    rows: list[int] = []
    last = None
    for block in range(math.ceil(rounds / arms)):
        current = (square + block) % squares
        sign = -1 if squares == 2 and (current + block // 2) % 2 else 1
        if last is not None:
            start = last + (block if squares == 2 else 1 + block % max(arms - 1, 1))
        shifts = [(start + sign * step) % arms for step in zigzag]
        rows.extend(current * arms + shift for shift in shifts)
        last = shifts[-1]
    return tuple(rows[:rounds])
