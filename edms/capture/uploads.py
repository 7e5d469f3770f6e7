"""Uploads that survive a broken connection: begun, added to piece by piece, finished into a record exactly once.

What was acknowledged of an upload lies fsynced and sealed in the staging folder (edms/vault/staging.py); when it is
whole it goes the way of every file, through `accept`, and the row of the upload learns of its record in the same
transaction. The protocol that speaks this is in edms/web/views/uploads.py; see docs/uploads.md.
"""

import hashlib
import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, cast
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.model import Office
from edms.access.policy import Action
from edms.access.scope import RecordFacts, Stage
from edms.capture.accept import Accepted, accept
from edms.capture.incoming import IncomingFile, Placement, safe_name, safe_path
from edms.capture.model import Upload
from edms.capture.upload_names import own_name
from edms.core.errors import LimitExceeded, NotFound, Refused, StorageFault
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.classification import checked_class
from edms.vault.staging import Checksum, ChecksumMismatch, OffsetConflict, UploadBusy

__all__ = ["Checksum", "ChecksumMismatch", "OffsetConflict", "UploadBusy"]

WHOLE_AT_ONCE_BYTES = 16 * 1024 * 1024
"""A file up to this size that comes in one request is not staged: sent again it costs less than being stored twice."""
FILE, PAGE = "file", "page"


@dataclass(frozen=True)
class Announced:
    """What a sender says of a file before its bytes come. `length` in bytes; `sha256` in hex, where it is known.

    `token`: the sender's own name for this upload, up to 64 characters, the same when the request is repeated.
    `purpose`: FILE becomes a record when it is whole; PAGE, a photograph, waits for its document.
    """

    name: str
    length: int
    placement: Placement
    path: str = ""
    sha256: str | None = None
    token: str = ""
    purpose: str = FILE


@dataclass(frozen=True)
class Piece:
    """Bytes that are to follow at `offset`, `size` of them as far as it is known before they are read.

    `whole_sha256`: the digest of the whole file, told with its last piece.
    """

    offset: int
    stream: BinaryIO
    check: Checksum | None = None
    whole_sha256: str | None = None
    size: int | None = None


@dataclass(frozen=True)
class UploadState:
    """How far an upload has come: `offset` bytes are durable. `outcome`: captured or duplicate once it is a record."""

    upload_id: UUID
    name: str
    path: str
    length: int
    offset: int
    expires_at: datetime
    outcome: str = ""
    record_id: UUID | None = None
    sha256: str = ""


def begin_upload(actor: Actor | None, archive: Archive, announced: Announced) -> UploadState:
    """Begin an upload, or find the one that was begun with the same token. A file of no bytes is finished at once.

    Raises NotFound (not your office), Refused (unknown class), LimitExceeded (file, number or sum of unfinished
    uploads), StorageFault (the disk has no room for it).
    """
    row = _announce(actor, archive, announced)
    return _state_or_finish(actor, archive, row)


def send_whole(actor: Actor | None, archive: Archive, announced: Announced, piece: Piece) -> UploadState:
    """Begin an upload whose first request brings bytes. A small whole file becomes a record without being staged."""
    if not 0 < announced.length <= WHOLE_AT_ONCE_BYTES or announced.purpose == PAGE:
        begun = begin_upload(actor, archive, announced)
        return append(actor, archive, begun.upload_id, piece) if begun.offset == piece.offset else begun
    known = _by_token(actor, archive, announced)
    if known is not None:
        return _state_or_finish(actor, archive, known)
    _require_fitting(archive, announced)
    made: list[Upload] = []

    def settle(operation: Operation, accepted: Accepted) -> None:
        _require_digest(announced.sha256, accepted)
        if _with_token(operation, announced.token) is not None:
            raise UploadBusy("the same upload was begun a moment ago", "ask again")
        row = _new_row(operation, archive, announced)
        note_outcome(row, accepted)
        operation.session.add(row)
        made[:] = [row]

    stream = cast(BinaryIO, _Exactly(piece.stream, announced.length, piece.check))
    incoming = IncomingFile(announced.name, stream, announced.length, announced.path)
    accept(actor, archive, incoming, announced.placement, settle)
    return _state(made[0], announced.length)


