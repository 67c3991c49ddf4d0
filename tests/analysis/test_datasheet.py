"""The datasheet: filled from protocol and data, open where neither knows."""

from __future__ import annotations

from analysis.data.exports import Export
from analysis.data.study import collect
from analysis.report.datasheet import OPEN, chapters, render_datasheet
from study_design import PILOT, Protocol, load_protocol


def test_questions_that_nobody_can_derive_are_left_to_the_researchers(pilot: Export) -> None:
    filled = chapters(pilot.protocol, collect(pilot))
    entries = [entry for _, chapter in filled for entry in chapter]
    open_ = {entry.question for entry in entries if entry.answer is None}
    assert "How were they recruited?" in open_
    assert "Which board approved the study?" in open_
    assert "How many texts?" not in open_
    text = render_datasheet(pilot.protocol, collect(pilot))
    assert all(f"- **{question}** {OPEN}\n" in text for question in open_)


def test_the_number_of_open_questions_is_counted(pilot: Export) -> None:
    study = collect(pilot)
    entries = [e for _, chapter in chapters(pilot.protocol, study) for e in chapter]
    left = sum(entry.answer is None for entry in entries)
    text = render_datasheet(pilot.protocol, study)
    assert f"Of {len(entries)} questions, {left} are open" in text


def test_what_the_protocol_knows_is_filled_in() -> None:
    protocol = load_protocol(PILOT)
    given = protocol.model_dump(mode="json")
    given["consent"] |= {"approval": "Board 7, decision 12/34", "contact": "Ada, ada@example.org"}
    text = render_datasheet(Protocol.model_validate(given))
    assert "**Which board approved the study?** Board 7, decision 12/34" in text
    assert "**Whom can readers ask?** Ada, ada@example.org" in text


def test_every_criterion_has_a_chapter_with_its_anchors() -> None:
    protocol = load_protocol(PILOT)
    text = render_datasheet(protocol)
    for item in protocol.items:
        assert f"## 4.2 Criterion: {item.id}" in text
        assert all(f"“{anchor}”" in text for anchor in item.anchors)


def test_the_data_give_counts_and_hashes(pilot: Export) -> None:
    text = render_datasheet(pilot.protocol, collect(pilot))
    assert "720 rated by the 24 analysed participants" in text
    assert "24 consented, 24 completed, 24 analysed (24 planned)" in text
    assert pilot.data_hash in text
    assert text.startswith("# Simulated data — ")


def test_the_methods_paragraph_states_what_can_be_seen() -> None:
    text = render_datasheet(load_protocol(PILOT))
    methods = text[text.index("## Methods paragraph") :]
    assert "two-sided paired t test" in methods
    assert "The 24 planned participants suffice to detect" in methods
    assert "d_z = 0.597" in methods
