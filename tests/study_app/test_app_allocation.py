"""Places, sequences and letters: who counts, who is replaced, and what is disclosed when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic import command
from playing import answers_to, complete, enrolled_at_round, submission
from sqlmodel import select

from analysis.data.design import rounds_as_planned
from analysis.data.exports import read_export
from analysis.data.sample import draw_sample
from study_app import exporting, monitor, participants, ratings, rounds, tokens
from study_app.errors import StudyFull
from study_app.participants import Participant, Step
from study_app.storage import exclusions, protocols, schema
from study_app.storage.engine import make_engine, reading
from study_app.storage.models import ParticipantRow, ProtocolRow
from study_app.study import Study
from study_design import PILOT, draw_schedule, load_protocol


def test_one_slow_participant_does_not_draw_everybody_to_their_order(study: Study) -> None:
    for _ in range(2):
        complete(study)
    slow = enrolled_at_round(study)[1].sequence
    following = [
        participants.resume(study, participants.enrol(study).token).sequence for _ in range(3)
    ]
    assert sorted({slow, *following}) == [2, 3, 4, 5]


def played(study: Study, answers: Callable[[rounds.OpenRound], dict[str, Any]]) -> Participant:
    """A participant who completes, with these changes to valid answers in every round."""
    token, participant = enrolled_at_round(study)
    while participant.step is Step.ROUND:
        opened = rounds.open(study, participant)
        ratings.submit(study, participant, submission(study, opened, **answers(opened)))
        participant = participants.resume(study, token)
    return ratings.close(study, participant, answers_to(study.protocol.closing))


def careless(study: Study) -> Participant:
    """A participant who completes and fails every attention check."""

    def fail(opened: rounds.OpenRound) -> dict[str, Any]:
        check = opened.attention_check
        if check is None:
            return {}
        return {"attention": {check.id: next(o for o in check.options if o != check.correct)}}

    return played(study, fail)


def flat(study: Study) -> Participant:
    """A participant who completes and gives every text the same rating."""
    return played(study, lambda _: {"value": 3})


@pytest.mark.parametrize(
    ("who", "rule"), [(careless, "attention checks failed"), (flat, "straight-lining")]
)
def test_a_completer_whom_the_protocol_excludes_is_replaced_in_the_same_order(
    study: Study, who: Callable[[Study], Participant], rule: str
) -> None:
    left_out = who(study)
    done = [complete(study)[1].sequence for _ in range(study.protocol.participants)]
    with pytest.raises(StudyFull):
        participants.enrol(study)
    assert Counter(sequence % 6 for sequence in done) == dict.fromkeys(range(6), 1)
    seen = monitor.overview(study)
    assert (seen.by_status["completed"], seen.planned) == (7, 6)
    assert seen.excluded == {rule: 1}
    with reading(study.engine) as session:
        found = exclusions.excluded(session, study.protocol, simulated=False)
    assert found == {left_out.id: rule}


def test_the_platform_excludes_whom_the_analysis_excludes(study: Study, tmp_path: Path) -> None:
    for who in (careless, flat):
        who(study)
    complete(study)
    exporting.export(study, tmp_path / "export")
    sample = draw_sample(read_export(tmp_path / "export"))
    with reading(study.engine) as session:
        found = exclusions.excluded(session, study.protocol, simulated=False)
    assert found == {one.participant: one.rule for one in sample.exclusions}


def test_letters_are_drawn_by_the_installations_key_for_each_study(tmp_path: Path) -> None:
    pilot = load_protocol(PILOT)
    drawn = {tokens.draw_letters(f"key number {number:08d}", pilot) for number in range(40)}
    assert {letters.arms for letters in drawn} == set(permutations(pilot.arm_names))
    other = pilot.model_copy(update={"rounds": 9})
    key = "k" * 16
    assert tokens.draw_letters(key, pilot) == tokens.draw_letters(key, pilot)
    assert tokens.draw_letters(key, pilot).requests != tokens.draw_letters(key, other).requests


def test_schedules_follow_the_stored_letters_and_the_export_tells_them_once_unblinded(
    study: Study, tmp_path: Path
) -> None:
    participant = complete(study)[1]
    with reading(study.engine) as session:
        letters = protocols.letters(session, study.protocol)
        row = session.get_one(ParticipantRow, participant.id)
    assert letters == tokens.draw_letters(study.installation.key, study.protocol)
    drawn = draw_schedule(study.protocol, sequence=row.sequence, seed=row.seed, letters=letters)
    assert [tuple(plan["order"]) for plan in row.schedule] == [one.order for one in drawn.rounds]
    export = tmp_path / "export"
    assert exporting.export(study, export).letters is None
    assert rounds_as_planned(read_export(export), draw_sample(read_export(export)))[0] is None
    monitor.unblind(study, "the last participant has completed", "R. Searcher")
    assert exporting.export(study, export).letters == asdict(letters)
    assert rounds_as_planned(read_export(export), draw_sample(read_export(export))) == (4, 4)


def test_simulated_participants_follow_the_protocols_order(study: Study) -> None:
    complete(study, simulated=True, seed=1)
    with reading(study.engine) as session:
        (row,) = session.exec(select(ParticipantRow)).all()
    drawn = draw_schedule(study.protocol, sequence=0, seed=1)
    assert [tuple(plan["order"]) for plan in row.schedule] == [one.order for one in drawn.rounds]


def test_a_study_that_began_before_letters_were_drawn_keeps_the_protocols_order(
    study: Study,
) -> None:
    participants.enrol(study)
    with study.engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE protocol SET letters = NULL"))
    new = participants.resume(study, participants.enrol(study).token)
    with reading(study.engine) as session:
        row = session.get_one(ParticipantRow, new.id)
    plain = draw_schedule(study.protocol, sequence=row.sequence, seed=row.seed)
    assert [plan["request"] for plan in row.schedule] == [one.request for one in plain.rounds]


def test_a_database_of_the_first_schema_is_migrated_with_all_its_rows(database_url: str) -> None:
    engine = make_engine(database_url)
    schema.migrate(engine)
    with engine.connect().execution_options(hare_writes=True) as connection, connection.begin():
        config = schema._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        connection.execute(
            sqlalchemy.text(
                "INSERT INTO protocol (hash, canonical, first_used_at) VALUES (:h, '', '')"
            ),
            {"h": "0" * 64},
        )
    assert schema.migrate(engine) == ("0001", "0002")
    with reading(engine) as session:
        (row,) = session.exec(select(ProtocolRow)).all()
    assert (row.hash, row.letters) == ("0" * 64, None)
    engine.dispose()
