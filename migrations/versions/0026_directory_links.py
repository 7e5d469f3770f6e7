"""whose entry of a directory a person is

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "directory_links",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("entry", sa.LargeBinary(length=32), nullable=False),
        sa.Column("proof", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user", sa.String(length=80), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_directory_links_person_id_people")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_directory_links")),
        sa.UniqueConstraint("entry", name=op.f("uq_directory_links_entry")),
    )
    op.create_index(op.f("ix_directory_links_user"), "directory_links", ["user"])


def downgrade() -> None:
    op.drop_table("directory_links")
