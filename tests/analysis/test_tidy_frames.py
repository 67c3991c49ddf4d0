"""Tidy DataFrames give what the arrays they hold give, and what is unclear in them is refused."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from procedures import PAIR, PAIRED

from analysis import (
    InputError,
    carry_over,
    friedman,
    icc,
    krippendorff_alpha,
    linear_mixed,
    missing_summary,
    multiple_imputation,
    ordinal_by_arm,
    ordinal_mixed,
    paired_t,
    participant_slopes,
    period,
    response_quality,
    rm_anova,
    slope_test,
    tipping_point,
    win_probability,
)
from analysis.data.exports import Export
from analysis.data.ratings import collect_ratings
from analysis.data.sample import draw_sample
from analysis.diagnostics import by_request
from analysis.stats.mixed import mixed_model
from analysis.stats.tidy import Contrast

ITEM = "relevance"
NAN = math.nan


@pytest.fixture(scope="module")
def rated(pilot: Export) -> pd.DataFrame:
    """The export's ratings of one item, every row of them, in no order."""
    table = pilot.tables["ratings"]
    chosen = table["participant"].isin(draw_sample(pilot).analysed) & (table["item"] == ITEM)
    return table[chosen].sample(frac=1.0, random_state=1).sort_values("participant", kind="stable")


@pytest.fixture(scope="module")
def values(pilot: Export, rated: pd.DataFrame) -> np.ndarray:
    """(participants, rounds, arms) of the same, participants in the order of the frame."""
    ratings = collect_ratings(pilot, draw_sample(pilot))
    order = [ratings.participants.index(who) for who in rated["participant"].unique()]
    return ratings.values[order][..., ratings.items.index(ITEM)]


@pytest.fixture(scope="module")
def slots(pilot: Export, rated: pd.DataFrame) -> np.ndarray:
    ratings = collect_ratings(pilot, draw_sample(pilot))
    return ratings.slots[[ratings.participants.index(who) for who in rated["participant"].unique()]]


def small(*rows: tuple[object, ...]) -> pd.DataFrame:
    """A frame of participant, arm, rating."""
    return pd.DataFrame(list(rows), columns=["participant", "arm", "rating"])


TWO = small(("p1", "hare", 5), ("p1", "rag", 3), ("p2", "rag", 4), ("p2", "hare", 4))


@pytest.mark.parametrize("name", PAIRED)
def test_two_arms_of_a_frame_are_compared_as_treatment_minus_comparator(
    name: str, rated: pd.DataFrame, values: np.ndarray
) -> None:
    hare, rag = values[..., 0].mean(axis=1), values[..., 1].mean(axis=1)
    test = PAIRED[name]
    assert test(rated, **PAIR, mean_over="round") == test(hare, rag)
    turned = test(rated, treatment="rag", comparator="hare", mean_over="round")
    assert turned == test(rag, hare)


def test_arms_and_rounds_of_a_frame_are_conditions(rated: pd.DataFrame, values: np.ndarray) -> None:
    means = values.mean(axis=1)[:, [2, 0, 1]]  # gpt2, hare, rag
    assert friedman(rated, mean_over="round") == friedman(means)
    assert rm_anova(rated, mean_over="round") == rm_anova(means, factors=["arm"])
    both = rm_anova(rated, factors=["arm", "round"])
    expected = rm_anova(values.transpose(0, 2, 1)[:, [2, 0, 1]], factors=["arm", "round"])
    assert [e.name for e in both.effects] == ["arm", "round", "arm × round"]
    assert [e.statistic for e in both.effects] == pytest.approx(
        [e.statistic for e in expected.effects]
    )


