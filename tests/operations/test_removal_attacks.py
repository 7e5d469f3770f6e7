"""One attack on each guard of the removal of content after a hand-over: what may not go stays (R47, R48, R82, R88)."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
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
    ORDER,
    REMOVER,
    closed_handover,
    days_later,
    old_records,
    opened,
    ordered_removal,
    sent_handover,
    staffed,
)
from signing_people import who
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from edms.access.actors import system_actor
from edms.access.policy import Action
from edms.audit.trail import AuditTrail
from edms.capture.indexing import bring_index_up_to_date
from edms.core.errors import EdmsError, IntegrityFault, NotFound, Refused, StorageFault
from edms.exchange.removing import RemovalOrder, carry_out_removal, order_removal
from edms.jobs.model import Job
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.digitisation_model import CopyMark, Digitisation, DigitisedItem, Scanner
from edms.records.hold_binding import HOLDER, IndexBehind
from edms.records.holds import AskedScope, place_hold
from edms.records.holds_model import ScopeKind
from edms.records.loans_model import Loan
from edms.records.model import Component, Record
from edms.records.proceedings_model import Proceeding, ProceedingItem, ProceedingStep
from edms.records.questions import KeptQuestion
from edms.records.redaction_model import Redaction
from edms.records.reindexing import look_again
from edms.records.signatures_model import SignatureRequest
from edms.retention.proceedings import Kind
from edms.signing.authority import create_authority
from edms.vault.model import StoredBlob

LATER = 90


@pytest.fixture
def one(embedded: Archive) -> Archive:
    return staffed(embedded)


def item_states(archive: Archive, made: UUID) -> list[tuple[str, str]]:
    with archive.database.reader() as session:
        return [(item.state, item.reason or "") for item in session.get_one(Proceeding, made).items]


def actions(archive: Archive, made: UUID) -> list[str]:
    with archive.database.reader() as session:
        return [one["action"] for one in archive.trail.history(session, "proceeding", str(made))]


def changed(archive: Archive, change: Callable[[Session], object]) -> None:
    with archive.database.writer() as session:
        change(session)
        session.commit()


def test_who_orders_and_when(one: Archive) -> None:
    record = old_records(one, 1)[0]
    made = closed_handover(one, record)
    head = who(one, HEAD_OF_ARCHIVE)
    with pytest.raises(Refused, match="kept here until"):
        order_removal(head, one, made, ORDER)
    days_later(one, LATER - 1)
    with pytest.raises(Refused, match="kept here until"):
        order_removal(head, one, made, ORDER)
    days_later(one, 1)
    with pytest.raises(NotPermitted, match="no part in the hand-over"):  # the head who decided it
        order_removal(who(one, HEAD), one, made, ORDER)
    with pytest.raises(NotPermitted, match="head of the office"):  # an official who heads nothing
        order_removal(who(one, ASSESSOR), one, made, ORDER)
    for name in (CLERK, APPROVER, EXECUTOR, REMOVER, "auditor", "admin", "official-bappeda"):
        with pytest.raises((NotFound, NotPermitted)):
            order_removal(who(one, name), one, made, ORDER)
    for told, why in ((RemovalOrder("  ", "cukup lama"), "number"), (RemovalOrder("1/2026", "x"), "few words why")):
        with pytest.raises(Refused, match=why):
            order_removal(head, one, made, told)
    with pytest.raises(Refused, match="next one"):
        carry_out_removal(who(one, REMOVER), one, made)
    assert order_removal(head, one, made, ORDER) == 1
    with pytest.raises(Refused, match="next one"):
        order_removal(head, one, made, ORDER)


def test_nothing_is_ordered_before_the_receipt(one: Archive) -> None:
    made, _package = sent_handover(one, *old_records(one, 1))
    days_later(one, LATER)
    with pytest.raises(Refused, match="next one"):
        order_removal(who(one, HEAD_OF_ARCHIVE), one, made, ORDER)


def test_who_carries_it_out(one: Archive) -> None:
    made = ordered_removal(one, *old_records(one, 1))
    for name in (APPROVER, EXECUTOR):
        with pytest.raises(NotPermitted, match="did not order it"):
            carry_out_removal(who(one, name), one, made)
    for name in (CLERK, HEAD, HEAD_OF_ARCHIVE, ASSESSOR, "auditor", "admin"):
        with pytest.raises((NotFound, NotPermitted)):
            carry_out_removal(who(one, name), one, made)
    assert item_states(one, made) == [("handed_over", "")]
    assert carry_out_removal(who(one, REMOVER), one, made) == 0


def test_not_by_a_clock_set_back_nor_without_its_event(one: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    made = closed_handover(one, *old_records(one, 1))
    days_later(one, LATER)

    def fail(self: AuditTrail, session: object, events: object) -> None:
        raise StorageFault("the disk is full", "free some")

    order = lambda: order_removal(who(one, HEAD_OF_ARCHIVE), one, made, ORDER)  # noqa: E731
    for act in (order, lambda: carry_out_removal(who(one, REMOVER), one, made)):
        now, before = one.clock.now(), item_states(one, made)
        one.clock.set(now - timedelta(days=LATER * 2))  # type: ignore[attr-defined]
        with pytest.raises(EdmsError):
            act()
        one.clock.set(now - timedelta(minutes=30))  # type: ignore[attr-defined]
        if before and act is not order:
            with pytest.raises(Refused, match="clock stands before"):
                act()
        one.clock.set(now)  # type: ignore[attr-defined]
        with monkeypatch.context() as patched:
            patched.setattr(AuditTrail, "append_all", fail)
            with pytest.raises(StorageFault):
                act()
        assert item_states(one, made) == before
        act()
    assert item_states(one, made) == [("removed", "")]


def receipt_file(archive: Archive, made: UUID) -> Path:
    with archive.database.reader() as session:
        papers = {paper.kind: paper.record_id for paper in session.get_one(Proceeding, made).papers}
        query = select(Component).where(Component.record_id == papers["receipt"], Component.role == "original")
        name = session.scalars(query).one().blob.name
    return next((archive.settings.storage.path / "blobs").rglob(name))


def step_note(session: Session, made: UUID, **told: object) -> None:
    row = session.scalars(
        select(ProceedingStep).where(ProceedingStep.proceeding_id == made, ProceedingStep.act == "receive")
    ).one()
    row.note = {**row.note, **told}


def test_the_receipt_is_checked_again_when_it_is_carried_out(one: Archive) -> None:
    """Altered after the order: its bytes, its signature, its digest, the keys of its signer, and what was sent."""
    record = old_records(one, 1)[0]
    made = ordered_removal(one, record)
    remover = who(one, REMOVER)
    with one.database.reader() as session:
        row = session.get_one(Proceeding, made)
        note = dict(next(step.note for step in row.steps if step.act == "receive"))
        receiver, sent, package = dict(row.receiver), dict(row.items[0].sent), dict(row.package)
    other = create_authority("Lain", "ID", one.clock, 5).public_pem()
    item = update(ProceedingItem).where(ProceedingItem.proceeding_id == made)
    whole = update(Proceeding).where(Proceeding.id == made)
    attacks: list[tuple[Callable[[Session], object], Callable[[Session], object], str]] = [
        (lambda s: step_note(s, made, signature="AAAA"), lambda s: step_note(s, made, **note), "not signed"),
        (lambda s: step_note(s, made, sha256="0" * 64), lambda s: step_note(s, made, **note), "the one that was taken"),
        (lambda s: s.execute(whole.values(receiver={**receiver, "keys": other})),
         lambda s: s.execute(whole.values(receiver=receiver)), "not signed by the receiver"),
        (lambda s: s.execute(whole.values(package={**package, "manifest_sha256": "0" * 64})),
         lambda s: s.execute(whole.values(package=package)), "another package"),
        (lambda s: s.execute(item.values(sent={**sent, "mets_sha256": "0" * 64})),
         lambda s: s.execute(item.values(sent=sent)), "other bytes arrived"),
        (lambda s: s.execute(item.values(sent={**sent, "files": dict.fromkeys(sent["files"], "0" * 64)})),
         lambda s: s.execute(item.values(sent=sent)), "other bytes arrived"),
    ]  # fmt: skip
    for attack, mend, why in attacks:
        changed(one, attack)
        with pytest.raises(Refused, match=why):
            carry_out_removal(remover, one, made)
        changed(one, mend)
    path = receipt_file(one, made)
    good = path.read_bytes()
    damaged = bytearray(good)
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(bytes(damaged))
    with pytest.raises(IntegrityFault):
        carry_out_removal(remover, one, made)
    path.write_bytes(good)
    assert actions(one, made).count("handover.receipt_failed") == len(attacks) + 1
    assert item_states(one, made) == [("handed_over", "")]
    assert carry_out_removal(remover, one, made) == 0


def held(archive: Archive, record: UUID) -> None:
    place_hold(who(archive, "records"), archive, [record], "Perkara 12/G/2026", "Surat PTUN", "sengketa")


def lent(archive: Archive, record: UUID) -> None:
    row = Loan(id=uuid4(), record_id=record, state="out", is_out=True, borrower="Budi", borrower_office="Bappeda",
               purpose="sidang", asked_by="x", asked_at=archive.clock.now(), due_on=archive.clock.today())  # fmt: skip
    changed(archive, lambda session: session.add(row))


def _set(**values: object) -> Callable[[Archive, UUID], None]:
    def change(archive: Archive, record: UUID) -> None:
        changed(archive, lambda session: session.execute(update(Record).where(Record.id == record).values(**values)))

    return change


def damaged_on_disk(archive: Archive, record: UUID) -> None:
    with archive.database.reader() as session:
        query = select(Component).where(Component.record_id == record, Component.role == "original")
        name = session.scalars(query).one().blob.name
    path = next((archive.settings.storage.path / "blobs").rglob(name))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def being_redacted(archive: Archive, record: UUID) -> None:
    row = Redaction(id=uuid4(), record_id=record, state="draft", purpose="publication", ground="UU 14/2008",
                    reason="permohonan", areas={"areas": []}, workers={"people": []}, base_sha256="0" * 64,
                    opened_by="x", opened_at=archive.clock.now())  # fmt: skip
    changed(archive, lambda session: session.add(row))


def being_signed(archive: Archive, record: UUID) -> None:
    def change(session: Session) -> None:
        some = session.scalars(select(SignatureRequest)).first()
        assert some is not None, "the papers were signed"
        told = {column.name: getattr(some, column.name) for column in SignatureRequest.__table__.columns}
        session.add(SignatureRequest(**{**told, "id": uuid4(), "record_id": record, "state": "open"}))

    changed(archive, change)


def being_worked_on(archive: Archive, record: UUID) -> None:
    changed(archive, lambda session: session.execute(
        update(Job).where(Job.subject_id == record).values(state="ready")))  # fmt: skip


def in_another_disposal(archive: Archive, record: UUID) -> None:
    """As if the order's mark had been lost, and another proceeding had the record."""

    def change(session: Session) -> None:
        session.execute(update(ProceedingItem).where(ProceedingItem.record_id == record).values(standing_key="lost"))
        some = session.scalars(select(Proceeding)).first()
        assert some is not None
        told = {column.name: getattr(some, column.name) for column in Proceeding.__table__.columns}
        other = uuid4()
        session.add(Proceeding(**{**told, "id": other, "kind": "transfer", "state": "draft", "folder_id": None}))
        session.flush()
        session.add(ProceedingItem(id=uuid4(), proceeding_id=other, position=1, record_id=record, state="listed",
                                   standing_key=record.hex, snapshot={}, decision={}, sent={}))  # fmt: skip

    changed(archive, change)


