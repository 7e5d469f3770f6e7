"""Transfers, reviews and hand-overs on their way: due records, the people of each step, a receiver with keys."""

import io
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

from archive_fixtures import pdf, settle, take_in
from signing_people import certify, give, who, with_pilot

from edms.access.actors import Role, console_actor
from edms.access.levels import Level
from edms.core.clock import FixedClock
from edms.core.handover_receipt import ACCEPTED, RETURNED, Receipt, ReceiptLine, receipt_bytes
from edms.exchange.checking import check_package
from edms.exchange.drawing import ask_for_signatures, draw_up
from edms.exchange.handing_over import (
    Approval,
    HandoverDecision,
    approve_handover,
    assess_handover,
    decide_handover,
)
from edms.exchange.removing import RemovalOrder, order_removal
from edms.exchange.sending import close_handover, package_handover, receive_receipt, send_handover
from edms.exchange.transferring import list_transfer
from edms.records.archive import Archive
from edms.records.people import NewPerson, add_person, list_people, office_by_code
from edms.records.proceedings import NewProceeding, add_items, open_proceeding
from edms.records.proceedings_views import ProceedingView, show_proceeding
from edms.records.reviewing import Panel
from edms.records.signatures_identities import enrol_signer
from edms.retention.proceedings import Kind
from edms.signing.seals import seal_detached

OLD, PERMANENT, REVIEWED, PAPERS_OF = date(2010, 3, 4), "000.2.5", "000.1.5", "000.5.6"
CLERK, ASSESSOR, APPROVER, HEAD, EXECUTOR = "clerk-dinkes", "official-dinkes", "records", "head-dinkes", "records-2"
HEAD_OF_ARCHIVE = "head-arsip"
REMOVER = "records-3"
ORDER = RemovalOrder("045/2026", "salinan tidak diperlukan lagi")
PANEL = Panel("SK 188/12/2026", ("Rina", "Budi", "Sari"), "Bernilai guna sejarah.", "Notulen 3/2026")


def staffed(archive: Archive, password: str | None = None) -> Archive:
    """Officials who sign, the head of the unit kearsipan, and a second records officer."""
    made = with_pilot(archive, password)
    console = console_actor("tests")
    add_person(console, made, NewPerson(HEAD_OF_ARCHIVE, "Kepala Unit Kearsipan", "setda", (Role.OFFICIAL,),
                                        Level.TOP_SECRET, is_head=True), keeps_password=True)  # fmt: skip
    add_person(console, made, NewPerson(EXECUTOR, "Arsiparis Kedua", "setda", (Role.CLERK, Role.RECORDS_OFFICER),
                                        Level.TOP_SECRET), keeps_password=True)  # fmt: skip
    enrol_signer(console, made, HEAD_OF_ARCHIVE, "Kepala Bagian Umum", "")
    certify(made, HEAD_OF_ARCHIVE)
    return made


def old_records(archive: Archive, count: int = 2, class_code: str = PERMANENT, stem: str = "Keputusan") -> list[UUID]:
    """Declared records of the health office whose retention ended long ago."""
    made = [
        take_in(archive, pdf(f"{stem} {class_code} {number}"), name=f"{stem}-{number}.pdf", class_code=class_code,
                work=False, title=f"{stem} {number}", number=f"188/{number}", document_date=OLD).record_id
        for number in range(1, count + 1)
    ]  # fmt: skip
    settle(archive)
    return made


def opened(archive: Archive, kind: Kind, *records: UUID, by: str = CLERK) -> UUID:
    office = who(archive, CLERK).office_id
    assert office
    to = office_by_code(archive, "setda") if kind is Kind.TRANSFER else None
    made = open_proceeding(
        who(archive, by), archive, NewProceeding(kind, office, Level.OPEN, "Arsip 2010", PAPERS_OF, to)
    )
    if records:
        add_items(who(archive, by), archive, made, records)
    return made


def shown(archive: Archive, made: UUID, kind: Kind, by: str = CLERK) -> ProceedingView:
    return show_proceeding(who(archive, by), archive, made, kind)


def listed_transfer(archive: Archive, *records: UUID) -> UUID:
    made = opened(archive, Kind.TRANSFER, *records)
    list_transfer(who(archive, CLERK), archive, made, "000.5.6/1/2026", HEAD, HEAD_OF_ARCHIVE)
    return made