def test_slopes_and_imputation_take_the_difference_by_round(
    rated: pd.DataFrame, values: np.ndarray
) -> None:
    gap = values[..., 0] - values[..., 1]
    assert slope_test(rated, **PAIR) == slope_test(gap)
    one = rated[rated["arm"] == "gpt2"]
    assert participant_slopes(one) == pytest.approx(participant_slopes(values[..., 2]), abs=1e-12)
    who = rated["participant"].iloc[0]
    left = rated[(rated["participant"] != who) | (rated["round"] < 8)]
    gap = gap.copy()
    gap[0, 7:] = np.nan
    assert multiple_imputation(left, **PAIR) == multiple_imputation(gap)
    assert tipping_point(left, **PAIR) == tipping_point(gap)


def test_the_mixed_models_take_all_arms_or_those_that_are_named(
    rated: pd.DataFrame, values: np.ndarray
) -> None:
    arms = ["rag", "hare"]
    for model in (linear_mixed, ordinal_by_arm):
        expected = model(values[..., [1, 0]], arms, reference="rag")
        assert model(rated, arms, reference="rag").coefficients == expected.coefficients
    terms = [c.term for c in linear_mixed(rated, reference="rag").coefficients]
    assert terms[:3] == ["intercept", "gpt2", "hare"]


@pytest.mark.parametrize("before", ["slot", "round"])
def test_period_and_carry_over_read_the_places_from_the_slots(
    before: str, rated: pd.DataFrame, values: np.ndarray, slots: np.ndarray
) -> None:
    assert period(rated) == period(values, slots)
    arms = ["hare", "rag", "gpt2"]
    found = carry_over(rated, arms=arms, before=before)  # pyright: ignore[reportArgumentType]
    assert found == carry_over(values, slots, arms, before=before)  # pyright: ignore[reportArgumentType]


def test_a_round_that_is_missing_may_have_no_slots(
    rated: pd.DataFrame, values: np.ndarray, slots: np.ndarray
) -> None:
    who = rated["participant"].iloc[0]
    gone = (rated["participant"] == who) & (rated["round"] == 4)
    table = values.copy()
    table[0, 3] = np.nan
    assert period(rated[~gone]) == period(table, slots)
    with pytest.raises(InputError, match="has no slot for round 4, arm 'rag'"):
        period(rated[~(gone & (rated["arm"] == "rag"))])


def test_reliability_crosses_the_columns_that_are_named(
    pilot: Export, rated: pd.DataFrame, values: np.ndarray
) -> None:
    one = rated[rated["arm"] == "hare"]
    assert icc(one, form="ICC(C,k)") == icc(values[..., 0], form="ICC(C,k)")
    renamed = one.rename(columns={"participant": "essay", "round": "judge", "rating": "mark"})
    assert icc(renamed, targets="essay", raters="judge", value="mark") == icc(values[..., 0])
    alpha = krippendorff_alpha(rated, resamples=99)
    expected = krippendorff_alpha(by_request(pilot, draw_sample(pilot), ITEM), resamples=99)
    assert alpha.value == pytest.approx(expected.value)


def test_columns_may_have_other_names_and_types(rated: pd.DataFrame) -> None:
    other = rated.rename(
        columns={"participant": "id", "arm": "system", "round": "trial", "rating": "score"}
    ).astype({"system": "category", "trial": "float64", "score": "float32"})
    names: Contrast = {**PAIR, "participant": "id", "arm": "system", "value": "score"}
    assert paired_t(other, **names, mean_over="trial") == paired_t(rated, **PAIR, mean_over="round")
    assert slope_test(other, **{**names, "round": "trial"}) == slope_test(rated, **PAIR)


def test_several_rows_of_a_cell_are_refused_unless_their_mean_is_asked_for() -> None:
    twice = pd.concat([TWO, TWO]).assign(round=[1, 1, 1, 1, 2, 2, 2, 2])
    rule = (
        "'p1' has 2 rows for arm 'hare'; one is needed: filter the frame, or average by mean_over"
    )
    with pytest.raises(InputError, match=rule):
        paired_t(twice, **PAIR)
    assert paired_t(twice, **PAIR, mean_over="round").n == 2
    again = pd.concat([twice, twice])
    with pytest.raises(InputError, match="'p1' has 2 rows for arm 'hare', round 1; one is needed"):
        paired_t(again, **PAIR, mean_over="round")
    with pytest.raises(
        InputError, match=r"2 rows for round 1; .* or name treatment and comparator"
    ):
        slope_test(twice)


