"""Databases for the platform's tests: a SQLite file a test, and one PostgreSQL server a session."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import playing
import pytest
import sqlalchemy

from study_app.settings import Settings
from study_app.study import Study


@pytest.fixture(autouse=True)
def _no_configuration_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("HARE_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)


@pytest.fixture
def study(tmp_path: Path) -> Iterator[Study]:
    """The null study on a fresh SQLite database."""
    opened = playing.fresh_study(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server that runs for the session; a database name may follow it."""
    runtime = tempfile.mkdtemp()  # mode 700, as the server's lock files want it
    earlier = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = runtime
    try:
        from pgserver.postgres_server import get_server
    finally:
        if earlier is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = earlier
    data = tempfile.mkdtemp()  # short: its path is the server's socket
    server = get_server(data, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(runtime, ignore_errors=True)
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'study.sqlite'}"
    server = Settings(database_url=request.getfixturevalue("postgresql")).database_url
    name = f"study_{secrets.token_hex(4)}"
    engine = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
def either_study(database_url: str, tmp_path: Path) -> Iterator[Study]:
    """The null study on a fresh database of each kind."""
    opened = playing.fresh_study(tmp_path, database_url)
    yield opened
    opened.close()
