"""Enrolment, links, eligibility, quotas, freezing of the protocol."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from playing import background, changed_protocol, complete, enrolled_at_round, fresh_study
from sqlalchemy import text
from sqlmodel import select

from study_app import participants, tokens
from study_app.errors import (
    BotsError,
    InvalidAnswers,
    ProtocolChangedError,
    StudyFull,
    TokenError,
    WrongStep,
)
from study_app.participants import Step
from study_app.storage import events, people
from study_app.storage.engine import reading
from study_app.storage.models import ParticipantRow, RecruitmentRow
from study_app.study import Study, open_study


def rows(study: Study) -> list[ParticipantRow]:
    with reading(study.engine) as session:
        return list(session.exec(select(ParticipantRow)))


def test_a_token_leads_back_to_the_participant(study: Study) -> None:
    enrolled = participants.enrol(study)
    participant = participants.resume(study, enrolled.token)
    assert participant.id == enrolled.participant_id
    assert (participant.step, participant.round) == (Step.BACKGROUND, None)
    assert len(bytes.fromhex(participant.id)) == 16


def test_a_tampered_or_foreign_token_is_refused(study: Study) -> None:
    token = participants.enrol(study).token
    unknown = tokens.make_token(study.installation.key, "f" * 32)
    foreign = tokens.make_token("another installation", participants.enrol(study).participant_id)
    odd = tokens.make_token(study.installation.key, "DROP TABLE")
    middle = len(token) // 2
    other_letter = "a" if token[middle] != "a" else "b"
    altered = token[:middle] + other_letter + token[middle + 1 :]
    for bad in (altered, token[:-1], token + "x", "", "é" * 40, ".", unknown, foreign, odd):
        with pytest.raises(TokenError, match="link"):
            participants.resume(study, bad)


def test_missing_unknown_and_odd_answers_are_named(study: Study) -> None:
    participant = participants.resume(study, participants.enrol(study).token)
    given = background(study)
    first = study.protocol.eligibility[0].id
    del given[first]
    given["shoe_size"] = 43
    choice = next(q.id for q in study.protocol.background if q.kind == "choice")
    given[choice] = "none of them"
    with pytest.raises(InvalidAnswers) as refused:
        participants.answer_background(study, participant, given)
    assert set(refused.value.problems) == {first, "shoe_size", choice}
    with reading(study.engine) as session:
        assert people.answers(session, participant.id, "background") == {}


def test_a_page_is_stored_once_and_a_repeat_changes_nothing(study: Study) -> None:
    participant = participants.resume(study, participants.enrol(study).token)
    first = participants.answer_background(study, participant, background(study))
    again = participants.answer_background(study, participant, {"anything": 1})
    assert first == again
    assert first.step is Step.INSTRUCTIONS
    with pytest.raises(WrongStep):
        participants.finish_practice(study, screened_out(study), {})


def screened_out(study: Study) -> participants.Participant:
    participant = participants.resume(study, participants.enrol(study).token)
    question = study.protocol.eligibility[0]
    outside = next(option for option in question.options if option not in question.eligible)
    answers = background(study) | {question.id: outside}
    return participants.answer_background(study, participant, answers)


def test_who_is_not_eligible_is_screened_out_and_holds_no_place(study: Study) -> None:
    participant = screened_out(study)
    assert (participant.step, participant.status) == (Step.SCREENED_OUT, "screened_out")
    for _ in range(study.protocol.participants):
        participants.enrol(study)


def test_nobody_enrols_beyond_the_planned_number(study: Study) -> None:
    for _ in range(study.protocol.participants):
        participants.enrol(study)
    with pytest.raises(StudyFull):
        participants.enrol(study)
    participants.enrol(study, simulated=True)  # programs take nobody's place


def test_a_place_is_free_again_when_its_holder_has_long_stopped(study: Study) -> None:
    for _ in range(study.protocol.participants):
        participants.enrol(study)
    with study.engine.begin() as connection:
        connection.execute(text("UPDATE participant SET seen_at = '2020-01-01' WHERE sequence < 2"))
    participants.enrol(study)
    participants.enrol(study)
    with pytest.raises(StudyFull):
        participants.enrol(study)


def test_sequences_are_balanced_over_those_who_complete(study: Study) -> None:
    """Two who drop out leave their sequences to the next."""
    dropped = [enrolled_at_round(study)[1] for _ in range(2)]
    for participant in dropped:
        participants.withdraw(study, participant)
    done = [complete(study)[1].sequence for _ in range(study.protocol.participants)]
    assert Counter(sequence % 6 for sequence in done) == dict.fromkeys(range(6), 1)


def test_the_same_recruited_person_comes_back_to_the_same_place(study: Study) -> None:
    person = {"PROLIFIC_PID": "5f3c", "STUDY_ID": "s1", "SESSION_ID": "a", "utm": "x"}
    first = participants.enrol(study, recruitment=person)
    again = participants.enrol(study, recruitment={**person, "SESSION_ID": "b"})
    other = participants.enrol(study, recruitment={**person, "PROLIFIC_PID": "77aa"})
    assert first == again
    assert other.participant_id != first.participant_id
    with reading(study.engine) as session:
        kept = session.exec(select(RecruitmentRow)).all()
    assert {row.name for row in kept} == {"PROLIFIC_PID", "STUDY_ID", "SESSION_ID"}
    assert not any("5f3c" in row.digest or row.digest == "s1" for row in kept)


def test_only_simulated_participants_take_a_seed(study: Study) -> None:
    with pytest.raises(BotsError):
        participants.enrol(study, seed=1)
    one = participants.enrol(study, simulated=True, seed=1)
    assert participants.enrol(study, simulated=True, seed=1) == one


def test_the_first_real_participant_freezes_the_protocol(tmp_path: Path) -> None:
    study = fresh_study(tmp_path)
    participants.enrol(study, simulated=True)
    study.close()
    changed = changed_protocol(tmp_path, lambda content: content["study"].update(title="Other"))
    edited = fresh_study(tmp_path, protocol=changed)  # programs do not freeze it
    participants.enrol(edited)
    edited.close()
    with pytest.raises(ProtocolChangedError, match="new study version"):
        open_study(study.settings)
    again = open_study(edited.settings)
    assert events.verify(again.engine).ok
    again.close()


def test_a_study_opened_before_the_freeze_refuses_at_consent(tmp_path: Path) -> None:
    changed = changed_protocol(tmp_path, lambda content: content["study"].update(title="Other"))
    one, other = fresh_study(tmp_path), fresh_study(tmp_path, protocol=changed)
    participants.enrol(one)
    with pytest.raises(ProtocolChangedError):
        participants.enrol(other)
    assert len(rows(one)) == 1
    one.close()
    other.close()


def test_seeds_are_drawn_apart_and_recorded(study: Study) -> None:
    for _ in range(3):
        participants.enrol(study)
    seeds = {row.seed for row in rows(study)}
    assert len(seeds) == 3
    assert all(0 <= seed < 2**63 for seed in seeds)
