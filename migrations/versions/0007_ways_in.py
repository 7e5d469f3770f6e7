"""arrivals by folder, mail and import, the state of each source, reports of reconciliation

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "arrivals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("identity", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("duplicate", sa.Boolean(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("arrived_at", TIME, nullable=False),
        sa.Column("settled_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_arrivals_record_id_records")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrivals")),
        sa.UniqueConstraint("source", "identity", "sha256", name=op.f("uq_arrivals_source_identity_sha256")),
    )
    op.create_index(op.f("ix_arrivals_record_id"), "arrivals", ["record_id"])
    op.create_table(
        "intake_sources",
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_owner", sa.String(length=120), nullable=True),
        sa.Column("leased_until", TIME, nullable=True),
        sa.Column("next_at", TIME, nullable=False),
        sa.Column("looked_at", TIME, nullable=True),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_intake_sources")),
    )
    op.create_table(
        "sightings",
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("path_sha256", sa.String(length=64), nullable=False),
        sa.Column("looks", sa.String(length=120), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.PrimaryKeyConstraint("source", "path_sha256", name=op.f("pk_sightings")),
    )
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=True),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("captured", sa.Integer(), nullable=False),
        sa.Column("duplicate", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["offices.id"], name=op.f("fk_reconciliations_office_id_offices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
    )


def downgrade() -> None:
    op.drop_table("reconciliations")
    op.drop_table("sightings")
    op.drop_table("intake_sources")
    op.drop_index(op.f("ix_arrivals_record_id"), table_name="arrivals")
    op.drop_table("arrivals")
