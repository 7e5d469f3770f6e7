"""Pemindahan, penilaian kembali, penyerahan: each from its opening to its end, and one attack for each guard."""

import dataclasses
import io
import json
import zipfile
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from archive_fixtures import settle
from proceedings_people import (
    APPROVER,
    ASSESSOR,
    CLERK,
    EXECUTOR,
    HEAD,
    HEAD_OF_ARCHIVE,
    PANEL,
    REVIEWED,
    approval,
    decided_handover,
    listed_transfer,
    old_records,
    opened,
    ready_handover,
    receipt_of,
    sent_handover,
    shown,
    signed_papers,
    staffed,
)
from pypdf import PdfReader
from signing_people import give, turn_of, who
from sqlalchemy import select, update

from edms.access.actors import console_actor
from edms.access.levels import Level
from edms.core.clock import FixedClock
from edms.core.errors import NotFound, Refused
from edms.core.handover_receipt import Receipt
from edms.exchange.checking import check_package
from edms.exchange.drawing import ask_for_signatures, draw_up
from edms.exchange.handing_over import HandoverDecision, approve_handover, assess_handover, decide_handover
from edms.exchange.sending import close_handover, package_handover, receive_receipt, send_handover
from edms.exchange.transferring import list_transfer, receive_transfer
from edms.operation.door import NotPermitted
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.assignments import assignments_of
from edms.records.contents import download
from edms.records.folders import open_folder
from edms.records.holds import place_hold
from edms.records.model import ComponentRole, Record
from edms.records.proceedings import NewProceeding, add_items, cancel_proceeding, exclude_item, open_proceeding
from edms.records.proceedings_list import CONTENTS, FILES
from edms.records.proceedings_model import Proceeding, ProceedingItem, ProceedingPaper, ProceedingStep
from edms.records.proceedings_views import due_records, list_proceedings
from edms.records.retention_report import explain_record
from edms.records.reviewing import Choice, ReviewFinding, assess_review, decide_review
from edms.records.signatures import decline_signature
from edms.retention.proceedings import Kind
from edms.retention.types import Fate
from edms.signing.authority import create_authority
from edms.signing.seals import seal_detached


@pytest.fixture
def both(archive: Archive) -> Archive:
    return staffed(archive)


@pytest.fixture
def one(embedded: Archive) -> Archive:
    return staffed(embedded)


def hold(archive: Archive, *records: UUID) -> None:
    place_hold(who(archive, APPROVER), archive, list(records), "Perkara 12/G/2026", "Surat PTUN", "sengketa")


def row_of(archive: Archive, made: UUID) -> Proceeding:
    with archive.database.reader() as session:
        found = session.get_one(Proceeding, made)
        _ = [(item.state, item.record_id) for item in found.items]
        return found


def states(archive: Archive, made: UUID) -> list[str]:
    return [item.state for item in row_of(archive, made).items]


def actions(archive: Archive, kind: str, subject: UUID) -> list[str]:
    with archive.database.reader() as session:
        return [event["action"] for event in archive.trail.history(session, kind, str(subject))]


def test_a_transfer_moves_custody_and_nothing_else(both: Archive) -> None:
    first, second = old_records(both)
    before = explain_record(who(both, CLERK), both, first, None, "en")
    made = opened(both, Kind.TRANSFER)
    assert {found.record for found in due_records(who(both, CLERK), both, made)} == {first, second}
    add_items(who(both, CLERK), both, made, [first, second])
    list_transfer(who(both, CLERK), both, made, "000.5.6/1/2026", HEAD, HEAD_OF_ARCHIVE)
    assert shown(both, made, Kind.TRANSFER).stage == "declaring"
    settle(both)
    assert shown(both, made, Kind.TRANSFER).stage == "to_ask"
    signed_papers(both, made, HEAD)
    view = shown(both, made, Kind.TRANSFER)
    assert (view.stage, view.waits_for) == ("signing", ("Kepala Unit Kearsipan",))
    with pytest.raises(Refused, match="not all have signed"):
        receive_transfer(who(both, EXECUTOR), both, made)
    give(both, HEAD_OF_ARCHIVE)
    assert shown(both, made, Kind.TRANSFER).stage == "signed"
    assert receive_transfer(who(both, EXECUTOR), both, made) == 2
    assert states(both, made) == ["moved", "moved"]
    with both.database.reader() as session:
        moved = select(ProceedingItem.record_id).where(ProceedingItem.state == "moved")
        assert set(session.scalars(moved)) == {first, second}
        assert session.get_one(Record, first).office_id == who(both, CLERK).office_id
    assert "record.custody_moved" in actions(both, "record", first)
    after = explain_record(who(both, CLERK), both, first, None, "en")
    assert before is not None
    assert after is not None
    assert (after.due_on, after.phase) == (before.due_on, before.phase), "retention goes on"
    listed = row_of(both, made).listed
    assert [tuple(row) for row in listed["files"]] == [FILES]
    assert [tuple(row) for row in listed["contents"]] == [CONTENTS, CONTENTS]
    again = opened(both, Kind.TRANSFER)
    assert due_records(who(both, CLERK), both, again) == []


