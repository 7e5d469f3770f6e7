"""Accepting a file: durable before acknowledged (invariants 1 to 3).

The order matters and is the whole point: decide, store and fsync the encrypted bytes, then one transaction with
the row, the job, the audit leaf and the outbox; only then does the caller learn that it was accepted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from edms.access.actors import Actor, ActorKind
from edms.access.model import Office
from edms.access.policy import Action, may_know_duplicate
from edms.access.scope import RecordFacts, Stage
from edms.capture.arrivals import Origin, arrival_of, note_arrival
from edms.capture.incoming import GIVEN_PATH, LOCATION, IncomingFile, Placement, safe_name, safe_path, title_from
from edms.capture.states import FIRST_STEP, JOB_KIND
from edms.core.canonical import sha256_hex
from edms.core.errors import EdmsError, LimitExceeded, OutcomeUnknown, Refused
from edms.core.ids import new_id
from edms.jobs.queue import enqueue
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.classification import check_kip, checked_class
from edms.records.facts import facts_of
from edms.records.folders import folder_to_file_in
from edms.records.hold_binding import bind_new
from edms.records.model import Component, ComponentRole, Folder, Record, RecordState
from edms.records.searching import INDEX_TOPIC
from edms.vault.rows import add_blob
from edms.vault.vault import SealedBlob

UNKNOWN_MEDIA_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Accepted:
    """The answer to the one who sent the file. `duplicate`: the office had these very bytes already.

    `repeated`: this very arrival was taken in before, and its source was not told of it; `duplicate` as it was then.
    """

    record_id: UUID
    state: str
    sha256: str
    size: int
    duplicate: bool
    repeated: bool = False


Settle = Callable[[Operation, Accepted], None]


def accept(
    actor: Actor | None,
    archive: Archive,
    incoming: IncomingFile,
    placement: Placement,
    settle: Settle | None = None,
    origin: Origin | None = None,
    further: Sequence[IncomingFile] = (),
) -> Accepted:
    """Take in one file. When this returns, the bytes are on the disk and the row is committed.

    `further`: more files of the same document, in order: its original is then all of them, one record.

    `settle` writes in the same transaction, for whoever must know it exactly once; what it raises undoes everything.
    With `origin` an arrival is kept, and the same thing from the same source is taken in once.

    Raises NotFound (not your office), Refused (unknown class, contradiction), LimitExceeded (too large),
    StorageFault (disk). In every such case nothing is left behind, save where nobody can say whether the row was
    committed (OutcomeUnknown, an interrupt): then the bytes stay, since a row may name them.
    """
    facts = RecordFacts(placement.office_id, placement.level, Stage.PENDING)
    archive.door.permit(actor, Action.RECORD_CAPTURE, facts)
    given = _all_sealed(archive, (incoming, *further))
    try:
        accepted = _record(actor, archive, given, placement, facts, settle, origin)
    except OutcomeUnknown:
        raise  # the row may be there: the blobs stay, and are garbage in a while if it is not
    except EdmsError:
        given.delete(archive)
        raise
    if accepted.duplicate or accepted.repeated:
        given.delete(archive)
    return accepted


class _Given:
    """What came, sealed: the files of one document and their blobs, in order."""

    def __init__(self) -> None:
        self.parts: list[tuple[IncomingFile, SealedBlob]] = []

    @property
    def first(self) -> IncomingFile:
        return self.parts[0][0]

    def delete(self, archive: Archive) -> None:
        for _file, blob in self.parts:
            archive.vault.delete(blob)

    @property
    def size(self) -> int:
        return sum(blob.size for _file, blob in self.parts)

    @property
    def sha256(self) -> str:
        """Of one file its own; of several that of their digests in hexadecimal, each with a line break."""
        if len(self.parts) == 1:
            return self.parts[0][1].sha256
        return sha256_hex("".join(f"{blob.sha256}\n" for _file, blob in self.parts).encode())


def _all_sealed(archive: Archive, files: Sequence[IncomingFile]) -> _Given:
    """Store the bytes of all files, or of none. No row names them yet."""
    given = _Given()
    try:
        for one in files:
            given.parts.append((one, _sealed(archive, one)))
    except BaseException:
        given.delete(archive)
        raise
    return given


def _sealed(archive: Archive, incoming: IncomingFile) -> SealedBlob:
    """Store the bytes. A file over the limit is refused unread where its size is known, else when the limit is met."""
    limit = archive.settings.capture.max_file_bytes
    told = f"the file is larger than the limit of {limit} bytes", "divide it, or raise [capture] max_file_bytes"
    if incoming.size is not None and incoming.size > limit:
        raise LimitExceeded(*told)
    try:
        return archive.vault.put(incoming.stream, purpose="original", limit=limit)
    except LimitExceeded:
        raise LimitExceeded(*told) from None


def _record(
    actor: Actor | None,
    archive: Archive,
    given: _Given,
    placement: Placement,
    facts: RecordFacts,
    settle: Settle | None,
    origin: Origin | None,
) -> Accepted:
    """Write the row, or report the duplicate; two equal files at the same moment meet at the unique key."""
    for _attempt in range(2):
        try:
            with archive.door.write(actor, Action.RECORD_CAPTURE) as operation:
                operation.decide(facts)
                accepted = _taken_before(operation, origin, given) or _insert_or_report(
                    operation, archive, given, placement, origin
                )
                if settle is not None:
                    settle(operation, accepted)
                return accepted
        except IntegrityError:
            continue
    raise Refused("the same file is being received by somebody else", "try again in a moment")


def _taken_before(operation: Operation, origin: Origin | None, given: _Given) -> Accepted | None:
    """Return what became of this very arrival when it came before, else None.

    When the source had been told of it (`settled_at`), the thing was brought there once more: a duplicate, audited.
    """
    arrival = arrival_of(operation.session, origin, given.sha256) if origin else None
    if arrival is None:
        return None
    record = operation.session.get_one(Record, arrival.record_id)
    if arrival.settled_at is None:
        operation.unrecorded()
        return Accepted(record.id, record.state, given.sha256, given.size, arrival.duplicate, repeated=True)
    operation.about("record", record.id, "record.duplicate")
    operation.note(sha256=given.sha256, source=arrival.source)
    return Accepted(record.id, record.state, given.sha256, given.size, duplicate=True)


def _insert_or_report(
    operation: Operation,
    archive: Archive,
    given: _Given,
    placement: Placement,
    origin: Origin | None,
) -> Accepted:
    known, key = _known_duplicate(operation, placement.office_id, given.sha256)
    if known is not None:
        operation.about("record", known.id, "record.duplicate")
        operation.note(sha256=given.sha256)
        if origin:
            note_arrival(operation, archive, origin, known.id, given.sha256, given.size, duplicate=True)
        return Accepted(known.id, known.state, given.sha256, given.size, duplicate=True)
    record = _new_record(operation, archive, given.first, placement, key)
    session, limit = operation.session, archive.settings.capture.max_name_length
    session.add(record)
    session.flush()
    bind_new(operation, record)
    for position, (file, blob) in enumerate(given.parts):
        name = safe_name(file.name, limit)
        add_blob(session, archive.vault, blob, operation.now)
        session.flush()
        session.add(
            Component(
                id=new_id(archive.clock),
                record_id=record.id,
                role=ComponentRole.ORIGINAL.value,
                position=position,
                blob_id=blob.blob_id,
                # Two may have one name; in a bundle each has a place of its own.
                name=name if len(given.parts) == 1 else f"{position + 1:03d} {name}"[:255],
                media_type=UNKNOWN_MEDIA_TYPE,
                facts=_told_facts(file, placement, limit),
            )
        )
    enqueue(session, archive.clock, JOB_KIND, record.id, FIRST_STEP, record.office_id)
    operation.outbox(INDEX_TOPIC, record.id)
    operation.about("record", record.id)
    operation.note(sha256=given.sha256, size=given.size, office=str(placement.office_id))
    if origin:
        note_arrival(operation, archive, origin, record.id, given.sha256, given.size, duplicate=False)
    return Accepted(record.id, record.state, given.sha256, given.size, duplicate=False)


def _told_facts(incoming: IncomingFile, placement: Placement, limit: int) -> dict[str, Any]:
    told = {GIVEN_PATH: safe_path(incoming.path, limit), LOCATION: (placement.description.location or "")[:200]}
    return {**incoming.facts, **{name: value for name, value in told.items() if value}}


def _known_duplicate(operation: Operation, office_id: UUID, sha256: str) -> tuple[Record | None, str | None]:
    """Return the record with the same bytes in this office, and the key under which a new one is unique.

    A record that the actor may not see is not reported, since a duplicate warning would reveal it (invariant 5):
    the file is then kept a second time, without a key.
    """
    key = f"{office_id.hex}:{sha256}"
    known = operation.session.scalars(select(Record).where(Record.duplicate_key == key)).one_or_none()
    if known is None:
        return None, key
    if not may_know_duplicate(operation.actor, facts_of(known)):
        return None, None
    return known, key


def _folder(operation: Operation, placement: Placement) -> Folder:
    """The folder that is named. What is made of a batch goes where a person, or the batch's own clearance, let it."""
    assert placement.folder_id is not None
    clearance = None if operation.actor.kind is ActorKind.SYSTEM else operation.actor.clearance
    return folder_to_file_in(operation.session, placement.folder_id, placement.office_id, clearance)


