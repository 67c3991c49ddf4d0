"""The pages on which the study ends: completed, not eligible, withdrawn."""

from __future__ import annotations

import streamlit as st

from study_app import participants
from study_app.participants import Participant
from study_app.screens import layout, session
from study_app.study import Study


def debrief(study: Study, participant: Participant) -> None:
    """What the study was about, and the completion code once everything is stored."""
    words = session.words()
    protocol = study.protocol
    completion = participants.completion(study, participant)
    body = words.debrief_frozen if protocol.update.policy == "frozen" else words.debrief_body
    with layout.column():
        layout.title(words.debrief_title)
        layout.arrive("debrief")
        st.write(body.format(rounds=protocol.rounds, texts=len(protocol.slots)))
        with st.container(key="completion"):
            st.subheader(words.code_title, anchor=False)
            st.code(completion.code, language=None)
            st.caption(words.code_body)
            if completion.url:
                st.link_button(words.code_link, completion.url, type="primary")
        st.write(words.debrief_contact.format(contact=protocol.consent.contact))
        st.caption(words.close_page)


def screened_out(study: Study) -> None:
    """A friendly end for those who cannot take part."""
    words = session.words()
    with layout.column():
        layout.title(words.screened_title)
        layout.arrive("screened")
        st.write(words.screened_body)
        if study.protocol.completion.screened_out_url:
            st.link_button(words.screened_link, study.protocol.completion.screened_out_url)


def withdrawn(study: Study) -> None:
    """After withdrawing: what that means, and nothing more to do."""
    words = session.words()
    with layout.column():
        layout.title(words.withdrawn_title)
        layout.arrive("withdrawn")
        st.write(words.withdrawn_body)
        st.write(words.withdrawn_contact.format(contact=study.protocol.consent.contact))
        if study.protocol.completion.returned_url:
            st.link_button(words.screened_link, study.protocol.completion.returned_url)
