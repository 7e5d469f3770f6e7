"""digitisation (alih media): scanners, batches, their check, papers and marks

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
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


def _yes_no(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def upgrade() -> None:
    op.create_table(
        "scanners",
        _id("id"),
        _id("office_id"),
        *(_text(name, 80) for name in ("name", "make", "model", "serial")),
        _number("optical_dpi"),
        _text("settings", 500),
        sa.Column("calibrated_on", sa.Date(), nullable=True),
        _text("added_by", 200),
        _moment("added_at"),
        _moment("retired_at", nullable=True),
        _to("scanners", "office_id", "offices"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scanners")),
    )
    op.create_index(op.f("ix_scanners_office_id"), "scanners", ["office_id"])
    _digitisations()
    _items()
    op.create_table(
        "digitisation_papers",
        _id("digitisation_id"),
        _text("kind", 10),
        _id("record_id"),
        _text("sha256", 64),
        _moment("drawn_at"),
        _to("digitisation_papers", "digitisation_id", "digitisations"),
        _to("digitisation_papers", "record_id", "records"),
        sa.PrimaryKeyConstraint("digitisation_id", "kind", name=op.f("pk_digitisation_papers")),
    )
    op.create_index(op.f("ix_digitisation_papers_record_id"), "digitisation_papers", ["record_id"])
    op.create_table(
        "digitisation_marks",
        _id("item_id"),
        _text("token", 32),
        _number("component_position"),
        _text("base_sha256", 64),
        _text("sha256", 64),
        _moment("marked_at"),
        _to("digitisation_marks", "item_id", "digitisation_items"),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_digitisation_marks")),
        sa.UniqueConstraint("token", name=op.f("uq_digitisation_marks_token")),
    )


def _digitisations() -> None:
    op.create_table(
        "digitisations",
        _id("id"),
        _id("office_id"),
        _text("level", 20),
        _text("state", 20),
        _text("title", 300),
        _text("place", 100),
        sa.Column("begun_on", sa.Date(), nullable=False),
        _text("source", 300),
        _text("condition", 300),
        _text("medium", 100),
        _text("process_note", 1000),
        _text("class_code", 40, nullable=True),
        _yes_no("widened"),
        _text("opened_by", 200),
        _text("opener_name", 200),
        _moment("opened_at"),
        _text("number", 120, nullable=True),
        _json("signers"),
        _text("closed_by", 200, nullable=True),
        _moment("closed_at", nullable=True),
        _json("listed"),
        _text("list_sha256", 64, nullable=True),
        _text("csv_sha256", 64, nullable=True),
        _moment("cancelled_at", nullable=True),
        _text("cancel_reason", 500, nullable=True),
        _to("digitisations", "office_id", "offices"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digitisations")),
    )
    op.create_index(op.f("ix_digitisations_office_id"), "digitisations", ["office_id"])


def _items() -> None:
    op.create_table(
        "digitisation_items",
        _id("id"),
        _id("digitisation_id"),
        _number("position"),
        _id("record_id"),
        _text("standing_key", 32, nullable=True),
        _id("scanner_id"),
        _text("kind", 10),
        _text("paper", 20),
        _json("page_papers"),
        _number("counted"),
        _json("pages"),
        _text("sha256", 64),
        sa.Column("note", sa.Text(), nullable=False),
        _text("state", 20),
        _text("added_by", 200),
        _text("adder_name", 200),
        _moment("added_at"),
        _yes_no("sampled"),
        _text("checked_by", 200, nullable=True),
        _text("checker_name", 200, nullable=True),
        _moment("checked_at", nullable=True),
        _json("reasons"),
        _text("check_note", 500, nullable=True),
        _id("replaced_by", nullable=True),
        _to("digitisation_items", "digitisation_id", "digitisations"),
        _to("digitisation_items", "record_id", "records"),
        _to("digitisation_items", "scanner_id", "scanners"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digitisation_items")),
        sa.UniqueConstraint("digitisation_id", "position", name=op.f("uq_digitisation_items_digitisation_id_position")),
        sa.UniqueConstraint("standing_key", name=op.f("uq_digitisation_items_standing_key")),
    )
    op.create_index(op.f("ix_digitisation_items_record_id"), "digitisation_items", ["record_id"])


def downgrade() -> None:
    """Authenticated copies and berita acara are left as what they are: components and records."""
    for table in ("digitisation_marks", "digitisation_papers", "digitisation_items", "digitisations", "scanners"):
        op.drop_table(table)
