"""Engines and transactions: SQLite as the embedded default, PostgreSQL by URL.

Writing transactions run one at a time on both databases: SQLite takes its write lock at the start
(BEGIN IMMEDIATE), PostgreSQL locks the head of the event log. The log needs that order anyway, each
takes milliseconds, and what a service has read in it can then not change before it commits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlmodel import Session

__all__ = ["Engine", "Session", "make_engine", "reading", "shown", "writing"]

_BUSY_TIMEOUT_SECONDS = 30


def make_engine(url: str) -> Engine:
    """An engine for sqlite:/// or postgresql+psycopg:// URLs; connects to nothing yet."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=20)
    engine = create_engine(parsed, connect_args={"timeout": _BUSY_TIMEOUT_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def shown(url: str) -> str:
    """The URL without its password, for messages."""
    return make_url(url).render_as_string(hide_password=True)


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that sees one moment of the database from beginning to end, and writes nothing."""
    options = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with Session(engine) as session:
        session.connection(execution_options=options)
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """A session for one transaction: commits at the end, or nothing at all on an error."""
    with Session(engine, expire_on_commit=False) as session:
        session.connection(execution_options={"hare_writes": True})
        if engine.dialect.name != "sqlite":
            session.connection().execute(text("SELECT id FROM chain_head FOR UPDATE"))
        yield session
        session.commit()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN comes too late (before the first write); `_begin_sqlite` sends ours.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "foreign_keys = ON",
        "synchronous = FULL",  # a commit survives a power cut
        "secure_delete = ON",  # what a withdrawal deletes is overwritten
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("hare_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
