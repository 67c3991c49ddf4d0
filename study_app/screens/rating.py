"""The questions of a round: the same widgets in the practice and in every round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from study_app.screens.questions import Questions
from study_app.screens.reading import safe_markdown
from study_app.screens.session import words
from study_design import Protocol
from study_design.parts import AttentionCheck


def scales(protocol: Protocol) -> None:
    """All points of all scales in words, folded away until somebody wants them."""
    with st.expander(words().scales_label):
        for item in protocol.items:
            st.markdown(f"**{safe_markdown(item.question)}**")
            points = zip(item.scale.points, item.anchors, strict=True)
            st.markdown("\n".join(f"- {point} – {safe_markdown(text)}" for point, text in points))


def rate(asked: Questions, protocol: Protocol, slot: str) -> None:
    """The rating rows of one slot, to stand under its text."""
    for item in protocol.items:
        asked.scale(
            f"{slot}.{item.id}",
            item.question,
            item.anchors,
            item.scale.low,
            words().rating_label.format(slot=slot, question=item.question),
        )


def ask_about_round(
    asked: Questions, protocol: Protocol, check: AttentionCheck | None = None
) -> None:
    """Which text is best, the attention check if the round has one, and room for a comment."""
    asked.slot("choice", protocol.choice.question, protocol.slots)
    if check is not None:
        asked.choice(f"attention.{check.id}", check.question, check.options)
    if protocol.comment is not None:
        asked.words(
            "comment",
            protocol.comment.question,
            protocol.comment.max_length,
            required=False,
            lines=3,
        )


def ratings_by_slot(answers: Mapping[str, Any], protocol: Protocol) -> dict[str, dict[str, int]]:
    """Slot -> item -> point, from the page's fields "A.relevance"."""
    return {
        slot: {item.id: answers[f"{slot}.{item.id}"] for item in protocol.items}
        for slot in protocol.slots
    }
