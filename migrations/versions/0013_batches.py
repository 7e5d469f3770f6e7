"""batches: scans that hold several documents

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("duplex", sa.String(length=20), nullable=False),
        sa.Column("clearance", sa.String(length=20), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("history", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("confirmed_by", sa.String(length=200), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("divided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_batches_record_id_records")),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_batches")),
    )
    op.create_table(
        "batch_parts",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("duplicate", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.record_id"], name=op.f("fk_batch_parts_batch_id_batches")),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_batch_parts_record_id_records")),
        sa.PrimaryKeyConstraint("batch_id", "position", name=op.f("pk_batch_parts")),
    )
    op.create_index(op.f("ix_batch_parts_record_id"), "batch_parts", ["record_id"])


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM batches")):
        raise RuntimeError("there are batches, which the version before knows nothing of")
    op.drop_table("batch_parts")
    op.drop_table("batches")
