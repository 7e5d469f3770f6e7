"""transfers to inactive custody, reviews and hand-overs

Revision ID: 0034
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proceedings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("to_office_id", sa.Uuid(), nullable=True),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("class_code", sa.String(length=40), nullable=True),
        sa.Column("number", sa.String(length=120), nullable=True),
        *(sa.Column(name, sa.String(length=200), nullable=False) for name in ("opened_by", "opener_name")),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("opened_at", "since")),
        sa.Column("listed", sa.JSON(), nullable=False),
        sa.Column("list_sha256", sa.String(length=64), nullable=True),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("signers", "receiver", "package")),
        sa.ForeignKeyConstraint(["office_id"], ["offices.id"], name=op.f("fk_proceedings_office_id_offices")),
        sa.ForeignKeyConstraint(["to_office_id"], ["offices.id"], name=op.f("fk_proceedings_to_office_id_offices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proceedings")),
    )
    op.create_index(op.f("ix_proceedings_kind"), "proceedings", ["kind"])
    op.create_index(op.f("ix_proceedings_office_id"), "proceedings", ["office_id"])
    _items()
    op.create_table(
        "proceeding_steps",
        sa.Column("proceeding_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        *(sa.Column(name, sa.String(length=200), nullable=False) for name in ("by", "by_name")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.JSON(), nullable=False),
        _of_proceeding("proceeding_steps"),
        sa.PrimaryKeyConstraint("proceeding_id", "position", name=op.f("pk_proceeding_steps")),
    )
    op.create_table(
        "proceeding_papers",
        sa.Column("proceeding_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        _of_proceeding("proceeding_papers"),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_proceeding_papers_record_id_records")),
        sa.PrimaryKeyConstraint("proceeding_id", "kind", name=op.f("pk_proceeding_papers")),
    )
    op.create_index(op.f("ix_proceeding_papers_record_id"), "proceeding_papers", ["record_id"])


def _items() -> None:
    op.create_table(
        "proceeding_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proceeding_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("standing_key", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("snapshot", "decision", "sent")),
        sa.Column("reference", sa.String(length=300), nullable=True),
        _of_proceeding("proceeding_items"),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_proceeding_items_record_id_records")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proceeding_items")),
        sa.UniqueConstraint("proceeding_id", "position", name=op.f("uq_proceeding_items_proceeding_id_position")),
        sa.UniqueConstraint("standing_key", name=op.f("uq_proceeding_items_standing_key")),
    )
    op.create_index(op.f("ix_proceeding_items_record_id"), "proceeding_items", ["record_id"])


def _of_proceeding(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_proceeding_id_proceedings")
    return sa.ForeignKeyConstraint(["proceeding_id"], ["proceedings.id"], name=name)


def downgrade() -> None:
    for table in ("proceeding_papers", "proceeding_steps", "proceeding_items", "proceedings"):
        op.drop_table(table)
