"""The package of a hand-over: packed, sent, answered by a receipt, closed. Ours is kept until that fits (R82)."""

import base64
import fcntl
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import func, select

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.capture.accept import accept
from edms.capture.incoming import IncomingFile
from edms.core.canonical import canonical_json, sha256_hex
from edms.core.errors import Refused
from edms.core.handover_receipt import RETURNED, Receipt, read_receipt
from edms.core.typed import line
from edms.exchange.drawing import NAMES, keeper, placement_of
from edms.exchange.gathering import record_parts
from edms.exchange.parts import RecordParts, WrittenRecord
from edms.exchange.receipt import mismatches
from edms.exchange.sip import write_package
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.components import open_component
from edms.records.model import Component, ComponentRole, Record
from edms.records.proceedings import (
    SUBJECT,
    decided_proceeding,
    exclude_hindered,
    hindered,
    may_take,
    record_in,
    requests_on,
    require_state,
    standing,
    step,
)
from edms.records.proceedings_model import Proceeding, ProceedingItem
from edms.records.proceedings_views import paper_stage
from edms.retention.proceedings import Act, ItemState, Kind, State
from edms.signing.errors import SigningFault
from edms.signing.trust import TrustMaterial
from edms.signing.verification import verify_detached
from edms.vault.model import StoredBlob

_MOST_SIGNATURE = 1024 * 1024
_CLOCKS_APART = timedelta(minutes=5)


@dataclass(frozen=True)
class Packing:
    """What is about to be packed, as it stood when it was begun."""

    name: str
    receiver: str
    items: tuple[UUID, ...]
    papers: tuple[tuple[str, bytes], ...]
    at: datetime
    size: int


def package_handover(
    actor: Actor | None, archive: Archive, proceeding_id: UUID, out: BinaryIO, most: int | None = None
) -> str:
    """Write the package of a decided hand-over whose papers are signed; returns the SHA-256 that stands for it.

    It counts only once this returns: a package that was begun and not finished is of nothing. Packed anew, the earlier
    one no longer counts. `most`: the most bytes of content, where it is kept in memory.

    Raises NotFound, NotPermitted, Refused; IntegrityFault when a file is not what was stored.
    """
    packing = _begin(actor, archive, proceeding_id)
    if most is not None and packing.size > most:
        raise Refused("the package is too large for a page", "write it at the console: edms handover package")
    information = {"Source-Organization": archive.settings.archive.organisation, "External-Identifier": proceeding_id}
    stands, written = write_package(
        out, packing.name, _parts(actor, archive, packing), packing.papers, information, packing.at
    )
    with archive.door.write(actor, Action.CUSTODY_WORK) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.HANDOVER, lock=True)
        operation.about(SUBJECT, row.id, "handover.packaged")
        items = {item.record_id: item for item in standing(row)}
        if set(items) != set(packing.items):
            raise Refused("it was changed while it was packed", "pack it anew")
        _refuse_hindered(operation, archive, row)
        step(operation, archive, row, Act.PACKAGE, {"manifest_sha256": stands, "records": len(written)})
        row.package = {"name": packing.name, "manifest_sha256": stands, "at": packing.at.isoformat()}
        for one in written:
            items[one.record].sent = {"mets_sha256": one.mets_sha256, "files": one.files}
        operation.note(manifest_sha256=stands, records=len(written))
    return stands


def package_to_file(actor: Actor | None, archive: Archive, proceeding_id: UUID, target: Path) -> str:
    """Write the package to `target`, whole or not at all, for its owner alone; returns as `package_handover`.

    What a killed one left unfinished, which holds records that anybody could read, is written over by the next.
    """
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600), "wb") as out:
            _hold(unfinished, out)
            try:
                out.truncate()
                stands = package_handover(actor, archive, proceeding_id, out)
                out.flush()
                os.fsync(out.fileno())
                unfinished.replace(target)
            finally:
                unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise Refused(f"{target} cannot be written: {error.strerror}") from None
    return stands


def _hold(path: Path, out: BinaryIO) -> None:
    """Keep a file for this process while it is open. Raises Refused when another writes it, or has just finished."""
    try:
        fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ours = path.stat().st_ino == os.fstat(out.fileno()).st_ino
    except (BlockingIOError, FileNotFoundError):
        ours = False
    if not ours:
        raise Refused(f"somebody writes to {path.name} now", "wait until it is done")


