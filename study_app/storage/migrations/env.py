"""Alembic's entry point. `study_app.storage.schema.migrate` hands over an open transaction."""

from alembic import context
from sqlmodel import SQLModel

from study_app.storage import models

assert models  # the tables register themselves on import

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transaction_per_migration=False,
    render_as_batch=True,
)
context.run_migrations()
