"""From a record's rows to what goes into its package: nothing of it is left out (R69)."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.audit.bundle_format import evidence_texts
from edms.exchange.parts import RECORD_VERSION, SOFTWARE, PackedFile, Producer, RecordParts
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.evidence import evidence_parts
from edms.records.model import Component, ComponentRole, Hold, HoldLink, Record, RuleBookEdition, TriggerEvent

REPRESENTATIONS = {
    ComponentRole.ORIGINAL: "original",
    ComponentRole.ATTACHMENT: "original",
    ComponentRole.ACCESS_COPY: "access",
    ComponentRole.LATER_COPY: "access",
    ComponentRole.SIGNED: "access",
    ComponentRole.AUTHENTICATED: "access",
    ComponentRole.TEXT: "text",
    ComponentRole.REDACTED: "redacted",
}
_PLAIN = (
    "title", "number", "sender", "recipient", "record_type", "development", "medium", "language", "page_count",
    "file_name", "level", "kip", "personal_data", "terjaga", "vital", "legacy_unverified", "received_by", "declared_by",
    "who_may",
)  # fmt: skip


def record_parts(operation: Operation, archive: Archive, record: Record, receiver: str = "") -> RecordParts:
    """Return a declared record as it goes into a package, within a writing operation that was decided.

    The streams are opened later, one by one: nothing of the content is read here. Raises NotFound when the trail has no
    declaration of it.
    """
    bundle = evidence_parts(operation, archive, record)
    settings = archive.settings.archive
    producer = Producer(settings.organisation, record.office.name, settings.name, version(SOFTWARE), receiver)
    history = archive.trail.history(operation.session, "record", str(record.id))
    return RecordParts(
        record=record.id,
        description=description_of(operation.session, record),
        history=tuple(history),
        files=tuple(_packed(archive, part) for part in record.components if part.role in REPRESENTATIONS),
        producer=producer,
        packed_at=operation.now,
        evidence=tuple(evidence_texts(bundle)),
    )


def description_of(session: Session, record: Record) -> dict[str, Any]:
    """Return everything that the archive says of a record, as JSON (docs/formats/exchange-package.md, section 4)."""
    told = {name: getattr(record, name) for name in _PLAIN}
    folder = record.folder
    return {
        "version": RECORD_VERSION,
        "record": str(record.id),
        **told,
        "document_date": _day(record.document_date),
        "received_at": _day(record.received_at),
        "declared_at": _day(record.declared_at),
        "office": {"code": record.office.code, "name": record.office.name},
        "class": {"code": record.class_code, "title": record.class_title, "edition": record.class_edition},
        "folder": {"code": folder.code, "title": folder.title} if folder else None,
        "retention": _retention(session, record),
        "events": _events(session, record),
        "holds": _holds(session, record),
        "components": [_component(part) for part in record.components],
    }


def _retention(session: Session, record: Record) -> dict[str, Any]:
    book = session.get(RuleBookEdition, record.rule_book_id) if record.rule_book_id else None
    return {
        "rule": record.rule_code, "edition": record.rule_edition, "rule_book_sha256": book.sha256 if book else None,
        "fate": record.fate, "active_until": _day(record.active_until), "due_on": _day(record.due_on),
    }  # fmt: skip


def _events(session: Session, record: Record) -> list[dict[str, Any]]:
    subjects = TriggerEvent.record_id == record.id
    if record.folder_id is not None:
        subjects = subjects | (TriggerEvent.folder_id == record.folder_id)
    found = session.scalars(select(TriggerEvent).where(subjects).order_by(TriggerEvent.happened_on, TriggerEvent.id))
    return [
        {"type": one.type, "label": one.label, "happened_on": one.happened_on.isoformat(), "evidence": one.evidence,
         "of": "folder" if one.folder_id else "record", "recorded_by": one.recorded_by,
         "recorded_at": _day(one.recorded_at), "verified_by": one.verified_by, "verified_at": _day(one.verified_at),
         "voided_at": _day(one.voided_at), "void_reason": one.void_reason}
        for one in found
    ]  # fmt: skip


def _holds(session: Session, record: Record) -> list[dict[str, Any]]:
    query = select(Hold).join(HoldLink).where(HoldLink.record_id == record.id).order_by(Hold.placed_at, Hold.id)
    return [
        {"title": one.title, "mandate": one.mandate, "reason": one.reason, "placed_by": one.placed_by,
         "placed_at": _day(one.placed_at), "released_by": one.released_by, "released_at": _day(one.released_at)}
        for one in session.scalars(query)
    ]  # fmt: skip


def _component(part: Component) -> dict[str, Any]:
    return {
        "role": part.role, "position": part.position, "name": part.name, "media_type": part.media_type,
        "puid": part.puid, "size": part.blob.size, "sha256": part.blob.sha256, "facts": part.facts,
        "stored_at": _day(part.blob.created_at),
    }  # fmt: skip


def _packed(archive: Archive, part: Component) -> PackedFile:
    name = part.record.file_name if part.role == ComponentRole.ORIGINAL else str(part.facts.get("name") or part.name)
    return PackedFile(
        REPRESENTATIONS[ComponentRole(part.role)], part.role, part.position, name, part.media_type, part.blob.size,
        part.blob.sha256, part.blob.created_at, _opener(archive, part), part.puid or "",
    )  # fmt: skip


def _opener(archive: Archive, part: Component) -> Callable[[], BinaryIO]:
    sealed = part.blob.sealed()
    return lambda: archive.vault.open(sealed)


def _day(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None