def signed_papers(archive: Archive, made: UUID, *signers: str, by: str = CLERK) -> None:
    """Have the papers declared, and signed by all."""
    settle(archive)
    for _request in ask_for_signatures(who(archive, by), archive, made):
        for name in signers:
            give(archive, name)


def approval(archive: Archive, keys: str | None = None) -> Approval:
    return Approval("B-KN.03/2026", date(2026, 11, 20), "Lembaga Kearsipan Daerah", keys or archive.public_pem)


def decided_handover(archive: Archive, *records: UUID, keys: str | None = None) -> UUID:
    """A hand-over that was assessed, approved and decided, by four people; `keys` of the receiver, else our own."""
    made = opened(archive, Kind.HANDOVER, *records)
    assess_handover(who(archive, ASSESSOR), archive, made, PANEL, looked_at=True)
    approve_handover(who(archive, APPROVER), archive, made, approval(archive, keys))
    decide_handover(who(archive, HEAD), archive, made, HandoverDecision("188/9/2026", date(2026, 11, 23), HEAD))
    return made


def ready_handover(archive: Archive, *records: UUID, keys: str | None = None) -> UUID:
    """The same with its papers drawn up and signed."""
    made = decided_handover(archive, *records, keys=keys)
    draw_up(who(archive, CLERK), archive, made)
    signed_papers(archive, made, HEAD)
    return made


def sent_handover(archive: Archive, *records: UUID, keys: str | None = None) -> tuple[UUID, bytes]:
    """The same, packed and sent; returns it and its package."""
    made = ready_handover(archive, *records, keys=keys)
    out = io.BytesIO()
    package_handover(who(archive, EXECUTOR), archive, made, out)
    send_handover(who(archive, EXECUTOR), archive, made, "diantar, tanda terima 7")
    return made, out.getvalue()


def receipt_of(
    archive: Archive,
    package: bytes,
    *,
    returned: tuple[UUID, ...] = (),
    change: Callable[[Receipt], Receipt] | None = None,
) -> tuple[bytes, bytes]:
    """The receipt that a receiver who works with `archive` gives for a package, and its signature."""
    path = archive.settings.storage.path / "paket.zip"
    path.write_bytes(package)
    checked = check_package(path)
    path.unlink()
    assert checked.good
    lines = tuple(
        ReceiptLine(one.record, RETURNED if UUID(one.record) in returned else ACCEPTED, one.mets_sha256, one.files,
                    "" if UUID(one.record) in returned else f"AS/{number}",
                    "bukan arsip statis" if UUID(one.record) in returned else "")
        for number, one in enumerate(checked.records, 1)
    )  # fmt: skip
    receipt = Receipt(checked.name, checked.manifest_sha256, "Lembaga Kearsipan Daerah", "042/2026",
                      archive.clock.now(), lines)  # fmt: skip
    content = receipt_bytes(change(receipt) if change else receipt)
    return content, seal_detached(content, archive.signer, archive.timestamps)


def closed_handover(archive: Archive, *records: UUID, keys: str | None = None, returned: tuple[UUID, ...] = ()) -> UUID:
    """The same with its receipt taken, and closed; and one more records officer, who had no part in it."""
    made, package = sent_handover(archive, *records, keys=keys)
    content, signature = receipt_of(archive, package, returned=returned)
    receive_receipt(who(archive, EXECUTOR), archive, made, content, signature)
    close_handover(who(archive, EXECUTOR), archive, made, "selesai")
    with_remover(archive)
    settle(archive)
    return made


def with_remover(archive: Archive) -> None:
    """A records officer who had no part in anything, once."""
    console = console_actor("tests")
    if REMOVER not in {one.user for one in list_people(console, archive)}:
        told = NewPerson(REMOVER, "Arsiparis Ketiga", "setda", (Role.CLERK, Role.RECORDS_OFFICER), Level.TOP_SECRET)
        add_person(console, archive, told, keeps_password=True)


def days_later(archive: Archive, days: int) -> None:
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(archive.clock.now() + timedelta(days=days))


def ordered_removal(archive: Archive, *records: UUID, returned: tuple[UUID, ...] = ()) -> UUID:
    """The same after the keeping time, its removal ordered by the head of the office above."""
    made = closed_handover(archive, *records, returned=returned)
    days_later(archive, archive.settings.disposal.keep_after_handover_days)
    order_removal(who(archive, HEAD_OF_ARCHIVE), archive, made, ORDER)
    return made
