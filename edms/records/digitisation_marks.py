"""Authentication: once all have signed the berita acara, each record gets a copy with the mark, under our seal.

The scan stays as it came. The mark stands below every page, on paper added for it (edms/text/marked.py), and its QR
code leads to the public page. Each copy is one transaction: killed in between, the next run goes on.
"""

import io
import logging
import secrets
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from edms.access.actors import system_actor
from edms.access.policy import Action
from edms.core.errors import EdmsError, Refused
from edms.core.ids import new_id
from edms.core.sandbox import SandboxFault
from edms.digitisation.course import STANDING, State
from edms.records.archive import Archive
from edms.records.components import open_component
from edms.records.digitisation_model import CopyMark, Digitisation, DigitisedItem
from edms.records.digitisation_views import in_force
from edms.records.facts import find
from edms.records.model import Component, ComponentRole, Record, RecordState
from edms.retention.explain import day
from edms.signing.personal_mark import MarkText, mark_picture
from edms.signing.profiles import pdf_seal
from edms.vault.rows import add_blob
from edms.vault.vault import SealedBlob

MARK_PATH = "/v/a/"
MARK_WIDTH, MARK_HEIGHT, MARK_GAP = 420, 76, 6  # points
_TOKEN_BYTES = 12
_KEEPER = system_actor("digitisation")
_PDF = "application/pdf"

log = logging.getLogger("edms.digitisation")


@dataclass(frozen=True)
class _Task:
    item: UUID
    record: UUID
    part: Component
    token: str
    text: MarkText


def mark_copies(archive: Archive, most: int = 20) -> int:
    """Make up to `most` authenticated copies that are due; returns how many. What fails is logged and tried again."""
    made = 0
    for item_id in _due(archive)[:most]:
        try:
            made += _mark(archive, item_id)
        except EdmsError as error:
            log.error("no authenticated copy of item %s: %s", item_id, error)
    return made


def _due(archive: Archive) -> list[UUID]:
    """The items whose copies are due. Looked for every few seconds, so it takes no lock from those who write."""
    with archive.database.reader() as session:
        unmarked = (
            select(DigitisedItem.digitisation_id)
            .outerjoin(CopyMark)
            .where(CopyMark.item_id.is_(None), DigitisedItem.state.in_([state.value for state in STANDING]))
        )
        query = (
            select(Digitisation)
            .where(Digitisation.state == State.CLOSED.value, Digitisation.id.in_(unmarked))
            .order_by(Digitisation.closed_at, Digitisation.id)
        )
        return [
            item.id
            for row in session.scalars(query)
            if in_force(session, row)
            for item in row.items
            if item.state in STANDING and item.mark is None
        ]


def _mark(archive: Archive, item_id: UUID) -> bool:
    task = _task(archive, item_id)
    link = f"{archive.settings.server.public_url.rstrip('/')}{MARK_PATH}{task.token}"
    picture = mark_picture(task.text, link, MARK_WIDTH, MARK_HEIGHT)
    try:
        with open_component(archive, task.part) as stream:
            answer = archive.sandbox.call(
                "edms.text.marked:mark", task.part.media_type, MARK_WIDTH, MARK_HEIGHT, MARK_GAP,
                files=(stream, io.BytesIO(picture)),
            )  # fmt: skip
    except SandboxFault as fault:
        raise Refused(f"no mark can be put on it: {fault.message}") from None
    marked = io.BytesIO(answer.sections[0])
    content = pdf_seal(marked, archive.signer, archive.timestamps, "Salinan autentik hasil alih media",
                       archive.seal_rules).content  # fmt: skip
    sealed = archive.vault.put(io.BytesIO(content), purpose=ComponentRole.AUTHENTICATED.value)
    try:
        kept = _keep(archive, task, sealed)
    except IntegrityError:
        kept = False
    if not kept:
        archive.vault.delete(sealed)
    return kept


def _task(archive: Archive, item_id: UUID) -> _Task:
    with archive.database.reader() as session:
        item = session.get_one(DigitisedItem, item_id)
        part = _base(item.record)
        _loaded = part.blob.sha256
        return _Task(item_id, item.record_id, part, secrets.token_urlsafe(_TOKEN_BYTES), _text(item))


def _base(record: Record) -> Component:
    """The access copy, else the scan itself: what the mark is put below. Raises Refused."""
    copy, original = record.component(ComponentRole.ACCESS_COPY), record.component(ComponentRole.ORIGINAL)
    if copy is not None and copy.media_type == _PDF:
        return copy
    if original is None or record.state != RecordState.DECLARED.value:
        raise Refused("the record has no content to copy")
    return original


def _text(item: DigitisedItem) -> MarkText:
    row = item.digitisation
    head = row.signers["signers"][-1]
    closed = date.fromisoformat(row.listed["closed_on"])
    return MarkText(
        "SALINAN AUTENTIK HASIL ALIH MEDIA",
        f"Berita Acara Nomor {row.number}, {day(closed, 'id')}, daftar nomor {_number(item)}",
        row.listed["office"],
        f"Diautentikasi oleh {head['name']}, {head['position']}",
        f"SHA-256 hasil pindai {item.sha256[:32]}…",
        "Arsip asli disimpan oleh unit pengolah. Keaslian salinan: periksa dengan kode QR.",
    )


def _number(item: DigitisedItem) -> int:
    return next(
        int(scan["number"]) for scan in item.digitisation.listed["scans"] if scan["record"] == str(item.record_id)
    )


def _keep(archive: Archive, task: _Task, sealed: SealedBlob) -> bool:
    """Keep the copy, unless another worker was faster. The record's own content stays as it was declared."""
    with archive.door.write(_KEEPER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        record = find(operation.session, task.record, lock=True)
        if record is None or operation.session.get(CopyMark, task.item) is not None:
            operation.unrecorded()
            return False
        position = max((part.position for part in record.components
                        if part.role == ComponentRole.AUTHENTICATED.value), default=0) + 1  # fmt: skip
        part = Component(
            id=new_id(archive.clock), role=ComponentRole.AUTHENTICATED.value, position=position,
            blob_id=sealed.blob_id, name=f"authenticated-{position}.pdf", media_type=_PDF, facts={},
        )  # fmt: skip
        part.blob = add_blob(operation.session, archive.vault, sealed, operation.now)
        record.components.append(part)
        operation.session.add(
            CopyMark(item_id=task.item, token=task.token, component_position=position,
                     base_sha256=task.part.blob.sha256, sha256=sealed.sha256, marked_at=operation.now)
        )  # fmt: skip
        operation.about("record", record.id, "digitisation.authenticated")
        operation.note(item=str(task.item), base_sha256=task.part.blob.sha256, sha256=sealed.sha256)
        return True
