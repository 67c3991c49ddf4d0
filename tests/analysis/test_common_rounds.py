"""Averages over rounds take the rounds that all compared conditions have."""

from __future__ import annotations

from itertools import product
from typing import Any

import pandas as pd
import pytest
from procedures import PAIR, PAIRED

from analysis import InputError, friedman, paired_t, rm_anova
from analysis.stats.results import noted


def uneven() -> pd.DataFrame:
    """Eight participants whose ratings are the round's number in each arm; rag lacks round 5."""
    places = product([f"p{k}" for k in range(1, 9)], ["hare", "rag", "gpt2"], range(1, 6))
    frame = pd.DataFrame(list(places), columns=["participant", "arm", "round"])
    drift = frame["participant"].str[1:].astype(float) * frame["arm"].map(
        {"hare": 0.25, "rag": 0.0, "gpt2": -0.125}
    )
    frame["rating"] = frame["round"] + drift
    return frame[(frame["arm"] != "rag") | (frame["round"] < 5)]


LEFT_OUT = "averaged over what a participant has of 'round' in every condition: "


@pytest.mark.parametrize("name", PAIRED)
def test_the_mean_is_over_the_rounds_that_both_arms_have_and_a_note_says_so(name: str) -> None:
    frame = uneven()
    shared = PAIRED[name](frame[frame["round"] < 5], **PAIR, mean_over="round")
    found: Any = PAIRED[name](frame, **PAIR, mean_over="round")
    note = f"{LEFT_OUT}8 values of 8 participants left out"
    assert found == noted(shared, note)
    assert found.note.endswith(note)


def test_an_arm_without_its_last_round_makes_no_difference_where_there_is_none() -> None:
    frame = uneven()
    frame["rating"] = frame["round"]
    result = paired_t(frame, **PAIR, mean_over="round")
    assert result.estimate is not None
    assert result.estimate.value == 0.0  # over each arm's own rounds it was 0.5, t(7) = 229


def test_conditions_are_averaged_over_the_rounds_that_all_of_them_have() -> None:
    frame = uneven()
    shared = frame[frame["round"] < 5]
    note = f"{LEFT_OUT}16 values of 8 participants left out"
    assert friedman(frame, mean_over="round") == noted(friedman(shared, mean_over="round"), note)
    expected = rm_anova(shared, mean_over="round").effects[0]
    assert rm_anova(frame, mean_over="round").effects[0] == noted(expected, note)


def test_conditions_made_of_rounds_keep_their_own_and_arms_share_them() -> None:
    frame = uneven().assign(half=lambda rows: rows["round"].gt(2).map({False: "1st", True: "2nd"}))
    factors = ["arm", "half"]
    found = rm_anova(frame, factors=factors, mean_over="round")
    shared = rm_anova(frame[frame["round"] < 5], factors=factors, mean_over="round")
    assert [e.statistic for e in found.effects] == [e.statistic for e in shared.effects]
    assert all("16 values of 8 participants left out" in e.note for e in found.effects)
    assert not any("left out" in e.note for e in shared.effects)


def test_a_participant_without_a_round_of_both_arms_is_refused() -> None:
    frame = uneven()
    apart = (frame["participant"] == "p3") & ((frame["arm"] == "rag") == (frame["round"] < 3))
    with pytest.raises(InputError, match="'p3' has no round that all conditions share"):
        paired_t(frame[~apart], **PAIR, mean_over="round")
