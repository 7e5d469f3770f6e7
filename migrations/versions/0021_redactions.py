"""redactions of records, for publication and for grants

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "redactions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        _text("state", 20),
        _text("purpose", 20),
        _text("ground", 300),
        _text("reason", 500),
        sa.Column("areas", sa.JSON(), nullable=False),
        sa.Column("sealed_terms", sa.LargeBinary(), nullable=True),
        sa.Column("workers", sa.JSON(), nullable=False),
        _text("base_sha256", 64),
        sa.Column("component_position", sa.Integer(), nullable=True),
        _text("sha256", 64, nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("recognised", sa.Boolean(), nullable=False),
        _text("opened_by", 200),
        _moment("opened_at"),
        _text("made_by", 200, nullable=True),
        _moment("made_at", nullable=True),
        _text("approved_by", 200, nullable=True),
        _moment("approved_at", nullable=True),
        _text("withdrawn_by", 200, nullable=True),
        _moment("withdrawn_at", nullable=True),
        _text("withdraw_reason", 500, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_redactions_record_id_records")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redactions")),
    )
    op.create_index(op.f("ix_redactions_record_id"), "redactions", ["record_id"])


def downgrade() -> None:
    """The documents that were made stay components; nothing tells any more what they are."""
    op.drop_table("redactions")