def _begin(actor: Actor | None, archive: Archive, proceeding_id: UUID) -> Packing:
    """Take out what must not leave, and say what is left. What was taken out is on record before anything is packed."""
    with archive.door.write(actor, Action.CUSTODY_WORK) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.HANDOVER, lock=True)
        operation.about(SUBJECT, row.id, "handover.packing")
        require_state(row, State.DECIDED, State.PACKAGED)
        may_take(operation, archive, row, Act.PACKAGE)
        if paper_stage(row, requests_on(operation, row))[0] != "signed":
            raise Refused("the papers are not signed by all", "see where it stands")
        operation.note(left_out=exclude_hindered(operation, archive, row), records=len(standing(row)))
        papers = [(f"{paper.kind}.pdf", newest(archive, paper.record)) for paper in row.papers]
        name = f"penyerahan-{str(row.id)[:13]}"
        told = {**row.listed, "excluded": [
            {"record": str(item.record_id), "reason": item.reason} for item in row.items
            if item.state == ItemState.EXCLUDED.value
        ]}  # fmt: skip
        papers.append(("daftar.json", canonical_json(told)))
        ids = tuple(item.record_id for item in standing(row))
        return Packing(name, str(row.receiver["name"]), ids, tuple(papers), operation.now, _size(operation, ids))


def _size(operation: Operation, record_ids: Sequence[UUID]) -> int:
    query = select(func.coalesce(func.sum(StoredBlob.size), 0)).join(Component, Component.blob_id == StoredBlob.id)
    return int(operation.session.scalar(query.where(Component.record_id.in_(record_ids))) or 0)


def _parts(actor: Actor | None, archive: Archive, packing: Packing) -> Iterator[RecordParts]:
    """Read the records one by one, each in a transaction of its own with its event: the files are opened later."""
    for record_id in packing.items:
        with archive.door.write(actor, Action.RECORD_EXPORT) as operation:
            item = ProceedingItem(record_id=record_id)
            record = record_in(operation, item)
            operation.about("record", record.id, "record.packed")
            operation.note(package=packing.name)
            parts = record_parts(operation, archive, record, packing.receiver)
        yield parts  # no transaction waits for the content


def newest(archive: Archive, record: Record) -> bytes:
    """The bytes of a paper: as it was signed last, or as it was drawn up."""
    signed = [part for part in record.components if part.role == ComponentRole.SIGNED]
    part = max(signed, key=lambda one: one.position, default=record.component(ComponentRole.ORIGINAL))
    if part is None:
        raise Refused("a paper of it has no file", "run: edms verify --all")
    with open_component(archive, part) as stream:
        return stream.read()


def send_handover(actor: Actor | None, archive: Archive, proceeding_id: UUID, how: str) -> None:
    """Say that the package has left, and how. Nothing in it may be held by now. Raises NotFound, NotPermitted,
    Refused."""
    with archive.door.write(actor, Action.CUSTODY_WORK) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.HANDOVER, lock=True)
        operation.about(SUBJECT, row.id, "handover.sent")
        told = line(how, 300)
        if not told:
            raise Refused("say how it was sent, and to whom")
        _refuse_hindered(operation, archive, row)
        step(operation, archive, row, Act.SEND, {"how": told})
        operation.note(manifest_sha256=row.package["manifest_sha256"])


def _refuse_hindered(operation: Operation, archive: Archive, row: Proceeding) -> None:
    met = [item for item, found in hindered(operation, archive, row) if found]
    if met:
        raise Refused(f"{len(met)} records in it are held or not due any more", "pack it anew without them")


