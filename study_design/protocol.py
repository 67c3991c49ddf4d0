"""The protocol: one YAML file that says everything about a study, read into one frozen value.

Its canonical hash identifies the study: a protocol is frozen by it when the first participant
consents.
"""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from study_design.errors import Problem, ProtocolError
from study_design.parts import (
    ArmChoice,
    AttentionCheck,
    Blinding,
    Choice,
    Comment,
    Completion,
    Consent,
    EligibilityQuestion,
    Generation,
    Item,
    Part,
    Practice,
    Question,
    RequestText,
    StudyInfo,
    Update,
)
from study_design.plan import Analysis
from study_design.rules import BrokenRules, broken_rules

PILOT = Path(__file__).parent / "protocols" / "pilot.yaml"
NULL = Path(__file__).parent / "protocols" / "null.yaml"


class Protocol(Part):
    """A study, whole. See `study_design/protocols/pilot.yaml` for one with comments.

    participants   planned number of complete participants
    rounds         rounds per participant; in each, every arm answers the same request
    requests       at least as many as rounds
    """

    study: StudyInfo
    participants: int = Field(ge=1)
    rounds: int = Field(ge=1, le=100)
    arms: Annotated[tuple[ArmChoice, ...], Field(min_length=2, max_length=26)]
    items: Annotated[tuple[Item, ...], Field(min_length=1)]
    choice: Choice
    comment: Comment | None = None
    requests: Annotated[tuple[RequestText, ...], Field(min_length=1)]
    practice: Practice
    background: tuple[Question, ...] = ()
    eligibility: tuple[EligibilityQuestion, ...] = ()
    attention_checks: tuple[AttentionCheck, ...] = ()
    closing: tuple[Question, ...] = ()
    update: Update
    generation: Generation = Generation()
    blinding: Blinding = Blinding()
    completion: Completion = Completion()
    analysis: Analysis
    consent: Consent

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        problems = tuple(broken_rules(self))
        if problems:
            raise BrokenRules(problems)
        return self

    @property
    def slots(self) -> tuple[str, ...]:
        """The positions on the screen, left to right: ("A", "B", "C") for three arms."""
        return tuple(string.ascii_uppercase[: len(self.arms)])

    @property
    def arm_names(self) -> tuple[str, ...]:
        """The arms' labels in the order of the file."""
        return tuple(arm.name for arm in self.arms)

    @property
    def systems(self) -> dict[str, str]:
        """Label -> system, as the registry of arms takes it."""
        return {arm.name: arm.system for arm in self.arms}

    def request(self, request_id: str) -> RequestText:
        """The request with this id; KeyError when there is none."""
        return {request.id: request for request in self.requests}[request_id]

    def item(self, item_id: str) -> Item:
        """The item with this id; KeyError when there is none."""
        return {item.id: item for item in self.items}[item_id]

    def attention_check(self, round_: int) -> AttentionCheck | None:
        """The attention check of this round, if it has one."""
        return next((check for check in self.attention_checks if check.round == round_), None)

    def canonical_json(self) -> str:
        """The protocol as JSON with sorted keys and no spaces: equal protocols, equal text."""
        return json.dumps(
            self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON in UTF-8, 64 hex digits."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()

    def to_yaml(self) -> str:
        """The protocol as a file that `load_protocol` reads back to the same hash."""
        return yaml.safe_dump(
            self.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100
        )

    def warnings(self) -> tuple[str, ...]:
        """What is allowed but must be settled before people take part."""
        found = []
        if self.consent.contact.startswith("["):
            found.append(
                "consent.contact: still the placeholder; fill in whom participants can reach"
            )
        if self.consent.approval is None:
            found.append("consent.approval: no ethics decision is named")
        return tuple(found)


def load_protocol(path: str | Path) -> Protocol:
    """Read a protocol file.

    Raises ProtocolError with the file and every broken rule, each with its field.

    >>> load_protocol(PILOT).slots
    ('A', 'B', 'C')
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ProtocolError(path, [Problem("", f"cannot be read ({error.strerror})")]) from error
    except UnicodeDecodeError as error:
        raise ProtocolError(path, [Problem("", "must be a text file in UTF-8")]) from error
    try:
        content = yaml.load(text, _UniqueKeys)
    except yaml.YAMLError as error:
        raise ProtocolError(path, [Problem("", f"is no valid YAML ({error})")]) from error
    if not isinstance(content, dict):
        raise ProtocolError(path, [Problem("", "must hold fields: study, participants, rounds, …")])
    try:
        return Protocol.model_validate(content)
    except ValidationError as error:
        raise ProtocolError(path, _problems(error)) from error


class _UniqueKeys(yaml.SafeLoader):
    """YAML that refuses a key given twice, where the plain loader would keep the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.YAMLError(f"{key.value!r} is given twice{key.start_mark}")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _problems(error: ValidationError) -> list[Problem]:
    problems: list[Problem] = []
    for entry in error.errors(include_url=False):
        cause = entry.get("ctx", {}).get("error")
        if isinstance(cause, BrokenRules):
            problems.extend(cause.problems)
            continue
        rule = entry["msg"].removeprefix("Value error, ")
        if entry["type"] == "missing":
            rule = "is missing"
        elif entry["type"] == "extra_forbidden":
            rule = "is no field of the protocol; remove it or correct its name"
        elif entry["type"] != "value_error":
            rule = f"{rule} (is {entry['input']!r})"
        problems.append(Problem(_path(entry["loc"]), rule))
    return problems


def _path(location: Iterable[str | int]) -> str:
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path
