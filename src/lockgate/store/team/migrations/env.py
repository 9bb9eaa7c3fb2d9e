"""Runs the steps on the connection that :class:`lockgate.store.team.database.TeamDatabase` gives."""

from __future__ import annotations

from alembic import context

from lockgate.store.team.database import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
