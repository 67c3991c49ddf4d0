"""The primary differences by request, and requests as they reach the mixed models."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from analysis.by_request import RequestDifference, request_differences
from analysis.confirmatory import FamilyResult, confirm
from analysis.data.exports import Export
from analysis.data.study import Study, collect
from analysis.evidence.mixed import LINEAR_REQUESTS, ORDINAL_REQUESTS
from analysis.findings import Findings
from analysis.report.outline import Shows
from analysis.report.report import Report
from analysis.stats.long_form import REQUEST, REQUEST_ARM


@pytest.fixture(scope="module")
def study(pilot: Export) -> Study:
    return collect(pilot)


@pytest.fixture(scope="module")
def differences(study: Study) -> tuple[RequestDifference, ...]:
    return request_differences(study, confirm(study)[0])


def test_ratings_know_the_request_of_every_round(study: Study) -> None:
    table = study.export.tables["ratings"]
    for row in table.sample(50, random_state=1).to_dict("records"):
        person = study.ratings.participants.index(row["participant"])
        place = study.ratings.requests[person, int(row["round"]) - 1]
        assert study.protocol.requests[place].id == row["request"]


def test_the_difference_of_a_request_is_over_the_participants_who_rated_it(
    study: Study, differences: tuple[RequestDifference, ...]
) -> None:
    table = study.export.tables["ratings"]
    wide = table.pivot(index=["participant", "item", "request"], columns="arm", values="rating")
    d = (wide["hare"] - wide["rag"]).astype(float)
    assert len(differences) == 2 * len(study.protocol.requests)
    for found in differences:
        item = found.contrast.split(", ")[1]
        own = d.xs((item, found.request), level=("item", "request")).to_numpy()
        assert found.n == own.size == 24
        low, high = stats.t.interval(0.95, 23, own.mean(), stats.sem(own))
        assert (found.mean, found.low, found.high) == pytest.approx((own.mean(), low, high))


def test_differences_by_request_average_to_the_primary_difference(
    study: Study, differences: tuple[RequestDifference, ...]
) -> None:
    for result in confirm(study)[0].contrasts:
        means = [d.mean for d in differences if d.contrast == result.label]
        assert np.mean([m for m in means if m is not None]) == pytest.approx(np.mean(result.values))


def test_contrasts_that_were_not_tested_have_no_requests(study: Study) -> None:
    none = FamilyResult("F1", "Primary", "holm", 0.05, ())
    assert request_differences(study, none) == ()


def test_the_mixed_models_have_random_requests(pilot_findings: Findings) -> None:
    for result in pilot_findings.mixed:
        for model in (result.model, result.ordinal):
            assert {REQUEST, REQUEST_ARM} <= (model.variances or {}).keys(), model.note


def test_the_level_that_the_ordinal_table_names_is_the_measured_one(pilot_report: Report) -> None:
    file = Path(__file__).parents[2] / "docs" / "results" / "statistics.json"
    rows = json.loads(file.read_text("utf-8"))["mixed"]
    share = {
        row["model"]: row["arm"]["value"] for row in rows if row["null"].startswith("requests")
    }
    ordinal, linear = share[ORDINAL_REQUESTS], share[LINEAR_REQUESTS]
    said = f"in {100 * ordinal:g}% of null studies, by the linear model in {100 * linear:g}%"
    assert said in pilot_report.tables["ordinal"].note


def test_the_report_shows_requests_and_what_they_limit(pilot_report: Report) -> None:
    primary = next(section for section in pilot_report.sections if section.id == "primary")
    said = " ".join(getattr(block, "text", "") for block in primary.blocks)
    assert "holds for these requests and says nothing of others (Clark, 1973" in said
    shown = [block for block in primary.blocks if isinstance(block, Shows)]
    kinds = {block.kind: block.folded for block in shown if block.name == "requests"}
    assert kinds == {"figure": False, "table": True}
    assert [name for name, _ in pilot_report.figures["requests"].panels] == [
        "HARE − RAG, relevance", "HARE − RAG, quality",
    ]  # fmt: skip
    drawn = pilot_report.figures["requests"].panels[0][1].to_dict()
    assert len(drawn["data"]) == 10
