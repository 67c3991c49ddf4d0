"""The closing questions, about the texts of the last round once more."""

from __future__ import annotations

import streamlit as st

from study_app import ratings, rounds
from study_app.participants import Participant
from study_app.screens import layout, reading, session
from study_app.screens.questions import Questions
from study_app.study import Study


def show(study: Study, participant: Participant) -> None:
    """The texts again, then the questions; answering completes the study."""
    words = session.words()
    asked = Questions("closing")
    seconds = session.seconds_on("closing")
    last = rounds.last(study, participant)
    with layout.column("wide"):
        layout.title(words.closing_title)
        layout.arrive("closing")
        st.write(words.closing_lead)
        reading.request(last.request_text)
        reading.cards([(slot.slot, slot.text) for slot in last.slots])
    with layout.column("after"), st.form("closing", border=False):
        for question in study.protocol.closing:
            asked.ask(question, study.protocol.slots)
        sent = asked.send(
            words.closing_button,
            lambda answers: ratings.close(study, participant, answers, seconds=seconds),
        )
    if sent:
        st.rerun()
