"""Which request a participant meets in which round, and in which slot each arm's answer stands.

Orders come from Williams squares (`study_design.williams`). With k arms there are n = k (even k) or
n = 2k (odd k) slot orders, in Latin squares of k, and as many order sequences, which say the slot
order of every round. With m requests there are M = m (even m) or M = 2m (odd m) request sequences.
A full set holds every pair of the two once: 60 for three arms and ten requests. "A set of n" below
is n sequences in a row, the first one at a multiple of n.

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

Who gets which sequence is not drawn by chance: an independent draw for each participant would undo
the balance between participants. Which arm and which request each letter of the squares stands for
is drawn, once for each study (`Letters`), and any such draw keeps the balance. The seed of a
schedule is what the participant's texts are drawn from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from study_design.errors import ScheduleError
from study_design.williams import order_count, williams_square, zigzag

if TYPE_CHECKING:
    from study_design.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Letters:
    """What the letters 0, 1, … of the Williams squares stand for.

    arms, requests   each arm's label and each request's id once, in the order of the letters
    """

    arms: tuple[str, ...]
    requests: tuple[str, ...]

    @classmethod
    def in_order(cls, protocol: Protocol) -> Letters:
        """The letters in the order of the protocol: nothing is permuted."""
        return cls(protocol.arm_names, tuple(request.id for request in protocol.requests))


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


def sequence_count(protocol: Protocol) -> int:
    """Number of distinct sequences of the study: order sequences × request sequences."""
    return order_count(len(protocol.arms)) * len(williams_square(len(protocol.requests)))


def draw_schedule(
    protocol: Protocol, *, sequence: int, seed: int, letters: Letters | None = None
) -> Schedule:
    """The schedule of one participant: pure, the same for the same arguments.

    sequence   0 <= sequence < sequence_count(protocol)
    seed       0 <= seed < 2**63, recorded with the schedule
    letters    what the squares' letters stand for; None: the order of the protocol

    Raises ScheduleError when sequence or seed is outside its range, or the letters do not name
    each arm and each request of the protocol once.

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
    letters = _checked(letters or Letters.in_order(protocol), protocol)
    arms, rows = letters.arms, williams_square(len(protocol.arms))
    requests = williams_square(len(protocol.requests))
    by_order, by_request = members(sequence, len(rows), len(requests))
    orders = _order_sequence(len(arms), by_order, protocol.rounds)
    return Schedule(
        sequence=sequence,
        seed=seed,
        rounds=tuple(
            RoundPlan(
                round=index + 1,
                request=letters.requests[requests[by_request][index]],
                order=tuple(arms[arm] for arm in rows[orders[index]]),
            )
            for index in range(protocol.rounds)
        ),
    )


def _checked(letters: Letters, protocol: Protocol) -> Letters:
    own = Letters.in_order(protocol)
    for field in ("arms", "requests"):
        given, known = getattr(letters, field), getattr(own, field)
        if sorted(given) != sorted(known):
            raise ScheduleError(
                f"letters.{field} = {list(given)}: must name each of {list(known)} once"
            )
    return letters


def members(sequence: int, orders: int, requests: int) -> tuple[int, int]:
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
    steps = zigzag(arms)
    rows: list[int] = []
    last = None
    for block in range(math.ceil(rounds / arms)):
        current = (square + block) % squares
        sign = -1 if squares == 2 and (current + block // 2) % 2 else 1
        if last is not None:
            start = last + (block if squares == 2 else 1 + block % max(arms - 1, 1))
        shifts = [(start + sign * step) % arms for step in steps]
        rows.extend(current * arms + shift for shift in shifts)
        last = shifts[-1]
    return tuple(rows[:rounds])
