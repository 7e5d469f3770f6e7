"""Handing out the bytes of a record: download and page pictures, through the same door as everything else."""

from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import NotFound
from edms.records.archive import Archive
from edms.records.components import open_component, read_pages
from edms.records.facts import decided_record
from edms.records.model import Component, ComponentRole, Record

_TEXT_EXTRACT = 20_000


@dataclass(frozen=True)
class Download:
    """A component to hand out: `stream` is seekable plaintext, decrypted and authenticated as it is read."""

    name: str
    media_type: str
    size: int
    sha256: str
    stream: BinaryIO


def download(actor: Actor | None, archive: Archive, record_id: UUID, role: ComponentRole) -> Download:
    """Open a component for download; leaves an event with its role and hash. Raises NotFound, IntegrityFault."""
    with archive.door.write(actor, Action.RECORD_DOWNLOAD) as operation:
        record = decided_record(operation, record_id)
        part = record.component(role)
        if part is None:
            raise NotFound()
        operation.note(role=role.value, sha256=part.blob.sha256)
        blob = part.blob
        name = record.file_name if role is ComponentRole.ORIGINAL else _name_beside(record.file_name, part.name)
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


def _name_beside(file_name: str, part_name: str) -> str:
    stem = file_name.rpartition(".")[0] or file_name
    return f"{stem}.{part_name}"
