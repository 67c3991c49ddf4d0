"""Whether allocation stays balanced when people overlap, leave, come back, or are excluded.

Simulates recruitment: participants arrive at random, take their time, and some drop out. Each gets
the sequence of `next_sequence`, as on the platform: those who completed and are not excluded count,
and those under way until their place has been held for its time since they were last seen. It
stops when as many as planned have completed and count.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np

from study_design.allocation import next_sequence
from study_design.errors import DesignError
from study_design.williams import order_count

if TYPE_CHECKING:
    from study_design.protocol import Protocol

SHORTEST = 5.0  # minutes that a session takes at least
MOST_ARRIVALS = 100_000  # a recruitment that has not ended by then never will


@dataclass(frozen=True, slots=True)
class Recruitment:
    """How people come and go. Times are in minutes.

    every          mean time between arrivals; the times between them are exponential
    session, sd    mean and standard deviation of how long a participant takes, a normal law
    dropout        probability that a participant stops at an evenly drawn moment of the session
    withdraw       share of those who stop that say so: their place is free at once
    come_back      share of the others that complete after their place was given away
    excluded       probability that a completer is excluded and replaced
    held           how long a place is held for someone who was last seen
    """

    every: float = 5.0
    session: float = 45.0
    sd: float = 15.0
    dropout: float = 0.0
    withdraw: float = 0.25
    come_back: float = 0.0
    excluded: float = 0.0
    held: float = 24 * 60.0

    def __post_init__(self) -> None:
        for name in ("every", "session", "held"):
            if not getattr(self, name) > 0:
                raise DesignError(f"{name} = {getattr(self, name)}: must be more than 0 minutes")
        if not self.sd >= 0:
            raise DesignError(f"sd = {self.sd}: must be at least 0 minutes")
        for name in ("dropout", "withdraw", "come_back", "excluded"):
            if not 0 <= getattr(self, name) < 1:
                raise DesignError(f"{name} = {getattr(self, name)}: must be in [0, 1)")


@dataclass(frozen=True, slots=True)
class Balance:
    """How many completers who count each slot order has: at the end, and the widest range before.

    by_order   slot order -> completers who count, when the study is full
    halfway    largest less smallest of them when half of the planned had completed
    enrolled   participants who were given a sequence
    """

    by_order: tuple[int, ...]
    halfway: int
    enrolled: int

    @property
    def range(self) -> int:
        """Largest less smallest number of completers of a slot order at the end."""
        return max(self.by_order) - min(self.by_order)


@dataclass(frozen=True, slots=True)
class Cell:
    """Many simulated recruitments of the same kind: mean and worst range of completers."""

    participants: int
    recruitment: Recruitment
    mean: float
    worst: int
    halfway_mean: float
    halfway_worst: int


Change = Literal["seen", "left", "completed"]


def recruit(protocol: Protocol, how: Recruitment, rng: np.random.Generator) -> Balance:
    """One recruitment, to its end.

    >>> from study_design import PILOT, load_protocol
    >>> recruit(load_protocol(PILOT), Recruitment(every=5), np.random.default_rng(1)).by_order
    (4, 4, 4, 4, 4, 4)
    """
    planned, orders = protocol.participants, order_count(len(protocol.arms))
    changes: list[tuple[float, int, Change, int]] = []  # (minute, participant, what, sequence)
    under_way: dict[int, tuple[int, float]] = {}  # participant -> sequence, last seen
    done: Counter[int] = Counter()  # sequence -> completers who count
    halfway, now, enrolled = None, 0.0, 0
    for arrival in range(MOST_ARRIVALS):
        now += float(rng.exponential(how.every))
        while changes and changes[0][0] <= now:
            minute, who, change, sequence = heapq.heappop(changes)
            if change == "seen":
                under_way[who] = (sequence, minute)
                continue
            under_way.pop(who, None)
            if change == "completed" and rng.random() >= how.excluded:
                done[sequence] += 1
            if halfway is None and done.total() * 2 >= planned:
                halfway = _range(done, orders)
        if done.total() >= planned:
            return Balance(_by_order(done, orders), halfway or 0, enrolled)
        taken = done + Counter(s for s, seen in under_way.values() if now - seen <= how.held)
        if taken.total() >= planned:
            continue
        sequence = next_sequence(protocol, taken)
        under_way[arrival] = (sequence, now)
        enrolled += 1
        for minute, change in _session(how, rng):
            heapq.heappush(changes, (now + minute, arrival, change, sequence))
    raise DesignError(
        f"after {MOST_ARRIVALS} arrivals only {done.total()} of {planned} have completed"
    )


def balance_table(
    protocol: Protocol,
    *,
    repetitions: int,
    seed: int,
    every: tuple[float, ...] = (1.0, 5.0, 15.0),
    dropout: tuple[float, ...] = (0.0, 0.1, 0.25, 0.4),
    participants: tuple[int, ...] = (),
    excluded: float = 0.0,
    come_back: float = 0.0,
) -> Iterator[Cell]:
    """A cell for each number of participants, arrival rate and dropout; the protocol's N if none.

    excluded, come_back  as in Recruitment
    """
    if repetitions < 1:
        raise DesignError(f"repetitions = {repetitions}: must be at least 1")
    for number, pause, lost in product(participants or (protocol.participants,), every, dropout):
        how = Recruitment(every=pause, dropout=lost, excluded=excluded, come_back=come_back)
        sized = protocol.model_copy(update={"participants": number})
        rng = np.random.default_rng([seed, number, round(pause * 1000), round(lost * 1000)])
        found = [recruit(sized, how, rng) for _ in range(repetitions)]
        ranges, halfway = [one.range for one in found], [one.halfway for one in found]
        yield Cell(
            number,
            how,
            float(np.mean(ranges)),
            max(ranges),
            float(np.mean(halfway)),
            max(halfway),
        )


def _session(how: Recruitment, rng: np.random.Generator) -> Iterator[tuple[float, Change]]:
    """What a participant does after arriving, at which minutes; seen at every tenth of the way."""
    length = max(float(rng.normal(how.session, how.sd)), SHORTEST)
    stops = rng.random() < how.dropout
    until = length * float(rng.random()) if stops else length
    for step in range(1, 10):
        if (minute := length * step / 10) < until:
            yield minute, "seen"
    if not stops:
        yield length, "completed"
    elif rng.random() < how.withdraw:
        yield until, "left"
    elif rng.random() < how.come_back:
        yield until + how.held + length, "completed"


def _by_order(done: Counter[int], orders: int) -> tuple[int, ...]:
    counts = [0] * orders
    for sequence, number in done.items():
        counts[sequence % orders] += number
    return tuple(counts)


def _range(done: Counter[int], orders: int) -> int:
    counts = _by_order(done, orders)
    return max(counts) - min(counts)
