"""Who gets which sequence, and that the orders of those who complete come out equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from study_design import DesignError, Protocol, next_sequence
from study_design.allocation_page import allocation_page
from study_design.arrivals import Recruitment, balance_table, recruit

Sized = Callable[[int, int, int], Protocol]


def test_one_after_the_other_sequences_are_given_in_order(pilot: Protocol) -> None:
    taken: Counter[int] = Counter()
    given_out = []
    for _ in range(60):
        sequence = next_sequence(pilot, taken)
        taken[sequence] += 1
        given_out.append(sequence)
    assert sorted(given_out) == list(range(60))
    assert given_out[:24] == list(range(24))


def test_one_slow_participant_does_not_draw_everybody_to_their_order(pilot: Protocol) -> None:
    """Six start, five finish, and eight more come while the sixth still reads."""
    taken = Counter(range(6))
    following = []
    for _ in range(8):
        sequence = next_sequence(pilot, taken)
        taken[sequence] += 1
        following.append(sequence % 6)
    assert following == [0, 1, 2, 3, 4, 5, 0, 1]


def test_a_place_that_was_given_back_is_filled_first(pilot: Protocol) -> None:
    taken = Counter(range(12))
    taken[8] -= 1
    assert next_sequence(pilot, taken) == 8


def test_of_sequences_with_the_same_order_the_least_used_request_order_comes_first(
    pilot: Protocol,
) -> None:
    assert next_sequence(pilot, Counter({0: 1, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1})) == 6


@settings(max_examples=30, deadline=None)
@given(
    arms=st.integers(2, 5),
    sets=st.integers(1, 4),
    every=st.floats(0.2, 30),
    dropout=st.floats(0, 0.4),
    excluded=st.floats(0, 0.3),
    seed=st.integers(0, 2**32),
)
def test_whoever_overlaps_leaves_or_is_excluded_the_orders_come_out_equal(
    sized: Sized,
    arms: int,
    sets: int,
    every: float,
    dropout: float,
    excluded: float,
    seed: int,
) -> None:
    one = sized(arms, 4, 4)
    protocol = one.model_copy(update={"participants": one.participants * sets})
    how = Recruitment(every=every, dropout=dropout, excluded=excluded)
    found = recruit(protocol, how, np.random.default_rng(seed))
    assert sum(found.by_order) == protocol.participants
    assert found.range == 0


def test_over_arrival_rates_dropout_and_sizes_the_range_stays_within_what_is_promised(
    pilot: Protocol,
) -> None:
    for cell in balance_table(pilot, repetitions=4, seed=2, participants=(12, 24)):
        assert cell.worst <= (2 if cell.recruitment.dropout else 1)


def test_people_who_complete_after_their_place_was_given_away_upset_it_a_little(
    pilot: Protocol,
) -> None:
    cells = balance_table(
        pilot, repetitions=20, seed=1, every=(5.0,), dropout=(0.4,), come_back=0.2
    )
    (cell,) = cells
    assert 0 < cell.mean <= 2


@pytest.mark.parametrize(
    ("field", "value"), [("every", 0.0), ("sd", -1.0), ("dropout", 1.0), ("excluded", -0.1)]
)
def test_an_impossible_recruitment_is_refused(field: str, value: float) -> None:
    with pytest.raises(DesignError, match=f"{field} = {value}"):
        Recruitment(**{field: value})


def test_the_page_has_a_row_for_every_setting_and_the_command_that_made_it(pilot: Protocol) -> None:
    page = allocation_page(pilot, repetitions=1, seed=3)
    assert "python -m study_design balance --repetitions 1 --seed 3" in page
    assert page.count("| 24 | 5 min | 25% |") == 3
