"""copies that were handed out, each with a number, and loans of the paper original

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "issued_copies",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("person_id", sa.String(length=100), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_issued_copies_record_id_records")),
        sa.PrimaryKeyConstraint("record_id", "number", name=op.f("pk_issued_copies")),
    )
    op.create_index("ix_issued_copies_person", "issued_copies", ["record_id", "person_id", "issued_at"])
    op.create_table(
        "loans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("is_out", sa.Boolean(), nullable=True),
        sa.Column("borrower_id", sa.Uuid(), nullable=True),
        *(_text(name, 200) for name in ("borrower", "borrower_office")),
        _text("purpose", 500),
        *(_text(name, 200) for name in ("permission", "asked_by")),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        _text("place", 200),
        sa.Column("extended", sa.Integer(), nullable=False),
        _text("lent_by", 200, nullable=True),
        sa.Column("lent_at", sa.DateTime(timezone=True), nullable=True),
        _text("ended_by", 200, nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        _text("remark", 500, nullable=True),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_loans_record_id_records")),
        sa.ForeignKeyConstraint(["borrower_id"], ["people.id"], name=op.f("fk_loans_borrower_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loans")),
        sa.UniqueConstraint("record_id", "is_out", name=op.f("uq_loans_record_id_is_out")),
    )
    op.create_index(op.f("ix_loans_record_id"), "loans", ["record_id"])
    op.create_index(op.f("ix_loans_state"), "loans", ["state"])


def downgrade() -> None:
    op.drop_table("loans")
    op.drop_table("issued_copies")
