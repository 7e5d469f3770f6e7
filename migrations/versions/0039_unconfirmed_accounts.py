"""accounts that an administrator gave a way into, until somebody else confirms them

Revision ID: 0039
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unconfirmed_accounts",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.Column("maker_name", sa.String(length=200), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_unconfirmed_accounts_person_id_people")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_unconfirmed_accounts")),
    )


def downgrade() -> None:
    op.drop_table("unconfirmed_accounts")
