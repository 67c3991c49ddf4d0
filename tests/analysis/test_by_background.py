"""Primary differences by background, and the tables whose p-values are corrected together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from broken_exports import edit_table
from scipy import stats

from analysis.by_background import background_differences
from analysis.confirmatory import FamilyResult, confirm
from analysis.data.exports import Export, read_export
from analysis.data.study import collect
from analysis.describe import comment_counts
from analysis.findings import analyse
from analysis.report.report import build_report
from analysis.stats.multiplicity import benjamini_hochberg


@pytest.fixture(scope="module")
def primary(pilot: Export) -> FamilyResult:
    return confirm(collect(pilot))[0]


def test_every_primary_contrast_is_compared_between_the_answers(
    pilot: Export, primary: FamilyResult
) -> None:
    found = background_differences(pilot, primary)
    asked = [q.id for q in pilot.protocol.background if q.kind == "choice"]
    assert len(found) == 2 * len(asked) > 0
    for difference in found:
        assert sum(group.test.n for group in difference.groups) == 24
    assert [d.p_adjusted for d in found] == list(benjamini_hochberg([d.p for d in found]))


def test_two_answers_give_the_square_of_welchs_t(pilot: Export, primary: FamilyResult) -> None:
    question = next(q for q in pilot.protocol.background if q.kind == "choice")
    people = pilot.tables["participants"].copy()
    people[f"background_{question.id}"] = [question.options[k % 2] for k in range(24)]
    export = replace(pilot, tables={**pilot.tables, "participants": people})
    found = background_differences(export, primary)[0]
    values = np.array(primary.contrasts[0].values)
    welch: Any = stats.ttest_ind(values[::2], values[1::2], equal_var=False)
    assert found.statistic == pytest.approx(welch.statistic**2, rel=1e-9)
    assert found.p == pytest.approx(welch.pvalue, rel=1e-6)


def test_an_answer_that_nearly_everyone_gave_is_explained(
    pilot: Export, primary: FamilyResult
) -> None:
    question = next(q for q in pilot.protocol.background if q.kind == "choice")
    people = pilot.tables["participants"].copy()
    people[f"background_{question.id}"] = [question.options[k < 2] for k in range(24)]
    export = replace(pilot, tables={**pilot.tables, "participants": people})
    found = background_differences(export, primary)[0]
    assert found.p is None
    assert "fewer than two answers were given by 3 participants" in found.note


def test_rare_answers_and_no_answer_are_left_out_and_counted(
    pilot: Export, primary: FamilyResult
) -> None:
    question = next(q for q in pilot.protocol.background if q.kind == "choice")
    first, second, third, *_ = question.options
    people = pilot.tables["participants"].copy()
    people[f"background_{question.id}"] = [*[first] * 10, *[second] * 11, *[third] * 2, ""]
    export = replace(pilot, tables={**pilot.tables, "participants": people})
    found = background_differences(export, primary)[0]
    assert found.df == 1
    assert found.note == "3 participants with rarer answers or none left out of the test"
    assert [group.test.n for group in found.groups] == [10, 11, 2]


def test_comments_are_counted_by_round_and_not_repeated(folder: Path) -> None:
    who = read_export(folder).tables["participants"]["participant"].iloc[0]
    words = "an unmistakable remark"
    edit_table(
        folder,
        "comments",
        lambda t: t.iloc[:0].reindex(range(1)).assign(participant=who, round="2", comment=words),
    )
    export = read_export(folder)
    counts = comment_counts(export, collect(export).sample)
    assert counts["comments"].tolist() == [0, 1, *[0] * 8]
    assert counts["median_words"].iloc[1] == 3
    report = build_report(analyse(export))
    assert not any(words in table.csv() for table in report.tables.values())


def test_every_exploratory_p_of_a_table_is_corrected_over_the_table(pilot: Export) -> None:
    report = build_report(analyse(pilot))
    for name in ("order", "choices", "blinding", "background", "friedman"):
        rows = report.tables[name].records()
        raw = [row["p"] for row in rows]
        assert [row["p_bh"] for row in rows] == pytest.approx(list(benjamini_hochberg(raw)))
