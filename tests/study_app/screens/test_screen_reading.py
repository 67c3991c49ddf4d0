"""Texts are shown as reading matter: nothing in them acts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from study_app.screens.reading import safe_markdown

ACTING = {"html_block", "html_inline", "link_open", "image", "softbreak_html"}


def kinds(markdown: str) -> set[str]:
    tokens = MarkdownIt("commonmark", {"html": True}).parse(markdown)
    return {token.type for token in tokens} | {
        child.type for token in tokens for child in token.children or []
    }


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <b>bold</b> claim",
        "[a link](https://example.org)",
        "![an image](https://example.org/x.png)",
        "<https://example.org>",
        "\\[a](b)",
        "` [a](b) \\`",
        "``` [a](b) `",
        "[a]: https://example.org\n\n[a]",
    ],
)
def test_html_links_and_images_are_only_words(text: str) -> None:
    assert not kinds(safe_markdown(text)) & ACTING


@given(st.text(alphabet="ab`[]()!<>\\:/# \n&;*_-1.$~|", max_size=60))
def test_no_text_can_act(text: str) -> None:
    assert not kinds(safe_markdown(text)) & ACTING


def test_formulas_and_coloured_words_are_only_words() -> None:
    assert safe_markdown("costs $5 or $6, :red[x]") == r"costs \$5 or \$6, \:red\[x\]"


def test_headings_come_below_those_of_the_page() -> None:
    assert safe_markdown("# Title\n## When to use\n#### Deep") == (
        "### Title\n#### When to use\n###### Deep"
    )


def test_lists_emphasis_and_code_keep_their_meaning() -> None:
    text = "1. **first**\n2. *second*\n- `a < b`"
    assert safe_markdown(text) == text
