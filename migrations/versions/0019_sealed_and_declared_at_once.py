"""a record is sealed and declared in one step

Revision ID: 0019
Revises: 0018
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was sealed and not yet declared is sealed anew, and declared with it."""
    op.execute("UPDATE jobs SET step = 'seal' WHERE step = 'declare'")


def downgrade() -> None:
    """Nothing to take back: the earlier version begins at the seal, too."""
