"""Welcome and consent: nothing is stored before the participant agrees."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pages import press, words_on
from playing import complete
from sqlmodel import func, select
from streamlit.testing.v1 import AppTest

from study_app import participants
from study_app.participants import Step
from study_app.screens import session
from study_app.storage.engine import reading
from study_app.storage.models import EventRow, ParticipantRow, RecruitmentRow
from study_app.study import Study
from study_app.wording import ENGLISH
from study_design import consent_text

Visit = Callable[..., AppTest]


def count(study: Study, model: type) -> int:
    with reading(study.engine) as opened:
        return opened.exec(select(func.count()).select_from(model)).one()


def agree(page: AppTest) -> AppTest:
    page.checkbox[0].check()
    return press(page, ENGLISH.consent_button)


def test_the_welcome_shows_the_whole_consent_form(visit: Visit, study: Study) -> None:
    written = [element.value.strip() for element in visit().markdown]
    assert consent_text(study.protocol).strip() in written


def test_opening_the_page_stores_nothing(visit: Visit, study: Study) -> None:
    visit()
    assert count(study, ParticipantRow) == count(study, EventRow) == 0


def test_pressing_without_the_tick_says_so_and_stores_nothing(visit: Visit, study: Study) -> None:
    page = press(visit(), ENGLISH.consent_button)
    assert ENGLISH.consent_missing in words_on(page)
    assert count(study, ParticipantRow) == 0


def test_consent_enrols_one_participant_and_puts_the_token_into_the_address(
    visit: Visit, study: Study
) -> None:
    page = agree(visit())
    assert count(study, ParticipantRow) == 1
    token = page.query_params[session.TOKEN]
    token = token[0] if isinstance(token, list) else token
    assert participants.resume(study, token).step is Step.BACKGROUND
    assert page.title[0].value == ENGLISH.background_title


def test_recruitment_parameters_are_taken_from_the_address_and_leave_it(
    visit: Visit, study: Study
) -> None:
    page = visit()
    page.query_params["PROLIFIC_PID"] = "5f0"
    page = agree(page.run())
    assert count(study, RecruitmentRow) == 1
    assert set(page.query_params) == {session.TOKEN}


def test_going_back_to_the_address_without_a_token_stays_in_the_study(
    visit: Visit, study: Study
) -> None:
    page = agree(visit())
    page.query_params.clear()
    page = page.run()
    assert page.title[0].value == ENGLISH.background_title
    assert count(study, ParticipantRow) == 1


def test_a_full_study_says_that_it_is_not_open(visit: Visit, study: Study) -> None:
    for _ in range(study.protocol.participants):
        complete(study)
    page = agree(visit())
    assert ENGLISH.closed_title in words_on(page)
    assert count(study, ParticipantRow) == study.protocol.participants


@pytest.mark.parametrize("token", ["nonsense", "IjAwIg.AAAA", "<script>"])
def test_a_token_that_is_none_says_what_happened_and_what_to_do(visit: Visit, token: str) -> None:
    page = visit(token)
    assert page.title[0].value == ENGLISH.bad_link_title
    assert "start here" in words_on(page)
    assert not page.exception


def test_one_character_changed_in_a_token_is_found(visit: Visit, study: Study) -> None:
    token = participants.enrol(study).token
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert visit(changed).title[0].value == ENGLISH.bad_link_title