def append(actor: Actor | None, archive: Archive, upload_id: UUID, piece: Piece) -> UploadState:
    """Add a piece; when it was the last one the file is a record on return. What came before a break is kept.

    Raises NotFound (not yours, expired), OffsetConflict, ChecksumMismatch, LimitExceeded, StorageFault, UploadBusy,
    and OSError when the connection broke.
    """
    row = _own(actor, archive, upload_id)
    if row.record_id is not None:
        if piece.offset != row.length:
            raise OffsetConflict("the upload is finished already")
        return _state(row, row.length)
    if piece.offset > row.length:
        raise OffsetConflict("the piece does not begin where the upload ends")
    if piece.size is not None and piece.size > row.length - piece.offset:
        raise LimitExceeded("more bytes came than the upload was to have")
    _touch(actor, archive, row, piece.whole_sha256)
    room = row.length - piece.offset
    offset = archive.staging.receive(upload_id, piece.offset, piece.stream, room, piece.check)
    return _state_or_finish(actor, archive, row, offset)


def upload_state(actor: Actor | None, archive: Archive, upload_id: UUID) -> UploadState:
    """Return how far an upload has come; one that is whole and not yet a record becomes one first. Raises NotFound."""
    return _state_or_finish(actor, archive, _own(actor, archive, upload_id))


def remove_upload(actor: Actor | None, archive: Archive, upload_id: UUID) -> None:
    """Forget an upload and what came of it; a record that it became stays. Raises NotFound, UploadBusy."""
    _own(actor, archive, upload_id)
    with archive.staging.held(upload_id):
        with archive.door.write(actor, Action.RECORD_CAPTURE) as operation:
            row = decided_upload(operation, upload_id)
            operation.unrecorded()
            operation.session.delete(row)
        archive.staging.remove(upload_id)


def unfinished_uploads(actor: Actor | None, archive: Archive) -> list[UploadState]:
    """Return the uploads of the actor that are not records yet, oldest first, as far as the actor may still send."""
    return unfinished(actor, archive, FILE)


def unfinished(actor: Actor | None, archive: Archive, purpose: str) -> list[UploadState]:
    """The same for uploads of one purpose."""
    with archive.door.read(actor, Action.RECORD_CAPTURE) as operation:
        operation.decide(_facts_of_own_office(operation.actor))
        mine = Upload.actor_id == operation.actor.id, Upload.record_id.is_(None), Upload.purpose == purpose
        query = select(Upload).where(*mine, Upload.expires_at > operation.now)
        if operation.actor.bound_to is not None:
            query = query.where(Upload.office_id == operation.actor.bound_to)
        rows = list(operation.session.scalars(query.order_by(Upload.id)))
    return [_state(row, archive.staging.offset(row.id)) for row in rows]


def finish(actor: Actor | None, archive: Archive, upload_id: UUID) -> UploadState:
    """Make a whole upload a record, once. Raises UploadBusy, ChecksumMismatch, and whatever `accept` raises."""
    _own(actor, archive, upload_id)
    with archive.staging.held(upload_id):
        row = _own(actor, archive, upload_id)
        if row.record_id is None and row.purpose == FILE:
            with archive.staging.open(row.id, row.length) as stream:
                incoming = IncomingFile(row.name, stream, row.length, row.path)
                accept(actor, archive, incoming, placement_of(row), _settling(row.id))
        archive.staging.remove(upload_id)
    return _state(_own(actor, archive, upload_id), row.length)


def placement_of(row: Upload) -> Placement:
    return Placement(row.office_id, row.class_code, Level(row.level) if row.level else None)


def _settling(upload_id: UUID):  # type: ignore[no-untyped-def]
    def settle(operation: Operation, accepted: Accepted) -> None:
        row = operation.session.get(Upload, upload_id, with_for_update=True)
        if row is None:
            raise NotFound()
        if row.record_id is not None:
            raise UploadBusy("the upload was finished a moment ago", "ask again")
        _require_digest(row.claimed_sha256, accepted)
        note_outcome(row, accepted)

    return settle