def test_several_items_are_refused_by_name(pilot: Export) -> None:
    table = pilot.tables["ratings"]
    with pytest.raises(InputError, match=r"column 'item' holds 4 items .*filter the frame to one"):
        paired_t(table, **PAIR, mean_over="round")
    with pytest.raises(InputError, match="holds 4 items"):
        icc(table)


def test_rounds_that_nobody_rated_keep_their_place() -> None:
    rows = [("p1", 1, 2), ("p1", 4, 5), ("p2", 1, 1), ("p2", 2, 2)]
    frame = pd.DataFrame(rows, columns=["participant", "round", "rating"])
    assert participant_slopes(frame).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("frame", "rule"),
    [
        (
            TWO.drop(columns="arm"),
            "column 'arm' is missing: a tidy DataFrame has participant, rating",
        ),
        (TWO.drop(columns="rating"), "column 'rating' is missing: .*name another one by value="),
        (TWO.drop(columns="participant"), "column 'participant' is missing"),
        (
            TWO.drop(index=2),
            "participant 'p2' has no rating for arm 'rag'; every participant needs",
        ),
        (TWO.assign(rating=[5.0, 3.0, NAN, 4.0]), "participant 'p2' has no rating for arm 'rag'"),
        (TWO.assign(rating=["5", "3", "x", "4"]), "column 'rating' must hold numbers: .*'x'"),
        (
            TWO.assign(rating=[5.0, 3.0, math.inf, 4.0]),
            "column 'rating' must be finite.*position 2 is inf",
        ),
        (
            TWO.assign(participant=pd.Series(["p1", "p1", None, "p2"])),
            "column 'participant' .*position 2 is",
        ),
        (TWO.replace("rag", "gpt2"), "comparator = 'rag': column 'arm' has gpt2, hare"),
        (TWO.iloc[:0], "treatment = 'hare': column 'arm' has nothing"),
        (pd.concat([TWO, TWO[["arm"]]], axis=1), "column 'arm' is there 2 times"),
    ],
)
def test_frames_that_do_not_give_every_participant_both_arms_are_refused(
    frame: pd.DataFrame, rule: str
) -> None:
    with pytest.raises(InputError, match=rule):
        paired_t(frame, **PAIR)


@pytest.mark.parametrize(
    ("rounds", "rule"),
    [
        ([1, 1, 2.5, 2], "column 'round' must hold whole numbers; position 2 is 2.5"),
        (["1", "1", "2", "2"], "must hold whole numbers; position 0 is '1'"),
        ([1, 1, 20_260_105, 2], "must number the rounds, has 1 to 20260105"),
        ([1, 1, None, 2], "column 'round' must not be empty; position 2 is"),
    ],
)
def test_rounds_are_whole_numbers(rounds: list[object], rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        slope_test(TWO.assign(round=pd.Series(rounds, dtype=object)), **PAIR)


def test_keywords_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="treatment = None: column 'arm' has hare, rag"):
        paired_t(TWO)
    with pytest.raises(InputError, match="the arms must differ, and are rag, rag"):
        paired_t(TWO, treatment="rag", comparator="rag")
    with pytest.raises(InputError, match="y must be left out with a tidy DataFrame"):
        paired_t(TWO, [1.0, 2.0], **PAIR)
    with pytest.raises(InputError, match="treatment = 'hare': needs a tidy DataFrame"):
        paired_t([1.0, 2.0], treatment="hare")
    with pytest.raises(InputError, match="mean_over = 'arm': must be none of participant, arm"):
        paired_t(TWO, **PAIR, mean_over="arm")
    with pytest.raises(InputError, match="column 'round' is missing"):
        paired_t(TWO, **PAIR, mean_over="round")
    with pytest.raises(InputError, match="arm = 'gpt2': column 'arm' has hare, rag"):
        linear_mixed(TWO.assign(round=1), ["rag", "gpt2"], reference="rag")
    with pytest.raises(InputError, match="slots must be left out with a tidy DataFrame"):
        period(TWO, np.zeros((2, 1, 2)))
    with pytest.raises(InputError, match="factors must name a column"):
        rm_anova(TWO, factors=[])
    with pytest.raises(TypeError, match="unexpected keyword argument 'levle'"):
        paired_t([1.0, 2.0], levle=0.9)  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="unexpected keyword argument 'treatment'"):
        friedman(TWO, treatment="hare")  # pyright: ignore[reportCallIssue]


