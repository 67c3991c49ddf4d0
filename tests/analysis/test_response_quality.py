"""Straight-lining, long runs, fast rounds and outliers, each with its count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import InputError, QualityRules, response_quality
from analysis.data.exports import Export
from analysis.data.ratings import collect_ratings
from analysis.data.sample import ONLY_INCOMPLETE, STRAIGHT_LINING, draw_sample
from analysis.stats.response_quality import longest_run, robust_distance, straight_lining
from study_design.parts import Exclusions

NAN = float("nan")


def varied(people: int = 4) -> np.ndarray:
    """(people, rounds, answers) ratings in which nothing repeats for long."""
    return np.tile([[1.0, 2.0, 3.0], [4.0, 5.0, 1.0]], (people, 5, 1))


def test_straight_lining_is_the_rule_that_the_sample_is_drawn_by(pilot: Export) -> None:
    table = pilot.tables["ratings"]
    flat = table["participant"].iloc[0]
    changed = table.assign(rating=table["rating"].mask(table["participant"] == flat, 3))
    export = Export(
        pilot.folder, pilot.manifest, pilot.protocol, {**pilot.tables, "ratings": changed}
    )
    everyone = collect_ratings(export, draw_sample(export, ONLY_INCOMPLETE))
    answers = everyone.values.reshape(everyone.n, everyone.rounds, -1)
    flagged = response_quality(answers, exclusions=export.protocol.analysis.exclusions)[0]
    excluded = [e.participant for e in draw_sample(export).exclusions if e.rule == STRAIGHT_LINING]
    assert flagged.registered
    assert [everyone.participants[k] for k in np.flatnonzero(flagged.flagged)] == excluded == [flat]


def test_only_what_the_protocol_names_is_called_an_exclusion() -> None:
    ratings = varied()
    ratings[0] = 2.0
    first, half, run = response_quality(ratings, exclusions=Exclusions())
    assert first.apa() == (
        "every rating is the same: 1 of 4 participants (excluded by the protocol)"
    )
    assert half.apa().endswith("1 of 4 participants (counted, nobody excluded)")
    assert run.apa().startswith("20 or more equal ratings in a row: 1 of 4")
    off = Exclusions(straight_lining=False)
    assert not response_quality(ratings, exclusions=off)[0].registered


def test_half_flat_rounds_and_long_runs_are_counted() -> None:
    ratings = varied()
    ratings[1, :6] = 4.0
    checks = response_quality(ratings, rules=QualityRules(run=18))
    assert [check.count for check in checks] == [0, 1, 1]
    assert checks[1].values[1] == pytest.approx(0.6)
    # six flat rounds of 4, and the 1, 2, 3 that follow
    assert checks[2].values[1] == 18.0


@given(answers=st.lists(st.integers(1, 3), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_the_longest_run_is_that_of_the_string_of_answers(answers: list[int]) -> None:
    text = "".join(map(str, answers))
    longest = max(n for n in range(1, len(text) + 1) for c in "123" if c * n in text)
    assert longest_run(np.array([answers], dtype=float)).tolist() == [longest]


def test_a_missing_answer_neither_ends_nor_lengthens_a_run() -> None:
    assert longest_run(np.array([[2.0, NAN, 2.0, 2.0, NAN]])).tolist() == [3.0]
    assert straight_lining(np.array([[[2.0, NAN]], [[NAN, NAN]], [[2.0, 1.0]]])).tolist() == [
        True,
        False,
        False,
    ]


def test_rounds_faster_than_reading_allows_are_counted() -> None:
    seconds = np.full((4, 10), 90.0)
    seconds[2, :3] = 8.0
    seconds[3, :2] = [8.0, NAN]
    fast = response_quality(varied(), seconds)[-1]
    assert fast.rule == "3 or more rounds under 20 s"
    assert fast.flagged.tolist() == [False, False, True, False]
    assert fast.values.tolist() == [0.0, 0.0, 3.0, 1.0]


def test_outliers_are_measured_by_the_median_absolute_deviation() -> None:
    # R: abs(x - median(x)) / mad(x, constant = 1 / qnorm(.75)) for x = c(1, 2, 3, 4, 30)
    assert robust_distance([1.0, 2.0, 3.0, 4.0, 30.0]) == pytest.approx(
        [1.34897950, 0.67448975, 0.0, 0.67448975, 18.21122326], abs=5e-8
    )
    outlier = response_quality(varied(), differences=[0.1, 0.2, 0.0, 9.0])[-1]
    assert outlier.flagged.tolist() == [False, False, False, True]


def test_outliers_are_not_defined_when_most_differences_are_equal() -> None:
    check = response_quality(varied(), differences=[0.0, 0.0, 0.0, 9.0])[-1]
    assert check.count == 0
    assert "not defined" in check.rule


def test_a_rule_can_be_left_out() -> None:
    rules = QualityRules(run=None, seconds=None, outlier=None)
    checks = response_quality(varied(), np.ones((4, 10)), [0.0, 1.0, 2.0, 3.0], rules=rules)
    assert len(checks) == 2


def test_shapes_and_limits_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match=r"ratings must be \(participants"):
        response_quality(np.ones((4, 10)))
    with pytest.raises(InputError, match=r"seconds must be \(4, 10\)"):
        response_quality(varied(), np.ones((4, 9)))
    with pytest.raises(InputError, match="differences must have 4 values"):
        response_quality(varied(), differences=[1.0, 2.0])
    with pytest.raises(InputError, match="run = 0"):
        QualityRules(run=0)
