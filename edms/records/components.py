"""Storing and reading the bitstreams of a record. Blob first, row second (invariant 2)."""

import io
import json
from dataclasses import asdict
from typing import Any, BinaryIO

from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.model import Component, ComponentRole, Record
from edms.text.types import PageText
from edms.vault.rows import add_blob
from edms.vault.vault import SealedBlob


def seal_bytes(archive: Archive, content: bytes, role: ComponentRole) -> SealedBlob:
    """Store `content` encrypted and durable; the row follows in the caller's transaction."""
    return archive.vault.put(io.BytesIO(content), purpose=role.value)


def attach(
    operation: Operation,
    archive: Archive,
    record: Record,
    role: ComponentRole,
    sealed: SealedBlob,
    name: str,
    media_type: str,
    facts: dict[str, Any] | None = None,
    position: int = 0,
) -> Component:
    """Give `record` a component of `role`, in place of an earlier one at that place from an interrupted step."""
    earlier = record.component(role, position)
    if earlier is not None:
        record.components.remove(earlier)
        operation.session.delete(earlier.blob)
        operation.session.flush()
    blob = add_blob(operation.session, archive.vault, sealed, operation.now)
    operation.session.flush()
    part = Component(
        id=new_id(archive.clock),
        role=role.value,
        position=position,
        blob_id=sealed.blob_id,
        name=name,
        media_type=media_type,
        facts=facts or {},
    )
    part.blob = blob
    record.components.append(part)
    return part


def open_component(archive: Archive, part: Component) -> BinaryIO:
    """Open a component's plaintext for reading: seekable, decrypted as it is read. Raises IntegrityFault."""
    return archive.vault.open(part.blob.sealed())


def pages_to_bytes(pages: tuple[PageText, ...]) -> bytes:
    """Return the text component's content: JSON, one object per page."""
    return json.dumps({"version": 1, "pages": [asdict(page) for page in pages]}, ensure_ascii=False).encode()


def pages_from_bytes(content: bytes) -> list[dict[str, Any]]:
    """Return the pages that `pages_to_bytes` has written."""
    pages: list[dict[str, Any]] = json.loads(content)["pages"]
    return pages


def read_pages(archive: Archive, record: Record) -> list[dict[str, Any]]:
    """Return the pages of the record's text component; empty before the text was read."""
    part = record.component(ComponentRole.TEXT)
    if part is None:
        return []
    with open_component(archive, part) as stream:
        return pages_from_bytes(stream.read())
