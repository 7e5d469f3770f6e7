"""searches that people keep and watch, and what they asked last

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("watched", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in ("looked_at", "watched_at")),
        *(sa.Column(name, sa.LargeBinary(), nullable=True) for name in ("known", "fresh")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_saved_searches_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
    )
    op.create_index(op.f("ix_saved_searches_person_id"), "saved_searches", ["person_id"])
    op.create_index(op.f("ix_saved_searches_watched_at"), "saved_searches", ["watched_at"])
    op.create_table(
        "asked_questions",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_asked_questions_person_id_people")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_asked_questions")),
    )
    op.create_index(op.f("ix_asked_questions_person_id"), "asked_questions", ["person_id"])


def downgrade() -> None:
    op.drop_table("asked_questions")
    op.drop_table("saved_searches")
