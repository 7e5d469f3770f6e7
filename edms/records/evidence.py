"""Evidence for outsiders: bundles, checkpoints, proofs, public keys, verdicts on signatures."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.audit.bundle_format import CHECKPOINT_STAMP, PROOF_VERSION, BundleComponent, BundleParts, write_bundle
from edms.audit.cosignature import cosigned_at
from edms.audit.model import AuditCheckpoint
from edms.audit.publication import cosigned_note, newest_checkpoint
from edms.core.errors import NotFound, Refused
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.components import open_component
from edms.records.copies import EVIDENCE, add_copy, copy_details, marked_level
from edms.records.copies_model import CopyKind
from edms.records.disclosures import COPY_ISSUED
from edms.records.evidence_trees import TreeReader, document_digests
from edms.records.model import Component, ComponentRole, Record, RecordState
from edms.records.removals import require_content
from edms.records.visible import decided_record, facts_with_grants
from edms.signing.seal_copies import seal_copies

DECLARED = "record.declared"
_IN_BUNDLE = (ComponentRole.ORIGINAL, ComponentRole.ACCESS_COPY, ComponentRole.TEXT, ComponentRole.ATTACHMENT)


def export_bundle(actor: Actor | None, archive: Archive, record_id: UUID, target: Path) -> None:
    """Write the evidence bundle of a declared record to `target`, whole or not at all. Raises NotFound, Refused.

    Memory does not grow with the record.
    """
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            write_evidence(actor, archive, record_id, out)
        unfinished.replace(target)
    except OSError as error:
        raise Refused(f"{target} cannot be written: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)


def bundle_bytes(actor: Actor | None, archive: Archive, record_id: UUID) -> bytes:
    """Return the evidence bundle of a declared record. Raises NotFound, Refused."""
    out = io.BytesIO()
    write_evidence(actor, archive, record_id, out)
    return out.getvalue()


def write_evidence(actor: Actor | None, archive: Archive, record_id: UUID, out: BinaryIO) -> None:
    """Write the bundle to `out`; a checkpoint that covers the declaration is signed when there is none yet.

    The rows are read and the act is recorded before the first byte is written, so that no database transaction waits
    for the content. A declared record does not change any more.
    """
    with archive.door.write(actor, Action.RECORD_EXPORT) as operation:
        record = decided_record(operation, record_id, lock=True)
        require_content(operation.session, record)
        if record.state != RecordState.DECLARED.value:
            raise Refused("there is no evidence yet: the record is not declared")
        # It holds what the record is made of, as it is stored.
        operation.decide(facts_with_grants(operation, record), Action.RECORD_DOWNLOAD_ORIGINAL)
        level = marked_level(record)
        if level is not None:
            copy = add_copy(operation, record, CopyKind.AS_STORED, EVIDENCE, level)
            operation.audit(COPY_ISSUED, "record", record_id, **copy_details(copy))
        parts = evidence_parts(operation, archive, record)
    write_bundle(out, parts)


def evidence_parts(operation: Operation, archive: Archive, record: Record) -> BundleParts:
    """Return what a bundle of a declared record is made of, within a writing operation that was decided: a checkpoint
    that covers the declaration is signed when there is none yet. Raises NotFound when the trail has none of it."""
    session, trail = operation.session, archive.trail
    trail.integrate(session)
    declared = [event for event in trail.history(session, "record", str(record.id)) if event["action"] == DECLARED]
    leaf = trail.leaf(session, int(declared[-1]["index"])) if declared else None
    if leaf is None:
        raise NotFound("the audit trail has no declaration of this record", "run: edms verify --all")
    index = int(declared[-1]["index"])
    checkpoint = _covering(archive, session, index)
    evidence = TreeReader(session).evidence_record(record.id, document_digests(archive, record))
    seal, note = read_component(archive, record, ComponentRole.SEAL), cosigned_note(session, checkpoint)
    return BundleParts(
        evidence=evidence.encoded() if evidence else b"",
        manifest=read_component(archive, record, ComponentRole.MANIFEST),
        seal=seal,
        leaf=leaf,
        index=index,
        size=checkpoint.size,
        proof=trail.inclusion(session, index, checkpoint.size),
        checkpoint=note,
        witnesses=[witness.key.text for witness in archive.witnesses if cosigned_at(note, witness.key)],
        copies=[*seal_copies(seal), *([(CHECKPOINT_STAMP, checkpoint.timestamp)] if checkpoint.timestamp else [])],
        keys=public_keys(archive),
        components=[
            BundleComponent(part.role, part.name, part.blob.size, _opener(archive, part))
            for part in record.components
            if part.role in _IN_BUNDLE
        ],
    )


def _covering(archive: Archive, session: Session, index: int) -> AuditCheckpoint:
    """Return the newest checkpoint, signed now when there is none that covers the leaf."""
    newest = newest_checkpoint(session)
    if newest is None or newest.size <= index:
        archive.trail.checkpoint(session)
        newest = newest_checkpoint(session)
    assert newest is not None
    return newest


def _opener(archive: Archive, part: Component) -> Callable[[], BinaryIO]:
    sealed = part.blob.sealed()
    return lambda: archive.vault.open(sealed)


def read_component(archive: Archive, record: Record, role: ComponentRole) -> bytes:
    """Return the bytes of one component. Raises NotFound when the record has none of this role."""
    part = record.component(role)
    if part is None:
        raise NotFound(f"the record has no {role.value}", "run: edms verify --all")
    with open_component(archive, part) as stream:
        return bytes(stream.read())


def public_keys(archive: Archive) -> str:
    """Return what an outsider needs to check us: certificates, root first, and the audit trail's key; PEM."""
    return archive.public_pem


def new_checkpoint(actor: Actor | None, archive: Archive) -> str:
    """Sign the trail as it stands; returns the note. The event of this very act is in the next one."""
    with archive.door.write(actor, Action.AUDIT_CHECKPOINT) as operation:
        operation.decide()
        operation.about("audit", "", "audit.checkpoint")
        return archive.trail.checkpoint(operation.session)


def inclusion_proof(actor: Actor | None, archive: Archive, index: int) -> dict[str, Any]:
    """Return leaf, proof and checkpoint for one leaf. Raises NotFound."""
    with archive.door.write(actor, Action.AUDIT_READ) as operation:
        operation.decide()
        session, trail = operation.session, archive.trail
        trail.integrate(session)
        leaf = trail.leaf(session, index)
        if leaf is None:
            raise NotFound("there is no such leaf")
        note, size = trail.checkpoint(session), trail.size(session)
        proof = [step.hex() for step in trail.inclusion(session, index, size)]
        return {"version": PROOF_VERSION, "index": index, "size": size, "leaf": json.loads(leaf), "proof": proof,
                "checkpoint": note}  # fmt: skip


def consistency_proof(actor: Actor | None, archive: Archive, old_size: int) -> dict[str, Any]:
    """Return the proof that the trail only grew since it had `old_size` leaves. Raises NotFound."""
    with archive.door.write(actor, Action.AUDIT_READ) as operation:
        operation.decide()
        session, trail = operation.session, archive.trail
        trail.integrate(session)
        size = trail.size(session)
        if old_size > size:
            raise NotFound(f"the trail has only {size} leaves")
        note = trail.checkpoint(session)
        proof = [step.hex() for step in trail.consistency(session, old_size, size)]
        return {"version": PROOF_VERSION, "old_size": old_size, "size": size, "proof": proof, "checkpoint": note}
