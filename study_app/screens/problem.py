"""What a visitor reads when something is wrong: what happened, and what to do."""

from __future__ import annotations

import streamlit as st

from study_app.screens import layout, session
from study_app.study import Study


def bad_link(study: Study) -> None:
    """The token in the address was altered, cut short, or is not of this study."""
    words = session.words()
    _say(study, words.bad_link_title, words.bad_link_body, words.bad_link_do)


def closed(study: Study) -> None:
    """Nobody can enrol at the moment."""
    words = session.words()
    _say(study, words.closed_title, words.closed_body)


def not_written(study: Study) -> None:
    """The texts of a round could not be written; nothing was stored of it."""
    words = session.words()
    _say(study, words.not_written_title, words.not_written_body)
    if st.button(words.try_again, type="primary", key="again"):
        st.rerun()


def fault(_: Exception) -> bool:
    """For any error that nobody expected: it is logged; the visitor reads what they can do."""
    words = session.words()
    _say(session.opened_study(), words.fault_title, words.fault_body)
    return True


def _say(study: Study, title: str, *paragraphs: str) -> None:
    with layout.column("problem"):
        layout.title(title)
        for paragraph in paragraphs:
            st.markdown(paragraph.format(contact=study.protocol.consent.contact))