def _state_or_finish(actor: Actor | None, archive: Archive, row: Upload, durable: int | None = None) -> UploadState:
    if row.record_id is not None:
        return _state(row, row.length)
    offset = archive.staging.offset(row.id) if durable is None else durable
    if offset < row.length or row.purpose == PAGE:
        return _state(row, offset)
    try:
        return finish(actor, archive, row.id)
    except ChecksumMismatch:
        # The whole is not what was sent, and which piece is wrong nobody can say: it has to be sent anew.
        remove_upload(actor, archive, row.id)
        raise


def _announce(actor: Actor | None, archive: Archive, announced: Announced) -> Upload:
    for _attempt in range(2):
        try:
            with _deciding(actor, archive, announced.placement) as operation:
                operation.unrecorded()  # nothing of the file is here yet: its record will be the event
                known = _with_token(operation, announced.token)
                if known is not None:
                    return known
                _require_fitting(archive, announced)
                _require_room(operation, archive, announced)
                row = _new_row(operation, archive, announced)
                operation.session.add(row)
                return row
        except IntegrityError:
            continue
    raise UploadBusy("the same upload was begun a moment ago", "ask again")


@contextmanager
def _deciding(actor: Actor | None, archive: Archive, placement: Placement) -> Iterator[Operation]:
    with archive.door.write(actor, Action.RECORD_CAPTURE) as operation:
        operation.decide(RecordFacts(placement.office_id, placement.level, Stage.PENDING))
        yield operation


def _by_token(actor: Actor | None, archive: Archive, announced: Announced) -> Upload | None:
    with archive.door.read(actor, Action.RECORD_CAPTURE) as operation:
        operation.decide(RecordFacts(announced.placement.office_id, announced.placement.level, Stage.PENDING))
        _require_placement(operation, archive, announced.placement)
        return _with_token(operation, announced.token)


def _with_token(operation: Operation, token: str) -> Upload | None:
    if not token:
        return None
    query = select(Upload).where(
        Upload.actor_id == operation.actor.id, Upload.token == own_name(operation.actor, token)
    )
    return operation.session.scalars(query).one_or_none()


def _require_fitting(archive: Archive, announced: Announced) -> None:
    limit = archive.settings.capture.max_file_bytes
    if announced.length > limit:
        raise LimitExceeded(
            f"the file is larger than the limit of {limit} bytes", "divide it, or raise [capture] max_file_bytes"
        )
    reserve = archive.settings.capture.disk_reserve_bytes
    staged = announced.length if announced.length > WHOLE_AT_ONCE_BYTES else 0
    if announced.length + staged + reserve > archive.staging.free_bytes():
        raise StorageFault("the disk has no room for this file", "free some space, then try again")


def _require_room(operation: Operation, archive: Archive, announced: Announced) -> None:
    """Check what would be refused at the end before the bytes are sent, and what one person may have under way."""
    _require_placement(operation, archive, announced.placement)
    settings = archive.settings.capture
    mine = select(func.count(), func.coalesce(func.sum(Upload.length), 0)).where(
        Upload.actor_id == operation.actor.id, Upload.record_id.is_(None)
    )
    count, size = operation.session.execute(mine).one()
    if count >= settings.max_unfinished_uploads or int(size) + announced.length > settings.max_unfinished_bytes:
        raise LimitExceeded("you have too many unfinished uploads", "finish or discard some of them")


def _require_placement(operation: Operation, archive: Archive, placement: Placement) -> None:
    if operation.session.get(Office, placement.office_id) is None:
        raise Refused("there is no such office")
    if placement.class_code:
        checked_class(operation.session, placement.class_code, archive.clock.today())


