"""From bytes to text to front matter: every encoding by name, and nothing that unfolds or fails."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hare.data.reading import DEEPEST_YAML, decode, read_page, read_yaml
from hare.data.sections import part, split_when, title_of
from hare.errors import InputError

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\0\ufeff"), max_size=60
)


@pytest.mark.parametrize(
    ("data", "text", "note"),
    [
        (b"caf\xc3\xa9\r\nbar\rbaz", "café\nbar\nbaz", ""),
        (codecs.BOM_UTF8 + b"plain", "plain", ""),
        ("café".encode("utf-16"), "café", "read as utf-16"),
        (codecs.BOM_UTF16_BE + "café".encode("utf-16-be"), "café", "read as utf-16"),
        ("café".encode("utf-32"), "café", "read as utf-32"),
        (b"caf\xe9 \x93quoted\x94", "café “quoted”", "no UTF-8: read as Windows-1252"),
        (b"", "", ""),
    ],
)
def test_a_text_is_read_in_its_encoding_and_a_guess_is_noted(
    data: bytes, text: str, note: str
) -> None:
    assert decode(data) == (text, (note,) if note else ())


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"PK\x03\x04\x00\x00", "NUL"),
        ("no mark".encode("utf-16-le"), "NUL"),
        (codecs.BOM_UTF16_LE + b"odd", "says utf-16 and is not"),
        (codecs.BOM_UTF8 + b"\xff", "says utf-8-sig and is not"),
        (b"\x81\x8d\xe9", "neither UTF-8 nor Windows-1252"),
    ],
)
def test_bytes_that_are_no_text_are_refused_by_what_is_wrong(data: bytes, named: str) -> None:
    with pytest.raises(InputError, match=named):
        decode(data)


@given(texts)
def test_any_text_is_read_back_from_utf_8(text: str) -> None:
    assert decode(text.encode()) == (text, ())


def test_front_matter_is_strings_whatever_it_looks_like() -> None:
    page = read_page("---\nname: tidy\nversion: 1.10\nsince: 2024-99-99\non: yes\n---\nBody.\n")
    assert page.front == {"name": "tidy", "version": "1.10", "since": "2024-99-99", "on": "yes"}
    assert (page.body, page.notes) == ("Body.\n", ())


@pytest.mark.parametrize(
    ("front", "description"),
    [
        ("name: a\ndescription: Checks: links and 'quotes\n", "Checks: links and 'quotes"),
        ("name: a\n\tdescription: [\ndescription: fine\n", "fine"),
        ("name: a\ndescription: >\n  one\n  two\nbad: {\n", "one two"),
        ("name: a\ndescription: &x [1]\nb: *x\n", "&x [1]"),
        ("- name\n- a\ndescription: odd\n", "odd"),
    ],
)
def test_broken_front_matter_is_read_line_by_line_and_said_so(front: str, description: str) -> None:
    page = read_page(f"---\n{front}---\nBody.")
    assert page.text("description") == description
    assert page.body == "Body."
    (note,) = page.notes
    assert note.startswith("front matter read line by line: ")


def test_front_matter_without_an_end_is_part_of_the_body_and_noted() -> None:
    text = "---\nname: a\nand so on"
    page = read_page(text)
    assert (page.front, page.body, page.notes) == ({}, text, ("front matter has no end",))


def test_a_rule_across_the_page_is_no_front_matter() -> None:
    assert read_page("---\n\nJust a line.").notes == ()


@pytest.mark.parametrize(
    ("hostile", "named"),
    [
        (BOMB, "aliases"),
        ("a: " + "[" * 500 + "]" * 500, f"deeper than {DEEPEST_YAML}"),
        ("a: " + "[" * 5000, "YAML"),
        ("x" * 20_000, "more than 16384 characters"),
        ("? {a: b}\n: c", "does not parse"),
    ],
)
def test_yaml_that_unfolds_or_runs_or_digs_is_refused_by_name(hostile: str, named: str) -> None:
    with pytest.raises(InputError, match=named):
        read_yaml(hostile, 16_384)


def test_a_tag_that_would_run_a_command_means_nothing() -> None:
    assert read_yaml("!!python/object/apply:os.system ['true']", 100) == ["true"]


@given(st.text(max_size=80), st.text(max_size=40))
def test_no_front_matter_makes_reading_fail(front: str, body: str) -> None:
    page = read_page(f"---\n{front}\n---\n{body}")
    assert isinstance(page.body, str)
    page.text("name", "description")


def test_sections_are_parted_by_their_headings_and_nothing_is_lost() -> None:
    text = (
        "Opening.\n\n## When to use this skill\n- At dusk\n\n### Not when\nIt rains.\n\n"
        "## Workflow\n1. Go\n\n## Examples\nShe went.\n\n## Notes\nLast."
    )
    when, instructions, examples = part(text)
    assert when == "- At dusk\n\n### Not when\nIt rains."
    assert instructions == "Opening.\n\n## Workflow\n1. Go\n\n## Notes\nLast."
    assert examples == "She went."


def test_a_heading_inside_code_is_code() -> None:
    text = "```\n## Example\n```\nEnd."
    assert part(text) == ("", text, "")


@given(st.lists(st.sampled_from(["# A", "## When to use", "## Example", "x", "```", "", "- y"])))
def test_every_line_that_is_no_section_heading_lands_in_one_section(lines: list[str]) -> None:
    sections = part("\n".join(lines))
    words = [line for line in lines if line in ("x", "- y", "# A")]
    found = [line for section in sections for line in section.split("\n") if line in set(words)]
    assert sorted(found) == sorted(words)


def test_the_opening_heading_is_the_title_and_a_later_one_is_not() -> None:
    assert title_of("\n# Bake\nText.") == ("Bake", "Text.")
    assert title_of("Text.\n# Bake") == ("", "Text.\n# Bake")
    assert title_of("## Steps\nText.")[0] == ""


def test_a_description_that_is_nothing_but_its_use_stays_whole() -> None:
    assert split_when("Use when tired.") == ("Use when tired.", "")
