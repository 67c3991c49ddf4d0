"""Exclusions as pre-registered, and the families as written, against independent computations."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from broken_exports import edit_table, set_cell
from scipy import stats

from analysis.confirmatory import ContrastResult
from analysis.data.exports import Export, read_export
from analysis.data.ratings import collect_ratings
from analysis.data.sample import ATTENTION, INCOMPLETE, STRAIGHT_LINING, draw_sample
from analysis.data.synthetic import SyntheticEffects, write_synthetic_export
from analysis.findings import Findings, analyse
from analysis.stats.paired import paired_t
from study_design import families
from study_design.hypotheses import Contrast


def test_complete_attentive_participants_are_all_analysed(pilot: Export) -> None:
    sample = draw_sample(pilot)
    assert (sample.consented, sample.n, sample.exclusions) == (24, 24, ())


def test_exclusions_follow_the_protocol_in_its_order(folder: Path) -> None:
    people = list(read_export(folder).tables["participants"]["participant"])
    edit_table(
        folder,
        "ratings",
        lambda t: t[~((t["participant"] == people[0]) & (t["round"].astype(int) > 7))],
    )
    edit_table(
        folder,
        "choices",
        lambda t: t[~((t["participant"] == people[0]) & (t["round"].astype(int) > 7))],
    )
    set_cell(folder, "participants", 1, "rounds_completed", "7")
    set_cell(folder, "participants", 1, "status", "active")
    set_cell(folder, "participants", 2, "attention_failed", "2")
    set_cell(folder, "participants", 3, "attention_failed", "1")
    edit_table(
        folder,
        "ratings",
        lambda t: t.assign(
            rating=t["rating"].mask(t["participant"].isin([people[1], people[3]]), "4")
        ),
    )
    sample = draw_sample(read_export(folder))
    rules = {exclusion.participant: exclusion.rule for exclusion in sample.exclusions}
    assert rules == {people[0]: INCOMPLETE, people[1]: ATTENTION, people[3]: STRAIGHT_LINING}
    assert sample.exclusions[0].detail == "7 of 10 rounds committed"
    assert sample.analysed == (people[2], people[4], people[5])
    assert dict(sample.flow())["completed"] == 5


def test_the_screened_out_and_withdrawn_are_counted_apart(folder: Path) -> None:
    people = list(read_export(folder).tables["participants"]["participant"])
    for name in ("ratings", "choices", "texts", "closing"):
        edit_table(folder, name, lambda t: t[~t["participant"].isin(people[:2])])
    for row, status in ((1, "screened_out"), (2, "withdrawn")):
        set_cell(folder, "participants", row, "status", status)
        set_cell(folder, "participants", row, "rounds_completed", "0")
    flow = dict(draw_sample(read_export(folder)).flow())
    assert (flow["screened out"], flow["withdrew"], flow["incomplete"]) == (1, 1, 0)
    assert (flow["eligible"], flow["completed"], flow["analysed"]) == (5, 4, 4)


def test_the_families_are_those_of_the_protocol(pilot: Export, pilot_findings: Findings) -> None:
    found = pilot_findings.families
    registered = families(pilot.protocol)
    assert [[r.contrast for r in f.contrasts] for f in found] == [
        list(family.contrasts) for family in registered
    ]


def test_the_primary_contrast_equals_scipy_on_a_pivot_table(
    pilot: Export, pilot_findings: Findings
) -> None:
    result = pilot_findings.families[0].contrasts[0]
    ratings = pilot.tables["ratings"]
    means = (
        ratings[ratings["item"] == "relevance"]
        .astype({"rating": float})
        .pivot_table(index="participant", columns="arm", values="rating", aggfunc="mean")
    )
    expected = stats.ttest_rel(means["hare"], means["rag"])
    assert result.test.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert result.test.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert result.test.df == 23


def test_a_slope_contrast_equals_a_t_test_of_regression_slopes(
    pilot_findings: Findings,
) -> None:
    findings = pilot_findings
    result = findings.families[1].contrasts[0]
    by_round = findings.ratings.difference("hare", "rag", "relevance")
    slopes = [np.polyfit(np.arange(1, 11), row, 1)[0] for row in by_round]
    assert result.test.p == pytest.approx(stats.ttest_1samp(slopes, 0.0)[1], rel=1e-6)


def test_holm_is_applied_within_the_family(pilot_findings: Findings) -> None:
    first, second = pilot_findings.families[0].contrasts
    smaller, larger = sorted((first.test.p or 1.0, second.test.p or 1.0))
    adjusted = sorted((first.p_adjusted or 1.0, second.p_adjusted or 1.0))
    assert adjusted == pytest.approx([2 * smaller, max(2 * smaller, larger)])


def test_ratings_reach_their_arm_whatever_the_slot(pilot: Export) -> None:
    ratings = collect_ratings(pilot, draw_sample(pilot))
    row = pilot.tables["ratings"].iloc[777]
    person = ratings.participants.index(row["participant"])
    assert ratings.of(row["arm"], row["item"])[person, row["round"] - 1] == row["rating"]
    assert not np.isnan(ratings.values).any()


def test_a_large_made_up_effect_is_found_and_its_sign_is_right(tmp_path: Path) -> None:
    effects = SyntheticEffects(shift={"hare": 1.0}, growth=0.0)
    folder = write_synthetic_export(tmp_path, seed=9, effects=effects)
    family = analyse(read_export(folder)).families[0]
    assert all(family.rejected(result) for result in family.contrasts)
    assert all((result.test.statistic or 0.0) > 0 for result in family.contrasts)
    assert family.contrasts[0].apa().startswith("HARE was rated")


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        (
            "mean",
            0.0,
            "HARE and RAG were rated alike on relevance, a mean difference of 0.00 points",
        ),
        ("mean", 0.25, "HARE was rated 0.25 points higher than RAG on relevance"),
        ("mean", -0.25, "HARE was rated 0.25 points lower than RAG on relevance"),
        (
            "slope",
            0.0,
            "The difference HARE − RAG on relevance stayed the same, a change of 0.000 points",
        ),
        ("slope", 0.05, "The difference HARE − RAG on relevance grew by 0.050 points a round"),
        ("slope", -0.05, "The difference HARE − RAG on relevance fell by 0.050 points a round"),
    ],
)
def test_the_sentence_says_which_arm_is_ahead_or_that_none_is(
    kind: Literal["mean", "slope"], value: float, sentence: str
) -> None:
    values = (value - 0.5, value, value + 0.5)
    contrast = Contrast(treatment="hare", comparator="rag", item="relevance", kind=kind)
    result = ContrastResult(contrast, ("p1", "p2", "p3"), values, None, paired_t(values), ())
    assert result.apa().startswith(sentence)


def test_under_no_effect_the_primary_test_keeps_its_level() -> None:
    rng = np.random.default_rng(11)
    d = np.rint(rng.normal(0.0, 0.5, (4000, 24)) * 10) / 10
    t = d.mean(axis=1) / d.std(axis=1, ddof=1) * np.sqrt(24)
    share = float(np.mean(np.abs(t) > stats.t.ppf(0.975, 23)))
    assert 0.04 <= share <= 0.06


def test_equal_ratings_of_all_arms_are_not_estimable_and_said_so(folder: Path) -> None:
    def equal(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(rating=np.where(table["round"].astype(int) % 2 == 0, "4", "3"))

    edit_table(folder, "ratings", equal)
    for family in analyse(read_export(folder)).families:
        for result in family.contrasts:
            assert family.rejected(result) is None
            assert "not estimable (all 6 differences equal 0" in result.apa()
