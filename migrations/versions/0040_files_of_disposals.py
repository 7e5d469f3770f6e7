"""the folder that the papers of a disposal lie in

Revision ID: 0040
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_TABLES = ("disposal_batches", "proceedings")


def upgrade() -> None:
    for name in _TABLES:
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("folder_id", sa.Uuid(), nullable=True))
            table.create_foreign_key(op.f(f"fk_{name}_folder_id_folders"), "folders", ["folder_id"], ["id"])
            table.create_unique_constraint(op.f(f"uq_{name}_folder_id"), ["folder_id"])
    op.create_index(op.f("ix_disposal_steps_record_id"), "disposal_steps", ["record_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_disposal_steps_record_id"), "disposal_steps")
    for name in _TABLES:
        with op.batch_alter_table(name) as table:
            table.drop_constraint(op.f(f"uq_{name}_folder_id"), type_="unique")
            table.drop_constraint(op.f(f"fk_{name}_folder_id_folders"), type_="foreignkey")
            table.drop_column("folder_id")