def another_file(archive: Archive, record: UUID) -> None:
    """A file of the record that the institution never saw, as if its copy had been made anew since."""
    copies = select(Component.blob_id).where(Component.record_id == record, Component.role == "access_copy")
    other = update(StoredBlob).where(StoredBlob.id.in_(copies)).values(sha256="0" * 64)
    changed(archive, lambda session: session.execute(other))


def digitised(archive: Archive, record: UUID, *, done: bool = False) -> None:
    """The record in a digitisation that goes on or, `done`, whose authenticated copy is made."""
    ours, now = uuid4(), archive.clock.now()

    def change(session: Session) -> None:
        office = session.get_one(Record, record).office_id
        scanner = Scanner(id=uuid4(), office_id=office, name="Loket", make="F", model="fi", serial="1",
                          optical_dpi=600, settings="", added_by="x", added_at=now)  # fmt: skip
        made = Digitisation(id=uuid4(), office_id=office, level="open", state="open", title="Alih media", place="x",
                            begun_on=now.date(), source="x", condition="x", medium="kertas", process_note="",
                            opened_by="x", opener_name="x", opened_at=now, listed={}, signers={})  # fmt: skip
        session.add_all([scanner, made])
        session.flush()
        session.add(DigitisedItem(id=ours, digitisation_id=made.id, position=1, record_id=record, kind="paper",
                                  standing_key=record.hex, scanner_id=scanner.id, paper="A4", counted=1, pages={},
                                  sha256="0" * 64, state="accepted", added_by="x", adder_name="x",
                                  added_at=now))  # fmt: skip
        session.flush()
        if done:
            session.add(CopyMark(item_id=ours, token=ours.hex, component_position=1, base_sha256="0" * 64,
                                 sha256="0" * 64, marked_at=now))  # fmt: skip

    changed(archive, change)


