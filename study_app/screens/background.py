"""Eligibility and background questions."""

from __future__ import annotations

import streamlit as st

from study_app import participants
from study_app.participants import Participant
from study_app.screens import layout, session
from study_app.screens.questions import Questions
from study_app.study import Study


def show(study: Study, participant: Participant) -> None:
    """Ask; the answers decide between the instructions and a friendly end."""
    words = session.words()
    asked = Questions("background")
    seconds = session.seconds_on("background")
    with layout.column():
        layout.title(words.background_title)
        layout.arrive("background")
        st.write(words.background_intro)
        with st.form("background", border=False):
            for question in study.protocol.eligibility:
                asked.choice(question.id, question.question, question.options)
            for question in study.protocol.background:
                asked.ask(question)
            sent = asked.send(
                words.continue_,
                lambda answers: participants.answer_background(
                    study, participant, answers, seconds=seconds
                ),
            )
    if sent:
        st.rerun()
