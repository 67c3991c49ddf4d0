"""Records, skills and provenance: round trips, and nothing made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hare.data.corpus import Corpus
from hare.data.domains import domain_names, load_domain, skill_from
from hare.data.provenance import Origins, licence_kind, named_licence
from hare.data.records import (
    KINDS,
    Provenance,
    Record,
    SourceFile,
    SourceTree,
    read_records,
    record_as_json,
    skill_of,
)
from hare.data.skills import Skill, format_skill, parse_skill
from hare.data.sources import records_in
from hare.data.validate import validate
from hare.errors import InputError

lines = (
    st.text(min_size=1, max_size=30)
    .map(str.strip)
    .filter(lambda text: text != "" and len(text.splitlines()) == 1)
)
skills = st.builds(
    Skill,
    title=lines,
    description=lines,
    when=lines,
    steps=st.lists(lines, min_size=1, max_size=5).map(tuple),
    example=lines,
)
records = st.builds(
    Record,
    kind=st.sampled_from(KINDS),
    title=st.text(max_size=20),
    description=st.text(max_size=20),
    when=st.text(max_size=20),
    instructions=st.text(max_size=40),
    examples=st.text(max_size=20),
    category=st.text(max_size=10),
    notes=st.lists(st.text(max_size=10), max_size=2).map(tuple),
    provenance=st.builds(
        Provenance,
        source=st.text(max_size=9),
        licence=st.text(max_size=9),
        path=st.text(max_size=9),
    ),
)


def collected(text: str, path: str = "skills/x/SKILL.md") -> Record:
    (record,) = records_in(PurePosixPath(path), text)
    assert isinstance(record, Record)
    return record


@given(skills)
def test_a_skill_comes_back_exactly_from_its_collected_text(skill: Skill) -> None:
    record = collected(format_skill(skill))
    back = skill_of(record)
    assert format_skill(back) == format_skill(skill)
    assert record.raw == format_skill(skill)


def test_a_skill_that_is_collected_says_where_it_comes_from_and_under_what_licence() -> None:
    text = format_skill(Skill("T", "D", "W", ("S",), "E"))
    tree = SourceTree(
        "here",
        (
            SourceFile(PurePosixPath("who__what/LICENSE"), b"Apache License\nVersion 2.0"),
            SourceFile(PurePosixPath("who__what/SKILL.md"), text.encode()),
        ),
    )
    record = collected(text, "who__what/SKILL.md")
    provenance = Origins(tree).complete(record.provenance)
    skill = skill_of(Record("skill", "T", "D", "W", "1. S", "E", provenance=provenance))
    assert skill == Skill(
        "T", "D", "W", ("S",), "E", source="who/what who__what/SKILL.md", licence="Apache-2.0"
    )
    assert parse_skill(format_skill(skill)) == Skill("T", "D", "W", ("S",), "E")


@given(st.lists(records, max_size=3))
def test_records_come_back_from_their_lines_but_for_the_raw_text(
    tmp_path_factory: pytest.TempPathFactory, written: list[Record]
) -> None:
    path = tmp_path_factory.mktemp("lines") / "skills.jsonl"
    path.write_text("".join(record_as_json(r) + "\n" for r in written), "ascii")
    back = list(read_records(path))
    assert back == written
    assert [r.id for r in back] == [r.id for r in written]


@pytest.mark.parametrize("line", ["{", "{}", "[]", '{"id": 1, "kind": 2}', '"x"'])
def test_a_line_that_is_no_record_is_refused_by_its_number(line: str, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(line + "\n")
    with pytest.raises(InputError, match=r"x\.jsonl, line 1: not a record"):
        list(read_records(tmp_path / "x.jsonl"))


@pytest.mark.parametrize("missing", ["title", "description", "when", "examples", "instructions"])
def test_a_record_without_a_section_is_no_skill_and_nothing_is_made_up(missing: str) -> None:
    whole = Record("skill", "T", "D", "W", "- one\n- two", "E")
    assert skill_of(whole).steps == ("one", "two")
    with pytest.raises(InputError, match=r"none|no list"):
        skill_of(replace(whole, **{missing: ""}))


def test_list_items_inside_code_are_no_steps() -> None:
    text = "- [ ] first\n```\n- not this\n```\n3) third\n* last"
    assert skill_of(Record("skill", "T", "D", "W", text, "E")).steps == ("first", "third", "last")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (
            "MIT License\n\nPermission is hereby granted, free of\ncharge ... without restriction",
            "MIT",
        ),
        ("Creative Commons Legal Code\n\nCC0 1.0 Universal", "CC0-1.0"),
        ("GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007", "GPL-3.0"),
        ("Attribution-ShareAlike 4.0 International", "CC-BY-SA-4.0"),
        ("All rights reserved.", "unrecognised"),
        ("", "unrecognised"),
    ],
)
def test_a_licence_is_told_by_its_text(text: str, kind: str) -> None:
    assert licence_kind(text) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("MIT", "MIT"),
        ("the MIT licence", "MIT"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("3-clause BSD license", "BSD-3-Clause"),
        ("GPLv3", "GPL-3.0"),
        ("BSD", ""),
        ("Proprietary", ""),
    ],
)
def test_a_licence_is_told_by_its_name(name: str, kind: str) -> None:
    assert named_licence(name) == kind


@pytest.mark.parametrize(
    ("path", "declared", "licence", "licence_from"),
    [
        ("a/x/SKILL.md", "", "MIT", "a/LICENSE"),
        ("a/b/SKILL.md", "", "Apache-2.0", "a/b/LICENSE.txt"),
        ("a/b/SKILL.md", "Complete terms in LICENSE.txt", "Apache-2.0", "a/b/LICENSE.txt"),
        ("a/b/SKILL.md", "CC0-1.0", "CC0-1.0", "its own field"),
        ("a/b/SKILL.md", "Proprietary", "unrecognised", "its own field"),
        ("c/SKILL.md", "", "unknown", ""),
    ],
)
def test_the_nearest_licence_speaks_unless_the_text_has_its_own(
    path: str, declared: str, licence: str, licence_from: str
) -> None:
    mit = b"Permission is hereby granted, free of charge, without restriction"
    tree = SourceTree(
        "here",
        (
            SourceFile(PurePosixPath("a/LICENSE"), mit),
            SourceFile(PurePosixPath("a/b/LICENSE.txt"), b"Apache License, Version 2.0"),
            SourceFile(PurePosixPath("a/license-engineer.md"), b"Mozilla Public License 2.0"),
        ),
    )
    found = Origins(tree).complete(Provenance(path=path, declared=declared))
    assert (found.licence, found.licence_from, found.source) == (licence, licence_from, "here")


def test_a_folder_can_say_its_origin() -> None:
    said = b"# A\n\n- repository: https://example.org/a/b\n- commit: abc123 (2026-01-01)\n"
    tree = SourceTree("here", (SourceFile(PurePosixPath("a__b/SOURCES.md"), said),))
    found = Origins(tree).complete(Provenance(path="a__b/skills/SKILL.md"))
    assert (found.repository, found.commit) == ("https://example.org/a/b", "abc123")


@pytest.mark.parametrize("name", ["recipes", "study_plans"])
def test_a_further_domain_goes_through_the_same_form_screening_and_collectors(name: str) -> None:
    texts = load_domain(name)
    assert len(texts) == 12
    assert {skill.domain for skill in texts} == {name}
    for skill in texts:
        record = collected(format_skill(skill))
        assert validate(record) == ()
        assert format_skill(skill_of(record)) == format_skill(skill)
        assert 60 <= len(format_skill(skill).split()) <= 165
    assert {skill.level for skill in texts} == {"beginner", "practitioner", "expert"}
    assert len({skill.title for skill in texts}) == 12
    path = Path(__file__).parents[3] / "hare" / "data" / "more" / f"{name}.yaml"
    found = list(records_in(PurePosixPath(path.name), path.read_text("utf-8")))
    assert [r.title for r in found if isinstance(r, Record)] == [s.title for s in texts]


def test_every_hand_written_skill_passes_the_screening(corpus: Corpus) -> None:
    for skill in corpus.written:
        assert validate(collected(format_skill(skill))) == (), skill.title


def test_an_unknown_domain_is_refused_by_the_names_of_the_known_ones() -> None:
    assert domain_names() == ("recipes", "study_plans")
    with pytest.raises(InputError, match="'poems': must be one of recipes, study_plans"):
        load_domain("poems")
    with pytest.raises(InputError, match="level = "):
        skill_from({"title": "t", "steps": ["s"], "level": ["x"]}, "recipes")
