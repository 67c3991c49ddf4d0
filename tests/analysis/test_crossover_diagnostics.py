"""Carry-over and period diagnostics on the pilot's own schedules."""

from __future__ import annotations

import numpy as np
import pytest

from analysis import InputError, carry_over, period
from analysis.stats.arrays import Array
from analysis.stats.multiplicity import benjamini_hochberg
from analysis.stats.period import adjusted_together
from study_design import PILOT, draw_schedule, load_protocol, sequence_count

PROTOCOL = load_protocol(PILOT)
ARMS = PROTOCOL.arm_names


def schedule(people: int) -> np.ndarray:
    """(people, rounds, arms) slot of each arm in the pilot's schedules, 0 for the first."""
    slots = np.zeros((people, PROTOCOL.rounds, len(ARMS)), dtype=int)
    for person in range(people):
        drawn = draw_schedule(PROTOCOL, sequence=person % sequence_count(PROTOCOL), seed=0)
        for plan in drawn.rounds:
            for slot, arm in enumerate(plan.order):
                slots[person, plan.round - 1, ARMS.index(arm)] = slot
    return slots


SLOTS = schedule(24)


def ratings(seed: int, noise: float = 0.9) -> Array:
    """Ratings without any disturbance: a level for each participant and each of their arms."""
    rng = np.random.default_rng(seed)
    level = rng.normal(3.0, 0.5, (24, 1, 1)) + rng.normal(0.0, 0.3, (24, 1, 3))
    return level + rng.normal(0.0, noise, (24, 10, 3))


def after(arm: int, distance: str) -> np.ndarray:
    """1 where the arm came right before, in the slot to the left or one round earlier."""
    marks = np.zeros(SLOTS.shape)
    for person, round_, place in np.ndindex(*SLOTS.shape):
        here = SLOTS[person, round_, place]
        if distance == "slot" and here > 0:
            before = int(np.flatnonzero(SLOTS[person, round_] == here - 1)[0])
        elif distance == "round" and round_ > 0:
            before = int(np.flatnonzero(SLOTS[person, round_ - 1] == here)[0])
        else:
            continue
        marks[person, round_, place] = before == arm
    return marks


@pytest.mark.parametrize("before", ["slot", "round"])
def test_a_carry_over_is_recovered_as_a_deviation_from_the_mean(before: str) -> None:
    effects = np.array([0.4, -0.1, 0.0])
    values = ratings(1, noise=1e-7) + sum(
        effect * after(arm, before) for arm, effect in enumerate(effects)
    )
    found = carry_over(values, SLOTS, ARMS, before=before)  # pyright: ignore[reportArgumentType]
    estimates = [d.test.estimate.value for d in found if d.test.estimate is not None]
    assert estimates == pytest.approx(list(effects - effects.mean()), abs=1e-6)
    assert [d.name for d in found] == ["after hare", "after rag", "after gpt2"]
    assert all((d.p_adjusted or 0.0) < 1e-6 for d in found)


def test_a_trend_over_rounds_and_a_favoured_slot_are_recovered() -> None:
    slot = np.array([0.3, 0.0, 0.0])
    rounds = np.arange(10)[None, :, None]
    found = period(ratings(2, noise=1e-7) - 0.05 * rounds + slot[SLOTS], SLOTS)
    estimates = [d.test.estimate.value for d in found if d.test.estimate is not None]
    assert estimates == pytest.approx([-0.05, 0.2, -0.1, -0.1], abs=1e-6)
    assert found[0].apa().startswith("round: t(23) = ")


def test_arms_that_differ_do_not_look_like_carry_over() -> None:
    plain, shifted = ratings(3), ratings(3) + np.array([1.0, 0.0, -0.5])
    for before in ("slot", "round"):
        first = carry_over(plain, SLOTS, ARMS, before=before)
        second = carry_over(shifted, SLOTS, ARMS, before=before)
        for one, other in zip(first, second, strict=True):
            assert one.test.p == pytest.approx(other.test.p, abs=1e-6)


def test_without_carry_over_few_likert_studies_show_one() -> None:
    found = 0
    for seed in range(150):
        values = np.clip(np.rint(ratings(seed)), 1, 5)
        ps = [d.p_adjusted or 1.0 for d in carry_over(values, SLOTS, ARMS)]
        found += min(ps) <= 0.05
    # an upper 99.9% bound of 150 studies at level .05
    assert found <= 17


def test_p_values_are_adjusted_over_all_that_is_asked_together() -> None:
    values = np.clip(np.rint(ratings(7)), 1, 5)
    parts = [period(values, SLOTS), carry_over(values, SLOTS, ARMS)]
    together = adjusted_together([d for part in parts for d in part])
    raw = [d.test.p for d in together]
    assert [d.p_adjusted for d in together] == list(benjamini_hochberg(raw))
    assert [d.p_adjusted for d in parts[1]] == list(benjamini_hochberg(raw[4:]))


def test_participants_with_too_few_rounds_are_left_out_and_counted() -> None:
    values = ratings(4)
    values[0, 1:] = np.nan
    values[1, 5:] = np.nan
    found = carry_over(values, SLOTS, ARMS)
    assert found[0].test.n == 23
    assert "1 participant left out: too few rounds" in found[0].test.note


def test_a_missing_round_has_no_carry_over_into_the_next() -> None:
    values = ratings(5, noise=1e-7) + 0.4 * after(0, "round")
    values[:, 4] = np.nan
    values[:, 5] -= 0.4 * after(0, "round")[:, 5]
    found = carry_over(values, SLOTS, ARMS, before="round")
    estimates = [d.test.estimate.value for d in found if d.test.estimate is not None]
    assert estimates == pytest.approx([0.8 / 3, -0.4 / 3, -0.4 / 3], abs=1e-6)


def test_equal_ratings_are_not_estimable_and_never_nan() -> None:
    for diagnostic in (*period(np.full(SLOTS.shape, 3.0), SLOTS), *carry_over(
        np.full(SLOTS.shape, 3.0), SLOTS, ARMS
    )):  # fmt: skip
        assert diagnostic.p_adjusted is None
        assert "not estimable" in diagnostic.apa()


def test_shapes_slots_and_names_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="slots must have the shape"):
        period(ratings(1), SLOTS[:, :5])
    with pytest.raises(InputError, match="slots must hold 0 to 2 once"):
        period(ratings(1), np.zeros(SLOTS.shape, dtype=int))
    with pytest.raises(InputError, match="arms must name the 3 arms"):
        carry_over(ratings(1), SLOTS, ["hare"])
    with pytest.raises(InputError, match="before = 'page'"):
        carry_over(ratings(1), SLOTS, ARMS, before="page")  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="rounds >= 2"):
        period(ratings(1)[:, :1], SLOTS[:, :1])