GUARDS: dict[str, tuple[Callable[[Archive, UUID], None], str]] = {
    "held": (held, "held"),
    "lent": (lent, "on_loan"),
    "known to be damaged": (_set(fixity_failed=True), "fixity_failed"),
    "damaged on the disk": (damaged_on_disk, "fixity_failed"),
    "in another disposal": (in_another_disposal, "in_other_batch"),
    "another rule": (_set(rule_edition="jra-lain"), "no_rule"),
    "vital": (_set(vital=True), "vital"),
    "terjaga": (_set(terjaga=True), "terjaga"),
    "being redacted": (being_redacted, "redaction_under_way"),
    "being signed": (being_signed, "signatures_under_way"),
    "being digitised": (digitised, "digitisation_under_way"),
    "being worked on": (being_worked_on, "work_under_way"),
    "another file since": (another_file, "content_changed"),
}


def test_each_guard_keeps_its_record_and_the_others_go(one: Archive) -> None:
    """One hand-over of as many records as there are guards and one: each guard keeps its record, with its reason."""
    records = old_records(one, len(GUARDS) + 1)
    made = ordered_removal(one, *records)
    for record, (attack, _code) in zip(records, GUARDS.values(), strict=False):
        attack(one, record)
    settle_index_only(one)
    carry_out_removal(who(one, REMOVER), one, made)
    with one.database.reader() as session:
        found = {item.record_id: item for item in session.get_one(Proceeding, made).items}
        for record, (name, (_attack, code)) in zip(records, GUARDS.items(), strict=False):
            item, row = found[record], session.get_one(Record, record)
            assert item.state == "handed_over", name
            assert code in (item.reason or ""), (name, item.reason)
            assert row.state == "declared", name
            assert row.components, name
        assert found[records[-1]].state == "removed"
    assert actions(one, made).count("handover.content_kept") == len(GUARDS)


