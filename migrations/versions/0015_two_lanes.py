"""two lanes of work, and offices that take turns in each

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Access copies under way go to the long lane: whether they need recognition is in the facts, not in a column."""
    with op.batch_alter_table("jobs") as table:
        table.add_column(sa.Column("lane", sa.String(length=10), nullable=False, server_default="quick"))
        table.add_column(sa.Column("office_id", sa.Uuid(), nullable=True))
        table.drop_index("ix_jobs_claim")
    op.execute("UPDATE jobs SET office_id = (SELECT office_id FROM records WHERE records.id = jobs.subject_id)")
    op.execute("UPDATE jobs SET lane = 'long' WHERE step IN ('access_copy', 'read_batch', 'divide')")
    # A job without a record is nobody's; it is claimed like any other and ends with its fault.
    op.execute("UPDATE jobs SET office_id = '00000000000000000000000000000000' WHERE office_id IS NULL")
    with op.batch_alter_table("jobs") as table:
        table.alter_column("office_id", existing_type=sa.Uuid(), nullable=False)
        table.alter_column("lane", existing_type=sa.String(length=10), server_default=None)
        table.create_index("ix_jobs_claim", ["state", "lane", "office_id", "not_before"])


def downgrade() -> None:
    with op.batch_alter_table("jobs") as table:
        table.drop_index("ix_jobs_claim")
        table.drop_column("office_id")
        table.drop_column("lane")
        table.create_index("ix_jobs_claim", ["state", "not_before"])
