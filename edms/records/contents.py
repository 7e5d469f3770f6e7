"""Handing out the bytes of a record: download and page pictures, through the same door as everything else."""

from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import NotFound, Refused
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.components import open_component, read_pages
from edms.records.describe import malware_in
from edms.records.facts import decided_record
from edms.records.model import Component, ComponentRole, Record, RecordState

_TEXT_EXTRACT = 20_000


@dataclass(frozen=True)
class Download:
    """A component to hand out: `stream` is seekable plaintext, decrypted and authenticated as it is read."""

    name: str
    media_type: str
    size: int
    sha256: str
    stream: BinaryIO


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
    """Open a component for download; leaves an event with its role and hash. Raises NotFound, IntegrityFault.

    Raises Hazard for what lies in quarantine or holds malware, unless the actor was `warned`.
    """
    with archive.door.write(actor, Action.RECORD_DOWNLOAD) as operation:
        record = decided_record(operation, record_id)
        part = record.component(role, position)
        if part is None:
            raise NotFound()
        hazard = _hazard(operation, record, part)
        if hazard is not None and not warned:
            raise hazard
        operation.note(role=role.value, sha256=part.blob.sha256, **({"hazard": hazard.code} if hazard else {}))
        blob = part.blob
        name = _download_name(record, part)
        return Download(name, part.media_type, blob.size, blob.sha256, open_component(archive, part))


def page_image(actor: Actor | None, archive: Archive, record_id: UUID, page: int, width: int) -> bytes:
    """Return a picture of one page (first page is 1), `width` pixels wide. Raises NotFound when there is none."""
    with archive.door.read(actor, Action.RECORD_VIEW) as operation:
        record = decided_record(operation, record_id)
        part = _best_for_pictures(record)
        if part is None:
            raise NotFound()
        stream = open_component(archive, part)
        media_type = part.media_type
    with stream:
        picture = archive.reader.page_picture(stream, media_type, page, width)
    if picture is None:
        raise NotFound()
    return picture


def text_extract(actor: Actor | None, archive: Archive, record_id: UUID) -> str:
    """Return the beginning of the record's text, for files that have no page pictures."""
    with archive.door.read(actor, Action.RECORD_VIEW) as operation:
        record = decided_record(operation, record_id)
        return "\n\n".join(page["text"] for page in read_pages(archive, record))[:_TEXT_EXTRACT]


def _best_for_pictures(record: Record) -> Component | None:
    for role in (ComponentRole.ACCESS_COPY, ComponentRole.ORIGINAL):
        part = record.component(role)
        if part is not None and (part.media_type == "application/pdf" or part.media_type.startswith("image/")):
            return part
    return None


def _hazard(operation: Operation, record: Record, part: Component) -> Hazard | None:
    if record.state in (RecordState.QUARANTINED.value, RecordState.RETURNED.value):
        return Hazard(record.problem_code or "", record.problem_text or "")
    found = malware_in(operation.session, part)
    return Hazard("malware", f"malware was found in it: {found}") if found else None


def _download_name(record: Record, part: Component) -> str:
    if part.role == ComponentRole.ORIGINAL:
        return record.file_name
    if part.role == ComponentRole.ATTACHMENT:
        return str(part.facts.get("name") or part.name)
    return _name_beside(record.file_name, part.name)


def _name_beside(file_name: str, part_name: str) -> str:
    stem = file_name.rpartition(".")[0] or file_name
    return f"{stem}.{part_name}"
