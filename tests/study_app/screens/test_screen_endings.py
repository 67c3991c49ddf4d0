"""Closing questions, the end of the study, and withdrawing."""

from __future__ import annotations

from collections.abc import Callable

from pages import choose_all, press, remarks_on, words_on
from playing import complete, enrolled_at_round, submission
from streamlit.testing.v1 import AppTest

from study_app import participants, ratings, rounds
from study_app.participants import Step
from study_app.screens.reading import safe_markdown
from study_app.study import Study
from study_app.wording import ENGLISH

Visit = Callable[..., AppTest]


def at_closing(study: Study) -> str:
    token, participant = enrolled_at_round(study, study.protocol.rounds)
    ratings.submit(study, participant, submission(study, rounds.open(study, participant)))
    return token


def test_the_closing_page_shows_the_last_texts_again(visit: Visit, study: Study) -> None:
    token = at_closing(study)
    page = visit(token)
    last = rounds.last(study, participants.resume(study, token))
    written = [element.value for element in page.markdown]
    assert all(safe_markdown(slot.text) in written for slot in last.slots)


def test_closing_answers_are_needed_and_lead_to_the_completion_code(
    visit: Visit, study: Study
) -> None:
    token = at_closing(study)
    page = press(visit(token), ENGLISH.closing_button)
    assert remarks_on(page) == len(page.radio)
    choose_all(page)
    page = press(page, ENGLISH.closing_button)
    assert page.title[0].value == ENGLISH.debrief_title
    code = participants.completion(study, participants.resume(study, token)).code
    assert [element.value for element in page.code] == [code]


def test_coming_back_after_the_end_shows_the_same_code(visit: Visit, study: Study) -> None:
    token, participant = complete(study)
    code = participants.completion(study, participant).code
    assert [element.value for element in visit(token).code] == [code]


def test_withdrawing_is_possible_after_the_end_as_the_consent_form_says(
    visit: Visit, study: Study
) -> None:
    token, _ = complete(study)
    page = press(visit(token), ENGLISH.withdraw_link)
    assert ENGLISH.withdraw_yes in words_on(page)


def test_withdrawing_asks_first_and_no_means_no(visit: Visit, study: Study) -> None:
    token, _ = enrolled_at_round(study)
    page = press(visit(token), ENGLISH.withdraw_link)
    assert study.protocol.consent.withdrawal in words_on(page)
    page = press(page, ENGLISH.withdraw_no)
    assert participants.resume(study, token).step is Step.ROUND


def test_those_who_withdrew_find_that_the_study_has_ended_for_them(
    visit: Visit, study: Study
) -> None:
    token, participant = enrolled_at_round(study, 2)
    participants.withdraw(study, participant)
    page = visit(token)
    assert page.title[0].value == ENGLISH.withdrawn_title
    assert ENGLISH.withdraw_link not in words_on(page)


def test_an_unexpected_fault_says_that_everything_submitted_is_kept(
    visit: Visit, study: Study
) -> None:
    def page() -> None:
        from study_app.screens import problem

        problem.fault(ValueError("secret detail"))

    shown = AppTest.from_function(page).run()
    assert shown.title[0].value == ENGLISH.fault_title
    assert "secret detail" not in words_on(shown)
