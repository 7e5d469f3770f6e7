"""Making the access copy of an office document later or anew: LibreOffice was installed since, or was mended."""

from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.policy import Action, decide
from edms.capture.office_copies import DONE, printed, provenance
from edms.capture.renditions import sealed_copy
from edms.capture.results import PDF_TYPE, original_of
from edms.core.errors import Refused
from edms.records.archive import Archive
from edms.records.components import attach
from edms.records.facts import facts_of
from edms.records.model import Component, ComponentRole, Record, RecordState
from edms.records.searching import INDEX_TOPIC
from edms.records.visible import decided_record, visible_to
from edms.text.office_printer import PRINTABLE

_STATES = (RecordState.PENDING.value, RecordState.DECLARED.value)


@dataclass(frozen=True)
class CopyMade:
    """What came of it. `outcome`: done, or the reason that there is no copy as `office_copy` says it."""

    record_id: UUID
    outcome: str
    reason: str = ""
    sha256: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {"record": str(self.record_id), "outcome": self.outcome, "reason": self.reason, "sha256": self.sha256}


def make_copy(actor: Actor | None, archive: Archive, record_id: UUID) -> CopyMade:
    """Print the original of a record anew, seal the copy and bind it to the record; the original stays what it is.

    A copy that a declared record's seal names stays too: the new one is kept beside it, as made later. Raises
    NotFound; Refused for what is no office document or lies in quarantine.
    """
    with archive.door.read(actor, Action.RECORD_RETRY) as operation:
        record = decided_record(operation, record_id)
        original = _printable(record)
        version, _ = record.version, original.blob.sha256
    facts = dict(original.facts)
    made, told = printed(archive, original)
    facts.update(told)
    if made is None:
        return CopyMade(record_id, str(told["office_copy"]), str(told["office_reason"]))
    kept, sealing = sealed_copy(archive, original, made.pdf, facts)
    assert kept is not None
    with archive.door.write(actor, Action.RECORD_RETRY) as operation:
        row = decided_record(operation, record_id, lock=True)
        part = _printable(row)
        if row.version != version:
            raise Refused("the record was changed meanwhile", "make the copy again")
        later = row.state == RecordState.DECLARED.value
        role = ComponentRole.LATER_COPY if later else ComponentRole.ACCESS_COPY
        name = "later-copy.pdf" if later else "access-copy.pdf"
        attach(operation, archive, row, role, kept, name, PDF_TYPE, {**provenance(part, made), **sealing})
        if not later:
            part.facts = facts
        row.page_count = made.pages
        row.version += 1
        operation.outbox(INDEX_TOPIC, record_id)
        operation.about("record", record_id, "record.access_copy_made")
        operation.note(made=True, sha256=kept.sha256, original=part.blob.sha256, later=later)
    return CopyMade(record_id, DONE, sha256=kept.sha256)


def lacking_copies(actor: Actor | None, archive: Archive, limit: int) -> list[UUID]:
    """The records whose office document has no copy, oldest first, as far as the actor may mend them."""
    with archive.door.read(actor, Action.RECORD_SEARCH) as operation:
        scope = operation.scope()
        copied = select(Component.record_id).where(
            Component.role.in_((ComponentRole.ACCESS_COPY.value, ComponentRole.LATER_COPY.value))
        )
        query = (
            select(Record)
            .join(Component)
            .where(
                Component.role == ComponentRole.ORIGINAL.value,
                Component.media_type.in_(sorted(PRINTABLE)),
                Record.state.in_(_STATES),
                Record.id.not_in(copied),
                visible_to(scope),
            )
            .order_by(Record.received_at, Record.id)
        )
        found = operation.session.scalars(query.execution_options(yield_per=500))
        actor_here = operation.actor
        mendable = (one.id for one in found if decide(actor_here, Action.RECORD_RETRY, facts_of(one)).allowed)
        return list(islice(mendable, limit))


def _printable(record: Record) -> Component:
    original = original_of(record)
    if original.media_type not in PRINTABLE or record.state not in _STATES:
        raise Refused("no copy is made of this record", "office documents have one, when they are not set aside")
    return original