def test_what_may_not_happen_in_a_transfer(one: Archive) -> None:
    first, second = old_records(one)
    new = old_records(one, 1, "000.2.5", "Baru")[0]
    clerk = who(one, CLERK)
    made = opened(one, Kind.TRANSFER, first)
    with pytest.raises(Refused, match="in_other_batch"):
        opened(one, Kind.TRANSFER, first)
    with pytest.raises(NotFound):
        add_items(clerk, one, made, [uuid4()])
    hold(one, new)
    with pytest.raises(Refused, match="held"):
        add_items(clerk, one, made, [new])
    with pytest.raises(Refused, match="not the head"):
        list_transfer(clerk, one, made, "1", "official-dinkes", HEAD_OF_ARCHIVE)
    with pytest.raises(Refused, match="two people"):
        list_transfer(clerk, one, made, "1", HEAD, HEAD)
    with pytest.raises(NotFound):
        add_items(who(one, "clerk-bappeda"), one, made, [second])
    with pytest.raises(NotFound):
        shown(one, made, Kind.TRANSFER, "clerk-bappeda")
    with pytest.raises(NotFound):
        shown(one, made, Kind.HANDOVER)
    assert [found.id for found in list_proceedings(who(one, "clerk-bappeda"), one, Kind.TRANSFER)] == []
    add_items(clerk, one, made, [second])
    list_transfer(clerk, one, made, "000.5.6/1/2026", HEAD, HEAD_OF_ARCHIVE)
    with pytest.raises(Refused, match="next one"):
        add_items(clerk, one, made, [first])
    signed_papers(one, made, HEAD, HEAD_OF_ARCHIVE)
    with pytest.raises(NotPermitted, match="takes custody"):
        receive_transfer(clerk, one, made)
    with pytest.raises(Refused, match="stands as it is"):
        exclude_item(clerk, one, row_of(one, made).items[0].id, "salah pilih")
    hold(one, second)  # placed between the signatures and the reception
    assert receive_transfer(who(one, EXECUTOR), one, made) == 1
    assert states(one, made) == ["moved", "excluded"]
    with pytest.raises(Refused, match="next one"):
        receive_transfer(who(one, EXECUTOR), one, made)
    with pytest.raises(Refused, match="next one"):
        cancel_proceeding(clerk, one, made, "terlambat")


def test_who_listed_a_transfer_does_not_receive_it(one: Archive) -> None:
    record = old_records(one, 1)[0]
    made = opened(one, Kind.TRANSFER, record, by=EXECUTOR)
    list_transfer(who(one, EXECUTOR), one, made, "1/2026", HEAD, HEAD_OF_ARCHIVE)
    signed_papers(one, made, HEAD, HEAD_OF_ARCHIVE, by=EXECUTOR)
    with pytest.raises(NotPermitted, match="no other part"):
        receive_transfer(who(one, EXECUTOR), one, made)
    assert receive_transfer(who(one, APPROVER), one, made) == 1


