"""Checking what was sealed: manifest, seal, timestamp and audit leaf of a declared record."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from edms.core.canonical import sha256_hex
from edms.core.errors import EdmsError, IntegrityFault
from edms.reconcile.faults import Fault
from edms.records.archive import Archive
from edms.records.components import open_component
from edms.records.evidence import DECLARED
from edms.records.manifest import manifest_of
from edms.records.model import ComponentRole, Record
from edms.signing.verification import SignatureVerdict, verify_detached


def seal_faults(session: Session, archive: Archive, record: Record) -> Iterator[Fault]:
    """Yield what is wrong with the evidence of a declared record."""
    identity = str(record.id)
    try:
        manifest = _content(archive, record, ComponentRole.MANIFEST)
        seal = _content(archive, record, ComponentRole.SEAL)
    except EdmsError as error:
        yield Fault("seal", identity, f"manifest or seal cannot be read: {error.message}")
        return
    if manifest is None or seal is None:
        yield Fault("seal", identity, "the record is declared but has no manifest or no seal")
        return
    yield from _signature_faults(archive, identity, manifest, seal)
    yield from _trail_faults(session, archive, identity, sha256_hex(manifest), sha256_hex(seal))
    yield from _row_faults(archive, record, manifest)


def undeclared_faults(session: Session, archive: Archive, record: Record) -> Iterator[Fault]:
    """Yield a fault when the trail knows a record as declared that its row does not: somebody set it back."""
    if _declarations(session, archive, str(record.id)):
        yield Fault("record", str(record.id), "it was declared, and its row says that it was not")


def _declarations(session: Session, archive: Archive, identity: str) -> list[dict[str, Any]] | None:
    """What the trail says of the declarations of a record; None when its leaves cannot be read."""
    try:
        events = archive.trail.history(session, "record", identity)
    except IntegrityFault:
        return None  # the check of the trail names the leaf
    return [event["details"] for event in events if event["action"] == DECLARED]


def _trail_faults(session: Session, archive: Archive, identity: str, manifest: str, seal: str) -> Iterator[Fault]:
    declared = _declarations(session, archive, identity)
    if declared is None:
        return
    if not declared:
        yield Fault("record", identity, "its row says declared, and the audit trail knows nothing of it")
        return
    if declared[-1].get("manifest_sha256") != manifest:
        yield Fault("record", identity, "its manifest is not the one that the audit trail names")
    if declared[-1].get("seal_sha256", seal) != seal:
        yield Fault("signature", identity, "its seal is not the one that the audit trail names")


def _content(archive: Archive, record: Record, role: ComponentRole) -> bytes | None:
    part = record.component(role)
    if part is None:
        return None
    with open_component(archive, part) as stream:
        return stream.read()


def _signature_faults(archive: Archive, identity: str, manifest: bytes, seal: bytes) -> Iterator[Fault]:
    try:
        verdict: SignatureVerdict = verify_detached(manifest, seal, archive.trust)
    except EdmsError as error:
        yield Fault("signature", identity, f"the seal cannot be read: {error.message}")
        return
    if not verdict.intact:
        yield Fault("signature", identity, "the manifest is not what was sealed")
    elif not verdict.valid:
        yield Fault("signature", identity, "the seal's signature is not valid")
    elif not verdict.trusted:
        yield Fault("signature", identity, "the seal is not by a certificate this archive trusts")
    elif verdict.timestamp is None or not verdict.timestamp.valid:
        yield Fault("signature", identity, "the seal's timestamp is missing or not valid")
    elif not verdict.timestamp.trusted:
        yield Fault("signature", identity, "the seal's timestamp is not by an authority this archive believes")


def _row_faults(archive: Archive, record: Record, manifest: bytes) -> Iterator[Fault]:
    """The row must still say what was sealed: anybody who edits a title in the database is found here."""
    told: dict[str, Any] = json.loads(manifest)
    now = json.loads(manifest_of(record, told.get("archive", ""), told.get("declared_at", "")))
    for name in sorted(told.keys() | now.keys()):
        if told.get(name) != now.get(name):
            yield Fault("record", str(record.id), f"its {name} is not what was sealed")
