"""The monitor's overview: complete, blinded, and unblinded only by a logged act."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from playing import complete, enrolled_at_round
from sqlmodel import select

from hare.arms import Diagnostics
from hare.arms.fake import FakeArm
from study_app import monitor, participants, rounds
from study_app.errors import InvalidAnswers
from study_app.storage import events, trials
from study_app.storage.engine import reading, writing
from study_app.storage.models import EventRow
from study_app.study import Study


def test_the_overview_counts_people_ratings_and_choices(either_study: Study) -> None:
    complete(either_study)
    enrolled_at_round(either_study, 3)
    enrolled_at_round(either_study)
    participants.enrol(either_study)
    gone = participants.resume(either_study, participants.enrol(either_study).token)
    participants.withdraw(either_study, gone)
    seen = monitor.overview(either_study)
    assert seen.planned == 6
    assert seen.by_status == {"completed": 1, "active": 3, "withdrawn": 1, "screened_out": 0}
    assert seen.by_step == {"round": 2, "background": 1}
    assert seen.by_round == {1: 1, 3: 1}
    assert seen.choices == {"B": 6}
    assert set(seen.slot_ratings) == {"A", "B", "C"}
    counts = seen.slot_ratings["A"]["relevance"]
    assert sum(counts.values()) == 6
    assert [line.kind for line in seen.last_events[:2]] == ["withdrawn", "enrolled"]
    assert seen.last_events[0].participant == gone.id[:8]


def test_uncertainty_falls_as_the_adaptive_arms_learn(study: Study) -> None:
    complete(study)
    seen = monitor.overview(study)
    means = [point.mean for point in seen.uncertainty]
    assert [point.round for point in seen.uncertainty] == [1, 2, 3, 4]
    assert means == sorted(means, reverse=True)
    assert seen.attention == {}  # the fake arm has no attention


def test_the_entropies_of_the_attention_are_means_by_round(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Diagnostics(entropy=3.0, expected_entropy=2.5, mutual_information=0.5, uncertainty=1.0)
    write = FakeArm.recommend
    monkeypatch.setattr(
        FakeArm,
        "recommend",
        lambda arm, asked: [replace(shown, diagnostics=seen) for shown in write(arm, asked)],
    )
    complete(study)
    means = monitor.overview(study).attention
    assert list(means) == [1, 2, 3, 4]
    assert set(means.values()) == {replace(seen, uncertainty=None)}


def test_simulated_participants_are_counted_apart(study: Study) -> None:
    complete(study, simulated=True)
    real, simulated = monitor.overview(study), monitor.overview(study, simulated=True)
    assert sum(real.by_status.values()) == 0
    assert real.slot_ratings == {}
    assert simulated.by_status["completed"] == 1
    assert (real.simulated, simulated.simulated) == (False, True)


def test_nothing_in_a_blinded_overview_names_an_arm(study: Study) -> None:
    _, participant = complete(study)
    with writing(study.engine) as session:
        trials.add_deviation(session, participant.id, 1, "two", "failed", "arm 'two' gave no text")
    seen = monitor.overview(study)
    assert seen.blinded
    assert seen.arm_ratings is None
    assert not any(f"{arm!r}" in repr(seen) for arm in study.protocol.arm_names)
    (line,) = seen.deviations
    assert (line.kind, line.arm, line.detail) == ("failed", None, "")
    assert line.slot in study.protocol.slots


def test_unblinding_needs_a_reason_and_a_name_and_is_logged(study: Study) -> None:
    _, participant = complete(study)
    with writing(study.engine) as session:
        trials.add_deviation(session, participant.id, 1, "two", "late", "attempt 0")
    with pytest.raises(InvalidAnswers) as refused:
        monitor.unblind(study, "  ", "")
    assert set(refused.value.problems) == {"reason", "who"}
    assert monitor.overview(study).blinded
    monitor.unblind(study, "A participant became unwell", "R. Searcher")
    seen = monitor.overview(study)
    assert not seen.blinded
    assert seen.arm_ratings is not None
    assert set(seen.arm_ratings) == {"one", "two", "three"}
    assert (seen.deviations[0].arm, seen.deviations[0].detail) == ("two", "attempt 0")
    with reading(study.engine) as session:
        event = session.exec(select(EventRow).where(EventRow.kind == "unblinded")).one()
    assert json.loads(event.payload) == {
        "reason": "A participant became unwell",
        "who": "R. Searcher",
    }
    assert events.verify(study.engine).ok


def test_an_empty_study_has_an_overview(either_study: Study) -> None:
    seen = monitor.overview(either_study)
    assert sum(seen.by_status.values()) == 0
    assert (seen.uncertainty, seen.deviations, seen.last_events) == ((), (), ())


def test_an_open_round_is_not_counted_as_rated(study: Study) -> None:
    _, participant = enrolled_at_round(study)
    rounds.open(study, participant)
    assert monitor.overview(study).by_round == {1: 1}
    assert monitor.overview(study).choices == {}
