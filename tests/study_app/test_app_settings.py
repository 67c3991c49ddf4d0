"""Settings, secrets, and databases and protocols that cannot be used."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from argon2 import PasswordHasher
from playing import changed_protocol, fresh_study, settings_for
from sqlalchemy import text
from sqlmodel import SQLModel

from hare.errors import UnknownArmError
from study_app import monitor, tokens
from study_app.errors import ConfigurationError, DatabaseError, WrongSecret
from study_app.settings import Settings, load_installation, load_settings
from study_app.storage import schema
from study_app.storage.engine import make_engine
from study_app.study import Study, open_study
from study_design import ProtocolError


def test_the_database_is_in_the_data_folder_unless_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings().database_url == "sqlite:///data/study.sqlite"
    monkeypatch.setenv("HARE_DATA_DIR", "elsewhere")
    assert load_settings().database_url == "sqlite:///elsewhere/study.sqlite"
    monkeypatch.setenv("DATABASE_URL", "postgres://user@host/name")
    assert load_settings().database_url == "postgresql+psycopg://user@host/name"


def test_bad_settings_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARE_SECRET", "short")
    monkeypatch.setenv("HARE_DATABASE_URL", "mysql://host/name")
    monkeypatch.setenv("HARE_RESEARCHER_PASSWORD_HASH", "plain words")
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    for name in ("HARE_SECRET", "HARE_DATABASE_URL", "HARE_RESEARCHER_PASSWORD_HASH"):
        assert name in str(refused.value)


def test_secrets_are_made_once_and_only_the_owner_can_read_them(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    first = load_installation(settings)
    assert load_installation(settings) == first
    assert first.password_made
    assert len(first.key) == 64
    path = tmp_path / "data" / "installation.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_installation(Settings(data_dir=tmp_path / "other")).key != first.key


def test_unreadable_secrets_are_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "installation.json"
    path.write_text(json.dumps({"secret": "x"}))
    with pytest.raises(ConfigurationError, match="backup"):
        load_installation(Settings(data_dir=tmp_path))
    assert json.loads(path.read_text()) == {"secret": "x"}


def test_the_researchers_password_opens_the_monitor_and_nothing_else_does(study: Study) -> None:
    assert monitor.check_researcher(study, "a password for the tests").since
    for wrong in ("", "a password for the test", "A password for the tests", "é"):
        with pytest.raises(WrongSecret):
            monitor.check_researcher(study, wrong)


def test_a_configured_hash_is_checked_with_argon2(tmp_path: Path) -> None:
    hashed = PasswordHasher().hash("correct horse battery")
    installation = load_installation(Settings(data_dir=tmp_path, researcher_password_hash=hashed))
    tokens.check_password(installation, "correct horse battery")
    with pytest.raises(WrongSecret):
        tokens.check_password(installation, "correct horse")


def test_a_missing_database_is_refused_with_the_command_and_not_made(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    with pytest.raises(DatabaseError, match="python -m study_app migrate"):
        open_study(settings)
    assert not (tmp_path / "study.sqlite").exists()


def test_tables_without_a_revision_are_refused_as_somebody_elses(database_url: str) -> None:
    engine = make_engine(database_url)
    schema.migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    with pytest.raises(DatabaseError, match="holds tables of something else"):
        schema.check_schema(engine)
    engine.dispose()


def test_an_empty_database_is_refused_with_the_command_that_mends_it(database_url: str) -> None:
    engine = make_engine(database_url)
    engine.connect().close()
    with pytest.raises(DatabaseError, match=r"holds no study yet.*python -m study_app migrate"):
        schema.check_schema(engine)
    engine.dispose()


def test_a_newer_schema_is_refused_and_left_alone(database_url: str) -> None:
    engine = make_engine(database_url)
    schema.migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for use in (schema.check_schema, schema.migrate):
        with pytest.raises(DatabaseError, match=r"9999, which this program .* does not know"):
            use(engine)
    engine.dispose()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "study.sqlite"
    path.write_text("these are somebody's notes, not a database " * 40)
    engine = make_engine(f"sqlite:///{path}")
    for use in (schema.check_schema, schema.migrate):
        with pytest.raises(DatabaseError, match="not a database"):
            use(engine)
    assert path.read_text().startswith("these are somebody's notes")
    engine.dispose()


def test_an_unreachable_server_is_said_without_its_password() -> None:
    engine = make_engine("postgresql+psycopg://user:hush@127.0.0.1:9/name?connect_timeout=2")
    with pytest.raises(DatabaseError) as refused:
        schema.check_schema(engine)
    assert "cannot be used" in str(refused.value)
    assert "hush" not in str(refused.value)
    engine.dispose()


def test_the_migrations_give_the_tables_of_the_models(database_url: str) -> None:
    engine = make_engine(database_url)
    assert schema.migrate(engine) == (None, schema.head_revision())
    assert schema.migrate(engine) == (schema.head_revision(), schema.head_revision())
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_an_unknown_arm_is_refused_by_name(tmp_path: Path) -> None:
    def rename(content: dict) -> None:
        content["arms"][1]["system"] = "oracle"

    with pytest.raises(UnknownArmError, match="unknown arm 'oracle'"):
        fresh_study(tmp_path, protocol=changed_protocol(tmp_path, rename))


def test_a_malformed_protocol_is_refused_by_field(tmp_path: Path) -> None:
    path = changed_protocol(tmp_path, lambda content: content.update(rounds="many"))
    with pytest.raises(ProtocolError, match="rounds"):
        fresh_study(tmp_path, protocol=path)
