"""positions with days, access by permission, and what the security scheme says of a record

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_COUNTED = (
    "state", "due_on", "id", "fate", "office_id", "level", "terjaga", "vital", "legacy_unverified", "fixity_failed",
    "rule_book_id",
)  # fmt: skip
INSTANT = sa.DateTime(timezone=True)


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _text(name: str, length: int | None = None, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length) if length else sa.Text(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, INSTANT, nullable=nullable)


def _day(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def _table(name: str, *parts: sa.schema.SchemaItem, key: tuple[str, ...] = ("id",), indexed: tuple[str, ...]) -> None:
    op.create_table(name, *parts, sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")))
    for column in indexed:
        op.create_index(op.f(f"ix_{name}_{column}"), name, [column])


def upgrade() -> None:
    """Columns are added, never by a copy of the table: an archive of a million records is upgraded in an instant."""
    op.add_column("people", _day("last_day", nullable=True))
    op.add_column("records", _text("who_may", 20, nullable=True))
    op.add_column("records", sa.Column("personal_data", sa.Boolean(), nullable=False, server_default=sa.false()))
    _retention_index("who_may", "personal_data", "folder_id")
    _positions()
    _table("record_sets", _id("id"), _text("title", 200), _text("made_by", 200), _moment("made_at"), indexed=())
    _table(
        "record_set_items", _id("set_id"), _id("record_id"), _to("record_set_items", "set_id", "record_sets"),
        _to("record_set_items", "record_id", "records"), key=("set_id", "record_id"), indexed=("record_id",),
    )  # fmt: skip
    _requests()
    _grants()


def _retention_index(*also: str) -> None:
    """All that the counts of the retention report ask for, the access rule included."""
    op.drop_index("ix_records_retention", "records")
    op.create_index("ix_records_retention", "records", [*_COUNTED, *also])


def _positions() -> None:
    _table(
        "positions",
        _id("id"), _id("person_id"), _id("office_id"), _text("title", 200), _text("rank", 20),
        _day("first", nullable=True), _day("last", nullable=True), _id("acting_for", nullable=True),
        _text("mandate", 300), _text("made_by", 200), _moment("made_at"), _text("ended_by", 200, nullable=True),
        _moment("ended_at", nullable=True),
        _to("positions", "person_id", "people"), _to("positions", "office_id", "offices"),
        _to("positions", "acting_for", "people"),
        indexed=("person_id", "office_id"),
    )  # fmt: skip


def _requests() -> None:
    _table(
        "access_requests",
        _id("id"), _id("person_id"), _id("office_id"), _text("wanted"), _text("mode", 10), _text("purpose"),
        _day("until"), _moment("asked_at"), _text("state", 10), _text("decided_by", 200, nullable=True),
        _moment("decided_at", nullable=True), _text("answer", nullable=True),
        _to("access_requests", "person_id", "people"), _to("access_requests", "office_id", "offices"),
        indexed=("person_id", "office_id", "state"),
    )  # fmt: skip


def _grants() -> None:
    subjects = (("record_id", "records"), ("folder_id", "folders"), ("set_id", "record_sets"))
    _table(
        "access_grants",
        _id("id"), _id("person_id"), *(_id(name, nullable=True) for name, _other in subjects), _id("office_id"),
        _id("request_id", nullable=True), _text("mode", 10), _text("purpose"), _text("granted_by", 200),
        _moment("granted_at"), _moment("until"), sa.Column("emergency", sa.Boolean(), nullable=False),
        _text("revoked_by", 200, nullable=True), _moment("revoked_at", nullable=True),
        _text("revoke_reason", nullable=True), _text("reviewed_by", 200, nullable=True),
        _moment("reviewed_at", nullable=True), _text("review", nullable=True),
        _to("access_grants", "person_id", "people"), _to("access_grants", "office_id", "offices"),
        _to("access_grants", "request_id", "access_requests"),
        *(_to("access_grants", name, other) for name, other in subjects),
        sa.CheckConstraint(
            "(CASE WHEN record_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN folder_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN set_id IS NULL THEN 0 ELSE 1 END) = 1",
            name=op.f("ck_access_grants_one_subject"),
        ),
        indexed=("person_id", "record_id", "folder_id", "set_id", "office_id", "request_id"),
    )  # fmt: skip


def downgrade() -> None:
    for table in ("access_grants", "access_requests", "record_set_items", "record_sets", "positions"):
        op.drop_table(table)
    _retention_index()
    op.drop_column("records", "personal_data")
    op.drop_column("records", "who_may")
    op.drop_column("people", "last_day")