def receive_receipt(
    actor: Actor | None, archive: Archive, proceeding_id: UUID, content: bytes, signature: bytes
) -> Receipt:
    """Take the receiver's receipt: from then on what was accepted is handed over, and what was returned is ours again.

    A receipt that does not fit changes nothing, and is an event. Raises NotFound, NotPermitted, Refused.
    """
    with archive.door.read(actor, Action.CUSTODY_WORK) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.HANDOVER)
        require_state(row, State.SENT)
        wrong: Refused | None = None
        try:
            receipt = fitting(archive, row, content, signature)
            placement = placement_of(row, NAMES["receipt"])
            kept = sha256_hex(content) in {paper.sha256 for paper in row.papers}
        except Refused as refused:
            wrong = refused
    if wrong is not None:
        _note_refused(actor, archive, proceeding_id, content, wrong)
        raise wrong
    if not kept:  # it may be, from a call that died before the step was taken
        accept(actor, archive, IncomingFile("tanda-terima.json", io.BytesIO(content), len(content)),
               placement, keeper(archive, proceeding_id, "receipt"))  # fmt: skip
    with archive.door.write(actor, Action.CUSTODY_WORK) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.HANDOVER, lock=True)
        operation.about(SUBJECT, row.id, "handover.received")
        receipt = fitting(archive, row, content, signature)
        note = {"reference": receipt.reference, "receiver": receipt.receiver, "sha256": sha256_hex(content),
                "received_at": receipt.received_at.isoformat(),
                "signature": base64.b64encode(signature).decode()}  # fmt: skip
        step(operation, archive, row, Act.RECEIVE, note)
        _settle(operation, row, receipt)
        operation.note(receipt_sha256=note["sha256"], records=len(receipt.records),
                       returned=sum(one.verdict == RETURNED for one in receipt.records))  # fmt: skip
    return receipt


def fitting(archive: Archive, row: Proceeding, content: bytes, signature: bytes) -> Receipt:
    """Return the receipt if it is signed by the receiver and for what was sent. Raises Refused."""
    if len(signature) > _MOST_SIGNATURE:
        raise Refused("the signature of the receipt is larger than a signature may be")
    receipt = read_receipt(content)
    trust = TrustMaterial.from_pem(str(row.receiver["keys"]).encode())
    try:
        verdict = verify_detached(content, signature, trust)
    except SigningFault as fault:
        raise Refused(f"the receipt is not signed: {fault}") from None
    if not (verdict.intact and verdict.valid and verdict.trusted):
        raise Refused("the receipt is not signed by the receiver that was written down", "ask the receiver for it")
    sent = [WrittenRecord(item.record_id, item.sent["mets_sha256"], item.sent["files"]) for item in standing(row)]
    faults = mismatches(receipt, str(row.package["manifest_sha256"]), sent)
    if faults:
        raise Refused(f"the receipt is not for what was sent: {faults[0]}", "ask the receiver for the right one")
    sent_at = next(one.at for one in reversed(row.steps) if one.act == Act.SEND.value)
    if not sent_at - _CLOCKS_APART <= receipt.received_at <= archive.clock.now() + _CLOCKS_APART:
        raise Refused("the receipt is dated before the sending, or after today")
    return receipt


def _note_refused(actor: Actor | None, archive: Archive, proceeding_id: UUID, content: bytes, refused: Refused) -> None:
    with archive.door.write(actor, Action.CUSTODY_WORK) as operation:
        decided_proceeding(operation, proceeding_id, Kind.HANDOVER)
        operation.about(SUBJECT, proceeding_id, "handover.receipt_refused")
        operation.note(receipt_sha256=sha256_hex(content), why=refused.message.partition(":")[0])


def _settle(operation: Operation, row: Proceeding, receipt: Receipt) -> None:
    told = {one.record: one for one in receipt.records}
    for item in standing(row):
        line_of = told[str(item.record_id)]
        item.standing_key = None
        if line_of.verdict == RETURNED:
            item.state, item.reason = ItemState.RETURNED.value, line_of.reason
        else:
            item.state, item.reference = ItemState.HANDED_OVER.value, line_of.reference or receipt.reference
        operation.audit(f"record.{item.state}", "record", item.record_id, handover=str(row.id),
                        receiver=str(row.receiver["name"]))  # fmt: skip


def close_handover(actor: Actor | None, archive: Archive, proceeding_id: UUID, note: str) -> None:
    """Close a hand-over whose receipt is here: the records have their reference, and their content stays until its
    removal is ordered (edms/exchange/removing.py), for the keeping time at least. Raises NotFound, NotPermitted,
    Refused."""
    with archive.door.write(actor, Action.CUSTODY_WORK) as operation:
        row = decided_proceeding(operation, proceeding_id, Kind.HANDOVER, lock=True)
        operation.about(SUBJECT, row.id, "handover.closed")
        step(operation, archive, row, Act.CLOSE, {"note": line(note, 500), "content": "kept"})
