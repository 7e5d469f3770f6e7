"""counts of the lists of retention by indexes that have no more than they ask for

Revision ID: 0037
Revises: 0036
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_COUNTED = (
    "due_on", "fate", "level", "office_id", "terjaga", "vital", "legacy_unverified", "fixity_failed", "active_until",
    "rule_edition", "rule_code", "awaiting", "who_may", "personal_data",
)  # fmt: skip


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_records_counted", "records", [*_COUNTED], sqlite_where=sa.text("state = 'declared'"))
    op.drop_index("ix_records_class_code", "records")
    op.create_index(
        "ix_records_class", "records", ["class_code", "level", "state", "office_id", "who_may", "personal_data"]
    )


def downgrade() -> None:
    op.drop_index("ix_records_class", "records")
    op.create_index("ix_records_class_code", "records", ["class_code"])
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_records_counted", "records")
