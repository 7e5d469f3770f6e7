"""Which documents of the queue are like one of them: by sender, kind of document, way in or folder."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import selectinload

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.capture.incoming import GIVEN_PATH
from edms.capture.intake_model import Arrival
from edms.capture.queue import Sieve, in_order, waiting, wanted
from edms.core.errors import NotFound
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.model import ComponentRole, Record
from edms.records.proposals import Field, shown_proposals

MOST_COMPARED = 500


class Likeness(StrEnum):
    """What documents have in common. `SOURCE`: the watched folder, mailbox or batch; `FOLDER`: where it lay there."""

    SENDER = "sender"
    KIND = "record_type"
    SOURCE = "source"
    FOLDER = "folder"


@dataclass(frozen=True)
class Alike:
    """The documents that share `label` with the one asked about, which is the first of `record_ids`."""

    likeness: Likeness
    label: str
    record_ids: tuple[UUID, ...]


def alike(actor: Actor | None, archive: Archive, record_id: UUID) -> list[Alike]:
    """Return what a document that waits shares with others of its office; leaves an event. Raises NotFound.

    Compared are the newest 500 that wait and that the actor may see.
    """
    with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
        chosen = cast(Select[Any], select(Record, func.min(Arrival.source)))
        query = waiting(chosen).outerjoin(Arrival, Arrival.record_id == Record.id)
        query = (
            query.where(wanted(operation, archive, Sieve()))
            .group_by(Record.id)
            .options(selectinload(Record.components))
        )
        one = operation.session.execute(query.where(Record.id == record_id)).one_or_none()
        if one is None:
            raise NotFound
        operation.about("list", "alike", LISTED)
        operation.seldom()
        subject = one[0]
        others = query.where(Record.id != record_id, Record.office_id == subject.office_id)
        rows = operation.session.execute(others.order_by(*in_order(before=False)).limit(MOST_COMPARED)).all()
        own = _traits(operation, archive, subject, one[1] or "")
        found = {kind: [record_id] for kind in own}
        for record, source in rows:
            theirs = _traits(operation, archive, record, source or "")
            for kind, value in own.items():
                if theirs.get(kind, "").casefold() == value.casefold():
                    found[kind].append(record.id)
        return [Alike(kind, own[kind], tuple(ids)) for kind, ids in found.items() if len(ids) > 1]


def _traits(operation: Operation, archive: Archive, record: Record, source: str) -> dict[Likeness, str]:
    """What a record says of itself, else what is proposed for it."""
    proposals = shown_proposals(archive, operation, record)

    def told(field: Field) -> str:
        first = proposals.get(field)
        return getattr(record, field.value) or (first[0].proposal.value if first else "")

    original = record.component(ComponentRole.ORIGINAL)
    path = str((original.facts if original else {}).get(GIVEN_PATH, ""))
    folder = str(PurePosixPath(path).parent) if path else ""
    traits = {
        Likeness.SENDER: told(Field.SENDER),
        Likeness.KIND: told(Field.RECORD_TYPE),
        Likeness.SOURCE: source,
        Likeness.FOLDER: folder if folder != "." else "",
    }
    return {kind: " ".join(value.split()) for kind, value in traits.items() if value.strip()}
