"""the index that counts are taken by has numbers and bytes in the place of texts

Revision ID: 0041
Revises: 0040
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_TEXTS = (
    "due_on", "fate", "level", "office_id", "terjaga", "vital", "legacy_unverified", "fixity_failed", "active_until",
    "rule_edition", "rule_code", "awaiting", "who_may", "personal_data",
)  # fmt: skip
_NUMBERS = (
    "replace(due_on, '-', '') + 0",
    "CASE fate WHEN 'MUSNAH' THEN 1 WHEN 'DINILAI_KEMBALI' THEN 2 WHEN 'PERMANEN' THEN 3"
    " WHEN 'BERKAS_PERSEORANGAN' THEN 4 END",
    "CASE WHEN legacy_unverified = 1 OR fixity_failed = 1 THEN 0"
    " WHEN fate = 'MUSNAH' AND terjaga = 0 AND vital = 0 THEN 1"
    " WHEN fate = 'DINILAI_KEMBALI' THEN 2 WHEN fate = 'PERMANEN' THEN 3 ELSE 0 END",
    "CASE coalesce(level, 'restricted')"
    " WHEN 'open' THEN 0 WHEN 'restricted' THEN 1 WHEN 'secret' THEN 2 WHEN 'top_secret' THEN 3 END",
    "unhex(office_id)",
    "replace(active_until, '-', '') + 0",
    "coalesce(rule_edition, '') || ' ' || rule_code",
    "awaiting",
    "who_may",
    "personal_data",
)


def upgrade() -> None:
    _made_of(_NUMBERS)


def downgrade() -> None:
    _made_of(_TEXTS)


def _made_of(columns: tuple[str, ...]) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_records_counted", "records")
        declared = sa.text("state = 'declared'")
        op.create_index("ix_records_counted", "records", [sa.text(one) for one in columns], sqlite_where=declared)
