"""The families of confirmatory tests, and which hypotheses a study's arms can test."""

from __future__ import annotations

from typing import Any

import pytest

from study_design import NULL, Contrast, Protocol, families, load_protocol, testable

Content = dict[str, Any]


def with_arms(content: Content, *arms: str, comparator: str) -> Protocol:
    content["arms"] = list(arms)
    content["participants"] = 60
    content["practice"]["texts"] = content["practice"]["texts"][:1] * len(arms)
    content["analysis"]["primary"]["comparator"] = comparator
    content["analysis"]["slopes"] = [["hare", comparator]]
    return Protocol.model_validate(content)


def test_the_pilots_families_are_the_planned_ones(pilot: Protocol) -> None:
    first, second, third = families(pilot)
    assert [family.name for family in (first, second, third)] == ["F1", "F2", "F3"]
    assert {family.correction for family in (first, second, third)} == {"holm"}
    assert first.contrasts == (
        Contrast("mean", "hare", "rag", "relevance", "H2"),
        Contrast("mean", "hare", "rag", "quality", "H2"),
    )
    assert second.contrasts == (
        Contrast("slope", "hare", "rag", "relevance", "H2"),
        Contrast("slope", "hare", "gpt2", "relevance", None),
    )
    assert len(third.contrasts) == 3 * 4 - 2


def test_every_pair_and_item_is_tested_exactly_once(pilot: Protocol) -> None:
    for protocol in (pilot, load_protocol(NULL)):
        tested = [
            (frozenset((contrast.treatment, contrast.comparator)), contrast.item)
            for family in families(protocol)
            for contrast in family.contrasts
            if contrast.kind == "mean"
        ]
        assert len(tested) == len(set(tested)) == 3 * 4


def test_the_primary_treatment_comes_first_wherever_it_is_compared(content: Content) -> None:
    content["arms"] = ["gpt2", "rag", "hare"]
    protocol = Protocol.model_validate(content)
    for family in families(protocol):
        assert all(contrast.comparator != "hare" for contrast in family.contrasts)


@pytest.mark.parametrize(
    ("arms", "comparator", "expected"),
    [
        (("hare", "rag", "gpt2"), "rag", {"H2"}),
        (("hare", "hare_no_user"), "hare_no_user", {"H4"}),
        (("hare", "best_existing", "rag"), "rag", {"H2", "H6"}),
        (("hare", "gpt2"), "gpt2", set()),
    ],
)
def test_the_arms_decide_which_hypotheses_can_be_tested(
    content: Content, arms: tuple[str, ...], comparator: str, expected: set[str]
) -> None:
    judged = testable(with_arms(content, *arms, comparator=comparator))
    assert [hypothesis.id for hypothesis in judged] == ["H1", "H2", "H3", "H4", "H5", "H6"]
    assert {hypothesis.id for hypothesis in judged if hypothesis.testable} == expected


def test_a_hypothesis_that_cannot_be_tested_says_why(pilot: Protocol) -> None:
    reasons = {h.id: h.reason for h in testable(pilot) if not h.testable}
    assert reasons["H4"] == "not testable with these arms: needs hare and hare_no_user"
    assert reasons["H6"] == "not testable with these arms: needs hare and best_existing"
    assert all(reasons[id_].startswith("a simulation result") for id_ in ("H1", "H3", "H5"))


def test_labels_do_not_decide_but_systems_do(content: Content) -> None:
    content["arms"] = [
        {"name": "hare", "system": "fake"},
        {"name": "rag", "system": "fake"},
        {"name": "gpt2", "system": "fake"},
    ]
    assert not any(hypothesis.testable for hypothesis in testable(Protocol.model_validate(content)))


def test_a_contrast_reads_as_words() -> None:
    assert str(Contrast("mean", "hare", "rag", "quality")) == "hare − rag, quality"
    assert str(Contrast("slope", "hare", "rag", "quality")) == "slope of hare − rag, quality"
