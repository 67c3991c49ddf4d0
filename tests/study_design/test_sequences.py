"""The balance that study_design.sequences promises, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study_design import (
    Letters,
    Protocol,
    RoundPlan,
    Schedule,
    ScheduleError,
    draw_schedule,
    sequence_count,
    williams_square,
)
from study_design.williams import order_count

Sized = Callable[[int, int, int], Protocol]


def schedules(protocol: Protocol, count: int, first: int = 0) -> list[Schedule]:
    return [draw_schedule(protocol, sequence=first + i, seed=i) for i in range(count)]


def even(counts: Counter, cells: int) -> bool:
    """Whether all of so many cells were met, each equally often."""
    return len(counts) == cells and len(set(counts.values())) == 1


def spread(counts: Iterable[int]) -> int:
    values = list(counts)
    return max(values) - min(values)


@pytest.mark.parametrize("n", range(2, 13))
def test_a_williams_square_has_each_treatment_in_each_column_equally_often(n: int) -> None:
    rows = williams_square(n)
    assert len(rows) == (n if n % 2 == 0 else 2 * n)
    assert all(sorted(row) == list(range(n)) for row in rows)
    cells = Counter((column, value) for row in rows for column, value in enumerate(row))
    assert even(cells, n * n)


@pytest.mark.parametrize("n", range(2, 13))
def test_a_williams_square_has_each_treatment_after_each_other_equally_often(n: int) -> None:
    assert even(Counter(pair for row in williams_square(n) for pair in pairwise(row)), n * (n - 1))


def test_three_arms_have_all_six_orders() -> None:
    assert len(set(williams_square(3))) == 6


def test_a_square_of_nothing_is_refused() -> None:
    with pytest.raises(ScheduleError, match="at least one"):
        williams_square(0)


@settings(max_examples=60, deadline=None)
@given(arms=st.integers(2, 7), rounds=st.integers(1, 14), more=st.integers(0, 3))
def test_at_any_stage_each_arm_stood_in_each_slot_equally_often_up_to_one(
    sized: Sized, arms: int, rounds: int, more: int
) -> None:
    protocol = sized(arms, rounds + more, rounds)
    for schedule in schedules(protocol, order_count(arms)):
        seen = Counter({(name, slot): 0 for name in protocol.arm_names for slot in protocol.slots})
        for plan in schedule.rounds:
            assert sorted(plan.order) == sorted(protocol.arm_names)
            seen.update(zip(plan.order, protocol.slots, strict=True))
            assert spread(seen.values()) <= 1


@settings(max_examples=40, deadline=None)
@given(arms=st.integers(2, 6), rounds=st.integers(1, 9), more=st.integers(0, 2), data=st.data())
def test_every_set_of_slot_orders_is_complete_in_every_round(
    sized: Sized, arms: int, rounds: int, more: int, data: st.DataObject
) -> None:
    protocol = sized(arms, rounds + more, rounds)
    n = order_count(arms)
    set_number = data.draw(st.integers(0, sequence_count(protocol) // n - 1))
    chosen = schedules(protocol, n, first=set_number * n)
    for index in range(rounds):
        orders = [schedule.rounds[index].order for schedule in chosen]
        assert len(set(orders)) == n
        slots = Counter(cell for order in orders for cell in enumerate(order))
        assert even(slots, arms * arms)
        neighbours = Counter(pair for order in orders for pair in pairwise(order))
        assert even(neighbours, arms * (arms - 1))


@settings(max_examples=40, deadline=None)
@given(arms=st.integers(2, 4), rounds=st.integers(1, 9), more=st.integers(0, 3), data=st.data())
def test_every_set_of_request_orders_has_each_request_equally_often_in_every_round(
    sized: Sized, arms: int, rounds: int, more: int, data: st.DataObject
) -> None:
    protocol = sized(arms, rounds + more, rounds)
    size = len(williams_square(len(protocol.requests)))
    set_number = data.draw(st.integers(0, order_count(arms) - 1))
    chosen = schedules(protocol, size, first=set_number * size)
    for schedule in chosen:
        assert len({plan.request for plan in schedule.rounds}) == rounds
    cells = Counter((plan.round, plan.request) for one in chosen for plan in one.rounds)
    assert even(cells, rounds * len(protocol.requests))


@pytest.mark.parametrize(("arms", "requests", "rounds"), [(3, 10, 10), (2, 5, 4), (4, 6, 6)])
def test_over_the_full_set_requests_cross_slot_orders_exactly_in_every_round(
    sized: Sized, arms: int, requests: int, rounds: int
) -> None:
    protocol = sized(arms, requests, rounds)
    chosen = schedules(protocol, sequence_count(protocol))
    cells = Counter((p.round, p.request, p.order) for one in chosen for p in one.rounds)
    assert even(cells, rounds * requests * order_count(arms))


@pytest.mark.parametrize("requests", [4, 5, 10])
def test_each_request_follows_each_other_one_equally_often(sized: Sized, requests: int) -> None:
    chosen = schedules(sized(3, requests, requests), len(williams_square(requests)))
    pairs = Counter(
        (a.request, b.request) for schedule in chosen for a, b in pairwise(schedule.rounds)
    )
    assert even(pairs, requests * (requests - 1))


@pytest.mark.parametrize(("requests", "most"), [(8, 1), (9, 2)])
def test_with_fewer_rounds_no_pair_of_requests_is_met_too_often(
    sized: Sized, requests: int, most: int
) -> None:
    chosen = schedules(sized(3, requests, 5), len(williams_square(requests)))
    pairs = Counter(
        (a.request, b.request) for schedule in chosen for a, b in pairwise(schedule.rounds)
    )
    assert max(pairs.values()) <= most


def carried(chosen: list[Schedule], slot: int, *, inside: int | None = None) -> Counter:
    """(arm before, arm after) in one slot; `inside`: only within whole blocks of so many rounds."""
    counts: Counter = Counter()
    for schedule in chosen:
        whole = len(schedule.rounds) if inside is None else len(schedule.rounds) // inside * inside
        for before, after in pairwise(schedule.rounds[:whole]):
            if inside is None or before.round % inside:
                counts[before.order[slot], after.order[slot]] += 1
    return counts


@pytest.mark.parametrize("arms", range(2, 8))
def test_inside_blocks_every_arm_follows_every_other_in_each_slot_equally_often(
    sized: Sized, arms: int
) -> None:
    chosen = schedules(sized(arms, 2 * arms, 2 * arms), order_count(arms))
    for slot in range(arms):
        assert even(carried(chosen, slot, inside=arms), arms * (arms - 1))


@pytest.mark.parametrize("rounds", [10, 11, 12])
def test_with_three_arms_and_ten_to_twelve_rounds_carry_over_is_exact(
    sized: Sized, rounds: int
) -> None:
    protocol = sized(3, rounds, rounds)
    for slot in range(3):
        counts = carried(schedules(protocol, 6), slot)
        changed = [counts[a, b] for a in protocol.arm_names for b in protocol.arm_names if a != b]
        kept = [counts[a, a] for a in protocol.arm_names]
        assert spread(changed) == 0
        assert spread(kept) == 0


def test_the_pilots_24_are_balanced_over_arm_slot_and_round_and_nearly_over_requests(
    pilot: Protocol,
) -> None:
    chosen = schedules(pilot, pilot.participants)
    cells = Counter(
        (plan.round, slot, arm)
        for schedule in chosen
        for plan in schedule.rounds
        for slot, arm in enumerate(plan.order)
    )
    assert even(cells, 10 * 9)
    requests = Counter((plan.round, plan.request) for one in chosen for plan in one.rounds)
    assert set(requests.values()) == {2, 3}
    by_request = Counter(
        (plan.request, slot, arm)
        for schedule in chosen
        for plan in schedule.rounds
        for slot, arm in enumerate(plan.order)
    )
    assert (min(by_request.values()), max(by_request.values())) == (4, 12)


def test_a_full_set_holds_every_sequence_once(pilot: Protocol) -> None:
    assert sequence_count(pilot) == 60
    assert len({schedule.rounds for schedule in schedules(pilot, 60)}) == 60


def test_a_schedule_is_the_same_for_the_same_arguments_and_keeps_its_seed(pilot: Protocol) -> None:
    first = draw_schedule(pilot, sequence=5, seed=2**63 - 1)
    assert first == draw_schedule(pilot, sequence=5, seed=2**63 - 1)
    assert first.seed == 2**63 - 1
    assert [plan.round for plan in first.rounds] == list(range(1, 11))


@pytest.mark.parametrize(("sequence", "seed"), [(-1, 0), (60, 0), (0, -1), (0, 2**63)])
def test_a_sequence_or_seed_outside_its_range_is_refused(
    pilot: Protocol, sequence: int, seed: int
) -> None:
    with pytest.raises(ScheduleError, match=r"sequence = |seed = "):
        draw_schedule(pilot, sequence=sequence, seed=seed)


def test_letters_change_who_is_where_and_keep_the_balance(pilot: Protocol) -> None:
    letters = Letters(
        ("gpt2", "hare", "rag"), tuple(request.id for request in pilot.requests[::-1])
    )
    chosen = [draw_schedule(pilot, sequence=k, seed=k, letters=letters) for k in range(60)]
    assert chosen[0].rounds[0] == RoundPlan(1, pilot.requests[-1].id, ("gpt2", "hare", "rag"))
    cells = Counter((p.round, p.request, p.order) for one in chosen for p in one.rounds)
    assert even(cells, 10 * 10 * 6)


def test_without_letters_the_protocols_order_holds(pilot: Protocol) -> None:
    plain = draw_schedule(pilot, sequence=7, seed=1)
    assert draw_schedule(pilot, sequence=7, seed=1, letters=Letters.in_order(pilot)) == plain


@pytest.mark.parametrize(
    "arms", [("hare", "rag"), ("hare", "rag", "rag"), ("hare", "rag", "other")]
)
def test_letters_that_do_not_name_each_arm_once_are_refused(
    pilot: Protocol, arms: tuple[str, ...]
) -> None:
    letters = Letters(arms, Letters.in_order(pilot).requests)
    with pytest.raises(ScheduleError, match=r"letters.arms = .* must name each of"):
        draw_schedule(pilot, sequence=0, seed=0, letters=letters)