def test_a_digitisation_that_is_done_keeps_nothing(one: Archive) -> None:
    """Most of what a city hands over was digitised once: that it was is no work under way."""
    (record,) = old_records(one, 1)
    made = ordered_removal(one, record)
    digitised(one, record, done=True)
    assert carry_out_removal(who(one, REMOVER), one, made) == 0
    assert item_states(one, made) == [("removed", "")]


def settle_index_only(archive: Archive) -> None:
    while bring_index_up_to_date(archive, more_is_coming=False):
        pass


def test_what_a_held_search_finds_only_now_stays(one: Archive) -> None:
    first, second = old_records(one)
    place_hold(who(one, APPROVER), one, [], "Perkara 12/G/2026", "Surat PTUN", "sengketa",
               [AskedScope(ScopeKind.QUERY, question=KeptQuestion("lahan"))])  # fmt: skip
    made = ordered_removal(one, first, second)
    with one.door.write(HOLDER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.session.get_one(Record, second).title = "Sengketa lahan pasar"
        look_again(operation, [second])
    with pytest.raises(IndexBehind):
        carry_out_removal(who(one, REMOVER), one, made)
    settle(one)
    assert carry_out_removal(who(one, REMOVER), one, made) == 0
    assert item_states(one, made) == [("removed", ""), ("handed_over", "content kept: held")]


def test_what_is_ordered_to_go_is_in_no_other_proceeding(one: Archive) -> None:
    record = old_records(one, 1)[0]
    ordered_removal(one, record)
    with pytest.raises(Refused, match=r"in_other_batch|another proceeding"):
        opened(one, Kind.TRANSFER, record)


@pytest.mark.parametrize("kind", [Kind.TRANSFER, Kind.HANDOVER])
def test_what_an_institution_has_is_in_no_other_proceeding(one: Archive, kind: Kind) -> None:
    """Its content is here still; named by its id it is refused, as the list of what is due leaves it out."""
    record = old_records(one, 1)[0]
    closed_handover(one, record)
    with pytest.raises(Refused, match="handed_over"):
        opened(one, kind, record)


def test_the_system_and_programs_order_nothing(one: Archive) -> None:
    made = closed_handover(one, *old_records(one, 1))
    days_later(one, LATER)
    for actor in (system_actor("worker"), None):
        with pytest.raises(EdmsError):
            order_removal(actor, one, made, ORDER)
        with pytest.raises(EdmsError):
            carry_out_removal(actor, one, made)
