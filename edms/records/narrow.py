"""What the narrow index of due dates has in the place of the columns of a record: numbers that tell as much.

In SQLCipher each page that is read is authenticated and decrypted first, which takes longer than to count its rows; so
what counts is how many rows a page holds. Each expression stands word for word in the index and in what asks it, else
it would be asked of the wide rows.
"""

from datetime import date
from enum import IntEnum, StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, LargeBinary, String, literal_column
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from edms.retention.types import Fate


class Narrow(StrEnum):
    """Indexes that have what is counted by due dates, or by class and level, what the access rule asks, no ids, and
    no more."""

    DUE = "ix_records_counted"
    CLASS = "ix_records_class"


class Allowed(IntEnum):
    """What its own row lets be done with a record once it is due."""

    DESTROY = 1
    REVIEW = 2
    HAND_OVER = 3


class _Day(TypeDecorator[date]):
    """20261127 for 2026-11-27."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Dialect) -> int | None:
        return None if value is None else int(f"{value:%Y%m%d}")


_FATES = (Fate.DESTROY, Fate.REVIEW, Fate.PERMANENT, Fate.PERSONAL_FILE)


class _FateNumber(TypeDecorator[str]):
    """The place of a fate, from 1 on."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> int | None:
        return None if value is None else _FATES.index(Fate(value)) + 1


class _Bytes(TypeDecorator[UUID]):
    """The 16 bytes of an id, in half the room of its digits."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> bytes | None:
        return None if value is None else value.bytes


_DUE = "replace(due_on, '-', '') + 0"
_FATE = (
    "CASE fate WHEN 'MUSNAH' THEN 1 WHEN 'DINILAI_KEMBALI' THEN 2 WHEN 'PERMANEN' THEN 3"
    " WHEN 'BERKAS_PERSEORANGAN' THEN 4 END"
)
_ALLOWED = (
    "CASE WHEN legacy_unverified = 1 OR fixity_failed = 1 THEN 0"
    " WHEN fate = 'MUSNAH' AND terjaga = 0 AND vital = 0 THEN 1"
    " WHEN fate = 'DINILAI_KEMBALI' THEN 2 WHEN fate = 'PERMANEN' THEN 3 ELSE 0 END"
)
_RANK = (
    "CASE coalesce(level, 'restricted')"
    " WHEN 'open' THEN 0 WHEN 'restricted' THEN 1 WHEN 'secret' THEN 2 WHEN 'top_secret' THEN 3 END"
)
_OFFICE = "unhex(office_id)"
_ACTIVE = "replace(active_until, '-', '') + 0"
_RULE = "coalesce(rule_edition, '') || ' ' || rule_code"
COUNTED = (_DUE, _FATE, _ALLOWED, _RANK, _OFFICE, _ACTIVE, _RULE, "awaiting", "who_may", "personal_data")
"""What `Narrow.DUE` has, in its order."""

DUE: ColumnElement[date | None] = literal_column(f"({_DUE})", _Day)
FATE: ColumnElement[str | None] = literal_column(_FATE, _FateNumber)
ALLOWED: ColumnElement[int] = literal_column(_ALLOWED, Integer)
"""A value of `Allowed`; 0: none."""
RANK: ColumnElement[int] = literal_column(_RANK, Integer)
"""Of the level that counts; NULL for one that is unknown."""
OFFICE: ColumnElement[UUID] = literal_column(_OFFICE, _Bytes)
ACTIVE_UNTIL: ColumnElement[date | None] = literal_column(f"({_ACTIVE})", _Day)
RULE: ColumnElement[str | None] = literal_column(f"({_RULE})", String)
"""Edition and code of the rule, as `rule_name` puts them together; NULL without one."""
PLACE: ColumnElement[int] = literal_column("records.rowid", Integer)
"""Where the row of a record is, which every index has."""


def rule_name(edition: str, code: str) -> str:
    """Return how `RULE` names a rule. No edition has a space in its name."""
    return f"{edition} {code}"
