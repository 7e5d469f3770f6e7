"""what is stored of many records is summed up over indexes alone

Revision ID: 0042
Revises: 0041
"""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_components_record_id", "components")
    op.create_index("ix_components_record_id_blob_id", "components", ["record_id", "blob_id"])
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_blobs_id_size", "blobs", ["id", "size"])


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_blobs_id_size", "blobs")
    op.drop_index("ix_components_record_id_blob_id", "components")
    op.create_index("ix_components_record_id", "components", ["record_id"])
