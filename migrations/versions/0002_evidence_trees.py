"""evidence trees: one timestamp over the evidence of many records

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "evidence_trees",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("algorithm", sa.String(length=20), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("under_way", sa.Boolean(), nullable=True),
        sa.Column("root", sa.LargeBinary(length=64), nullable=True),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("stamped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("authority", sa.String(length=300), nullable=True),
        sa.Column("development", sa.Boolean(), nullable=False),
        sa.CheckConstraint("size >= 0", name=op.f("ck_evidence_trees_size_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_trees")),
        sa.UniqueConstraint("under_way", name=op.f("uq_evidence_trees_under_way")),
    )
    op.create_table(
        "evidence_tiles",
        sa.Column("tree_id", NUMBER, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        _to_tree("evidence_tiles", "tree_id"),
        sa.PrimaryKeyConstraint("tree_id", "level", "position", name=op.f("pk_evidence_tiles")),
    )
    op.create_table(
        "evidence_members",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("tree_id", NUMBER, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _to_tree("evidence_members", "tree_id"),
        sa.PrimaryKeyConstraint("record_id", "tree_id", name=op.f("pk_evidence_members")),
    )
    with op.batch_alter_table("evidence_members", schema=None) as batch_op:
        batch_op.create_index("ix_evidence_members_tree", ["tree_id", "position"], unique=False)

    op.create_table(
        "evidence_renewals",
        sa.Column("chain_id", NUMBER, nullable=False),
        sa.Column("tree_id", NUMBER, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        _to_tree("evidence_renewals", "chain_id"),
        _to_tree("evidence_renewals", "tree_id"),
        sa.PrimaryKeyConstraint("chain_id", "tree_id", name=op.f("pk_evidence_renewals")),
    )


def _to_tree(table: str, column: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_evidence_trees")
    return sa.ForeignKeyConstraint([column], ["evidence_trees.id"], name=name, ondelete="CASCADE")


def downgrade() -> None:
    op.drop_table("evidence_renewals")
    with op.batch_alter_table("evidence_members", schema=None) as batch_op:
        batch_op.drop_index("ix_evidence_members_tree")

    op.drop_table("evidence_members")
    op.drop_table("evidence_tiles")
    op.drop_table("evidence_trees")
