"""The screening on texts that were labelled by hand: what it finds and what it lets pass.

The floors are what was measured, less one text in each direction for the small reasons. "check"
was never used to change a rule.
"""

from __future__ import annotations

import pytest

from hare.data.validate import REASONS, validate_text
from tests.hare.data.screening import PARTS, labelled_texts, score


@pytest.mark.parametrize("part", PARTS)
def test_half_of_the_labelled_texts_are_fit_to_keep(part: str) -> None:
    labels = [label for label, _ in labelled_texts(part)]
    assert len(labels) >= 90
    assert 0.4 <= labels.count("ok") / len(labels) <= 0.6
    assert set(labels) == {"ok", *REASONS} - {"oversize"}


def test_no_text_is_in_both_parts() -> None:
    tune, check = ({text for _, text in labelled_texts(part)} for part in PARTS)
    assert not tune & check


@pytest.mark.parametrize("reason", [*REASONS[1:], "rejected"])
def test_the_rules_part_the_texts_that_they_were_written_against(reason: str) -> None:
    measured = score("tune", reason)
    assert (measured.wrong, measured.missed) == (0, 0)


@pytest.mark.parametrize(
    ("reason", "precision", "recall"),
    [
        ("empty", 0.7, 1.0),
        ("hidden_characters", 1.0, 1.0),
        ("secret", 1.0, 0.85),
        ("injection", 0.9, 0.8),
        ("language", 1.0, 1.0),
        ("rejected", 0.95, 0.9),
    ],
)
def test_texts_that_no_rule_was_written_against_are_parted_nearly_as_well(
    reason: str, precision: float, recall: float
) -> None:
    measured = score("check", reason)
    assert measured.precision >= precision
    assert measured.recall >= recall


def test_most_texts_that_speak_of_attacks_pass() -> None:
    words = ("attack", "inject", "jailbreak", "refuse", "instructions", "credential", "secret")
    near = [
        text
        for part in PARTS
        for label, text in labelled_texts(part)
        if label == "ok" and any(word in text.lower() for word in words)
    ]
    assert len(near) >= 20
    assert sum(not validate_text(text) for text in near) >= len(near) - 1
