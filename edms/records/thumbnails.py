"""Small pictures on lists: which records on a list have one, and the one event that says to whom they were shown."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import or_, select

from edms.operation.door import Operation
from edms.records.contents import PICTURED_ROLES
from edms.records.disclosures import THUMBNAIL, THUMBNAILS
from edms.records.model import Component, Record, RecordState

# What was set aside is drawn for nobody who only looks through a list, and what was not read yet for nobody at all.
_DRAWN = (RecordState.PENDING.value, RecordState.DECLARED.value)


def with_thumbnails(operation: Operation, record_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Return those of `record_ids` of whose first page there can be a picture, and have the disclosure name them.

    The actor must be allowed to view each of them: the pictures themselves pass the door of each record.
    """
    query = (
        select(Component.record_id, Record.state, Record.page_count)
        .join(Record, Record.id == Component.record_id)
        .where(
            Component.record_id.in_(record_ids),
            Component.role.in_([role.value for role in PICTURED_ROLES]),
            or_(Component.media_type == "application/pdf", Component.media_type.startswith("image/")),
        )
    )
    # States are compared here: asked for them, SQLite begins with every record of the archive that has one of them.
    found = frozenset(one for one, state, pages in operation.session.execute(query) if state in _DRAWN and pages)
    operation.covers(THUMBNAILS, THUMBNAIL, _in_order(record_ids, found))
    return found


def _in_order(record_ids: Iterable[UUID], found: frozenset[UUID]) -> list[UUID]:
    return [one for one in record_ids if one in found]
