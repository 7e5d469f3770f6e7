"""The canonical manifest of a record: what its seal signs. Shape: docs/formats/evidence-bundle.md."""

from typing import Any

from edms.core.canonical import canonical_json
from edms.records.model import ComponentRole, Record

MANIFEST_VERSION = 1
_TOLD = ("batch", "photograph")
_SEALED_ROLES = (ComponentRole.ORIGINAL, ComponentRole.ACCESS_COPY, ComponentRole.TEXT, ComponentRole.ATTACHMENT)


def manifest_of(record: Record, archive_name: str, declared_at: str) -> bytes:
    """Return the manifest of `record` as RFC 8785 bytes. Same record, same bytes."""
    return canonical_json(
        {
            "version": MANIFEST_VERSION,
            "archive": archive_name,
            "record": str(record.id),
            "office": {"id": str(record.office.id), "code": record.office.code, "name": record.office.name},
            "class": {"code": record.class_code, "title": record.class_title, "edition": record.class_edition},
            "level": record.level,
            "kip": record.kip,
            "title": record.title,
            "metadata": _metadata(record),
            "captured_at": record.received_at.isoformat(),
            "declared_at": declared_at,
            "components": [_component(part) for part in record.components if part.role in _SEALED_ROLES],
        }
    )


def _metadata(record: Record) -> dict[str, Any]:
    return {
        "number": record.number,
        "date": record.document_date.isoformat() if record.document_date else None,
        "sender": record.sender,
        "recipient": record.recipient,
        "type": record.record_type,
        "development": record.development,
        "medium": record.medium,
        "language": record.language,
        "file_name": record.file_name,
    }


def _component(part: Any) -> dict[str, Any]:
    """One component; of an attachment also its place, and that of the file it lay in (0: the original).

    Of an original that was cut out of a batch also the batch's hash and its pages; of a photograph how a page was made
    of it.
    """
    placed = {"position": part.position, "parent": int(part.facts.get("parent", 0))}
    told = {name: part.facts[name] for name in _TOLD if part.role == ComponentRole.ORIGINAL and name in part.facts}
    return {
        **(placed if part.role == ComponentRole.ATTACHMENT else {}),
        "name": part.name,
        "role": part.role,
        "media_type": part.media_type,
        "size": part.blob.size,
        "sha256": part.blob.sha256,
        **told,
    }
