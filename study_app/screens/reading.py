"""The texts of a round in their cards, rendered calmly and safely.

A text is written by a program, so nothing in it may act: no HTML, no links, no images, no formulas.
Its headings come below the page's own in size and in the outline.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence

import streamlit as st

from study_app.screens.session import words

_ACTS = re.compile(r"([<>\[\]!$~|&\\:`])")
_CODE = re.compile(r"((?<!`)`[^`]+`(?!`))")  # a code span shows its content as it is
_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_PAGE_LEVELS = 2  # h1 is the page's title, h2 names the text


def safe_markdown(text: str) -> str:
    """The text as markdown in which only headings, lists and emphasis have a meaning.

    >>> safe_markdown("# Plan <b>")
    '### Plan \\\\<b\\\\>'
    """
    return "\n".join(_safe_line(line) for line in text.splitlines())


def cards(slots: Sequence[tuple[str, str]], below: Callable[[str], None] | None = None) -> None:
    """One card a slot, side by side (one under the other on a phone), all at the same moment.

    slots   (letter, text) from left to right
    below   draws what stands under the text of a slot, inside its card
    """
    for column, (slot, text) in zip(st.columns(len(slots)), slots, strict=True):
        with column, st.container(key=f"card.{slot}", border=True):
            _letter(slot)
            with st.container(key=f"text.{slot}"):
                st.markdown(safe_markdown(text), anchors=False)
            if below is not None:
                with st.container(key=f"rating.{slot}"):
                    below(slot)


def skeletons(slots: Sequence[str]) -> None:
    """The cards before their texts are there: the same layout, nothing that jumps later."""
    lines = "".join(f'<i style="width:{width}%"></i>' for width in (62, 96, 91, 74))
    block = f'<div class="lines">{lines}</div>'
    for column, slot in zip(st.columns(len(slots)), slots, strict=True):
        with column, st.container(key=f"card.{slot}.waiting", border=True):
            _letter(slot)
            st.html(f'<div class="skeleton" aria-hidden="true">{block * 5}</div>')


def request(text: str) -> None:
    """The request that all texts of the round answer, at the top of the round."""
    catalogue = words()
    with st.container(key="request"):
        st.html(f'<p class="label">{html.escape(catalogue.request_label)}</p>')
        st.markdown(safe_markdown(text), anchors=False)


def _letter(slot: str) -> None:
    label = words().text_label.format(slot=slot)
    st.html(f'<h2 class="letter">{html.escape(label)}</h2>')


def _safe_line(line: str) -> str:
    heading = _HEADING.match(line)
    if heading is None:
        return _escaped(line.expandtabs(2))
    level = min(len(heading[1]) + _PAGE_LEVELS, 6)
    return f"{'#' * level} {_escaped(heading[2])}"


def _escaped(text: str) -> str:
    parts = _CODE.split(text)
    return "".join(
        part if is_code else _ACTS.sub(r"\\\1", part)
        for part, is_code in zip(parts, [False, True] * len(parts), strict=False)
    )