def test_a_declined_paper_is_asked_for_again_and_a_given_up_transfer_frees_its_records(one: Archive) -> None:
    record = old_records(one, 1)[0]
    made = listed_transfer(one, record)
    settle(one)
    ask_for_signatures(who(one, CLERK), one, made)
    decline_signature(who(one, HEAD), one, turn_of(one, HEAD), "jumlahnya keliru")
    assert shown(one, made, Kind.TRANSFER).stage == "declined"
    ask_for_signatures(who(one, CLERK), one, made)
    assert shown(one, made, Kind.TRANSFER).stage == "signing"
    cancel_proceeding(who(one, CLERK), one, made, "disusun ulang")
    assert shown(one, made, Kind.TRANSFER).stage == "cancelled"
    assert listed_transfer(one, record)


def test_a_crash_between_the_papers_is_taken_up(one: Archive) -> None:
    made = decided_handover(one, *old_records(one, 1))
    view = shown(one, made, Kind.HANDOVER)
    assert view.stage == "drawing_up"
    draw_up(who(one, CLERK), one, made)
    draw_up(who(one, CLERK), one, made)
    assert sorted(shown(one, made, Kind.HANDOVER).papers) == ["contents", "minutes", "statement"]


def findings(archive: Archive, made: UUID, *told: ReviewFinding) -> dict[UUID, ReviewFinding]:
    items = row_of(archive, made).items
    return {item.id: finding for item, finding in zip(items, told, strict=True)}


def test_a_review_splits_by_exception_and_another_person_decides(both: Archive) -> None:
    records = old_records(both, 4, REVIEWED, "Notulen")
    clerk = who(both, CLERK)
    assert clerk.office_id
    folder = open_folder(clerk, both, clerk.office_id, "BP-1", "Berkas perseorangan Siti", "800.1.6", Level.OPEN)
    made = opened(both, Kind.REVIEW, *records)
    told = findings(
        both, made, ReviewFinding(Choice.DESTROY, "tidak bernilai"), ReviewFinding(Choice.PERMANENT, "kebijakan"),
        ReviewFinding(Choice.KEEP, "masih dirujuk", 5, Fate.DESTROY),
        ReviewFinding(Choice.REFILE, "SK pegawai", folder_id=folder),
    )  # fmt: skip
    with pytest.raises((NotFound, NotPermitted)):
        assess_review(clerk, both, made, PANEL, told)
    assess_review(who(both, ASSESSOR), both, made, PANEL, told)
    with pytest.raises(NotPermitted, match="no other part"):
        decide_review(who(both, ASSESSOR), both, made, "sesuai usul")
    assert decide_review(who(both, HEAD), both, made, "sesuai usul panitia") == 4
    fates, due = [], []
    with both.database.reader() as session:
        for record in records:
            row = session.get_one(Record, record)
            fates.append(row.fate)
            due.append(row.due_on)
            assert [one.source for one in assignments_of(session, record)] == ["INHERITED", "REVIEW"]
        assert session.get_one(Record, records[3]).folder_id == folder
    today = both.clock.today()
    assert fates == ["MUSNAH", "PERMANEN", "MUSNAH", "MUSNAH"]
    assert due[:3] == [today, today, date(today.year + 5, today.month, today.day)]
    assert due[3] is None, "it waits for the retirement, as its file does"
    assert "record.reviewed" in actions(both, "record", records[0])
    draw_up(clerk, both, made)
    draw_up(clerk, both, made)
    view = shown(both, made, Kind.REVIEW)
    assert (set(view.papers), view.number) == ({"minutes"}, "Notulen 3/2026")
    settle(both)
    with download(clerk, both, view.papers["minutes"], ComponentRole.ORIGINAL).stream as stream:
        pages = PdfReader(io.BytesIO(stream.read())).pages
    told = " ".join(" ".join(page.extract_text() for page in pages).split())
    for words in ("PENILAIAN KEMBALI", "disimpan 5 tahun, kemudian musnah", "berkas perseorangan BP-1", "Rina; Budi",
                  "tidak bernilai", "sesuai usul panitia", view.list_sha256):  # fmt: skip
        assert words in told, words
    with pytest.raises(Refused, match="next one"):
        decide_review(who(both, APPROVER), both, made, "sekali lagi")