def _new_record(
    operation: Operation, archive: Archive, incoming: IncomingFile, placement: Placement, key: str | None
) -> Record:
    session = operation.session
    if session.get(Office, placement.office_id) is None:
        raise Refused("there is no such office")
    told = placement.description
    name = safe_name(incoming.name, archive.settings.capture.max_name_length)
    check_kip(placement.level, told.kip)
    folder = _folder(operation, placement) if placement.folder_id else None
    class_code = placement.class_code or (folder.class_code if folder else None)
    chosen = checked_class(session, class_code, archive.clock.today()) if class_code else None
    return Record(
        id=new_id(archive.clock),
        office_id=placement.office_id,
        folder_id=placement.folder_id,
        state=RecordState.PENDING.value,
        duplicate_key=key,
        file_name=name,
        title=(told.title or title_from(name))[:500],
        class_code=chosen.code if chosen else None,
        class_edition=chosen.edition if chosen else None,
        class_title=chosen.title if chosen else None,
        who_may=chosen.who_may if chosen else None,
        personal_data=chosen.personal_data if chosen else False,
        level=placement.level.value if placement.level else None,
        kip=told.kip,
        number=told.number,
        document_date=told.document_date,
        sender=told.sender,
        recipient=told.recipient,
        record_type=told.record_type,
        development=told.development,
        medium=told.medium,
        language=told.language,
        legacy_unverified=told.legacy_unverified,
        received_at=operation.now,
        received_by=operation.actor.name,
        version=1,
    )
