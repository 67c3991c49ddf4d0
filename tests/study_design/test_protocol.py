"""Reading protocol files: what is accepted, and that every refusal names field, rule and file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from study_design import NULL, Protocol, ProtocolError, load_protocol

Content = dict[str, Any]
Save = Callable[[Content], Path]


def change(content: Content, path: str, value: object) -> Content:
    """Set a field given by a dotted path; numbers are positions in lists."""
    target: Any = content
    *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
    for step in steps:
        target = target[step]
    target[last] = value
    return content


def refusal(path: Path) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        load_protocol(path)
    return caught.value


BROKEN: list[tuple[str, object, str, str]] = [
    # changed field, value, field that the error names, words of the rule
    ("study.version", 0, "study.version", "greater than or equal to 1"),
    ("study.id", "My study", "study.id", "pattern"),
    ("participants", 20, "participants", "multiple of 6"),
    ("rounds", 0, "rounds", "greater than or equal to 1"),
    ("rounds", 11, "requests", "at least one a round"),
    ("rounds", "ten", "rounds", "'ten'"),
    ("arms", ["hare"], "arms", "at least 2"),
    ("arms", ["hare", "rag", "rag"], "arms", "given twice: rag"),
    ("arms", ["hare", "rag", "GPT 2"], "arms[2].name", "pattern"),
    ("items.1.scale", {"low": 5, "high": 1}, "items[1].scale", "greater than low"),
    ("items.2.anchors", ["bad", "good"], "items[2]", "2 given"),
    ("items.0.id", "relevance", "items", "given twice: relevance"),
    ("comment.max_length", 0, "comment.max_length", "greater than or equal to 1"),
    ("requests.3.text", "  ", "requests[3].text", "at least 1 character"),
    ("practice.texts", ["one", "two"], "practice.texts", "3 slots, 2 texts"),
    ("background.0.options", ["only one"], "background[0]", "at least two"),
    ("background.1.options", ["a", "b"], "background[1]", "only a question of kind choice"),
    ("background.0.id", "adult", "background and eligibility", "given twice: adult"),
    ("background.1.kind", "slot", "background[1].kind", "closing questions only"),
    ("closing.1.anchors", ["sure", "sure"], "closing[1]", "differ from each other"),
    ("eligibility.0.eligible", ["Perhaps"], "eligibility[0]", "not among options"),
    ("attention_checks.0.correct", "Purple", "attention_checks[0]", "not among options"),
    ("attention_checks.1.round", 11, "attention_checks[1].round", "at most 10"),
    ("attention_checks.1.round", 4, "attention_checks[0].round", "more than one check"),
    ("update.policy", "sometimes", "update.policy", "'own'"),
    ("update.reward_items", ["beauty"], "update.reward_items", "'beauty' is no item"),
    ("update.reward_items", ["novelty", "novelty"], "update.reward_items", "twice"),
    ("generation.temperature", 0, "generation.temperature", "greater than 0"),
    ("generation.fallback", "skip", "generation.fallback", "'other_seed'"),
    ("blinding.max_length_ratio", 0.5, "blinding.max_length_ratio", "greater than or equal to 1"),
    ("blinding.forbidden", ["(unclosed"], "blinding", "no regular expression"),
    ("completion.url", "prolific.com/done", "completion.url", "pattern"),
    ("analysis.alpha", 1.5, "analysis.alpha", "less than 0.5"),
    ("analysis.primary.comparator", "llama", "analysis.primary", "'llama' is no arm"),
    ("analysis.slopes", [["hare", "hare"]], "analysis.slopes[0]", "with itself"),
    ("analysis.slopes", [["hare", "rag"], ["rag", "hare"]], "analysis.slopes", "twice"),
    ("analysis.equivalence", {"low": 0.1, "high": 0.3}, "analysis.equivalence.low", "less than 0"),
    ("analysis.equivalence", {"low": -0.3}, "analysis.equivalence.high", "is missing"),
    (
        "analysis.equivalence",
        {"low": -0.3, "high": float("inf")},
        "analysis.equivalence.high",
        "finite",
    ),
    (
        "analysis.equivalence",
        {"low": -0.3, "high": 0.3, "units": "g"},
        "analysis.equivalence.units",
        "'d_z'",
    ),
    ("analysis.stopping", "sometimes", "analysis.stopping.rule", "'fixed'"),
    ("analysis.stopping", "pocock", "analysis.stopping", "at least two"),
    ("analysis.stopping", {"looks": [12, 24]}, "analysis.stopping.rule", "is missing"),
    ("analysis.stopping", {"rule": "fixed", "looks": [24]}, "analysis.stopping", "looks: only"),
    ("analysis.stopping", {"rule": "pocock", "looks": [24]}, "analysis.stopping", "at least two"),
    ("analysis.stopping", {"rule": "pocock", "looks": [1, 24]}, "stopping.looks[0]", "equal to 2"),
    ("analysis.stopping", {"rule": "pocock", "looks": [24, 12]}, "analysis.stopping", "rise"),
    ("analysis.stopping", {"rule": "pocock", "looks": [23, 24]}, "analysis.stopping", "twentieth"),
    (
        "analysis.stopping",
        {"rule": "obrien_fleming", "looks": [12, 18]},
        "analysis.stopping.looks",
        "the last must be 24",
    ),
    ("analysis.exclusions.attention_failures", 3, "exclusions.attention_failures", "at most 2"),
    ("consent.duration_minutes", 0, "consent.duration_minutes", "greater than or equal to 1"),
]


@pytest.mark.parametrize(("path", "value", "field", "rule"), BROKEN)
def test_a_broken_rule_is_named_with_its_field_and_file(
    content: Content, saved: Save, path: str, value: object, field: str, rule: str
) -> None:
    file = saved(change(content, path, value))
    error = refusal(file)
    assert error.source == str(file)
    assert str(file) in str(error)
    assert any(field in problem.field and rule in problem.rule for problem in error.problems), error


def test_every_broken_field_is_listed_at_once(content: Content, saved: Save) -> None:
    del content["choice"]
    content["colour"] = "blue"
    content["generation"]["top_p"] = 2
    fields = {problem.field: problem.rule for problem in refusal(saved(content)).problems}
    assert fields["choice"] == "is missing"
    assert "no field of the protocol" in fields["colour"]
    assert "is 2" in fields["generation.top_p"]


def test_every_broken_rule_between_fields_is_listed_at_once(content: Content, saved: Save) -> None:
    content["participants"] = 25
    content["practice"]["texts"] = content["practice"]["texts"][:1]
    content["analysis"]["slope_item"] = "beauty"
    error = refusal(saved(content))
    assert [problem.field for problem in error.problems] == [
        "participants",
        "practice.texts",
        "analysis.slope_item",
    ]
    assert "3 problems" in str(error)


def test_a_file_that_is_missing_or_no_protocol_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    assert "cannot be read" in str(refusal(file))
    for text, words in [
        ("", "must hold fields"),
        ("- a list", "must hold fields"),
        ("study: [", "no valid YAML"),
        ("rounds: 3\nrounds: 4\n", "'rounds' is given twice"),
        ("study: {id: a, id: b}\n", "'id' is given twice"),
        ("{[1, 2]: 3}\n", "no valid YAML"),
    ]:
        file.write_text(text, encoding="utf-8")
        assert words in str(refusal(file))
    file.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in str(refusal(file))


def test_a_bare_name_is_both_label_and_system(pilot: Protocol) -> None:
    assert pilot.systems == {"hare": "hare", "rag": "rag", "gpt2": "gpt2"}
    assert load_protocol(NULL).systems == {"one": "fake", "two": "fake", "three": "fake"}


def test_a_protocol_cannot_be_changed(pilot: Protocol) -> None:
    with pytest.raises(ValidationError):
        pilot.rounds = 3
    with pytest.raises(ValidationError):
        pilot.items[0].id = "other"


def test_the_hash_depends_on_content_alone(content: Content, saved: Save, pilot: Protocol) -> None:
    reordered = dict(reversed(content.items()))
    assert load_protocol(saved(reordered)).hash == pilot.hash
    assert len(pilot.hash) == 64
    assert load_protocol(saved(change(content, "rounds", 9))).hash != pilot.hash
    assert json.loads(pilot.canonical_json())["study"]["id"] == "pilot"


def test_what_says_nothing_new_leaves_the_hash_as_it_is(content: Content, pilot: Protocol) -> None:
    del content["analysis"]["stopping"]
    assert Protocol.model_validate(content).hash == pilot.hash
    content["analysis"] |= {"equivalence": None, "stopping": {"rule": "fixed"}}
    protocol = Protocol.model_validate(content)
    assert protocol.hash == pilot.hash
    plan = json.loads(protocol.canonical_json())["analysis"]
    assert plan["stopping"] == "fixed"
    assert "equivalence" not in plan


def test_bounds_and_looks_are_part_of_the_hash(content: Content, pilot: Protocol) -> None:
    hashes = {pilot.hash}
    for low in (-0.3, -0.4):
        content["analysis"]["equivalence"] = {"low": low, "high": 0.3}
        hashes.add(Protocol.model_validate(content).hash)
    for looks in ([12, 24], [6, 24]):
        content["analysis"]["stopping"] = {"rule": "pocock", "looks": looks}
        hashes.add(Protocol.model_validate(content).hash)
    assert len(hashes) == 5


def test_a_protocol_written_as_yaml_reads_back_the_same(
    pilot: Protocol, content: Content, tmp_path: Path
) -> None:
    content["analysis"]["equivalence"] = {"low": -0.3, "high": 0.25, "units": "d_z"}
    content["analysis"]["stopping"] = {"rule": "obrien_fleming", "looks": [12, 24]}
    for protocol in (pilot, load_protocol(NULL), Protocol.model_validate(content)):
        file = tmp_path / "copy.yaml"
        file.write_text(protocol.to_yaml(), encoding="utf-8")
        assert load_protocol(file) == protocol
        assert load_protocol(file).hash == protocol.hash


def test_slots_and_look_ups(pilot: Protocol) -> None:
    assert pilot.slots == ("A", "B", "C")
    assert pilot.item("novelty").scale.points == (1, 2, 3, 4, 5)
    assert pilot.request("plan").work == "planning"
    check = pilot.attention_check(4)
    assert check is not None
    assert check.id == "attention_1"
    assert pilot.attention_check(5) is None
    with pytest.raises(KeyError):
        pilot.request("nothing")


def test_a_placeholder_contact_is_pointed_out(content: Content, pilot: Protocol) -> None:
    assert any(warning.startswith("consent.contact") for warning in pilot.warnings())
    content["consent"]["contact"] = "Ada Example, Example University, ada@example.org"
    content["consent"]["approval"] = "Example University, 2026-01"
    assert Protocol.model_validate(content).warnings() == ()


def test_optional_parts_may_be_left_out(content: Content) -> None:
    optional = ("comment", "background", "eligibility", "closing", "generation", "blinding")
    for name in (*optional, "completion"):
        del content[name]
    del content["attention_checks"]
    del content["analysis"]["exclusions"]
    protocol = Protocol.model_validate(content)
    assert protocol.comment is None
    assert protocol.generation.drafts == 6
