"""photographs: uploads that wait for their document

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("uploads") as table:
        table.add_column(sa.Column("purpose", sa.String(length=10), nullable=False, server_default="file"))
    with op.batch_alter_table("uploads") as table:
        table.alter_column("purpose", server_default=None)


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM uploads WHERE purpose = 'page' AND record_id IS NULL")):
        raise RuntimeError("there are photographs without their document, which would become records of their own")
    with op.batch_alter_table("uploads") as table:
        table.drop_column("purpose")