def test_wide_frames_and_columns_are_the_arrays_they_hold() -> None:
    wide = pd.DataFrame({"rag": [1.0, 2.0, 3.0], "hare": [2.0, 2.0, 5.0], "gpt2": [1.0, 1.0, 4.0]})
    assert friedman(wide) == friedman(wide.to_numpy())
    assert paired_t(wide["hare"], wide["rag"]) == paired_t([2.0, 2.0, 5.0], [1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="column 'name' holds no numbers: a DataFrame is wide"):
        friedman(wide.assign(name=["a", "b", "c"]))
    with pytest.raises(InputError, match="column 'arm' is missing: a tidy DataFrame has rag, hare"):
        friedman(wide.assign(participant=[1, 2, 3]))


def labelled(values: list[float], labels: list[str]) -> pd.Series:
    return pd.Series(values, index=labels)


HARE = labelled([5.0, 4.0, 4.0, 3.0], ["p1", "p2", "p3", "p4"])
RAG = labelled([4.0, 4.5, 2.0, 3.5], ["p1", "p2", "p3", "p4"])
ALIGNED: dict[str, Callable[..., object]] = PAIRED | {
    "win_probability": lambda x, y: win_probability(x.round(), y.round()),
    "mixed_model": lambda x, y: mixed_model(x, y.to_frame(), [1, 1, 2, 2], terms=["b"]),
    "ordinal_mixed": lambda x, y: ordinal_mixed(x, [[0], [1], [1], [0]], {"p": y}, terms=["b"]),
    "response_quality": lambda x, y: response_quality(
        np.ones((4, 1, 2)), seconds=x.to_frame(), differences=y
    ),
}


@pytest.mark.parametrize("name", ALIGNED)
def test_series_that_are_labelled_differently_are_refused(name: str) -> None:
    procedure = ALIGNED[name]
    procedure(HARE, RAG)
    rule = r"labelled differently: position 0 is 'p1' and 'p4'; take \S+ in the order of"
    with pytest.raises(InputError, match=rule):
        procedure(HARE, RAG[::-1])
    other = RAG.set_axis(["p1", "p2", "p3", "p5"])
    with pytest.raises(InputError, match=r"position 3 is 'p4' and 'p5'; pass \w+.to_numpy\(\)"):
        procedure(HARE, other)


def test_names_of_columns_on_several_levels_are_refused(rated: pd.DataFrame) -> None:
    wide = rated.pivot(index="participant", columns=["arm", "round"], values="rating")
    for procedure in (rm_anova, friedman, slope_test, missing_summary, krippendorff_alpha):
        with pytest.raises(InputError, match=r"2 levels of column names: .*stack.*reset_index"):
            procedure(wide)
    assert rm_anova(wide.to_numpy()[:, :3]).effects[0].df == 2


def test_columns_that_are_in_the_index_are_pointed_to() -> None:
    frame = TWO.set_index(["participant", "arm"])
    with pytest.raises(InputError, match=r"column '\w+' is in the index: pass frame.reset_index"):
        paired_t(frame, **PAIR)
    assert paired_t(frame.reset_index(), **PAIR).n == 2


def test_a_frame_is_not_changed(rated: pd.DataFrame) -> None:
    before = rated.copy()
    period(rated)
    paired_t(rated, **PAIR, mean_over="round")
    pd.testing.assert_frame_equal(rated, before)
