"""The collectors: what a file of each known form holds.

prompts.csv       act,prompt[,...]              awesome-chatgpt-prompts
a list            - **[name](url)** - a line    VoltAgent/awesome-agent-skills
SKILL.md          front matter and markdown     Jeffallan/claude-skills and many others
agents/, commands/, *.agent.md, patterns/*/system.md
*.json            agentname, systemprompt, ...  System-Prompt-Library, one entry or a list
*.yaml            a list of skills of our own form
Any other file is none of ours and gives nothing.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from hare.data.domains import skill_from
from hare.data.reading import Page, read_page, read_yaml
from hare.data.records import Provenance, Record, Refusal, record_of
from hare.data.sections import first_paragraph, part, split_when, title_of
from hare.data.skills import format_skill, is_well_formed, parse_skill
from hare.errors import InputError

LEAST_ENTRIES = 10  # linked entries that make a markdown file a list
LONGEST_YAML = 2**20

_FOLDERS = {
    "agents": "agent",
    "subagents": "agent",
    "chatmodes": "agent",
    "commands": "command",
    "prompts": "prompt",
    "instructions": "skill",
    "skills": "skill",
}
_ENDINGS = {
    ".agent.md": "agent",
    ".chatmode.md": "agent",
    ".prompt.md": "prompt",
    ".instructions.md": "skill",
}
_NO_RECORDS = frozenset(
    {"readme.md", "sources.md", "changelog.md", "contributing.md", "license.md", "licence.md",
     "security.md", "code_of_conduct.md", "index.md", "notice.md"}
)  # fmt: skip
_ENTRY = re.compile(
    r"[-*+] +(?:\*\*)?\[(?P<name>[^\]]+)\]\((?P<url>https?://[^)\s]+)\)(?:\*\*)?"
    r"\s*[-–—:]\s*(?P<description>.+)"
)
_HEADING = re.compile(r"#{1,6} +(.+)|.*<h[1-6][^>]*>(.+?)</h[1-6]>.*")
_TITLES = ("agentname", "name", "title", "act")
_DESCRIPTIONS = ("description", "agentdescription", "onelinesummary", "usecasedesc")
_PROMPTS = ("systemprompt", "systempromptoriginal", "depersonalisedsystemprompt", "prompt")


def records_in(
    path: PurePosixPath, text: str, notes: tuple[str, ...] = ()
) -> Iterator[Record | Refusal]:
    """The records of one file, in its order; nothing for a file of no known form.

    path    inside the source; it tells the form and goes into the provenance
    notes   what was said when the bytes were read
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".csv":
            yield from _prompts(path, text, notes)
        elif suffix == ".json":
            yield from _library(path, text, notes)
        elif suffix in (".yaml", ".yml"):
            yield from _skills(path, text)
        elif suffix in (".md", ".markdown", ".mdx"):
            yield from _markdown(path, text, notes)
    except InputError as error:
        yield Refusal(str(path), "unreadable", str(error))


def _prompts(path: PurePosixPath, text: str, notes: tuple[str, ...]) -> Iterator[Record]:
    for number, row in enumerate(_rows(text), start=1):
        act, prompt = row
        # Some prompts are folders: further files follow, each after a unit separator.
        prompt, *attached = prompt.split("\x1fFILE:")
        page = read_page(prompt)
        heading, body = title_of(page.body) if page.front else ("", page.body)
        when, instructions, examples = part(body)
        description = " ".join(page.text("description").split())
        if not when:
            description, when = split_when(description)
        left_out = (f"{len(attached)} attached files left out",) if attached else ()
        yield Record(
            "prompt",
            " ".join(act.split()) or heading,
            description,
            when,
            instructions,
            examples,
            notes=(*notes, *page.notes, *left_out),
            provenance=Provenance(
                path=str(path), place=f"row {number}", declared=page.text("license", "licence")
            ),
            raw=f"{act}\n\n{prompt}",
        )


def _rows(text: str) -> list[tuple[str, str]]:
    """(act, prompt) of every row; none when the table has no such columns."""
    # The reader's bound on a field is global. A row cut at it would end inside a quoted field and
    # turn the rest of the table into rows that nobody wrote, so the whole text is the bound here.
    bound = csv.field_size_limit(max(len(text), 1))
    try:
        table = csv.reader(io.StringIO(text, newline=""))
        names = [name.strip().lower() for name in next(table, [])]
        if not {"act", "prompt"} <= set(names):
            return []
        act, prompt = names.index("act"), names.index("prompt")
        return [
            (row[act], row[prompt] if len(row) > prompt else "") for row in table if len(row) > act
        ]
    except csv.Error as error:
        raise InputError(f"CSV does not parse ({error})") from error
    finally:
        csv.field_size_limit(bound)


