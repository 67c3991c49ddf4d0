"""Design kept, guesses, diagnostics and sensitivity: what the report hands to the statistics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from broken_exports import edit_table, set_cell

from analysis import icc, james_index, krippendorff_alpha, multiple_imputation, paired_t
from analysis.data.design import (
    neighbour_balance,
    rounds_as_planned,
    sequence_balance,
    slot_balance,
)
from analysis.data.exports import Export, read_export
from analysis.data.study import collect
from analysis.data.synthetic import write_synthetic_export
from analysis.data.synthetic_losses import Losses
from analysis.describe import closing_answers, page_times
from analysis.diagnostics import by_request, round_seconds
from analysis.exploratory import best_ranks, james_of_one_choice
from analysis.findings import Findings, analyse
from analysis.stats.blinding import guess_index


@pytest.fixture(scope="module")
def findings(pilot_findings: Findings) -> Findings:
    return pilot_findings


def test_slots_are_where_the_export_says_they_were(pilot: Export) -> None:
    ratings = collect(pilot).ratings
    row = pilot.tables["ratings"].iloc[501]
    person = ratings.participants.index(row["participant"])
    place = ratings.slots[person, row["round"] - 1, ratings.arms.index(row["arm"])]
    assert pilot.protocol.slots[place] == row["slot"]
    assert (np.sort(ratings.slots, axis=2) == np.arange(3)).all()


def test_a_whole_number_of_sets_is_balanced_over_slots_and_neighbours(pilot: Export) -> None:
    sample = collect(pilot).sample
    slots = slot_balance(pilot, sample)
    assert (slots[["A", "B", "C"]] == 80).all().all()
    beside = neighbour_balance(pilot, sample)
    assert beside["rounds"].tolist() == [80] * 6
    assert beside["if_equal"].tolist() == [80.0] * 6
    orders = sequence_balance(pilot, sample)
    assert orders["analysed"].tolist() == [4] * 6


def test_rounds_that_were_not_shown_as_planned_are_counted(folder: Path) -> None:
    assert rounds_as_planned(read_export(folder), collect(read_export(folder)).sample) == (60, 60)
    number = int(read_export(folder).tables["participants"]["sequence"].iloc[0])
    set_cell(folder, "participants", 1, "sequence", str(number + 1))
    export = read_export(folder)
    kept, rounds = rounds_as_planned(export, collect(export).sample)
    assert rounds == 60
    assert kept is not None
    assert kept < 60


def test_answers_and_times_are_those_of_the_analysed(tmp_path: Path) -> None:
    folder = write_synthetic_export(tmp_path, participants=6, seed=1, losses=Losses(inattentive=2))
    study = collect(read_export(folder))
    assert closing_answers(study.export, study.sample)["n"].sum() == 6
    assert page_times(study.export, study.sample)["pages"].tolist() == [60]
    assert round_seconds(study.export, study.sample).shape == (6, 10)


def test_the_james_index_of_one_choice_is_half_of_what_bang_leaves() -> None:
    # 12 of 24 name the right one of three: p = 1/2, k (1 - p) / (2 (k - 1)) = .375
    indices = [guess_index(arm, count, 24, 3) for arm, count in (("a", 12), ("b", 8), ("c", 4))]
    james = james_of_one_choice(indices, "a", 3)
    assert james.value == pytest.approx(0.375)
    assert james.value == pytest.approx(james_index([[12, 12, 0], [12, 36, 0]]).value)
    bang = indices[0].index.interval
    assert james.interval is not None
    assert bang is not None
    assert james.interval.low == pytest.approx((1 - bang.high) / 2)


def test_guessing_gives_a_james_index_of_one_half() -> None:
    indices = [guess_index(arm, 8, 24, 3) for arm in ("a", "b", "c")]
    assert james_of_one_choice(indices, "b", 3).value == pytest.approx(0.5)
    assert james_of_one_choice(indices, None, 3).value is None


def test_reliability_is_that_of_the_ratings_over_rounds(findings: Findings) -> None:
    ratings = findings.ratings
    found = {entry.what: entry for entry in findings.diagnostics.reliability}
    expected = icc(ratings.of("rag", "novelty"), form="ICC(C,1)")
    assert found["rag, novelty"].single == expected
    assert len(found) == 2 + 3 * 4


def test_agreement_is_between_participants_over_arm_and_request(
    pilot: Export, findings: Findings
) -> None:
    table = by_request(pilot, findings.sample, "quality")
    assert table.shape == (24, 30)
    row = pilot.tables["ratings"].query("item == 'quality'").iloc[40]
    requests = [request.id for request in pilot.protocol.requests]
    unit = pilot.protocol.arm_names.index(row["arm"]) * 10 + requests.index(row["request"])
    assert table[findings.sample.analysed.index(row["participant"]), unit] == row["rating"]
    assert findings.diagnostics.agreement[0].alpha == krippendorff_alpha(table)


def test_a_preference_for_the_first_slot_is_found_by_the_diagnostics(folder: Path) -> None:
    def first_is_better(table: pd.DataFrame) -> pd.DataFrame:
        rating = table["rating"].astype(int).clip(1, 4) + (table["slot"] == "A")
        return table.assign(rating=rating.astype(str))

    edit_table(folder, "ratings", first_is_better)
    order = analyse(read_export(folder)).diagnostics.order[0]
    slots = {entry.name: entry.test.estimate for entry in order.place}
    first = slots["slot 1"]
    assert first is not None
    assert first.value == pytest.approx(2 / 3, abs=0.3)


def test_care_is_counted_among_everyone_who_completed(tmp_path: Path) -> None:
    losses = Losses(incomplete=1, straight_lining=2, inattentive=1)
    folder = write_synthetic_export(tmp_path, participants=6, seed=1, losses=losses)
    checks = analyse(read_export(folder)).diagnostics.care
    flat = next(check for check in checks if check.rule == "every rating is the same")
    assert (flat.count, flat.flagged.size, flat.registered) == (2, 9, True)


def test_imputation_rests_on_everyone_who_rated_a_round(tmp_path: Path) -> None:
    losses = Losses(incomplete=3, straight_lining=1)
    folder = write_synthetic_export(tmp_path, participants=12, seed=1, losses=losses)
    found = analyse(read_export(folder))
    assert found.missing.summary.participants == 15
    assert found.missing.imputed[0].test.n == 15
    assert found.families[0].contrasts[0].test.n == 12
    assert found.unexcluded.contrasts[0].test.n == 13


def test_without_missing_rounds_imputation_is_the_paired_t_test(findings: Findings) -> None:
    values = findings.ratings.difference("hare", "rag", "relevance")
    imputed = findings.missing.imputed[0].test
    assert imputed == multiple_imputation(values)
    assert imputed.p == pytest.approx(paired_t(values.mean(axis=1)).p)


def test_plackett_luce_and_bradley_terry_give_the_shares_of_best_of_three(
    pilot: Export, findings: Findings
) -> None:
    ranks = best_ranks(pilot, findings.sample.analysed, pilot.protocol.arm_names)
    assert np.nansum(ranks) == 240
    found = findings.preferences
    shares = [share.share.value for share in found.shares]
    assert found.worths.values == pytest.approx(shares)
    assert found.plackett_luce.values == pytest.approx(shares)
    assert all(estimate.interval for estimate in found.worths.estimates)


def test_evidence_for_no_difference_uses_the_interval_of_two_one_sided_tests(
    findings: Findings,
) -> None:
    entry = findings.no_differences[0]
    result = findings.families[0].contrasts[0]
    expected = paired_t(result.values, level=0.90).estimate
    assert expected is not None
    assert entry.interval == expected.interval
    assert entry.interval is not None
    assert entry.smallest.value == max(abs(entry.interval.low), abs(entry.interval.high))
    assert [e.label for e in findings.no_differences] == [
        r.label for f in findings.families for r in f.contrasts if r.contrast.kind == "mean"
    ]