def test_what_may_not_happen_in_a_review(one: Archive) -> None:
    first, second = old_records(one, 2, REVIEWED, "Notulen")
    made = opened(one, Kind.REVIEW, first, second)
    plain = ReviewFinding(Choice.DESTROY, "tidak bernilai")
    with pytest.raises(Refused, match="every record"):
        assess_review(who(one, ASSESSOR), one, made, PANEL, {})
    with pytest.raises(Refused, match="two members"):
        assess_review(who(one, ASSESSOR), one, made, dataclasses.replace(PANEL, members=("Rina", "Rina")),
                      findings(one, made, plain, plain))  # fmt: skip
    for wrong in (ReviewFinding(Choice.KEEP, "terus", 0), ReviewFinding(Choice.KEEP, "terus", 101),
                  ReviewFinding(Choice.REFILE, "SK"), ReviewFinding(Choice.REFILE, "SK", folder_id=uuid4()),
                  ReviewFinding(Choice.DESTROY, "")):  # fmt: skip
        with pytest.raises(Refused):
            assess_review(who(one, ASSESSOR), one, made, PANEL, findings(one, made, plain, wrong))
    with pytest.raises(Refused, match="next one"):
        decide_review(who(one, HEAD), one, made, "tanpa usul")
    assess_review(who(one, ASSESSOR), one, made, PANEL, findings(one, made, plain, plain))
    hold(one, second)
    assert decide_review(who(one, HEAD), one, made, "sesuai usul panitia") == 1
    assert states(one, made) == ["reviewed", "excluded"]
    with one.database.reader() as session:
        assert session.get_one(Record, second).fate == "DINILAI_KEMBALI"


def test_who_opened_a_review_does_not_assess_it(one: Archive) -> None:
    record = old_records(one, 1, REVIEWED, "Notulen")[0]
    made = opened(one, Kind.REVIEW, record, by=APPROVER)
    told = findings(one, made, ReviewFinding(Choice.PERMANENT, "sejarah"))
    with pytest.raises(NotPermitted, match="no other part"):
        assess_review(who(one, APPROVER), one, made, PANEL, told)
    assess_review(who(one, EXECUTOR), one, made, PANEL, told)
    with pytest.raises(NotPermitted, match="no other part"):
        decide_review(who(one, APPROVER), one, made, "usul sendiri")


def test_a_hand_over_from_the_draft_to_the_receipt(both: Archive) -> None:
    first, second = old_records(both)
    made, package = sent_handover(both, first, second)
    path = both.settings.storage.path / "p.zip"
    path.write_bytes(package)
    checked = check_package(path)
    assert checked.good, (checked.faults, [record.faults for record in checked.records])
    assert {record.record for record in checked.records} == {str(first), str(second)}
    original = download(who(both, "records"), both, first, ComponentRole.ORIGINAL).stream.read()
    with zipfile.ZipFile(path) as opened_package:
        root = opened_package.namelist()[0].split("/")[0]
        assert opened_package.read(f"{root}/data/{first}/representations/original/data/0000-original.pdf") == original
        told = json.loads(opened_package.read(f"{root}/data/{first}/metadata/descriptive/record.json"))
        assert (told["title"], told["retention"]["fate"]) == ("Keputusan 1", "PERMANEN")
        assert opened_package.read(f"{root}/data/papers/statement.pdf").startswith(b"%PDF")
    content, signature = receipt_of(both, package, returned=(second,))
    receive_receipt(who(both, EXECUTOR), both, made, content, signature)
    view = shown(both, made, Kind.HANDOVER)
    assert [(item.state, item.reference[:3], item.reason) for item in view.items] == [
        ("handed_over", "AS/", ""), ("returned", "", "bukan arsip statis"),
    ]  # fmt: skip
    assert view.note("receive")["reference"] == "042/2026"
    assert download(who(both, "records"), both, first, ComponentRole.ORIGINAL).stream.read() == original
    close_handover(who(both, EXECUTOR), both, made, "selesai")
    again = opened(both, Kind.HANDOVER)
    assert [found.record for found in due_records(who(both, CLERK), both, again)] == [second], "it is ours again"


