"""The database's schema: its revision, and bringing it to the one that this program knows."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from study_app.errors import DatabaseError

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 4_183_061_502  # any number that only this program uses


def head_revision() -> str:
    """The revision that this program knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def migrate(engine: Engine) -> tuple[str | None, str]:
    """Bring the database to this program's schema; gives the revision before and after.

    Several processes may do so at once. DatabaseError for a database of a newer program or one
    that holds other tables, before anything is changed.
    """
    if (file := _file(engine)) is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unreachable(engine, error) from error
    try:
        with (
            engine.connect().execution_options(hare_writes=True) as connection,
            connection.begin(),
        ):
            if engine.dialect.name != "sqlite":
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK}
                )
            before = _revision(connection)
            _refuse_foreign(connection, before)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            return before, head_revision()
    except SQLAlchemyError as error:
        raise _unreachable(engine, error) from error


def check_schema(engine: Engine) -> None:
    """DatabaseError, with the command that mends it, unless the schema is this program's."""
    where = engine.url.render_as_string(hide_password=True)
    file = _file(engine)
    if file is not None and not file.exists():
        raise DatabaseError(
            f"There is no database at {where}. Name another with --database or HARE_DATABASE_URL, "
            f"or make it with: python -m study_app migrate --database {where}"
        )
    try:
        with engine.connect() as connection:
            revision = _revision(connection)
            _refuse_foreign(connection, revision)
    except SQLAlchemyError as error:
        raise _unreachable(engine, error) from error
    if revision != head_revision():
        found = f"has schema {revision}" if revision else "holds no study yet"
        raise DatabaseError(
            f"The database {where} {found}, but this program needs schema {head_revision()}. "
            f"Bring it up to date with: python -m study_app migrate --database {where}"
        )


def _refuse_foreign(connection: Connection, revision: str | None) -> None:
    where = connection.engine.url.render_as_string(hide_password=True)
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise DatabaseError(
            f"The database {where} has schema {revision}, which this program (schema "
            f"{head_revision()}) does not know. Update the program, or name another database "
            "with --database or HARE_DATABASE_URL."
        )
    if revision is None and inspect(connection).get_table_names():
        raise DatabaseError(
            f"The database {where} holds tables of something else. Name an empty one with "
            "--database or HARE_DATABASE_URL."
        )


def _file(engine: Engine) -> Path | None:
    """The file of an embedded database; None for a server's."""
    embedded = engine.dialect.name == "sqlite" and engine.url.database
    return Path(embedded) if embedded else None


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _unreachable(engine: Engine, error: Exception) -> DatabaseError:
    where = engine.url.render_as_string(hide_password=True)
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    return DatabaseError(
        f"The database {where} cannot be used: {reason}. Check that it exists, is a SQLite file or "
        "a running PostgreSQL server, and that this user may write to it."
    )
