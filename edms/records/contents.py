"""Handing out the bytes of a record: download and page pictures, through the same door as everything else."""

import hashlib
import io
import json
from dataclasses import dataclass
from typing import Any, BinaryIO, cast
from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import IntegrityFault, NotFound, Refused
from edms.operation.door import Operation
from edms.records.alerts import report_read_fault
from edms.records.archive import Archive
from edms.records.copies import PAGES, copy_in_hand, issue_copy, mark_for_list, mark_of, marked_level
from edms.records.copies_model import CopyKind, IssuedCopy
from edms.records.describe import malware_in
from edms.records.disclosures import THUMBNAIL
from edms.records.marked import marked_document, marked_picture, marked_text
from edms.records.model import Component, ComponentRole, Record, RecordState
from edms.records.removals import require_content
from edms.records.visible import decided_record, facts_with_grants
from edms.vault.sealed import SealedBlob

PREVIEWED = "record.previewed"
THUMBNAIL_WIDTH = 160
# The newest copy first; what has none is shown by its original, where that can be.
PICTURED_ROLES = (ComponentRole.LATER_COPY, ComponentRole.ACCESS_COPY, ComponentRole.ORIGINAL)
_TEXT_EXTRACT = 20_000
_PDF = "application/pdf"


@dataclass(frozen=True)
class Download:
    """A component to hand out: `stream` is plaintext, decrypted and authenticated as it is read, and seekable unless it
    was `marked` on the way. `copy`: the number under which it is handed out, 0 for an open record.
    """

    name: str
    media_type: str
    size: int
    sha256: str
    stream: BinaryIO
    copy: int = 0
    marked: bool = False


class _Watched(io.RawIOBase):
    """A stream of stored content that raises the alert when what it reads is not what was stored (R57)."""

    def __init__(self, archive: Archive, blob: SealedBlob) -> None:
        self._archive, self._blob = archive, blob
        self._inner = self._try(lambda: archive.vault.open(blob))

    def _try(self, act: Any) -> Any:
        try:
            return act()
        except IntegrityFault as fault:
            report_read_fault(self._archive, self._blob.blob_id, fault.message)
            raise

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._inner.seek(offset, whence))

    def tell(self) -> int:
        return int(self._inner.tell())

    def readinto(self, buffer: Any) -> int:
        piece = self._try(lambda: self._inner.read(len(buffer)))
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if hasattr(self, "_inner"):
            self._inner.close()
        super().close()


def open_watched(archive: Archive, blob: SealedBlob) -> BinaryIO:
    """Open stored content for somebody who asked for it. Not inside a transaction that writes: a fault writes too."""
    return cast(BinaryIO, _Watched(archive, blob))