def test_every_step_of_a_hand_over_is_by_another_person(one: Archive) -> None:
    record = old_records(one, 1)[0]
    made = opened(one, Kind.HANDOVER, record, by=APPROVER)
    with pytest.raises(NotPermitted, match="no other part"):
        assess_handover(who(one, APPROVER), one, made, PANEL, looked_at=True)
    with pytest.raises(Refused, match="records themselves"):
        assess_handover(who(one, ASSESSOR), one, made, PANEL, looked_at=False)
    with pytest.raises(Refused, match="next one"):
        approve_handover(who(one, EXECUTOR), one, made, approval(one))
    assess_handover(who(one, ASSESSOR), one, made, PANEL, looked_at=True)
    for name in (APPROVER, ASSESSOR):
        with pytest.raises(NotPermitted, match="no other part"):
            approve_handover(who(one, name), one, made, approval(one))
    with pytest.raises(Refused, match="PEM"):
        approve_handover(who(one, EXECUTOR), one, made, approval(one, "bukan kunci"))
    tomorrow = dataclasses.replace(approval(one), on=one.clock.today() + timedelta(days=1))
    with pytest.raises(Refused, match="not come yet"):
        approve_handover(who(one, EXECUTOR), one, made, tomorrow)
    approve_handover(who(one, EXECUTOR), one, made, approval(one))
    decision = HandoverDecision("188/9/2026", date(2026, 11, 23), HEAD)
    with pytest.raises(NotPermitted, match="head"):
        decide_handover(who(one, ASSESSOR), one, made, decision)
    decide_handover(who(one, HEAD), one, made, decision)
    draw_up(who(one, CLERK), one, made)
    with pytest.raises(Refused, match="not signed"):
        package_handover(who(one, CLERK), one, made, io.BytesIO())
    signed_papers(one, made, HEAD)
    with pytest.raises(NotPermitted, match="no other part"):
        package_handover(who(one, EXECUTOR), one, made, io.BytesIO())
    assert shown(one, made, Kind.HANDOVER).stage == "signed"
    package_handover(who(one, CLERK), one, made, io.BytesIO())


def test_a_hold_placed_meanwhile_keeps_a_record_here(one: Archive) -> None:
    first, second, third = old_records(one, 3)
    made = ready_handover(one, first, second, third)
    hold(one, second)
    out = io.BytesIO()
    package_handover(who(one, EXECUTOR), one, made, out)
    with zipfile.ZipFile(out) as package:
        assert not [name for name in package.namelist() if str(second) in name]
        told = json.loads(package.read(f"{package.namelist()[0].split('/')[0]}/data/papers/daftar.json"))
    assert [one_of["record"] for one_of in told["excluded"]] == [str(second)]
    hold(one, third)
    with pytest.raises(Refused, match="held"):
        send_handover(who(one, EXECUTOR), one, made, "kurir")
    package_handover(who(one, EXECUTOR), one, made, out := io.BytesIO())
    send_handover(who(one, EXECUTOR), one, made, "kurir")
    assert states(one, made) == ["listed", "excluded", "excluded"]
    with pytest.raises(Refused, match="next one"):
        cancel_proceeding(who(one, CLERK), one, made, "sudah dikirim")


def test_no_receipt_but_the_right_one_counts(one: Archive, tmp_path_factory: pytest.TempPathFactory) -> None:
    first, second = old_records(one)
    made, package = sent_handover(one, first, second)
    executor = who(one, EXECUTOR)
    content, signature = receipt_of(one, package)

    def altered(**changed: object) -> tuple[bytes, bytes]:
        return receipt_of(one, package, change=lambda told: dataclasses.replace(told, **changed))  # type: ignore[arg-type]

    line = json.loads(content)["records"][0]

    def with_more(told: Receipt) -> Receipt:
        more = dataclasses.replace(told.records[0], files={**line["files"], "x": "0" * 64})
        return dataclasses.replace(told, records=(more, told.records[1]))

    other_lines = receipt_of(one, package, change=with_more)
    fewer = receipt_of(one, package, change=lambda told: dataclasses.replace(told, records=told.records[:1]))
    stranger = one.signer
    for wrong, why in (
        ((content, b""), "not signed"),
        ((content, b"\x30\x03abc"), "not signed"),
        ((content.replace(b"042/2026", b"043/2026"), signature), "not signed by the receiver"),
        (altered(manifest_sha256="0" * 64), "another package"),
        (other_lines, "other bytes"),
        (fewer, "does not name it"),
        (altered(received_at=one.clock.now() - timedelta(days=2)), "before the sending"),
        (altered(received_at=one.clock.now() + timedelta(days=2)), "after today"),
        ((b"{}", seal_detached(b"{}", stranger, one.timestamps)), "no receipt"),
    ):
        with pytest.raises(Refused, match=why):
            receive_receipt(executor, one, made, *wrong)
    assert states(one, made) == ["listed", "listed"]
    assert shown(one, made, Kind.HANDOVER).state == "sent"
    assert actions(one, "proceeding", made).count("handover.receipt_refused") == 9
    receive_receipt(executor, one, made, content, signature)
    with pytest.raises(Refused, match="next one"):
        receive_receipt(executor, one, made, content, signature)


