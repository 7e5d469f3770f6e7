"""disposal (penyusutan): batches, items, steps, papers, and what is left of destroyed records

Revision ID: 0033
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0035"
branch_labels = None
depends_on = None


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _day(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=True)


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def upgrade() -> None:
    _batches()
    _items()
    _steps()
    op.create_table(
        "disposal_papers",
        _id("batch_id"),
        _text("kind", 20),
        _id("record_id"),
        _text("sha256", 64),
        _moment("drawn_at"),
        _to("disposal_papers", "batch_id", "disposal_batches"),
        _to("disposal_papers", "record_id", "records"),
        sa.PrimaryKeyConstraint("batch_id", "kind", name=op.f("pk_disposal_papers")),
    )
    op.create_index(op.f("ix_disposal_papers_record_id"), "disposal_papers", ["record_id"])
    _residuals()


def _batches() -> None:
    op.create_table(
        "disposal_batches",
        _id("id"),
        _text("kind", 20),
        _text("tier", 4),
        _id("office_id"),
        _text("level", 20),
        _text("class_code", 40, nullable=True),
        _text("state", 20),
        _moment("state_since"),
        _text("title", 300),
        _text("opened_by", 200),
        _text("opener_name", 200),
        _moment("opened_at"),
        _json("committee"),
        _text("list_sha256", 64, nullable=True),
        _moment("frozen_at", nullable=True),
        _text("number", 120, nullable=True),
        _text("place", 100, nullable=True),
        _text("method", 200, nullable=True),
        _json("signers"),
        _json("evidence"),
        _text("evidence_sha256", 64, nullable=True),
        _moment("ended_at", nullable=True),
        _text("end_reason", 500, nullable=True),
        _to("disposal_batches", "office_id", "offices"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disposal_batches")),
    )
    for column in ("office_id", "state"):
        op.create_index(op.f(f"ix_disposal_batches_{column}"), "disposal_batches", [column])


def _items() -> None:
    op.create_table(
        "disposal_items",
        _id("id"),
        _id("batch_id"),
        _number("position"),
        _id("record_id"),
        _text("standing_key", 32, nullable=True),
        _text("state", 20),
        _json("frozen"),
        _text("frozen_sha256", 64, nullable=True),
        _text("verdict", 20, nullable=True),
        _text("note", 1000, nullable=True),
        *(_text(name, 200, nullable=True) for name in ("assessed_by", "assessor_name")),
        _moment("assessed_at", nullable=True),
        _text("excluded_reason", 500, nullable=True),
        _text("excluded_in", 20, nullable=True),
        _text("excluded_by", 200, nullable=True),
        _moment("excluded_at", nullable=True),
        _json("before"),
        _moment("done_at", nullable=True),
        _to("disposal_items", "batch_id", "disposal_batches"),
        _to("disposal_items", "record_id", "records"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disposal_items")),
        sa.UniqueConstraint("batch_id", "position", name=op.f("uq_disposal_items_batch_id_position")),
        sa.UniqueConstraint("standing_key", name=op.f("uq_disposal_items_standing_key")),
    )
    op.create_index(op.f("ix_disposal_items_record_id"), "disposal_items", ["record_id"])


def _steps() -> None:
    op.create_table(
        "disposal_steps",
        _id("id"),
        _id("batch_id"),
        _number("position"),
        _text("step", 20),
        _text("state", 20),
        _text("duty", 30),
        *(_text(name, 200) for name in ("actor_id", "actor_name")),
        _moment("at"),
        _text("number", 120, nullable=True),
        _day("dated"),
        _id("record_id", nullable=True),
        _text("file_sha256", 64, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        _to("disposal_steps", "batch_id", "disposal_batches"),
        _to("disposal_steps", "record_id", "records"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disposal_steps")),
        sa.UniqueConstraint("batch_id", "position", name=op.f("uq_disposal_steps_batch_id_position")),
    )


def _residuals() -> None:
    op.create_table(
        "residuals",
        *(_id(name) for name in ("record_id", "batch_id", "item_id")),
        _text("title", 500),
        sa.Column("redacted", sa.Boolean(), nullable=False),
        _text("class_code", 40, nullable=True),
        _text("class_edition", 80, nullable=True),
        _day("document_date"),
        _moment("received_at"),
        _moment("declared_at", nullable=True),
        *(_text(name, 80, nullable=True) for name in ("rule_code", "rule_edition")),
        _text("rule_clause", 500),
        _day("due_on"),
        _json("components"),
        sa.Column("bytes_destroyed", sa.BigInteger(), nullable=False),
        _moment("destroyed_at"),
        *(_text(name, 200) for name in ("destroyed_by", "destroyer_name", "method")),
        _text("minutes_number", 120),
        _to("residuals", "record_id", "records"),
        _to("residuals", "batch_id", "disposal_batches"),
        _to("residuals", "item_id", "disposal_items"),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_residuals")),
        sa.UniqueConstraint("item_id", name=op.f("uq_residuals_item_id")),
    )
    op.create_index(op.f("ix_residuals_batch_id"), "residuals", ["batch_id"])


def downgrade() -> None:
    """Papers are left as what they are: records. What was destroyed does not come back."""
    for table in ("residuals", "disposal_papers", "disposal_steps", "disposal_items", "disposal_batches"):
        op.drop_table(table)