def _library(path: PurePosixPath, text: str, notes: tuple[str, ...]) -> Iterator[Record]:
    if not re.search(r"prompt", text, re.IGNORECASE):
        return  # settings are JSON too, and often with comments
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"JSON does not parse ({type(error).__name__})") from error
    entries = content if isinstance(content, list) else [content]
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict):
            continue
        values = {re.sub(r"[^a-z0-9]", "", str(key).lower()): v for key, v in entry.items()}
        if not values.keys() & set(_PROMPTS):
            continue
        title, description, prompt = (
            _first(values, keys) for keys in (_TITLES, _DESCRIPTIONS, _PROMPTS)
        )
        when, instructions, examples = part(prompt)
        yield Record(
            "prompt",
            " ".join(title.split()),
            " ".join(description.split()),
            when,
            instructions,
            examples,
            category=_first(values, ("aienrichedcategory", "category")),
            notes=notes,
            provenance=Provenance(
                path=str(path),
                place=f"entry {number}" if isinstance(content, list) else "",
                declared=_first(values, ("license", "licence")),
            ),
            raw="\n\n".join((title, description, prompt)),
        )


def _first(values: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = values.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def _skills(path: PurePosixPath, text: str) -> Iterator[Record | Refusal]:
    if not re.search(r"^- +title:", text, re.MULTILINE):
        return  # settings and workflows are YAML too
    entries = read_yaml(text, LONGEST_YAML)
    for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
        place = f"entry {number}"
        try:
            if not isinstance(entry, dict):
                raise InputError("no mapping")
            skill = skill_from(entry, path.stem)
        except InputError as error:
            yield Refusal(str(path), "unreadable", f"{place}: {error}")
        else:
            yield replace(
                record_of(skill, format_skill(skill)),
                provenance=Provenance(path=str(path), place=place),
            )


def _markdown(path: PurePosixPath, text: str, notes: tuple[str, ...]) -> Iterator[Record]:
    page = read_page(text)
    kind = _kind(path, page)
    if kind is None:
        yield from _list(path, text, notes)
        return
    place = Provenance(path=str(path), declared=page.text("license", "licence"))
    try:
        yield replace(record_of(parse_skill(text), text), provenance=place, notes=notes)
        return
    except InputError:
        pass
    folder = path.parent.name if path.name.lower() in ("skill.md", "system.md") else ""
    name = page.text("name", "title") or folder or path.name.split(".")[0]
    heading, body = title_of(page.body)
    # Fabric's first heading names a section that all its patterns share.
    title = name if kind == "pattern" or not heading else heading
    when, instructions, examples = part(page.body if kind == "pattern" else body)
    description = " ".join((page.text("description", "summary") or first_paragraph(body)).split())
    when = page.text("when_to_use", "when-to-use") or when
    if not when:
        description, when = split_when(description)
    yield Record(
        kind,
        _spoken(title),
        description,
        when,
        instructions,
        examples,
        category=page.text("category", "domain", "subdomain"),
        notes=(*notes, *page.notes),
        provenance=place,
        raw=text,
    )


def _kind(path: PurePosixPath, page: Page) -> str | None:
    """What a markdown file holds by its name, its folder and its front matter; None for a page."""
    name = path.name.lower()
    if name == "skill.md":
        return "skill"
    if name == "system.md":
        return "pattern"
    for ending, kind in _ENDINGS.items():
        if name.endswith(ending):
            return kind
    if name in _NO_RECORDS:
        return None
    folders = [_FOLDERS[part] for part in path.parts[:-1] if part.lower() in _FOLDERS]
    if page.text("name") and page.text("description"):
        return folders[-1] if folders else "agent"
    if path.parent.name.lower() in ("agents", "subagents", "chatmodes", "commands", "prompts"):
        return _FOLDERS[path.parent.name.lower()]
    return "skill" if is_well_formed(page.body) else None


def _list(path: PurePosixPath, text: str, notes: tuple[str, ...]) -> Iterator[Record]:
    entries: list[Record] = []
    heading = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if match := _HEADING.fullmatch(line.strip()):
            heading = " ".join((match[1] or match[2]).split())
        elif match := _ENTRY.fullmatch(line.strip()):
            entries.append(
                Record(
                    "listing",
                    match["name"].strip(),
                    match["description"].strip(),
                    when="",
                    instructions="",
                    examples="",
                    category=heading,
                    notes=notes,
                    provenance=Provenance(path=str(path), place=f"line {number}"),
                    raw=line,
                )
            )
    if len(entries) >= LEAST_ENTRIES:
        yield from entries


def _spoken(name: str) -> str:
    """A file's name as a title; a title as it is."""
    title = " ".join(name.split())
    if re.fullmatch(r"[a-z0-9]+([-_][a-z0-9]+)*", title):
        title = " ".join(re.split(r"[-_]", title))
        title = title[0].upper() + title[1:]
    return title
