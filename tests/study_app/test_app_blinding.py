"""The scan before display, and what happens to a text that does not pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playing import changed_protocol, enrolled_at_round, fresh_study
from sqlmodel import select

from hare.arms import Request
from hare.arms.fake import FakeArm
from study_app import blinding, rounds, texts
from study_app.storage.engine import reading
from study_app.storage.models import DeviationRow, ParticipantRow, TextRow
from study_design import NULL, PILOT, load_protocol
from study_design.parts import Blinding

TEXT = FakeArm().recommend([Request("Plan", FakeArm().initial_state(), 1)])[0].text


@pytest.mark.parametrize(
    ("broken", "missing"),
    [
        (TEXT.replace("# ", "", 1), "title"),
        (TEXT.replace("## When to use", "## When"), "When to use"),
        (TEXT.replace("1. ", "- "), "Instructions"),
        (TEXT[: TEXT.index("## Example") + len("## Example")], "Example"),
        (
            TEXT.replace("A short plan that keeps the work small and visible.\n\n", ""),
            "description",
        ),
        ("", "title"),
        (
            TEXT.replace("## Example", "## When to use", 1).replace(
                "## When to use", "## Example", 1
            ),
            "out of order",
        ),
    ],
)
def test_a_text_that_is_not_well_formed_is_found(broken: str, missing: str) -> None:
    findings = blinding.scan({"A": TEXT, "B": broken}, Blinding(max_length_ratio=1000))
    assert [(finding.slot, finding.rule) for finding in findings] == [("B", "form")]
    assert missing in findings[0].detail


def test_the_text_whose_length_stands_out_is_named() -> None:
    long = TEXT + " and so on" * 200
    findings = blinding.scan({"A": TEXT, "B": long, "C": TEXT}, Blinding(max_length_ratio=2))
    assert [(finding.slot, finding.rule) for finding in findings] == [("B", "length")]
    assert blinding.scan({"A": TEXT, "B": long}, Blinding(max_length_ratio=50)) == ()


def test_words_that_name_a_system_are_found_whatever_their_case() -> None:
    findings = blinding.scan(
        {"A": TEXT + "\nWritten by GPT-2.", "B": TEXT}, Blinding(forbidden=(r"\bgpt-?2\b",))
    )
    assert [(finding.slot, finding.rule) for finding in findings] == [("A", "words")]


@pytest.mark.parametrize("path", [PILOT, NULL])
def test_the_practice_texts_of_the_shipped_protocols_pass(path: Path) -> None:
    protocol = load_protocol(path)
    shown = dict(zip(protocol.slots, protocol.practice.texts, strict=True))
    assert blinding.scan(shown, protocol.blinding) == ()


def forbidding(words: list[str]) -> Any:
    return lambda content: content["blinding"].update(forbidden=words)


def test_a_text_that_does_not_pass_is_written_again_from_another_seed(tmp_path: Path) -> None:
    """The fake arm has three titles: one is forbidden, so most rewrites pass."""
    path = changed_protocol(tmp_path, forbidding(["A first pass"]))
    study = fresh_study(tmp_path, protocol=path)
    found = rewritten = 0
    for seed in range(6):
        _, participant = enrolled_at_round(study, simulated=True, seed=seed)
        rounds.open(study, participant)
    with reading(study.engine) as session:
        people = {row.id: row for row in session.exec(select(ParticipantRow))}
        for text in session.exec(select(TextRow)):
            seed = people[text.participant].seed
            rewritten += text.seed != texts.derived_seed(seed, 1, text.arm)
            found += "A first pass" in text.text
        recorded = session.exec(select(DeviationRow)).all()
    assert rewritten > 0
    assert found == len(recorded)  # only a text shown although it does not pass is a deviation
    study.close()


def test_a_text_that_never_passes_is_shown_and_recorded(tmp_path: Path) -> None:
    path = changed_protocol(tmp_path, forbidding(["instructions"]))
    study = fresh_study(tmp_path, protocol=path)
    _, participant = enrolled_at_round(study)
    assert len(rounds.open(study, participant).slots) == 3
    with reading(study.engine) as session:
        recorded = session.exec(select(DeviationRow)).all()
        seeds = {row.arm: row.seed for row in session.exec(select(TextRow))}
        own = session.exec(select(ParticipantRow)).one().seed
    assert {(row.arm, row.kind) for row in recorded} == {
        (arm, "blinding") for arm in ("one", "two", "three")
    }
    assert seeds == {arm: texts.derived_seed(own, 1, arm, texts.REWRITES) for arm in seeds}
    study.close()
