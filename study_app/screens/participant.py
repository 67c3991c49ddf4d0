"""A participant's page: where the database says they are."""

from __future__ import annotations

import streamlit as st

from study_app import participants
from study_app.errors import TokenError, WrongStep
from study_app.participants import Participant, Step
from study_app.screens import (
    background,
    closing,
    endings,
    instructions,
    layout,
    problem,
    round_page,
    session,
    welcome,
)
from study_app.study import Study


def show() -> None:
    """Draw the page of the participant whose token is in the address; without one, the welcome."""
    study = session.opened_study()
    token = session.token()
    if token is None:
        welcome.show(study)
        return
    try:
        participant = participants.resume(study, token)
    except TokenError:
        problem.bad_link(study)
        return
    try:
        _screen(study, participant)
    except WrongStep:  # another tab went on in the meantime: show where they are now
        st.rerun()


def _screen(study: Study, participant: Participant) -> None:
    match participant.step:
        case Step.BACKGROUND:
            background.show(study, participant)
        case Step.INSTRUCTIONS:
            instructions.show(study, participant)
        case Step.ROUND:
            round_page.show(study, participant)
        case Step.CLOSING:
            closing.show(study, participant)
        case Step.DEBRIEF:
            endings.debrief(study, participant)
        case Step.SCREENED_OUT:
            endings.screened_out(study)
        case Step.WITHDRAWN:
            endings.withdrawn(study)
    if participant.step is not Step.WITHDRAWN:  # also after the end, as the consent form says
        layout.withdraw_link(study, participant)