def _new_row(operation: Operation, archive: Archive, announced: Announced) -> Upload:
    placement, limit = announced.placement, archive.settings.capture.max_name_length
    upload_id = new_id(archive.clock)
    return Upload(
        id=upload_id,
        actor_id=operation.actor.id,
        token=own_name(operation.actor, announced.token) if announced.token else secrets.token_hex(16),
        office_id=placement.office_id,
        class_code=placement.class_code,
        level=placement.level.value if placement.level else None,
        name=safe_name(announced.name, limit),
        path=safe_path(announced.path, limit),
        purpose=announced.purpose,
        length=announced.length,
        claimed_sha256=announced.sha256,
        created_at=operation.now,
        expires_at=_expiry(archive, operation.now),
    )


def _expiry(archive: Archive, now: datetime) -> datetime:
    return now + timedelta(hours=archive.settings.capture.upload_expiry_hours)


def _own(actor: Actor | None, archive: Archive, upload_id: UUID) -> Upload:
    with archive.door.read(actor, Action.RECORD_CAPTURE) as operation:
        return decided_upload(operation, upload_id)


def decided_upload(operation: Operation, upload_id: UUID) -> Upload:
    """Return the actor's own upload, if the actor may still send it there. Raises NotFound."""
    row = operation.session.get(Upload, upload_id)
    if row is None or row.actor_id != operation.actor.id or row.expires_at <= operation.now:
        raise NotFound()
    operation.decide(RecordFacts(row.office_id, Level(row.level) if row.level else None, Stage.PENDING))
    return row


def _facts_of_own_office(actor: Actor) -> RecordFacts:
    """The least that somebody must be allowed who asks for own uploads: to capture an open document at home."""
    return RecordFacts(actor.office_id or UUID(int=0), Level.OPEN, Stage.PENDING)


def _touch(actor: Actor | None, archive: Archive, row: Upload, claimed: str | None) -> None:
    """Put the end of an upload's time off, and keep the digest of the whole; seldom enough to cost nothing."""
    half = timedelta(hours=archive.settings.capture.upload_expiry_hours) / 2
    if claimed is None and row.expires_at - archive.clock.now() > half:
        return
    with archive.door.write(actor, Action.RECORD_CAPTURE) as operation:
        found = decided_upload(operation, row.id)
        operation.unrecorded()
        found.expires_at = _expiry(archive, operation.now)
        found.claimed_sha256 = claimed or found.claimed_sha256


def _require_digest(claimed: str | None, accepted: Accepted) -> None:
    if claimed is not None and claimed != accepted.sha256:
        raise ChecksumMismatch("the file did not arrive as it was sent", "send it again from its beginning")


def note_outcome(row: Upload, accepted: Accepted) -> None:
    row.record_id, row.sha256 = accepted.record_id, accepted.sha256
    row.outcome = "duplicate" if accepted.duplicate else "captured"


def _state(row: Upload, offset: int) -> UploadState:
    return UploadState(
        row.id, row.name, row.path, row.length, offset, row.expires_at,
        row.outcome or "", row.record_id, row.sha256 or "",
    )  # fmt: skip


class _Exactly(io.RawIOBase):
    """A stream that must have exactly `length` bytes and, with `check`, a digest; else reading its end raises."""

    def __init__(self, source: BinaryIO, length: int, check: Checksum | None) -> None:
        super().__init__()
        self._source, self._left, self._check = source, length, check
        self._hash = hashlib.new(check.algorithm, usedforsecurity=False) if check else None

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        piece = self._source.read(-1 if size is None else size)
        self._left -= len(piece)
        if self._hash is not None:
            self._hash.update(piece)
        if self._left < 0:
            raise LimitExceeded("more bytes came than the upload was to have")
        if not piece and size != 0:
            self._end()
        return piece

    def readinto(self, buffer, /) -> int:  # type: ignore[no-untyped-def]
        view = memoryview(buffer).cast("B")
        piece = self.read(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def _end(self) -> None:
        if self._left:
            raise Refused("fewer bytes came than the upload was to have", "send it again")
        if self._check is not None and self._hash is not None and self._hash.digest() != self._check.digest:
            raise ChecksumMismatch("the piece did not arrive as it was sent", "send it again")
