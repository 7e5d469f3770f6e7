"""content that was removed after a hand-over of permanent records

Revision ID: 0036
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0032"
branch_labels = None
depends_on = None


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _to(column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_removed_contents_{column}_{other}"))


def upgrade() -> None:
    op.create_table(
        "removed_contents",
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ("record_id", "proceeding_id", "item_id")),
        _text("title", 500), sa.Column("redacted", sa.Boolean(), nullable=False),
        *(_text(name, length, nullable=True) for name, length in (
            ("class_code", 40), ("class_edition", 80), ("rule_code", 80), ("rule_edition", 80))),
        sa.Column("document_date", sa.Date(), nullable=True),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=True),
        _text("receiver", 200), _text("accession", 300), _text("reference", 300),
        *(_text(name, 64) for name in ("receipt_sha256", "manifest_sha256", "mets_sha256")),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("components", "before")),
        sa.Column("bytes_removed", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=False),
        _text("removed_by", 200), _text("remover_name", 200), _text("method", 200), _text("order_number", 120),
        sa.Column("order_position", sa.Integer(), nullable=False),
        _to("record_id", "records"), _to("proceeding_id", "proceedings"), _to("item_id", "proceeding_items"),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_removed_contents")),
        sa.UniqueConstraint("item_id", name=op.f("uq_removed_contents_item_id")),
    )  # fmt: skip
    op.create_index(op.f("ix_removed_contents_proceeding_id"), "removed_contents", ["proceeding_id"])


def downgrade() -> None:
    op.drop_table("removed_contents")
