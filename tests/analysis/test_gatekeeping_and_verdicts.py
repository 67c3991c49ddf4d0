"""Gates between families, the error over all of them, and what becomes of each hypothesis."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from odd_studies import protocol_with

from analysis.confirmatory import FamilyResult, confirm, confirm_family, gated
from analysis.data.exports import Export
from analysis.data.study import collect
from analysis.findings import Findings
from analysis.report.confirmatory_tables import confirmatory_tables
from analysis.report.words import error_of_all_families
from analysis.sequential import Stage
from analysis.stats.multiplicity import holm
from analysis.verdicts import verdicts
from study_design import PILOT, families, familywise_error, load_protocol
from study_design.documents import render


def gatekeeping(fields: dict[str, Any]) -> None:
    fields["analysis"]["gatekeeping"] = True


def with_p(family: FamilyResult, p: list[float], sign: int = 1) -> FamilyResult:
    """The family as if its tests had given these p-values, and differences of this sign."""
    contrasts = []
    for result, raw, adjusted in zip(family.contrasts, p, holm(p), strict=True):
        assert result.test.estimate is not None
        estimate = replace(result.test.estimate, value=sign * 0.5)
        test = replace(result.test, p=raw, estimate=estimate)
        contrasts.append(replace(result, test=test, p_adjusted=adjusted))
    return replace(family, contrasts=tuple(contrasts))


@pytest.fixture(scope="module")
def confirmed(pilot: Export) -> tuple[FamilyResult, ...]:
    return confirm(collect(pilot))


def test_a_family_is_tested_only_when_everything_before_it_is_rejected(
    confirmed: tuple[FamilyResult, ...],
) -> None:
    first, second, third = confirmed
    low, high = [0.001] * 2, [0.001, 0.2]
    open_, shut, after = gated([with_p(first, low), with_p(second, high), third])
    assert (open_.closed, shut.closed) == ("", "")
    assert shut.rejected(shut.contrasts[0]) is True
    assert after.closed.startswith("not tested: gatekeeping, and 1 of the 2 null hypotheses of F2")
    assert all(after.rejected(result) is None for result in after.contrasts)


def test_the_report_says_of_a_closed_family_that_it_was_not_tested(
    pilot_findings: Findings,
) -> None:
    first, second, third = pilot_findings.families
    shut = gated([with_p(first, [0.5, 0.001]), second, third])
    tables = {
        table.name: table for table in confirmatory_tables(replace(pilot_findings, families=shut))
    }
    reason = "gatekeeping, and 1 of the 2 null hypotheses of F1 was not rejected"
    assert f"Not tested: {reason}" in tables["confirmatory_f2"].note
    assert f"F3 not tested: {reason}" in tables["apa_sentences"].note
    assert {row["rejected"] for row in tables["confirmatory_f3"].records()} == {None}


def test_a_closed_family_closes_all_that_follow(confirmed: tuple[FamilyResult, ...]) -> None:
    first, second, third = confirmed
    strong = [with_p(family, [1e-6] * len(family.contrasts)) for family in (second, third)]
    _, shut, after = gated([with_p(first, [0.5, 0.001]), *strong])
    assert shut.closed == after.closed != ""


def test_a_family_without_contrasts_is_no_gate(confirmed: tuple[FamilyResult, ...]) -> None:
    first, second, third = confirmed
    empty = replace(second, contrasts=())
    assert gated([with_p(first, [0.001, 0.001]), empty, third])[2].closed == ""


@pytest.mark.parametrize("true_effects", [0, 1])
def test_gatekeeping_holds_alpha_over_all_families(
    confirmed: tuple[FamilyResult, ...], true_effects: int
) -> None:
    """Under no effect at all, and where every null hypothesis of F1 is false and no other."""
    rng = np.random.default_rng(8)
    errors, studies = 0, 1_500
    for _ in range(studies):
        drawn = []
        for k, family in enumerate(confirmed):
            real = k < true_effects
            p = np.full(len(family.contrasts), 1e-6) if real else rng.random(len(family.contrasts))
            drawn.append(with_p(family, p.tolist()))
        null = gated(drawn)[true_effects:]
        errors += any(family.rejected(result) for family in null for result in family.contrasts)
    # an upper 99.9% bound of 1,500 studies at level .05
    assert errors <= 102
    assert errors >= 45


def test_without_gatekeeping_the_error_of_all_families_is_said_as_a_number() -> None:
    pilot = load_protocol(PILOT)
    assert familywise_error(pilot) == pytest.approx(1 - 0.95**3)
    assert "14.3% of cases" in error_of_all_families(pilot)
    assert "about 0.143 (1 − 0.95^3" in render("preregistration.md", pilot)


def test_with_gatekeeping_it_is_alpha_and_the_documents_say_how() -> None:
    protocol = protocol_with(gatekeeping)
    assert familywise_error(protocol) == pytest.approx(0.05)
    assert "at most 0.05" in error_of_all_families(protocol)
    text = render("preregistration.md", protocol)
    assert "serial gatekeeping (Dmitrienko and Tamhane, 2007)" in text
    assert "not corrected for each other" not in text


def test_gatekeeping_changes_the_hash_only_where_it_is_asked_for() -> None:
    pilot = load_protocol(PILOT)
    assert "gatekeeping" not in pilot.canonical_json()
    assert protocol_with(gatekeeping).hash != pilot.hash


def test_gatekeeping_with_several_looks_is_refused() -> None:
    def looks(fields: dict[str, Any]) -> None:
        gatekeeping(fields)
        fields["analysis"]["stopping"] = {"rule": "pocock", "looks": [12, 24]}

    with pytest.raises(ValueError, match=r"gatekeeping: needs stopping: fixed \(is pocock\)"):
        protocol_with(looks)


@pytest.mark.parametrize(
    ("p", "sign", "slope_p", "text"),
    [
        ([0.001, 0.3], 1, 0.4, "supported on relevance, not on quality; widening not shown"),
        ([0.001, 0.002], 1, 0.001, "supported on relevance and quality; widening shown"),
        ([0.001, 0.3], -1, 0.4, "contradicted on relevance, not supported on quality; widening not "
         "shown"),
        ([0.3, 0.3], 1, 0.4, "not supported on relevance and quality; widening not shown"),
    ],
)  # fmt: skip
def test_a_hypothesis_gets_its_verdict_by_the_registered_rule(
    confirmed: tuple[FamilyResult, ...], p: list[float], sign: int, slope_p: float, text: str
) -> None:
    first, second, third = confirmed
    tested = (with_p(first, p, sign), with_p(second, [slope_p, 0.9]), third)
    found = {v.hypothesis.id: v.text for v in verdicts(load_protocol(PILOT), tested)}
    assert found["H2"] == text
    assert found["H4"] == "not testable with these arms: needs hare and hare_no_user"


def test_a_verdict_says_why_nothing_was_tested(confirmed: tuple[FamilyResult, ...]) -> None:
    first, second, third = confirmed
    tested = gated([with_p(first, [0.3, 0.001]), with_p(second, [0.001, 0.001]), third])
    (verdict,) = (v for v in verdicts(load_protocol(PILOT), tested) if v.hypothesis.id == "H2")
    assert verdict.text.startswith("supported on quality, not on relevance; widening not tested (")
    assert "gatekeeping" in verdict.text


def at_a_look(family: FamilyResult, p: list[float], completed: int) -> FamilyResult:
    """The family with these p-values, when so many of looks at 12 and 24 have completed."""
    stage = Stage("pocock", (12, 24), completed)
    levels = stage.holm_levels(p, family.alpha)
    pairs = zip(with_p(family, p).contrasts, levels, strict=True)
    contrasts = tuple(replace(r, p_adjusted=None, level=level) for r, level in pairs)
    return replace(family, contrasts=contrasts, stage=stage)


@pytest.mark.parametrize(
    ("completed", "text"),
    [
        (12, "supported on relevance, not yet on quality; widening not yet shown (at look 1 of 2)"),
        (24, "supported on relevance, not on quality; widening not shown (at look 2 of 2; what an "
         "earlier look rejected stays rejected)"),
    ],
)  # fmt: skip
def test_before_the_last_look_what_is_not_significant_is_not_decided(
    confirmed: tuple[FamilyResult, ...], completed: int, text: str
) -> None:
    first, second, third = (
        at_a_look(family, p, completed)
        for family, p in zip(confirmed, ([0.001, 0.3], [0.4, 0.9], [0.9] * 10), strict=True)
    )
    found = {
        v.hypothesis.id: v.text for v in verdicts(load_protocol(PILOT), (first, second, third))
    }
    assert found["H2"] == text


def test_before_the_first_look_a_hypothesis_is_not_tested(pilot: Export) -> None:
    stage = Stage("pocock", (12, 24), 7)
    study = collect(pilot)
    early = tuple(
        confirm_family(family, study.ratings, 0.05, stage) for family in families(study.protocol)
    )
    found = {v.hypothesis.id: v.text for v in verdicts(study.protocol, early)}
    assert found["H2"] == (
        "not tested on relevance and quality; widening not tested (not tested: the first look is "
        "at 12 completed participants, there are 7)"
    )
