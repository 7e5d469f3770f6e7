"""what holds are on besides records, and events that are noted together

Revision ID: 0032
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0027"
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


def downgrade() -> None:
    op.drop_index(op.f("ix_trigger_events_list_id"), "trigger_events")
    op.drop_column("trigger_events", "evidence_record_id")
    op.drop_column("trigger_events", "list_id")
    op.drop_table("hold_scopes")
