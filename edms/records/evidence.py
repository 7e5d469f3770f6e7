"""Evidence for outsiders: bundles, checkpoints, proofs, public keys, verdicts on signatures."""

import io
import json
import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.errors import NotFound, Refused
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.components import open_component
from edms.records.facts import decided_record
from edms.records.model import Component, ComponentRole, Record, RecordState
from edms.signing.errors import SigningFault
from edms.signing.verification import SignatureVerdict, verify_detached

DECLARED = "record.declared"
PROOF_VERSION = 1
_EPOCH = (1980, 1, 1, 0, 0, 0)
_IN_BUNDLE = (ComponentRole.ORIGINAL, ComponentRole.ACCESS_COPY, ComponentRole.TEXT)
_README = """How to check this record by hand
================================

1. sha256sum components/*/*      and compare with manifest.json
2. openssl cms -verify -binary -inform DER -in seal.p7s -content manifest.json \\
     -CAfile archive.pem -purpose any -out /dev/null
   where archive.pem is what the archive publishes as its public keys. Get it from the archive itself, not from here.
3. python -m edms.verify THIS.zip --key archive.pem      checks all of it, the audit trail included.

The format is described in docs/formats/evidence-bundle.md of the program.
"""


@dataclass(frozen=True)
class ShownVerdict:
    """A signature as shown on the record page: separate verdicts, the time and who says so."""

    title: str
    signer: str
    intact: bool
    valid: bool
    trusted: bool
    timestamped: bool
    time: datetime | str | None
    authority: str
    development: bool
    problems: tuple[str, ...]


def export_bundle(actor: Actor | None, archive: Archive, record_id: UUID, target: Path) -> None:
    """Write the evidence bundle of a declared record to `target`. Raises NotFound, Refused."""
    content = bundle_bytes(actor, archive, record_id)
    try:
        target.write_bytes(content)
    except OSError as error:
        raise Refused(f"{target} cannot be written: {error.strerror}") from None


def bundle_bytes(actor: Actor | None, archive: Archive, record_id: UUID) -> bytes:
    """Return the evidence bundle; a checkpoint that covers the declaration is made when there is none yet."""
    with archive.door.write(actor, Action.RECORD_EXPORT) as operation:
        record = decided_record(operation, record_id)
        if record.state != RecordState.DECLARED.value:
            raise Refused("there is no evidence yet: the record is not declared")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
            _write(bundle, "manifest.json", _read(archive, record, ComponentRole.MANIFEST))
            _write(bundle, "seal.p7s", _read(archive, record, ComponentRole.SEAL))
            for part in record.components:
                if part.role in _IN_BUNDLE:
                    name = f"components/{part.role}/{part.name.replace('/', '_')}"
                    _write(bundle, name, _bytes(archive, part))
            for name, content in _audit_parts(operation, archive, record_id).items():
                _write(bundle, name, content)
            _write(bundle, "keys/archive.pem", public_keys(archive).encode())
            _write(bundle, "README.txt", _README.encode())
        return out.getvalue()


def _audit_parts(operation: Operation, archive: Archive, record_id: UUID) -> dict[str, bytes]:
    session, trail = operation.session, archive.trail
    declared = [event for event in trail.history(session, "record", str(record_id)) if event["action"] == DECLARED]
    if not declared:
        raise NotFound("the audit trail has no declaration of this record", "run: edms verify --all")
    index = int(declared[-1]["index"])
    newest = trail.latest_checkpoint(session)
    size, note = newest if newest and newest[0] > index else (trail.size(session), trail.checkpoint(session))
    proof = [step.hex() for step in trail.inclusion(session, index, size)]
    return {
        "audit/leaf.json": trail.leaf(session, index) or b"",
        "audit/proof.json": json.dumps(
            {"version": PROOF_VERSION, "index": index, "size": size, "proof": proof}
        ).encode(),
        "audit/checkpoint.txt": note.encode(),
    }


def _write(bundle: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    bundle.writestr(entry, content)


def _read(archive: Archive, record: Record, role: ComponentRole) -> bytes:
    part = record.component(role)
    if part is None:
        raise NotFound(f"the record has no {role.value}", "run: edms verify --all")
    return _bytes(archive, part)


def _bytes(archive: Archive, part: Component) -> bytes:
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
        size = trail.size(session)
        if old_size > size:
            raise NotFound(f"the trail has only {size} leaves")
        note = trail.checkpoint(session)
        proof = [step.hex() for step in trail.consistency(session, old_size, size)]
        return {"version": PROOF_VERSION, "old_size": old_size, "size": size, "proof": proof, "checkpoint": note}


def signature_verdicts(actor: Actor | None, archive: Archive, record_id: UUID) -> tuple[ShownVerdict, ...]:
    """Return the verdict on our own seal, and those on signatures that came with the document."""
    with archive.door.read(actor, Action.RECORD_VIEW) as operation:
        record = decided_record(operation, record_id)
        shown = []
        if record.component(ComponentRole.SEAL) and record.component(ComponentRole.MANIFEST):
            shown.append(_own(archive, record))
        original = record.component(ComponentRole.ORIGINAL)
        received = original.facts.get("signatures", []) if original else []
        return (*shown, *(_received(verdict) for verdict in received))


def _own(archive: Archive, record: Record) -> ShownVerdict:
    try:
        verdict = verify_detached(
            _read(archive, record, ComponentRole.MANIFEST), _read(archive, record, ComponentRole.SEAL), archive.trust
        )
    except SigningFault as fault:
        return ShownVerdict("seal", "", False, False, False, False, None, "", False, (fault.message,))
    return _shown("seal", verdict)


def _shown(title: str, verdict: SignatureVerdict) -> ShownVerdict:
    stamp = verdict.timestamp
    return ShownVerdict(
        title=title,
        signer=verdict.signer,
        intact=verdict.intact,
        valid=verdict.valid,
        trusted=verdict.trusted,
        timestamped=bool(stamp and stamp.valid),
        time=stamp.time if stamp else None,
        authority=stamp.authority if stamp else "",
        development=bool(stamp and stamp.development),
        problems=verdict.problems,
    )


def _received(verdict: dict[str, Any]) -> ShownVerdict:
    stamp = verdict.get("timestamp") or {}
    return ShownVerdict(
        title="received",
        signer=str(verdict.get("signer", "")),
        intact=bool(verdict.get("intact")),
        valid=bool(verdict.get("valid")),
        trusted=bool(verdict.get("trusted")),
        timestamped=bool(stamp.get("valid")),
        time=stamp.get("time"),
        authority=str(stamp.get("authority", "")),
        development=bool(stamp.get("development")),
        problems=tuple(str(problem) for problem in verdict.get("problems", ())),
    )
