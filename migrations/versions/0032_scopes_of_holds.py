"""what holds are on besides records, events that are noted together, and reviews

Revision ID: 0032
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hold_scopes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["holds.id"], name=op.f("fk_hold_scopes_hold_id_holds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold_scopes")),
    )
    op.create_index(op.f("ix_hold_scopes_hold_id"), "hold_scopes", ["hold_id"])
    op.add_column("trigger_events", sa.Column("list_id", sa.Uuid(), nullable=True))
    op.add_column("trigger_events", sa.Column("evidence_record_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_trigger_events_list_id"), "trigger_events", ["list_id"])
    op.create_table(
        "retention_reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("class_code", sa.String(length=40), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("told", sa.String(length=500), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("months", sa.Integer(), nullable=True),
        sa.Column("proposed_by", sa.String(length=200), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("judged_by", sa.String(length=200), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.Column("judgement", sa.String(length=500), nullable=True),
        sa.CheckConstraint(
            "(record_id IS NULL) <> (class_code IS NULL)", name=op.f("ck_retention_reviews_record_or_class")
        ),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_retention_reviews_record_id_records")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_reviews")),
    )
    op.create_index(op.f("ix_retention_reviews_record_id"), "retention_reviews", ["record_id"])
    op.create_index(op.f("ix_retention_reviews_day"), "retention_reviews", ["day"])
    op.create_table(
        "retention_evaluations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("looked_at", "to_transfer", "due", "overdue")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_evaluations")),
        sa.UniqueConstraint("day", name=op.f("uq_retention_evaluations_day")),
    )
    op.create_index("ix_records_state_active_until", "records", ["state", "active_until"])


def downgrade() -> None:
    op.drop_index("ix_records_state_active_until", "records")
    op.drop_table("retention_evaluations")
    op.drop_table("retention_reviews")
    op.drop_index(op.f("ix_trigger_events_list_id"), "trigger_events")
    op.drop_column("trigger_events", "evidence_record_id")
    op.drop_column("trigger_events", "list_id")
    op.drop_table("hold_scopes")
