"""events that wait for their place in the trail's tree

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_lanes",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("number", _COUNT, nullable=False),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_audit_lanes")),
    )
    op.create_table(
        "audit_waiting",
        sa.Column("sequence", _COUNT, autoincrement=True, nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("number", _COUNT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("subject_kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_waiting")),
    )
    # Leaves that are there have waited for nothing: both stay null. Not by a batch, which would copy the whole trail.
    op.add_column("audit_leaves", sa.Column("lane", sa.Integer(), nullable=True))
    op.add_column("audit_leaves", sa.Column("number", _COUNT, nullable=True))
    waited = sa.text("lane IS NOT NULL")
    op.create_index(
        "ix_audit_leaves_lane_number",
        "audit_leaves",
        ["lane", "number"],
        unique=True,
        sqlite_where=waited,
        postgresql_where=waited,
    )


def downgrade() -> None:
    waiting = op.get_bind().scalar(sa.text("SELECT count(*) FROM audit_waiting"))
    if waiting:
        raise RuntimeError(f"{waiting} events wait for their place in the audit trail; run: edms audit checkpoint")
    op.drop_index("ix_audit_leaves_lane_number", table_name="audit_leaves")
    op.drop_column("audit_leaves", "number")
    op.drop_column("audit_leaves", "lane")
    op.drop_table("audit_waiting")
    op.drop_table("audit_lanes")
