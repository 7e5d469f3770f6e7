"""long scans are recognised some pages at a time

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "page_ranges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("pdf_id", sa.Uuid(), nullable=True),
        sa.Column("text_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("first >= 1 AND last >= first", name=op.f("ck_page_ranges_in_order")),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_page_ranges_record_id_records")),
        sa.ForeignKeyConstraint(["pdf_id"], ["blobs.id"], name=op.f("fk_page_ranges_pdf_id_blobs")),
        sa.ForeignKeyConstraint(["text_id"], ["blobs.id"], name=op.f("fk_page_ranges_text_id_blobs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_ranges")),
        sa.UniqueConstraint("record_id", "first", name=op.f("uq_page_ranges_record_id_first")),
    )


def downgrade() -> None:
    """What is under way begins anew: the jobs of ranges go, and their records are examined once more."""
    op.execute("DELETE FROM jobs WHERE kind = 'pages'")
    op.execute("UPDATE jobs SET state = 'ready', step = 'examine' WHERE state = 'parts' OR step = 'spread'")
    op.drop_table("page_ranges")
