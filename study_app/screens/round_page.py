"""A round: the request, the texts with their ratings, the best of them, one button."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from study_app import ratings, rounds
from study_app.errors import GenerationFailed
from study_app.participants import Participant
from study_app.ratings import Submission
from study_app.rounds import OpenRound
from study_app.screens import drafts, layout, problem, reading, session
from study_app.screens.questions import Questions
from study_app.screens.rating import ask_about_round, rate, ratings_by_slot, scales
from study_app.study import Study


def show(study: Study, participant: Participant) -> None:
    """The first round without stored ratings, whichever tab or machine asks."""
    number = participant.completed_rounds + 1
    with layout.column("wide"):
        layout.progress(
            number,
            study.protocol.rounds,
            layout.minutes_left(study, participant.completed_rounds),
        )
        layout.arrive(f"round {number}")
        page = st.empty()
        try:
            opened = _opened(study, participant, page)
        except GenerationFailed:
            page.empty()
            problem.not_written(study)
            return
        with page.container():
            committed = _round(study, participant, opened)
    if committed:
        st.rerun()


def _opened(study: Study, participant: Participant, page: DeltaGenerator) -> OpenRound:
    if rounds.ready(study, participant):
        return rounds.open(study, participant)
    with page.container():
        _waiting(study)
    with session.waiting():
        return rounds.open(study, participant)


def _round(study: Study, participant: Participant, opened: OpenRound) -> bool:
    """Draw the round; True when this press stored it."""
    words = session.words()
    protocol = study.protocol
    asked = Questions(f"r{opened.round}")
    drafts.keep(asked.page)
    seconds = session.seconds_on(f"round {opened.round}")
    reading.request(opened.request_text)
    scales(protocol)
    with st.form(f"round {opened.round}", border=False):
        reading.cards(
            [(slot.slot, slot.text) for slot in opened.slots],
            below=lambda slot: rate(asked, protocol, slot),
        )
        with layout.column("after"):
            ask_about_round(asked, protocol, opened.attention_check)
            last = opened.round == opened.of
            label = words.submit_last_round if last else words.submit_round
            return asked.send(
                label,
                lambda answers: ratings.submit(
                    study, participant, _submission(study, opened, answers, seconds)
                ),
                key=f"submit.{opened.round}",
            )


def _submission(
    study: Study, opened: OpenRound, answers: Mapping[str, Any], seconds: float
) -> Submission:
    check = opened.attention_check
    return Submission(
        nonce=opened.nonce,
        round=opened.round,
        ratings=ratings_by_slot(answers, study.protocol),
        choice=answers["choice"],
        comment=answers.get("comment"),
        attention={check.id: answers[f"attention.{check.id}"]} if check else {},
        seconds=seconds,
    )


def _waiting(study: Study) -> None:
    """What is happening and for how long, over cards that are already in place."""
    words = session.words()
    slots = study.protocol.slots
    with st.container(key="request.waiting"):
        usual = round(session.usual_wait())
        time_ = words.few_seconds if usual < 5 else words.about_seconds.format(seconds=usual)
        body = words.writing_body.format(texts=len(slots), time=time_)
        st.html(
            f'<p class="label">{html.escape(words.writing_title)}</p>'
            f'<p class="said" role="status">{html.escape(body)}</p>'
        )
    scales(study.protocol)
    reading.skeletons(slots)
