"""personal signatures of officials

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "signing_identities",
        _id("id"),
        _id("person_id"),
        _text("provider", 20),
        _text("position", 200),
        _text("identity", 40),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=True),
        _text("enrolled_by", 200),
        _moment("enrolled_at"),
        _moment("issued_at", nullable=True),
        _moment("revoked_at", nullable=True),
        _moment("revoked_since", nullable=True),
        _text("revoke_reason", 300, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_signing_identities_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_identities")),
    )
    op.create_index("ix_signing_identities_person_id_provider", "signing_identities", ["person_id", "provider"])
    op.create_table(
        "signature_requests",
        _id("id"),
        _id("record_id"),
        _text("state", 20),
        _text("requested_by", 200),
        _text("requester_name", 200),
        _moment("requested_at"),
        _text("reason", 200),
        _text("location", 100),
        _text("base_sha256", 64),
        _moment("closed_at", nullable=True),
        _text("close_reason", 500, nullable=True),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_signature_requests_record_id_records")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature_requests")),
    )
    op.create_index(op.f("ix_signature_requests_record_id"), "signature_requests", ["record_id"])
    _signatures()


def _signatures() -> None:
    op.create_table(
        "signatures",
        _id("id"),
        _id("request_id"),
        _number("position"),
        _id("person_id"),
        _id("identity_id", nullable=True),
        _text("state", 20),
        _text("token", 32),
        *(_number(name) for name in ("page", "x", "y", "width", "height")),
        _moment("asked_at", nullable=True),
        _moment("ended_at", nullable=True),
        _text("decline_reason", 500, nullable=True),
        _text("provider", 20, nullable=True),
        *(_text(name, 200, nullable=True) for name in ("signer_name", "signer_position", "signer_office")),
        _moment("signed_at", nullable=True),
        sa.Column("stamped", sa.Boolean(), nullable=True),
        _text("field_name", 80, nullable=True),
        _text("certificate_sha256", 64, nullable=True),
        _text("rendering_sha256", 64, nullable=True),
        _text("renderer", 120, nullable=True),
        _number("dpi", nullable=True),
        _text("base_sha256", 64, nullable=True),
        _text("signed_sha256", 64, nullable=True),
        _number("component_position", nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"], ["signature_requests.id"], name=op.f("fk_signatures_request_id_signature_requests")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_signatures_person_id_people")),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["signing_identities.id"], name=op.f("fk_signatures_identity_id_signing_identities")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
        sa.UniqueConstraint("request_id", "position", name=op.f("uq_signatures_request_id_position")),
        sa.UniqueConstraint("token", name=op.f("uq_signatures_token")),
    )
    op.create_index("ix_signatures_person_id_state", "signatures", ["person_id", "state"])
    op.create_index(op.f("ix_signatures_signed_sha256"), "signatures", ["signed_sha256"])


def downgrade() -> None:
    """Signed documents are left without the rows that explain them; `edms verify` names each then."""
    op.drop_table("signatures")
    op.drop_table("signature_requests")
    op.drop_table("signing_identities")
