"""What a withdrawal deletes is gone from the file too, not only from the tables."""

from __future__ import annotations

from pathlib import Path

from playing import complete
from sqlalchemy import text

from study_app import participants
from study_app.storage.engine import make_engine
from study_app.study import Study


def everything_in(folder: Path) -> bytes:
    """The bytes of the database and of the files that SQLite keeps beside it."""
    return b"".join(file.read_bytes() for file in sorted(folder.glob("study.sqlite*")))


def test_what_a_withdrawn_participant_wrote_is_overwritten_in_the_file(
    study: Study, tmp_path: Path
) -> None:
    _, participant = complete(study)
    study.engine.dispose()  # the log of writes goes into the database
    assert b"comment of round 1" in everything_in(tmp_path)
    participants.withdraw(study, participant)
    study.engine.dispose()
    assert b"comment of round" not in everything_in(tmp_path)


def test_every_connection_overwrites_what_it_deletes(study: Study) -> None:
    engine = make_engine(study.settings.database_url)
    for _ in range(2):
        with engine.connect() as one, engine.connect() as other:
            for connection in (one, other):
                assert connection.execute(text("PRAGMA secure_delete")).scalar() == 1
        engine.dispose()
