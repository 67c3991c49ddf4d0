"""Instructions, and a round to practise with the very widgets of a real one."""

from __future__ import annotations

import streamlit as st

from study_app import participants
from study_app.participants import Participant
from study_app.screens import drafts, layout, reading, session
from study_app.screens.questions import Questions
from study_app.screens.rating import ask_about_round, rate, scales
from study_app.study import Study


def show(study: Study, participant: Participant) -> None:
    """What will happen, then fixed texts to rate; the answers are kept but not analysed."""
    words = session.words()
    protocol = study.protocol
    seconds = session.seconds_on("practice")
    asked = Questions("practice")
    with layout.column():
        layout.title(words.instructions_title)
        layout.arrive("instructions")
        drafts.keep(asked.page)
        st.markdown(
            words.instructions_lead.format(rounds=protocol.rounds, texts=len(protocol.slots))
        )
        st.markdown("\n".join(f"- {point}" for point in words.instructions_points))
        st.header(words.practice_title, anchor=False)
        st.write(words.practice_lead)
    with layout.column("wide"):
        reading.request(protocol.practice.request)
        scales(protocol)
        with st.form("practice", border=False):
            slots = list(zip(protocol.slots, protocol.practice.texts, strict=True))
            reading.cards(slots, below=lambda slot: rate(asked, protocol, slot))
            with layout.column("after"):
                ask_about_round(asked, protocol)
                sent = asked.send(
                    words.practice_button,
                    lambda answers: participants.finish_practice(
                        study, participant, answers, seconds=seconds
                    ),
                )
    if sent:
        st.rerun()