def test_a_receipt_of_another_archive_is_not_the_receivers(one: Archive) -> None:
    """The keys were written down at the approval: a receipt sealed by anybody else is none."""
    record = old_records(one, 1)[0]
    other = create_authority("Lain", "ID", one.clock, 5).public_pem()
    made, package = sent_handover(one, record, keys=other)
    content, signature = receipt_of(one, package)
    with pytest.raises(Refused, match="not signed by the receiver"):
        receive_receipt(who(one, EXECUTOR), one, made, content, signature)


def test_a_package_that_was_not_finished_counts_for_nothing(one: Archive) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:  # type: ignore[override]
            if self.tell() > 20_000:
                raise OSError(28, "No space left on device")
            return super().write(data)  # type: ignore[arg-type]

    made = ready_handover(one, *old_records(one, 1))
    with pytest.raises(OSError, match="No space"):
        package_handover(who(one, EXECUTOR), one, made, Full())
    view = shown(one, made, Kind.HANDOVER)
    assert (view.state, view.package) == ("decided", {})
    with pytest.raises(Refused, match="next one"):
        send_handover(who(one, EXECUTOR), one, made, "kurir")
    package_handover(who(one, EXECUTOR), one, made, io.BytesIO())


def test_opening_refuses_what_says_too_little(one: Archive) -> None:
    clerk = who(one, CLERK)
    assert clerk.office_id
    for told in (
        NewProceeding(Kind.TRANSFER, clerk.office_id, Level.OPEN, "Tanpa tujuan"),
        NewProceeding(Kind.HANDOVER, clerk.office_id, Level.OPEN, "Dengan tujuan", None, clerk.office_id),
        NewProceeding(Kind.REVIEW, clerk.office_id, Level.OPEN, "  "),
        NewProceeding(Kind.TRANSFER, clerk.office_id, Level.OPEN, "x", None, uuid4()),
    ):
        with pytest.raises(Refused):
            open_proceeding(clerk, one, told)
    for name in ("clerk-bappeda", "auditor", "admin", "official-dinkes"):
        with pytest.raises((NotFound, NotPermitted)):
            open_proceeding(who(one, name), one, NewProceeding(Kind.REVIEW, clerk.office_id, Level.OPEN, "Ulang"))
    assert isinstance(one.clock, FixedClock)


def test_an_altered_row_of_a_proceeding_is_named(one: Archive) -> None:
    made = listed_transfer(one, *old_records(one, 1))
    settle(one)
    assert verify_all(console_actor("tests"), one).ok
    changes = (
        update(Proceeding).values(title="lain"), update(ProceedingItem).values(reason="lain"),
        update(ProceedingStep).values(by_name="lain"), update(ProceedingPaper).values(sha256="0" * 64),
    )  # fmt: skip
    for change in changes:
        with one.database.writer() as session:
            session.execute(change)
            session.commit()
    faults = [fault for fault in verify_all(console_actor("tests"), one).faults if fault.kind == "row"]
    assert len(faults) == 6, "the proceeding, its item, its step, its three papers"
    with pytest.raises(Refused, match=r"not the one that was signed|not all have"):
        receive_transfer(who(one, EXECUTOR), one, made)
