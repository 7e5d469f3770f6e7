"""descriptions that can be taken back, and how each clerk files

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "earlier_descriptions",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("confirmed_by", sa.String(length=100), nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_earlier_descriptions")),
    )
    op.create_table(
        "filing_habits",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("actor_id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("used_at", INSTANT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_filing_habits")),
    )
    op.create_index(op.f("ix_filing_habits_actor_id"), "filing_habits", ["actor_id"])


def downgrade() -> None:
    for table in ("filing_habits", "earlier_descriptions"):
        op.drop_table(table)
