"""epochs of keys, rotations, ordered destructions

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_epochs",
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("destroyed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_id", "epoch", name=op.f("pk_key_epochs")),
    )
    op.create_table(
        "key_rotations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("from_epoch", sa.Integer(), nullable=False),
        sa.Column("to_epoch", sa.Integer(), nullable=True),
        sa.Column("destroy_old", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_rotations")),
    )
    with op.batch_alter_table("key_rotations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_key_rotations_key_id"), ["key_id"], unique=False)
    op.create_table(
        "ordered_destructions",
        sa.Column("blob_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("row_removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bytes_removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shredded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("blob_id", name=op.f("pk_ordered_destructions")),
    )
    with op.batch_alter_table("ordered_destructions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ordered_destructions_subject_id"), ["subject_id"], unique=False)
    op.execute(
        "INSERT INTO key_epochs (key_id, epoch, state, opened_at)"
        " SELECT key_id, epoch, 'open', min(created_at) FROM blobs GROUP BY key_id, epoch"
    )
    with op.batch_alter_table("blobs", schema=None) as batch_op:
        batch_op.drop_index("ix_blobs_key_id_epoch")
        batch_op.create_index("ix_blobs_key_id_epoch_id", ["key_id", "epoch", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("blobs", schema=None) as batch_op:
        batch_op.drop_index("ix_blobs_key_id_epoch_id")
        batch_op.create_index("ix_blobs_key_id_epoch", ["key_id", "epoch"], unique=False)
    op.drop_table("ordered_destructions")
    op.drop_table("key_rotations")
    op.drop_table("key_epochs")
