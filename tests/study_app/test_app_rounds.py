"""Opening rounds and submitting them, on both databases."""

from __future__ import annotations

import pytest
from playing import complete, enrolled_at_round, submission
from sqlmodel import func, select

from study_app import participants, ratings, rounds
from study_app.errors import InvalidAnswers, InvalidSubmission, NotComplete, WrongStep
from study_app.learning import reward
from study_app.participants import Step
from study_app.storage import events, trials
from study_app.storage.engine import reading
from study_app.storage.models import RatingRow, StateRatingRow, StateRow, TextRow
from study_app.study import Study


def count(study: Study, model: type) -> int:
    with reading(study.engine) as session:
        return session.exec(select(func.count()).select_from(model)).one()


def test_a_whole_study_stores_every_rating_once(either_study: Study) -> None:
    _, participant = complete(either_study)
    protocol = either_study.protocol
    assert participant.step is Step.DEBRIEF
    assert participant.status == "completed"
    assert count(either_study, RatingRow) == protocol.rounds * 3 * len(protocol.items)
    assert count(either_study, TextRow) == protocol.rounds * 3
    assert events.verify(either_study.engine).ok


def test_a_repeated_submission_returns_the_first_result(either_study: Study) -> None:
    _, participant = enrolled_at_round(either_study)
    opened = rounds.open(either_study, participant)
    first = ratings.submit(either_study, participant, submission(either_study, opened))
    again = ratings.submit(either_study, participant, submission(either_study, opened, 5))
    assert (first.repeated, again.repeated) == (False, True)
    with reading(either_study.engine) as session:
        stored = trials.ratings_by_slot(session, participant.id, 1)
    assert stored == submission(either_study, opened).ratings


def test_opening_again_shows_the_same_texts_and_nonce(study: Study) -> None:
    token, participant = enrolled_at_round(study)
    first = rounds.open(study, participant)
    assert rounds.open(study, participants.resume(study, token)) == first
    assert rounds.ready(study, participant)
    assert (first.round, first.of) == (1, study.protocol.rounds)
    assert [shown.slot for shown in first.slots] == ["A", "B", "C"]


def test_ready_asks_for_the_texts_and_says_when_they_are_there(study: Study) -> None:
    _, participant = enrolled_at_round(study)
    while not rounds.ready(study, participant):
        pass
    assert count(study, TextRow) == 0
    assert rounds.open(study, participant).slots


def test_each_state_names_its_parent_and_the_ratings_that_made_it(study: Study) -> None:
    enrolled_at_round(study, 2)
    rewarding = set(study.protocol.update.reward_items)
    with reading(study.engine) as session:
        made = session.exec(select(StateRow).where(StateRow.round == 1)).all()
        assert len(made) == 3
        for state in made:
            parent = session.get_one(StateRow, state.parent)
            assert (parent.arm, parent.round) == (state.arm, 0)
            links = session.exec(
                select(RatingRow).join(StateRatingRow).where(StateRatingRow.state == state.id)
            ).all()
            assert {rating.item for rating in links} == rewarding
            arms = {session.get_one(TextRow, rating.text).arm for rating in links}
            assert arms == {state.arm}


def test_the_reward_is_the_mean_of_the_reward_items_from_zero_to_one(study: Study) -> None:
    lowest = {item.id: 1 for item in study.protocol.items}
    assert reward(study.protocol, lowest) == 0.0
    assert reward(study.protocol, dict.fromkeys(lowest, 5)) == 1.0
    assert reward(study.protocol, dict.fromkeys(lowest, 3)) == 0.5


def test_missing_and_out_of_range_answers_are_named_and_nothing_is_stored(study: Study) -> None:
    _, participant = enrolled_at_round(study)
    opened = rounds.open(study, participant)
    good = submission(study, opened)
    given = {slot: dict(items) for slot, items in good.ratings.items()}
    del given["A"]["quality"]
    given["B"]["novelty"] = 6
    given["C"]["shine"] = 3
    bad = submission(
        study,
        opened,
        ratings=given,
        choice="D",
        comment="x" * 10_001,
        attention={"nobody": "asked"},
        seconds=float("nan"),
    )
    with pytest.raises(InvalidSubmission) as refused:
        ratings.submit(study, participant, bad)
    assert set(refused.value.problems) == {
        "A.quality",
        "B.novelty",
        "C.shine",
        "choice",
        "comment",
        "attention.nobody",
        "seconds",
    }
    assert count(study, RatingRow) == 0
    assert not ratings.submit(study, participant, good).repeated


def test_a_missing_attention_answer_is_named(study: Study) -> None:
    check = study.protocol.attention_checks[0]
    _, participant = enrolled_at_round(study, check.round)
    opened = rounds.open(study, participant)
    assert opened.attention_check == check
    with pytest.raises(InvalidSubmission, match=f"attention.{check.id}: an answer is missing"):
        ratings.submit(study, participant, submission(study, opened, attention={}))


def test_answers_with_another_participants_nonce_are_refused(study: Study) -> None:
    _, one = enrolled_at_round(study)
    _, other = enrolled_at_round(study)
    opened, foreign = rounds.open(study, one), rounds.open(study, other)
    with pytest.raises(WrongStep, match="another page"):
        ratings.submit(study, one, submission(study, opened, nonce=foreign.nonce))
    assert count(study, RatingRow) == 0


def test_a_round_that_was_never_opened_cannot_be_submitted(study: Study) -> None:
    _, participant = enrolled_at_round(study)
    opened = rounds.open(study, participant)
    with pytest.raises(WrongStep):
        ratings.submit(study, participant, submission(study, opened, round=2))


def test_the_code_comes_only_after_everything_is_stored(study: Study) -> None:
    token, participant = enrolled_at_round(study, study.protocol.rounds)
    with pytest.raises(NotComplete, match="3 of 4 rounds"):
        participants.completion(study, participant)
    opened = rounds.open(study, participant)
    with pytest.raises(WrongStep):
        rounds.last(study, participant)
    ratings.submit(study, participant, submission(study, opened))
    participant = participants.resume(study, token)
    with pytest.raises(NotComplete, match="closing"):
        participants.completion(study, participant)
    assert rounds.last(study, participant).slots == opened.slots
    with pytest.raises(InvalidAnswers) as refused:
        ratings.close(study, participant, {})
    assert "adapted" in refused.value.problems


def test_the_closing_answers_are_stored_once_and_give_a_code_of_ones_own(study: Study) -> None:
    _, one = complete(study)
    _, other = complete(study)
    again = ratings.close(study, one, {"adapted": "C"})
    assert again == one
    codes = {participants.completion(study, who).code for who in (one, other)}
    assert len(codes) == 2
    assert all(len(code) == 10 for code in codes)


def test_after_withdrawal_nothing_can_be_opened_or_submitted(study: Study) -> None:
    _, participant = enrolled_at_round(study)
    opened = rounds.open(study, participant)
    participants.withdraw(study, participant)
    with pytest.raises(WrongStep):
        rounds.open(study, participant)
    with pytest.raises(WrongStep):
        ratings.submit(study, participant, submission(study, opened))
