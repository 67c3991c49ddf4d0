"""What a collector reads and what it makes of it: files, records, and refusals with their reason.

A `Record` is one published skill or prompt as its author wrote it, parted into sections, with its
provenance. It is longer and looser than a `Skill`; `skill_of` gives the one-page form of those
records that have all its sections.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from hare.data.sections import unfenced
from hare.data.skills import Skill
from hare.errors import InputError

KINDS = ("skill", "agent", "command", "pattern", "prompt", "listing")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a source: its path inside the source, and its bytes."""

    path: PurePosixPath
    data: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file, or a part of one, that could not be read as a record."""

    path: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class SourceTree:
    """The readable files of one source, in order of their paths.

    name                 the source as it was asked for, without credentials
    repository, commit   where it was cloned from; "" for a folder or an archive
    refused              files that were not read, each with its reason
    ignored              how many files are of no kind that a collector reads
    """

    name: str
    files: tuple[SourceFile, ...]
    refused: tuple[Refusal, ...] = ()
    ignored: int = 0
    repository: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a record comes from and under what terms.

    repository, commit   as far as known, else ""
    path, place          the file inside the source; the row or line in it, "" for a whole file
    licence              a kind such as "MIT", "unrecognised", or "unknown" where there is none
    licence_from         the licence file or the field that says so
    declared             what the record itself says of its licence, word for word
    """

    source: str = ""
    repository: str = ""
    commit: str = ""
    path: str = ""
    place: str = ""
    licence: str = "unknown"
    licence_from: str = ""
    declared: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One published skill or prompt.

    kind           one of KINDS
    description    one paragraph; "" when there is none
    when, instructions, examples   markdown as written; "" when there is no such section
    category       what the author files it under; "" when unknown
    notes          what had to be mended to read it
    raw            the whole text as published, front matter included: what is screened, not kept
    """

    kind: str
    title: str
    description: str
    when: str
    instructions: str
    examples: str
    category: str = ""
    notes: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    raw: str = field(default="", repr=False)

    @property
    def id(self) -> str:
        """Sixteen hex digits that follow from place and words."""
        key = "\0".join((self.provenance.path, self.provenance.place, self.title, self.body))
        return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def body(self) -> str:
        """The advice itself: when to use it, instructions and examples."""
        return "\n\n".join(filter(None, (self.when, self.instructions, self.examples)))


def record_as_json(record: Record) -> str:
    """The record as one line of JSON, `raw` left out, ASCII throughout."""
    values = asdict(record)
    del values["raw"]
    return json.dumps({"id": record.id} | values)


def read_records(path: Path) -> Iterator[Record]:
    """Read the lines that `record_as_json` wrote; `raw` comes back empty.

    Raises InputError, naming the line, for anything else.
    """
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            values: dict[str, Any] = json.loads(line)
            del values["id"]
            values["provenance"] = Provenance(**values["provenance"])
            values["notes"] = tuple(values["notes"])
            yield Record(**values)
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path.name}, line {number}: not a record ({error})") from error


def record_of(skill: Skill, raw: str) -> Record:
    """A skill as a record; `skill_of` gives it back but for its labels and source."""
    steps = "\n".join(f"{k}. {step}" for k, step in enumerate(skill.steps, start=1))
    return Record(
        "skill",
        skill.title,
        skill.description,
        skill.when,
        steps,
        skill.example,
        skill.domain,
        raw=raw,
    )


def skill_of(record: Record) -> Skill:
    """The record as a one-page skill: each section on one line, each list item a step.

    Raises InputError, naming the section, when one is missing: nothing is made up.
    """
    sections = {
        "title": record.title,
        "description": record.description,
        "when": record.when,
        "example": record.examples,
    }
    for name, text in sections.items():
        if not text.strip():
            raise InputError(f"{name}: the record has none")
    steps = tuple(_steps(record.instructions))
    if not steps:
        raise InputError("steps: the instructions hold no list")
    lines = {name: _one_line(text) for name, text in sections.items()}
    return Skill(
        title=lines["title"],
        description=lines["description"],
        when=lines["when"],
        steps=steps,
        example=lines["example"],
        domain=record.category,
        source=" ".join(filter(None, (record.provenance.repository, record.provenance.path))),
        licence=record.provenance.licence,
    )


_ITEM = re.compile(r"(?:\d{1,3}[.)]|[-*+]) +(?:\[[ xX]\] )?(?P<text>\S.*)")


def _steps(markdown: str) -> Iterator[str]:
    lines = markdown.split("\n")
    if all(line.startswith(f"{k}. ") for k, line in enumerate(lines, start=1)):
        yield from (line.split(". ", 1)[1] for line in lines)
        return
    yield from (_one_line(m["text"]) for m in map(_ITEM.fullmatch, unfenced(lines)) if m)


def _one_line(text: str) -> str:
    lines = text.splitlines()
    return text.strip() if len(lines) == 1 else " ".join(" ".join(lines).split())