class Hazard(Refused):
    """The file was set aside, or holds malware: it is handed out only to somebody who was told so and wants it."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__("the file may do harm", "it is handed out after a warning")
        self.code = code
        self.reason = reason


def download(
    actor: Actor | None,
    archive: Archive,
    record_id: UUID,
    role: ComponentRole,
    position: int = 0,
    *,
    warned: bool = False,
) -> Download:
    """Open a component for download; leaves an event with its role and hash first. Raises NotFound, IntegrityFault.

    Above "open" the access copy and the text come with a mark (Unmarkable where that cannot be), everything else as it
    is stored, which needs a right of its own; both under a number (docs/handing-out.md). Raises Hazard for what lies in
    quarantine or holds malware, unless the actor was `warned`.
    """
    with archive.door.disclose(actor, Action.RECORD_DOWNLOAD) as operation:
        record = decided_record(operation, record_id)
        part = record.component(role, position)
        if part is None:
            require_content(operation.session, record)
            raise NotFound()
        as_stored = role is not ComponentRole.TEXT and not is_access_copy(role.value, part.media_type)
        if as_stored:
            operation.decide(facts_with_grants(operation, record), Action.RECORD_DOWNLOAD_ORIGINAL)
        hazard = _hazard(operation, record, part)
        if hazard is not None and not warned:
            raise hazard
        operation.note(role=role.value, sha256=part.blob.sha256, **({"hazard": hazard.code} if hazard else {}))
        blob, level = part.blob, marked_level(record)
        name, media_type = _download_name(record, part), part.media_type
    number = 0
    if level is not None:
        kind = CopyKind.AS_STORED if as_stored else CopyKind.DOWNLOAD
        copy = issue_copy(actor, archive, record_id, kind, role.value, Action.RECORD_DOWNLOAD, level)
        if not as_stored:
            return _marked(archive, blob.sealed(), role, name, copy)
        number = copy.number
    return Download(name, media_type, blob.size, blob.sha256, open_watched(archive, blob.sealed()), number)


def _marked(archive: Archive, blob: SealedBlob, role: ComponentRole, name: str, copy: IssuedCopy) -> Download:
    stem, _, ending = name.rpartition(".")
    if role is ComponentRole.TEXT:
        with open_watched(archive, blob) as stream:
            content = marked_text(archive, _text_of(stream), copy).encode()
        name = f"{stem}.{copy.number}.txt"
        told = hashlib.sha256(content).hexdigest()
        return Download(name, "text/plain", len(content), told, io.BytesIO(content), copy.number, marked=True)
    stamped, size, sha256 = marked_document(archive, lambda: open_watched(archive, blob), copy)
    return Download(f"{stem}.{copy.number}.{ending}", _PDF, size, sha256, stamped, copy.number, marked=True)


def is_access_copy(role: str, media_type: str) -> bool:
    """True for what is handed out by default: the copy, which can bear a mark."""
    return role in (ComponentRole.ACCESS_COPY.value, ComponentRole.LATER_COPY.value) and media_type == _PDF


def page_image(actor: Actor | None, archive: Archive, record_id: UUID, page: int, width: int) -> bytes:
    """Return a picture of one page (first page is 1), `width` pixels wide. Raises NotFound when there is none.

    The pages that somebody looks at within a short time are one event, and one copy with one number above "open": then
    the picture bears its mark. Raises Unmarkable.
    """
    return _page_image(actor, archive, record_id, page, width, PREVIEWED)


def thumbnail(actor: Actor | None, archive: Archive, record_id: UUID) -> bytes:
    """Return the first page, THUMBNAIL_WIDTH pixels wide. Raises NotFound when there is none.

    A list that the actor was shown a short time ago with this record on it has left the event (ADR 0061); else this
    leaves one of its own.
    """
    return _page_image(actor, archive, record_id, 1, THUMBNAIL_WIDTH, THUMBNAIL)


def _page_image(actor: Actor | None, archive: Archive, record_id: UUID, page: int, width: int, event: str) -> bytes:
    with archive.door.disclose(actor, Action.RECORD_VIEW) as operation:
        record = decided_record(operation, record_id)
        operation.about("record", record_id, event)
        operation.seldom()
        part = best_for_pictures(record)
        if part is None:
            require_content(operation.session, record)
            raise NotFound()
        media_type, sealed, level = part.media_type, part.blob.sealed(), marked_level(record)
        mark = mark_for_list(operation, archive, record) if event == THUMBNAIL else None
        copy = copy_in_hand(operation, archive, record, CopyKind.VIEW, PAGES, level) if level and mark is None else None
    picture = _picture(archive, sealed, media_type, page, width)
    if picture is None:
        raise NotFound()
    if level is None:
        return picture
    # Marked anew for each who asks, and kept nowhere: what is kept is the bare picture, sealed.
    if mark is None:
        copy = copy or issue_copy(actor, archive, record_id, CopyKind.VIEW, PAGES, Action.RECORD_VIEW, level)
        mark = mark_of(archive, copy)
    return marked_picture(archive, picture, mark)


def _picture(archive: Archive, blob: SealedBlob, media_type: str, page: int, width: int) -> bytes | None:
    """Return a picture that is kept, else make it and keep it. Two who ask at once both make it, which is the same."""
    # The document is opened even for a kept picture: one that is missing or cut off is reported, not covered up.
    with open_watched(archive, blob) as stream:
        if not archive.pictures.keeps:
            return archive.reader.page_picture(stream, media_type, page, width)
        key = archive.vault.picture_key(blob)
        kept = archive.pictures.get(key, page, width)
        if kept is not None:
            return kept
        picture = archive.reader.page_picture(stream, media_type, page, width)
    if picture is not None:
        archive.pictures.put(key, page, width, picture)
    return picture


def text_extract(actor: Actor | None, archive: Archive, record_id: UUID) -> str:
    """Return the beginning of the record's text, for files that have no page pictures; an event as of these."""
    with archive.door.disclose(actor, Action.RECORD_VIEW) as operation:
        record = decided_record(operation, record_id)
        operation.about("record", record_id, PREVIEWED)
        operation.seldom()
        part = record.component(ComponentRole.TEXT)
        if part is None:
            return ""
        sealed, level = part.blob.sealed(), marked_level(record)
        copy = copy_in_hand(operation, archive, record, CopyKind.VIEW, PAGES, level) if level else None
    with open_watched(archive, sealed) as stream:
        text = _text_of(stream)[:_TEXT_EXTRACT]
    if level is None or not text:
        return text
    copy = copy or issue_copy(actor, archive, record_id, CopyKind.VIEW, PAGES, Action.RECORD_VIEW, level)
    return marked_text(archive, text, copy)


def _text_of(stream: BinaryIO) -> str:
    return "\n\n".join(page["text"] for page in json.loads(stream.read())["pages"])


def has_pictures(role: str, media_type: str) -> bool:
    """True for a component of which pages can be drawn."""
    return role in {one.value for one in PICTURED_ROLES} and (
        media_type == "application/pdf" or media_type.startswith("image/")
    )


def best_for_pictures(record: Record) -> Component | None:
    """Return the component whose pages are shown, None when there is none."""
    for role in PICTURED_ROLES:
        part = record.component(role)
        if part is not None and has_pictures(role.value, part.media_type):
            return part
    return None


def _hazard(operation: Operation, record: Record, part: Component) -> Hazard | None:
    if record.state in (RecordState.QUARANTINED.value, RecordState.RETURNED.value):
        return Hazard(record.problem_code or "", record.problem_text or "")
    found = malware_in(operation.session, part)
    return Hazard("malware", f"malware was found in it: {found}") if found else None


def _download_name(record: Record, part: Component) -> str:
    if part.role == ComponentRole.ORIGINAL:
        return part.name if "photograph" in part.facts else record.file_name
    if part.role == ComponentRole.ATTACHMENT:
        return str(part.facts.get("name") or part.name)
    return _name_beside(record.file_name, part.name)


def _name_beside(file_name: str, part_name: str) -> str:
    stem = file_name.rpartition(".")[0] or file_name
    return f"{stem}.{part_name}"
