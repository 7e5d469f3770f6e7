"""sign-in by a provider: whose account there is whose here, the sessions that came by it, logout tokens that were taken

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sign_in_sessions") as table:
        table.add_column(sa.Column("provider_subject", sa.LargeBinary(length=32), nullable=True))
        table.add_column(sa.Column("provider_session", sa.LargeBinary(length=32), nullable=True))
    for name in ("provider_subject", "provider_session"):
        op.create_index(op.f(f"ix_sign_in_sessions_{name}"), "sign_in_sessions", [name])
    op.create_table(
        "provider_bindings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("proof", sa.LargeBinary(length=32), nullable=False),
        sa.Column("bound_by", sa.String(length=200), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_provider_bindings_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_bindings")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_provider_bindings_issuer_subject")),
        sa.UniqueConstraint("issuer", "person_id", name=op.f("uq_provider_bindings_issuer_person_id")),
    )
    op.create_index(op.f("ix_provider_bindings_person_id"), "provider_bindings", ["person_id"])
    op.create_table(
        "spent_tokens",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("spent_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_spent_tokens")),
    )
    op.create_index(op.f("ix_spent_tokens_spent_at"), "spent_tokens", ["spent_at"])


def downgrade() -> None:
    op.drop_table("spent_tokens")
    op.drop_table("provider_bindings")
    for name in ("provider_subject", "provider_session"):
        op.drop_index(op.f(f"ix_sign_in_sessions_{name}"), table_name="sign_in_sessions")
    with op.batch_alter_table("sign_in_sessions") as table:
        table.drop_column("provider_session")
        table.drop_column("provider_subject")
