"""The questions about the participant, and the instructions with their practice."""

from __future__ import annotations

from collections.abc import Callable

from pages import choose_all, press, remarks_on, words_on
from playing import background
from streamlit.testing.v1 import AppTest

from study_app import participants
from study_app.participants import Step
from study_app.study import Study
from study_app.wording import ENGLISH

Visit = Callable[..., AppTest]


def test_no_answer_is_preselected(visit: Visit, study: Study) -> None:
    page = visit(participants.enrol(study).token)
    assert page.radio
    assert all(radio.value is None for radio in page.radio)


def test_every_missing_answer_is_said_at_its_question_and_nothing_chosen_is_lost(
    visit: Visit, study: Study
) -> None:
    token = participants.enrol(study).token
    page = visit(token)
    page.radio[0].set_value(page.radio[0].options[0])
    required = len(page.radio)
    page = press(page, ENGLISH.continue_)
    assert remarks_on(page) == required - 1
    assert ENGLISH.some_missing.format(count=required - 1) in words_on(page)
    assert page.radio[0].value == page.radio[0].options[0]
    assert participants.resume(study, token).step is Step.BACKGROUND


def test_answers_lead_to_the_instructions(visit: Visit, study: Study) -> None:
    token = participants.enrol(study).token
    page = visit(token)
    choose_all(page, 0)
    page = press(page, ENGLISH.continue_)
    assert page.title[0].value == ENGLISH.instructions_title
    assert participants.resume(study, token).step is Step.INSTRUCTIONS


def test_an_answer_outside_the_study_ends_it_kindly(visit: Visit, study: Study) -> None:
    token = participants.enrol(study).token
    page = visit(token)
    choose_all(page, 0)
    question = study.protocol.eligibility[0]
    wrong = next(option for option in question.options if option not in question.eligible)
    page.radio(key=f"background.{question.id}").set_value(wrong)
    page = press(page, ENGLISH.continue_)
    assert page.title[0].value == ENGLISH.screened_title
    assert participants.resume(study, token).step is Step.SCREENED_OUT


def at_practice(study: Study) -> str:
    token = participants.enrol(study).token
    participants.answer_background(study, participants.resume(study, token), background(study))
    return token


def test_the_practice_has_the_widgets_of_a_round(visit: Visit, study: Study) -> None:
    page = visit(at_practice(study))
    protocol = study.protocol
    assert len(page.radio) == len(protocol.slots) * len(protocol.items) + 1
    for slot in protocol.slots:
        for item in protocol.items:
            radio = page.radio(key=f"practice.{slot}.{item.id}")
            assert [int(option) for option in radio.options] == list(item.scale.points)


def test_the_practice_must_be_filled_and_leads_to_the_first_round(
    visit: Visit, study: Study
) -> None:
    token = at_practice(study)
    page = press(visit(token), ENGLISH.practice_button)
    assert remarks_on(page) == len(page.radio)
    choose_all(page)
    page = press(page, ENGLISH.practice_button)
    assert ENGLISH.round_of.format(round=1, of=study.protocol.rounds) in words_on(page)
    assert participants.resume(study, token).step is Step.ROUND
