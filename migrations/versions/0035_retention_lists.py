"""the lists of retention: what is counted by an index alone, explanations, delivered lists, lists by mail

Revision ID: 0035
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_COUNTED = (
    "state", "due_on", "id", "fate", "office_id", "level", "terjaga", "vital", "legacy_unverified", "fixity_failed",
    "rule_book_id", "who_may", "personal_data", "folder_id",
)  # fmt: skip
_LISTED = ("active_until", "class_code", "rule_edition", "rule_code", "awaiting", "document_date")


def _id(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=False)


def _text(name: str, length: int | None = None, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length) if length else sa.Text(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _day(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def upgrade() -> None:
    _retention_index(*_LISTED)
    op.create_table(
        "retention_explanations",
        _id("id"), _id("record_id"), _text("text"), _text("said_by", 200), _moment("said_at"),
        _text("ended_by", 200, nullable=True), _moment("ended_at", nullable=True),
        _to("retention_explanations", "record_id", "records"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_explanations")),
    )  # fmt: skip
    op.create_index(op.f("ix_retention_explanations_record_id"), "retention_explanations", ["record_id"])
    op.create_table(
        "list_deliveries",
        _id("id"), _id("office_id"), _day("through"), sa.Column("folders", sa.Integer(), nullable=False),
        _text("delivered_by", 200), _moment("delivered_at"),
        _to("list_deliveries", "office_id", "offices"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_deliveries")),
    )  # fmt: skip
    op.create_index("ix_list_deliveries_office_through", "list_deliveries", ["office_id", "through"])

    op.create_table(
        "report_mailings",
        _id("id"), _text("title", 200), sa.Column("question", sa.JSON(), nullable=False), _text("every", 10),
        _text("form", 10), _text("language", 5), _day("next_on"), _text("made_by", 200), _moment("made_at"),
        _text("ended_by", 200, nullable=True), _moment("ended_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_mailings")),
    )  # fmt: skip
    op.create_index(op.f("ix_report_mailings_next_on"), "report_mailings", ["next_on"])
    op.create_table(
        "report_recipients",
        _id("mailing_id"), _id("person_id"), _text("address", 254), _day("sent_for", nullable=True),
        _moment("sent_at", nullable=True), _text("fault", 300, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _to("report_recipients", "mailing_id", "report_mailings"), _to("report_recipients", "person_id", "people"),
        sa.PrimaryKeyConstraint("mailing_id", "person_id", name=op.f("pk_report_recipients")),
    )  # fmt: skip
    op.create_index(op.f("ix_report_recipients_person_id"), "report_recipients", ["person_id"])


def _retention_index(*also: str) -> None:
    op.drop_index("ix_records_retention", "records")
    op.create_index("ix_records_retention", "records", [*_COUNTED, *also])


def downgrade() -> None:
    for table in ("report_recipients", "report_mailings", "list_deliveries", "retention_explanations"):
        op.drop_table(table)
    _retention_index()
