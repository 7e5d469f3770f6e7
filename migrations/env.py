"""Alembic's entry: runs on the connection that `edms.core.migrations` opened."""

from alembic import context

from edms.core.database import UtcDateTime
from edms.schema import metadata


def render_type(kind: str, value: object, _context: object) -> str | bool:
    """Write our own types as plain ones: a migration must not change when the code does."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(value, UtcDateTime) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=render_type,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
