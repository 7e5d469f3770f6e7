"""Personal signatures: row, signed document and audit event must tell one story, looked at from each of them."""

import io
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.core.canonical import sha256_hex
from edms.core.errors import EdmsError, IntegrityFault
from edms.reconcile.faults import Fault
from edms.records.archive import Archive
from edms.records.components import open_component
from edms.records.model import Component, ComponentRole, Record
from edms.records.signatures_model import Signature, SignatureRequest
from edms.records.signatures_states import SignatureState
from edms.signing.verification import TrustMaterial, verify_pdf

SIGNED = "signature.signed"
_SAID = ("signed_sha256", "base_sha256", "rendering_sha256", "certificate_sha256", "renderer", "dpi", "provider")


def signature_faults(session: Session, archive: Archive, record: Record) -> Iterator[Fault]:
    """Yield what is wrong with the personal signatures on a record."""
    rows = list(
        session.scalars(
            select(Signature)
            .join(SignatureRequest)
            .where(SignatureRequest.record_id == record.id, Signature.state == SignatureState.SIGNED.value)
            .order_by(Signature.component_position)
        )
    )
    parts = {part.position: part for part in record.components if part.role == ComponentRole.SIGNED.value}
    told = _told(session, archive, str(record.id))
    for row in rows:
        part = parts.pop(row.component_position or 0, None)
        if part is None:
            yield Fault("signature", str(row.id), "it was given, and the signed document is missing")
        else:
            yield from _document_faults(archive, row, part)
        if told is not None:
            yield from _event_faults(row, told.pop(str(row.id), None))
    for part in parts.values():
        yield Fault("signature", str(record.id), f"signed document {part.position} belongs to no signature")
    for identity in told or ():
        yield Fault("signature", identity, "the audit trail knows it as given, and no row says so")


def _told(session: Session, archive: Archive, identity: str) -> dict[str, dict[str, Any]] | None:
    """What the trail says was signed on a record, by signature; None when its leaves cannot be read."""
    try:
        events = archive.trail.history(session, "record", identity)
    except IntegrityFault:
        return None  # the check of the trail names the leaf
    return {str(event["details"].get("signature")): event["details"] for event in events if event["action"] == SIGNED}


def _event_faults(row: Signature, event: dict[str, Any] | None) -> Iterator[Fault]:
    if event is None:
        yield Fault("signature", str(row.id), "its row says signed, and the audit trail knows nothing of it")
        return
    wrong = [name for name in _SAID if event.get(name) != getattr(row, name)]
    if event.get("person") != str(row.person_id) or event.get("request") != str(row.request_id):
        wrong.append("signer")
    if row.signed_at is None or event.get("signed_at") != row.signed_at.isoformat():
        wrong.append("signed_at")
    for name in wrong:
        yield Fault("signature", str(row.id), f"its {name} is not the one that the audit trail names")


def _document_faults(archive: Archive, row: Signature, part: Component) -> Iterator[Fault]:
    identity = str(row.id)
    if part.blob.sha256 != row.signed_sha256:
        yield Fault("signature", identity, "the signed document is not the one that was signed")
        return
    try:
        with open_component(archive, part) as stream:
            content = stream.read()
        trust = TrustMaterial(archive.personal_trust.roots, archive.trust.timestamps)
        verdicts = [one for one in verify_pdf(io.BytesIO(content), trust) if one.field_name == row.field_name]
    except EdmsError as error:
        yield Fault("signature", identity, f"the signed document cannot be read: {error.message}")
        return
    if sha256_hex(content) != row.signed_sha256:
        yield Fault("signature", identity, "the signed document is not the one that was signed")
    elif len(verdicts) != 1:
        yield Fault("signature", identity, "the signed document does not hold it")
    elif not (verdicts[0].unaltered and verdicts[0].valid):
        yield Fault("signature", identity, "it is not valid over the signed document")
    elif not verdicts[0].trusted:
        yield Fault("signature", identity, "it is not by a certificate this archive believes")
