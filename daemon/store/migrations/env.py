"""Run migrations on the connection that the caller holds the lock with."""

from alembic import context
from sqlalchemy import Connection

from daemon.store.models import Base

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
    user_module_prefix="sql.",
)
context.run_migrations()
