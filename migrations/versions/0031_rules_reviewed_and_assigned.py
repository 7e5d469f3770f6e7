"""rules given to records anew, and drafts of rule books with their reviews

Revision ID: 0031
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0027"
branch_labels = None
depends_on = None


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _assignments() -> None:
    op.create_table(
        "retention_assignments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=True),
        _text("source", 20),
        sa.Column("rule_book_id", sa.Uuid(), nullable=True),
        _text("rule_edition", 80, nullable=True),
        _text("rule_code", 80, nullable=True),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("counts_from", sa.Date(), nullable=True),
        _text("reason", 500),
        _text("actor", 200),
        _moment("since"),
        _moment("until", nullable=True),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_retention_assignments_record_id_records")),
        sa.ForeignKeyConstraint(
            ["rule_book_id"], ["rule_books.id"], name=op.f("fk_retention_assignments_rule_book_id_rule_books")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_assignments")),
        sa.UniqueConstraint("record_id", "stands", name=op.f("uq_retention_assignments_record_id_stands")),
        sa.UniqueConstraint("record_id", "position", name=op.f("uq_retention_assignments_record_id_position")),
    )
    op.create_index(op.f("ix_retention_assignments_record_id"), "retention_assignments", ["record_id"])


def _drafts() -> None:
    op.create_table(
        "rule_drafts",
        sa.Column("id", sa.Uuid(), nullable=False),
        _text("sha256", 64),
        sa.Column("content", sa.Text(), nullable=False),
        _text("note", 300),
        _text("made_by", 200),
        _moment("made_at"),
        _moment("withdrawn_at", nullable=True),
        _text("withdrawn_by", 200, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_drafts")),
        sa.UniqueConstraint("sha256", name=op.f("uq_rule_drafts_sha256")),
    )
    op.create_table(
        "rule_reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        _text("against_sha256", 64),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("impact", sa.JSON(), nullable=False),
        _text("reviewed_by", 200),
        _moment("reviewed_at"),
        sa.ForeignKeyConstraint(["draft_id"], ["rule_drafts.id"], name=op.f("fk_rule_reviews_draft_id_rule_drafts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_reviews")),
    )
    op.create_index(op.f("ix_rule_reviews_draft_id"), "rule_reviews", ["draft_id"])


def _sources() -> None:
    op.create_table(
        "rule_sources",
        sa.Column("id", sa.Uuid(), nullable=False),
        _text("edition", 80),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        _text("sha256", 64),
        _text("named_by", 200),
        _moment("named_at"),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_rule_sources_record_id_records")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_sources")),
        sa.UniqueConstraint("edition", "record_id", name=op.f("uq_rule_sources_edition_record_id")),
    )
    op.create_index(op.f("ix_rule_sources_record_id"), "rule_sources", ["record_id"])


def upgrade() -> None:
    _assignments()
    _drafts()
    _sources()


def downgrade() -> None:
    """Records keep the rule that their rows name; what a review decided for one is told by the audit trail alone."""
    op.drop_table("rule_sources")
    op.drop_table("rule_reviews")
    op.drop_table("rule_drafts")
    op.drop_table("retention_assignments")
