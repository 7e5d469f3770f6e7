"""signing in: passwords to be changed, one-time codes, recovery codes and passkeys

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Sessions of the version before end: people sign in once more."""
    op.execute("DELETE FROM sign_in_sessions")
    with op.batch_alter_table("sign_in_sessions") as table:
        table.add_column(sa.Column("must_choose", sa.Boolean(), nullable=False))
        table.add_column(sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False))
        table.add_column(sa.Column("device", sa.String(length=60), nullable=False))
        table.add_column(sa.Column("network", sa.String(length=10), nullable=False))
    op.create_table(
        "given_passwords",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_given_passwords_person_id_people")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_given_passwords")),
    )
    op.create_table(
        "one_time_codes",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_one_time_codes_person_id_people")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_one_time_codes")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_recovery_codes_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_person_id"), "recovery_codes", ["person_id"])
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("proof", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_passkeys_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index(op.f("ix_passkeys_person_id"), "passkeys", ["person_id"])
    op.create_table(
        "open_challenges",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_open_challenges")),
    )
    op.create_index(op.f("ix_open_challenges_begun_at"), "open_challenges", ["begun_at"])


def downgrade() -> None:
    op.drop_table("open_challenges")
    op.drop_table("passkeys")
    op.drop_table("recovery_codes")
    op.drop_table("one_time_codes")
    op.drop_table("given_passwords")
    with op.batch_alter_table("sign_in_sessions") as table:
        table.drop_column("network")
        table.drop_column("device")
        table.drop_column("proved_at")
        table.drop_column("must_choose")
