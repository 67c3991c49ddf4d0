"""The collectors on tiny files in the real forms, and on broken ones."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hare.data.records import Record, Refusal
from hare.data.sources import LEAST_ENTRIES, records_in


def read(path: str, text: str) -> list[Record]:
    found = list(records_in(PurePosixPath(path), text))
    assert not [entry for entry in found if isinstance(entry, Refusal)]
    return [entry for entry in found if isinstance(entry, Record)]


def refused(path: str, text: str) -> list[str]:
    return [e.detail for e in records_in(PurePosixPath(path), text) if isinstance(e, Refusal)]


def test_a_table_of_prompts_gives_a_record_a_row_with_its_place() -> None:
    text = 'act,prompt,for_devs,type\nBaker,"Knead, then\nwait ""long""",FALSE,TEXT\nPoet,Rhyme.\n'
    baker, poet = read("x/prompts.csv", text)
    assert (baker.title, baker.instructions) == ("Baker", 'Knead, then\nwait "long"')
    assert (baker.provenance.path, baker.provenance.place) == ("x/prompts.csv", "row 1")
    assert (poet.kind, poet.title, poet.provenance.place) == ("prompt", "Poet", "row 2")


def test_a_very_long_prompt_does_not_break_the_rows_after_it() -> None:
    long = "word, " * 40_000
    rows = read("prompts.csv", f'act,prompt\nLong,"{long}"\nShort,Hello.\n')
    assert [row.title for row in rows] == ["Long", "Short"]
    assert rows[0].instructions == long.strip()


def test_a_prompt_that_is_a_folder_is_read_without_its_attached_files() -> None:
    skill = "---\nname: tidy\ndescription: Tidies. Use when messy.\n---\n# Tidy\nSort it."
    (record,) = read("p.csv", f'act,prompt\nTidy,"{skill}\x1fFILE:run.py\x1eprint()"\n')
    assert (record.description, record.when, record.instructions) == (
        "Tidies.",
        "Use when messy.",
        "Sort it.",
    )
    assert record.notes == ("1 attached files left out",)
    assert "print" not in record.raw


def test_another_table_holds_no_prompts() -> None:
    assert read("x.csv", "a,b\n1,2\n") == []
    assert read("x.csv", "") == []


def test_a_skill_is_read_with_front_matter_and_sections() -> None:
    text = (
        "---\nname: sql-review\ndescription: Reviews queries. Use when a page is slow.\n"
        "license: MIT\ncategory: data\n---\n# SQL review\n\nRead the plan.\n\n"
        "## Workflow\n1. Look.\n2. Measure.\n\n## Examples\nA join."
    )
    (record,) = read("skills/sql-review/SKILL.md", text)
    assert (record.kind, record.title, record.category) == ("skill", "SQL review", "data")
    assert (record.description, record.when) == ("Reviews queries.", "Use when a page is slow.")
    assert record.instructions == "Read the plan.\n\n## Workflow\n1. Look.\n2. Measure."
    assert (record.examples, record.provenance.declared) == ("A join.", "MIT")
    assert record.raw == text


def test_a_skill_without_anything_but_text_is_called_by_its_folder() -> None:
    (record,) = read("skills/sql-review/SKILL.md", "Just read the plan.\n\n- Then measure.")
    assert (record.title, record.description) == ("Sql review", "Just read the plan.")


@pytest.mark.parametrize(
    ("path", "text", "kind", "title"),
    [
        ("agents/tester.agent.md", "---\ndescription: d\n---\nBe it.", "agent", "Tester"),
        (
            "categories/01-core/api.md",
            "---\nname: api\ndescription: d\n---\nBe it.",
            "agent",
            "Api",
        ),
        ("commands/fix-issue.md", "Fix the issue.", "command", "Fix issue"),
        ("prompts/plan.prompt.md", "Plan it.", "prompt", "Plan"),
        ("patterns/find_gaps/system.md", "# IDENTITY\n\nYou find gaps.", "pattern", "Find gaps"),
    ],
)
def test_a_markdown_file_is_known_by_name_folder_or_front_matter(
    path: str, text: str, kind: str, title: str
) -> None:
    (record,) = read(path, text)
    assert (record.kind, record.title) == (kind, title)


@pytest.mark.parametrize("path", ["docs/guide.md", "skills/x/references/notes.md", "README.md"])
def test_a_page_is_no_record(path: str) -> None:
    assert read(path, "# A guide\n\n- [one](https://example.org/1) - a link\n") == []


def test_a_list_gives_an_entry_a_link_with_its_heading_and_no_instructions() -> None:
    entries = [
        f"- **[who/s{k}](https://example.org/{k})** - Does {k}" for k in range(LEAST_ENTRIES)
    ]
    text = "\n".join(["# List", "- [Contents](#contents)", "<h3>Official</h3>", *entries])
    records = read("README.md", text)
    assert len(records) == LEAST_ENTRIES
    first = records[0]
    assert (first.kind, first.title, first.description) == ("listing", "who/s0", "Does 0")
    assert (first.category, first.instructions) == ("Official", "")
    assert first.provenance.place == "line 4"
    assert read("README.md", "\n".join(entries[1:])) == []


def test_a_library_entry_is_read_alone_and_in_a_list() -> None:
    entry = {"agentname": "Wine scout", "description": "Finds wine.", "systemprompt": "Ask first."}
    other = {"agent_name": "Tea", "Description": None, "System Prompt": "Steep.", "Is Agent": True}
    (alone,) = read("json/wine.json", json.dumps(entry))
    wine, tea = read("all.json", json.dumps([entry, other, "odd"]))
    assert (alone.title, alone.description, alone.instructions) == (
        "Wine scout",
        "Finds wine.",
        "Ask first.",
    )
    assert (wine.provenance.place, tea.provenance.place) == ("entry 1", "entry 2")
    assert (tea.title, tea.description, tea.instructions) == ("Tea", "", "Steep.")


def test_an_entry_of_nulls_is_a_record_without_advice() -> None:
    (record,) = read("all.json", '[{"agent_name": null, "System Prompt": null}]')
    assert (record.title, record.body) == ("", "")


def test_settings_are_no_records_even_when_they_do_not_parse() -> None:
    assert read("tsconfig.json", "{ // comment\n}") == []
    assert read("ci.yaml", "a: &x 1\nb: *x\n") == []


@pytest.mark.parametrize(
    ("path", "text", "named"),
    [
        ("x.json", '{"systemprompt": ', "JSON does not parse"),
        ("x.json", '{"prompt": ' + "[" * 100_000, "JSON does not parse"),
        ("x.yaml", "- title: &a x\n  steps: *a\n", "YAML with aliases"),
        ("x.yaml", "- title: t\n  steps: one\n", "entry 1: steps: must be a list"),
        ("x.yaml", "- title: {a: b}\n  steps: [x]\n", "entry 1: title"),
        ("x.yaml", "- title: t\n  steps: [x]\n", "entry 1: description = '': must be one line"),
    ],
)
def test_a_file_that_should_hold_records_and_does_not_is_refused_by_name(
    path: str, text: str, named: str
) -> None:
    (detail,) = refused(path, text)
    assert named in detail


@given(
    st.sampled_from(["SKILL.md", "README.md", "p.csv", "l.json", "s.yaml", "agents/a.md"]),
    st.one_of(st.text(max_size=200), st.text("#-[]():{}\"',\n act prompt title", max_size=200)),
)
def test_no_text_makes_a_collector_fail(path: str, text: str) -> None:
    for entry in records_in(PurePosixPath(path), text):
        assert isinstance(entry, Record | Refusal)
