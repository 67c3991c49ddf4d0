"""The exact text form of a skill."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hare.data.skills import Skill, format_skill, is_well_formed, parse_skill
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
    steps=st.lists(lines, min_size=1, max_size=12).map(tuple),
    example=lines,
)
PLAN = Skill("Plan it", "A plan.", "Use it when late.", ("Start.", "Go on.", "End."), "She did.")
TEXT = format_skill(PLAN)


@given(skills)
def test_a_skill_comes_back_from_its_text_exactly(skill: Skill) -> None:
    assert parse_skill(format_skill(skill)) == skill
    assert is_well_formed(format_skill(skill))


@given(st.integers(0, len(TEXT)), st.integers(0, 3), st.text("#. \n123x", max_size=3))
def test_what_parses_is_written_back_to_the_same_text(at: int, cut: int, put: str) -> None:
    text = TEXT[:at] + put + TEXT[at + cut :]
    if is_well_formed(text):
        assert format_skill(parse_skill(text)) == text


@given(st.data())
def test_a_text_cut_short_never_parses_as_the_whole(data: st.DataObject) -> None:
    cut = TEXT[: data.draw(st.integers(0, len(TEXT) - 1))]
    assert not is_well_formed(cut) or parse_skill(cut) != PLAN


def test_markdown_inside_a_line_is_part_of_the_line() -> None:
    odd = Skill("# A", "## When to use", "1. When", ("2. First", "## Example"), "# End")
    assert parse_skill(format_skill(odd)) == odd


def test_labels_and_source_are_no_part_of_the_text() -> None:
    labelled = Skill("T", "D", "W", ("S",), "E", domain="writing", level="expert", source="us")
    assert format_skill(labelled) == format_skill(Skill("T", "D", "W", ("S",), "E"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "there is no title after '# '"),
        ("Plan it, once and for all.", "there is no title after '# '"),
        (TEXT.removeprefix("# "), "there is no title after '# '"),
        (TEXT.replace("## When to use\n", ""), "there is no '## When to use'"),
        (TEXT.replace("## Instructions\n", ""), "there is no '## Instructions'"),
        (TEXT.replace("## Example\n", ""), "there is no '## Example'"),
        (TEXT.replace("\nShe did.", "\n"), "out of order or one of them is empty"),
        (TEXT.replace("\n2. ", "\n3. "), "step 2 is numbered 3"),
        (TEXT.replace("\n1. ", "\n0. "), "step 1 is numbered 0"),
        (TEXT.replace("Plan it", " Plan it"), "title = ' Plan it'"),
        (TEXT + "\n", "out of order or one of them is empty"),
        (TEXT + "\n\n## Notes\nMore.", "out of order or one of them is empty"),
    ],
)
def test_a_malformed_text_is_refused_by_what_is_wrong_with_it(text: str, named: str) -> None:
    assert not is_well_formed(text)
    with pytest.raises(InputError, match=named.replace("(", r"\(")):
        parse_skill(text)


@pytest.mark.parametrize("value", ["", " ", " x", "x ", "x\ny", "x\u2028y", "x\r"])
def test_a_line_that_is_no_line_is_refused_by_its_name(value: str) -> None:
    with pytest.raises(InputError, match="example = "):
        Skill("T", "D", "W", ("S",), value)
    with pytest.raises(InputError, match="step 2 = "):
        Skill("T", "D", "W", ("S", value), "E")


def test_a_skill_without_steps_is_refused() -> None:
    with pytest.raises(InputError, match="steps"):
        Skill("T", "D", "W", (), "E")
