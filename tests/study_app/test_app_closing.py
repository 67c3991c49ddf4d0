"""The end of a participation: when it may come, and what is kept of it."""

from __future__ import annotations

import pytest
from playing import answers_to, complete, enrolled_at_round
from sqlmodel import select

from study_app import ratings
from study_app.errors import WrongStep
from study_app.storage.engine import reading
from study_app.storage.models import AnswerRow, EventRow, TimingRow
from study_app.study import Study


def test_before_the_last_round_is_rated_there_is_nothing_to_close(study: Study) -> None:
    _, participant = enrolled_at_round(study, 2)
    with pytest.raises(WrongStep, match="closing questions come after the rounds; now: round"):
        ratings.close(study, participant, answers_to(study.protocol.closing))


def test_the_seconds_on_the_closing_page_are_kept_with_its_name(study: Study) -> None:
    _, participant = complete(study)
    with reading(study.engine) as session:
        kept = session.exec(
            select(TimingRow.seconds).where(
                TimingRow.participant == participant.id, TimingRow.page == "closing"
            )
        ).all()
    assert kept == [30.0]


def test_the_log_says_who_completed_and_covers_the_closing_answers(study: Study) -> None:
    _, participant = complete(study)
    with reading(study.engine) as session:
        event = session.exec(select(EventRow).where(EventRow.kind == "completed")).one()
        answers = session.exec(select(AnswerRow).where(AnswerRow.page == "closing")).all()
    assert event.participant == participant.id
    assert answers
    assert "closing" in event.payload
