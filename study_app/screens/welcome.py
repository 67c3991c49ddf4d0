"""Welcome and consent. Nothing is stored, and nobody enrolled, before the button is pressed."""

from __future__ import annotations

import html

import streamlit as st

from study_app import participants
from study_app.errors import ProtocolChangedError, StudyFull
from study_app.screens import layout, problem, session
from study_app.study import Study
from study_design import consent_text


def show(study: Study) -> None:
    """The consent form; agreeing enrols the participant and puts their token into the address."""
    words = session.words()
    visit, recruitment = session.visit(), session.recruitment()
    with layout.column():
        st.markdown(consent_text(study.protocol), anchors=False)
        with st.form("consent", border=False):
            st.subheader(words.consent_question, anchor=False)
            agreed = st.checkbox(words.consent_agree, key="agreed")
            remark = st.empty()
            pressed = st.form_submit_button(words.consent_button, type="primary")
        st.caption(words.nothing_stored)
    if not pressed:
        return
    if not agreed:
        remark.html(f'<p class="remark" role="alert">{html.escape(words.consent_missing)}</p>')
        return
    try:
        with visit.lock:
            if visit.token is None:
                visit.token = participants.enrol(study, recruitment=recruitment).token
    except (StudyFull, ProtocolChangedError):
        problem.closed(study)
        return
    st.rerun()
