"""The rendered documents say what the protocol says, and the shipped ones are current."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import study_design
from study_design import PILOT, Protocol, consent_text, smallest_effect
from study_design.__main__ import main
from study_design.documents import DOCUMENTS, render, stale_documents, write_documents

Content = dict[str, Any]


def test_the_shipped_documents_are_current(pilot: Protocol) -> None:
    folder = Path(study_design.__file__).parent
    assert stale_documents(pilot, folder) == [], "run: python -m study_design render"


def test_a_changed_document_is_found(pilot: Protocol, tmp_path: Path) -> None:
    assert len(stale_documents(pilot, tmp_path)) == 3
    consent, *_ = (p for p in write_documents(pilot, tmp_path) if p.name == "consent.md")
    assert stale_documents(pilot, tmp_path) == []
    consent.write_text(consent.read_text(encoding="utf-8") + "More.\n", encoding="utf-8")
    assert stale_documents(pilot, tmp_path) == [consent]


def test_the_consent_form_holds_what_an_ethics_board_looks_for(pilot: Protocol) -> None:
    text = consent_text(pilot)
    consent = pilot.consent
    for part in (consent.purpose, consent.withdrawal, consent.risks, consent.contact):
        assert part in text
    for part in (*consent.data_kept, *consent.statements, consent.retention, consent.sharing):
        assert part in text
    for words in ("voluntary", "without giving a reason", "written by computer programs"):
        assert words in text
    assert "About 45 minutes" in text
    assert "ten rounds" in text


def test_the_consent_form_follows_the_protocol(content: Content) -> None:
    content["update"]["policy"] = "frozen"
    content["attention_checks"] = []
    content["analysis"]["exclusions"]["attention_failures"] = None
    content["consent"]["approval"] = "Example University, 2026-01"
    text = consent_text(Protocol.model_validate(content))
    assert "may adapt" not in text
    assert "only check that" not in text
    assert "Ethics approval: Example University, 2026-01" in text


def test_the_preregistration_states_computed_power(pilot: Protocol, content: Content) -> None:
    text = render("preregistration.md", pilot)
    assert f"d_z = {smallest_effect(24):.3f}" in text
    assert "d_z = 0.597" in text
    content["participants"] = 60
    larger = render("preregistration.md", Protocol.model_validate(content))
    assert f"d_z = {smallest_effect(60):.3f}" in larger


def test_the_preregistration_names_every_contrast_and_rule(pilot: Protocol) -> None:
    text = render("preregistration.md", pilot)
    rows = [line for line in text.splitlines() if " − " in line and line.startswith("| ")]
    assert len([row for row in rows if row[2].isdigit()]) == 14
    for words in ("Holm", "Straight-lining", "All attention checks (rounds 4 and 8)", pilot.hash):
        assert words in text
    assert text.count("not testable with these arms") == 2


def test_the_study_design_names_every_request_and_anchor(pilot: Protocol) -> None:
    text = render("study_design.md", pilot)
    assert all(request.text in text for request in pilot.requests)
    assert all(anchor in text for item in pilot.items for anchor in item.anchors)


def with_looks_and_bounds(content: Content) -> Protocol:
    content["analysis"]["stopping"] = {"rule": "obrien_fleming", "looks": [6, 12, 24]}
    content["analysis"]["equivalence"] = {"low": -0.3, "high": 0.25}
    return Protocol.model_validate(content)


def test_the_documents_state_bounds_where_there_are_any(pilot: Protocol, content: Content) -> None:
    protocol = with_looks_and_bounds(content)
    for name in ("preregistration.md", "study_design.md"):
        assert "−0.3 and 0.25 points of the scale" in render(name, protocol)
        assert "quivalen" not in render(name, pilot)
    text = render("preregistration.md", protocol)
    assert "a 90% confidence interval inside the bounds" in text
    assert "These tests are made at the last look only." in text
    content["analysis"] |= {"equivalence": {"low": -0.5, "high": 0.5, "units": "d_z"}}
    content["analysis"]["stopping"] = "fixed"
    text = render("preregistration.md", Protocol.model_validate(content))
    assert "−0.5 and 0.5 standard deviations of the participants' differences (d_z)" in text
    assert "last look" not in text


def test_the_documents_state_the_looks_where_there_are_any(
    pilot: Protocol, content: Content
) -> None:
    protocol = with_looks_and_bounds(content)
    text = render("preregistration.md", protocol)
    assert "looked at three times: when 6, 12 and 24 participants have completed" in text
    assert "function of the O'Brien–Fleming type" in text
    assert "α = 0.05/(m − j + 1)" in text
    assert "The data are analysed once" not in text
    assert "The data are analysed once" in render("preregistration.md", pilot)
    looks = "when 6, 12 and 24 participants have completed"
    assert looks in render("study_design.md", protocol)


@pytest.mark.parametrize("plan", ["pilot", "looks and bounds"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_have_one_title_and_no_stray_blank_lines(
    pilot: Protocol, content: Content, name: str, plan: str
) -> None:
    text = render(name, pilot if plan == "pilot" else with_looks_and_bounds(content))
    assert sum(line.startswith("# ") for line in text.splitlines()) == 1
    assert "\n\n\n" not in text
    assert all(line == line.rstrip() for line in text.splitlines())
    assert text.endswith("\n")
    for above, line in pairwise(text.splitlines()):
        if line.startswith("#"):
            assert above == "", line


def test_an_unknown_document_is_refused(pilot: Protocol) -> None:
    with pytest.raises(KeyError, match=r"consent\.md"):
        render("letter.md", pilot)


def test_the_command_checks_protocols(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("rounds: 3\n", encoding="utf-8")
    assert main(["check", str(PILOT)]) == 0
    shown = capsys.readouterr().out
    assert "valid" in shown
    assert "consent.contact" in shown
    assert main(["check", str(PILOT), str(broken)]) == 1
    assert "arms: is missing" in capsys.readouterr().err


def test_the_command_renders_and_finds_drift(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["render", "--out", str(tmp_path), "--check"]) == 1
    assert "run python -m study_design render" in capsys.readouterr().err
    assert main(["render", "--out", str(tmp_path)]) == 0
    assert main(["render", "--out", str(tmp_path), "--check"]) == 0
    assert main(["render", "--protocol", str(tmp_path / "none.yaml")]) == 1


def test_an_unknown_command_is_not_understood() -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["dance"])
    assert stopped.value.code == 2
