"""What a withdrawal deletes is gone from the file too, not only from the tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playing import complete
from sqlalchemy import event

from study_app import participants
from study_app.study import Study


def everything_in(folder: Path) -> bytes:
    """The bytes of the database and of the files that SQLite keeps beside it."""
    return b"".join(file.read_bytes() for file in sorted(folder.glob("study.sqlite*")))


@pytest.fixture
def study(study: Study) -> Study:
    """The study on an SQLite that, unlike Debian's, is built to leave what is deleted."""
    study.engine.dispose()

    def as_built(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA secure_delete = OFF")

    event.listen(study.engine, "connect", as_built, insert=True)
    return study


def test_what_a_withdrawn_participant_wrote_is_overwritten_in_the_file(
    study: Study, tmp_path: Path
) -> None:
    _, participant = complete(study)
    study.engine.dispose()  # the log of writes goes into the database
    assert b"comment of round 1" in everything_in(tmp_path)
    participants.withdraw(study, participant)
    study.engine.dispose()
    assert b"comment of round" not in everything_in(tmp_path)
