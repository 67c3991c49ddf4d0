"""The protocols that are shipped: what a participant reads must be right."""

from __future__ import annotations

import re

from study_design import NULL, Protocol, load_protocol

FIELDS = re.compile(
    r"\b(software|code|coding|program|app|api|data|database|server|deploy\w*|security|design\w*|"
    r"front-?end|back-?end|model|machine learning|pupil|student|lesson|class|research|paper|"
    r"article|essay|product|feature|customer|patient|sales)\b",
    re.IGNORECASE,
)
FORM = re.compile(
    r"# [^\n]+\n\n[^#]+\n\n## When to use\n[^#]+\n\n## Instructions\n"
    r"1\. [^#]+\n2\. [^#]+\n3\. [^#]+\n4\. [^#]+\n\n## Example\n[^#]+"
)


def test_the_pilot_has_one_request_for_each_kind_of_work(pilot: Protocol) -> None:
    assert [request.id for request in pilot.requests] == [
        "tests", "review", "plan", "troubleshoot", "document",
        "automate", "onboard", "improve", "decide", "measure",
    ]  # fmt: skip
    assert len({request.work for request in pilot.requests}) == 10


def test_no_request_names_a_field_of_work(pilot: Protocol) -> None:
    named = {request.id: FIELDS.findall(request.text) for request in pilot.requests}
    assert not any(named.values()), named


def test_every_item_has_five_different_anchors(pilot: Protocol) -> None:
    assert [item.id for item in pilot.items] == [
        "quality",
        "relevance",
        "personalization",
        "novelty",
    ]
    for item in pilot.items:
        assert (item.scale.low, item.scale.high) == (1, 5)
        assert len(set(item.anchors)) == 5


def test_practice_texts_are_well_formed_and_of_like_length(pilot: Protocol) -> None:
    lengths = [len(text.split()) for text in pilot.practice.texts]
    assert all(110 <= length <= 160 for length in lengths), lengths
    for text in pilot.practice.texts:
        assert FORM.fullmatch(text.strip()), text
        for pattern in pilot.blinding.forbidden:
            assert not re.search(pattern, text, re.IGNORECASE)


def test_what_is_forbidden_catches_a_text_that_names_its_system(pilot: Protocol) -> None:
    for telling in ("Written by HARE.", "as an AI model, I", "GPT-2 says", "I am a language model"):
        found = [p for p in pilot.blinding.forbidden if re.search(p, telling, re.IGNORECASE)]
        assert found, telling


def test_attention_checks_name_the_answer_that_they_ask_for(pilot: Protocol) -> None:
    assert [check.round for check in pilot.attention_checks] == [4, 8]
    assert all(check.correct in check.question for check in pilot.attention_checks)


def test_the_null_protocol_is_the_pilot_but_for_what_it_says(pilot: Protocol) -> None:
    null = load_protocol(NULL)
    assert (null.rounds, null.participants, len(null.arms)) == (4, 6, 3)
    assert set(null.systems.values()) == {"fake"}
    differing = {
        name for name in Protocol.model_fields if getattr(null, name) != getattr(pilot, name)
    }
    assert differing == {
        "study", "participants", "rounds", "arms", "attention_checks", "analysis",
    }  # fmt: skip
