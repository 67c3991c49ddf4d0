"""A round's page: its texts, its ratings, and the texts being written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pages import choose_all, press, remarks_on, words_on
from playing import enrolled_at_round, submission
from sqlmodel import select
from streamlit.testing.v1 import AppTest

from study_app import participants, ratings, rounds
from study_app.errors import GenerationFailed
from study_app.screens.reading import safe_markdown
from study_app.storage.engine import reading
from study_app.storage.models import RatingRow
from study_app.study import Study
from study_app.wording import ENGLISH

Visit = Callable[..., AppTest]


def stored_ratings(study: Study) -> list[RatingRow]:
    with reading(study.engine) as opened:
        return list(opened.exec(select(RatingRow)))


def test_a_round_shows_its_request_and_every_text_and_names_no_system(
    visit: Visit, study: Study
) -> None:
    token, participant = enrolled_at_round(study)
    page = visit(token)
    opened = rounds.open(study, participant)
    written = [element.value for element in page.markdown]
    assert safe_markdown(opened.request_text) in written
    assert [safe_markdown(slot.text) for slot in opened.slots] == [
        text for text in written if "When to use" in text
    ]
    seen = f" {words_on(page)} ".casefold()
    assert not any(f" {system} " in seen for system in study.protocol.systems.values())


def test_the_page_says_which_round_it_is_and_how_long_is_left(visit: Visit, study: Study) -> None:
    token, _ = enrolled_at_round(study, 2)
    seen = words_on(visit(token))
    assert ENGLISH.round_of.format(round=2, of=4) in seen
    assert "minutes left" in seen


def test_no_rating_is_preselected_and_missing_ones_are_said_where_they_are(
    visit: Visit, study: Study
) -> None:
    token, _ = enrolled_at_round(study)
    page = visit(token)
    assert all(radio.value is None for radio in page.radio)
    page.radio(key="r1.B.relevance").set_value(4)
    page = press(page, ENGLISH.submit_round)
    assert remarks_on(page) == len(page.radio) - 1
    assert page.radio(key="r1.B.relevance").value == 4
    assert not stored_ratings(study)


def test_a_complete_round_is_stored_and_the_next_one_starts_empty(
    visit: Visit, study: Study
) -> None:
    token, _ = enrolled_at_round(study)
    page = visit(token)
    choose_all(page, 1)
    page = press(page, ENGLISH.submit_round)
    assert {row.value for row in stored_ratings(study)} == {2}
    assert len(stored_ratings(study)) == 12
    assert ENGLISH.round_of.format(round=2, of=4) in words_on(page)
    assert all(radio.value is None for radio in page.radio)


def test_a_page_left_open_while_another_tab_went_on_moves_on_and_stores_nothing_twice(
    visit: Visit, study: Study
) -> None:
    token, participant = enrolled_at_round(study)
    page = visit(token)
    choose_all(page, 0)
    ratings.submit(study, participant, submission(study, rounds.open(study, participant), 5))
    page = press(page, ENGLISH.submit_round)
    assert {row.value for row in stored_ratings(study)} == {5}
    assert ENGLISH.round_of.format(round=2, of=4) in words_on(page)


def test_the_last_round_has_its_own_button_and_leads_to_the_closing_questions(
    visit: Visit, study: Study
) -> None:
    token, _ = enrolled_at_round(study, study.protocol.rounds)
    page = visit(token)
    choose_all(page)
    page = press(page, ENGLISH.submit_last_round)
    assert page.title[0].value == ENGLISH.closing_title


def test_an_attention_check_is_asked_in_its_round_and_its_answer_is_stored(
    visit: Visit, study: Study
) -> None:
    check = study.protocol.attention_checks[0]
    token, _ = enrolled_at_round(study, check.round)
    page = visit(token)
    radio = page.radio(key=f"r{check.round}.attention.{check.id}")
    assert radio.options == list(check.options)
    choose_all(page)
    press(page, ENGLISH.submit_round)
    assert participants.resume(study, token).completed_rounds == check.round


def test_while_texts_are_written_the_cards_are_in_place_and_the_page_says_what_happens(
    visit: Visit, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, _ = enrolled_at_round(study)
    seen: list[str] = []

    def never_written(*_: object) -> rounds.OpenRound:
        raise GenerationFailed("no text")

    monkeypatch.setattr(rounds, "ready", lambda *_: False)
    monkeypatch.setattr(rounds, "open", never_written)
    monkeypatch.setattr("study_app.screens.reading.skeletons", seen.extend)
    page = visit(token)
    assert seen == list(study.protocol.slots)
    assert page.title[0].value == ENGLISH.not_written_title
    assert not page.exception
