"""Content removed here after a hand-over: what goes, what is left, and that both tell one story (R45, R58, R82)."""

import dataclasses
import io
from uuid import UUID

import pytest
from archive_fixtures import pdf, settle, take_in
from proceedings_people import (
    EXECUTOR,
    HEAD_OF_ARCHIVE,
    ORDER,
    REMOVER,
    closed_handover,
    days_later,
    old_records,
    ordered_removal,
    shown,
    staffed,
)
from signing_people import who
from sqlalchemy import select

from edms.access.actors import console_actor, system_actor
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.exchange.drafts import draft_proceeding_paper
from edms.exchange.removing import carry_out_removal, order_removal
from edms.reconcile.whole import verify_all
from edms.records.alerts_due import tell_when_changed
from edms.records.alerts_model import Alert
from edms.records.archive import Archive
from edms.records.contents import download, page_image, text_extract
from edms.records.describe import record_details
from edms.records.evidence import write_evidence
from edms.records.holds import place_hold, release_hold
from edms.records.model import ComponentRole, Record
from edms.records.proceedings_model import Proceeding
from edms.records.removals import stub_of
from edms.records.removals_model import RemovedContent
from edms.records.searching import Question, search
from edms.retention.proceedings import Kind
from edms.vault.model import OrderedDestruction, StoredBlob


@pytest.fixture
def both(archive: Archive) -> Archive:
    return staffed(archive)


@pytest.fixture
def one(embedded: Archive) -> Archive:
    return staffed(embedded)


def whole(archive: Archive) -> None:
    settle(archive)
    report = verify_all(console_actor("tests"), archive)
    assert report.ok, report.faults


def states(archive: Archive, made: UUID) -> list[tuple[str, str]]:
    with archive.database.reader() as session:
        return [(item.state, item.reason or "") for item in session.get_one(Proceeding, made).items]


def found_by(archive: Archive, name: str, words: str) -> list[UUID]:
    return [hit.record.id for hit in search(who(archive, name), archive, Question(words)).found]


def test_content_goes_and_the_stub_says_where_it_is(both: Archive) -> None:
    first, second = old_records(both)
    returned = take_in(both, pdf("Keputusan imunisasi anak"), name="k-3.pdf", class_code="000.2.5", title="Keputusan 3",
                       number="188/3", document_date=old_day(both, first)).record_id  # fmt: skip
    with both.database.reader() as session:
        names = {part.blob.name for part in session.get_one(Record, first).components}
        digests = sorted(part.blob.sha256 for part in session.get_one(Record, first).components)
    made = ordered_removal(both, first, second, returned, returned=(returned,))
    assert found_by(both, "official-dinkes", "imunisasi") == [returned]
    assert carry_out_removal(who(both, REMOVER), both, made) == 0
    assert [state for state, _why in states(both, made)] == ["removed", "removed", "returned"]
    settle(both)
    reader = who(both, "official-dinkes")
    left = stub_of(reader, both, first)
    assert left is not None
    assert (left.receiver, left.accession) == ("Lembaga Kearsipan Daerah", "042/2026")
    assert left.reference.startswith("AS/")
    assert sorted(part["sha256"] for part in left.components) == digests
    assert (left.removed_by, left.order_number) == (REMOVER, "045/2026")
    assert left.may_look
    elsewhere = stub_of(who(both, "official-bappeda"), both, first)
    assert elsewhere is not None
    assert not elsewhere.may_look, "the hand-over is not for another office, and no page links it"
    details = record_details(reader, both, first)
    assert (details.record.state, details.record.title, details.components) == ("handed_over", "Keputusan 1", ())
    assert "record.content_removed" in [one["action"] for one in details.history]
    for ask in (
        lambda: download(reader, both, first, ComponentRole.ORIGINAL),
        lambda: page_image(reader, both, first, 1, 200),
        lambda: write_evidence(reader, both, first, io.BytesIO()),
    ):
        with pytest.raises(Refused, match=f"with Lembaga Kearsipan Daerah, under {left.reference}"):
            ask()
    assert text_extract(reader, both, first) == ""
    assert first in found_by(both, "official-dinkes", '"Keputusan 1"'), "by its title, which says where it is"
    assert first in found_by(both, "official-bappeda", '"Keputusan 1"'), "and by those who could see it before"
    with both.database.reader() as session:
        orders = list(session.scalars(select(OrderedDestruction).where(OrderedDestruction.subject_id == first)))
        assert {order.name for order in orders} == names
        assert all(order.bytes_removed_at and order.shredded_at for order in orders)
        assert not list(session.scalars(select(StoredBlob).where(StoredBlob.name.in_(names))))
    assert not any(both.vault.holds(name) for name in names)
    assert download(reader, both, returned, ComponentRole.ORIGINAL).stream.read().startswith(b"%PDF")
    whole(both)


def old_day(archive: Archive, record: UUID) -> object:
    with archive.database.reader() as session:
        return session.get_one(Record, record).document_date


def test_the_paper_is_a_sealed_record_that_says_what_went(both: Archive) -> None:
    first = old_records(both, 1)[0]
    made = ordered_removal(both, first)
    carry_out_removal(who(both, REMOVER), both, made)
    carry_out_removal(who(both, REMOVER), both, made)
    settle(both)
    view = shown(both, made, Kind.HANDOVER)
    paper = view.papers["removal"]
    left = stub_of(who(both, "records"), both, first)
    assert left is not None
    assert left.paper == paper
    record = record_details(who(both, "records"), both, paper).record
    assert (record.state, record.number) == ("declared", "045/2026")
    assert "AS/1" in text_extract(who(both, "records"), both, paper)
    draft = draft_proceeding_paper(who(both, "records"), both, made, "removal")
    assert draft.content.startswith(b"PK")
    assert draft.name.startswith("berita-acara-penghapusan-isi")


def test_what_is_held_is_kept_and_goes_another_time(one: Archive) -> None:
    first, second = old_records(one)
    made = ordered_removal(one, first, second)
    hold = place_hold(who(one, "records"), one, [second], "Perkara 12/G/2026", "Surat PTUN", "sengketa")
    assert carry_out_removal(who(one, REMOVER), one, made) == 0
    assert states(one, made) == [("removed", ""), ("handed_over", "content kept: held")]
    assert download(who(one, "records"), one, second, ComponentRole.ORIGINAL).size > 0
    view = shown(one, made, Kind.HANDOVER)
    assert (view.state, view.note("remove")["removed"], view.note("remove")["kept"]) == ("removed", 1, 1)
    with pytest.raises(Refused, match="no content of it"):
        order_removal(who(one, HEAD_OF_ARCHIVE), one, made, ORDER)
    release_hold(who(one, EXECUTOR), one, hold)
    assert order_removal(who(one, HEAD_OF_ARCHIVE), one, made, ORDER) == 1
    assert carry_out_removal(who(one, REMOVER), one, made) == 0
    assert states(one, made) == [("removed", ""), ("removed", "")]
    view = shown(one, made, Kind.HANDOVER)
    assert view.removals("Berita acara") == [("removal", "Berita acara"), ("removal_2", "Berita acara 2")]
    many = {f"removal_{number}": first for number in (11, 2, 4)}
    told = dataclasses.replace(view, papers={**view.papers, **many}).removals("Lagi")
    assert [kind for kind, _name in told] == ["removal", "removal_2", "removal_4", "removal_11"]
    whole(one)


def test_some_at_a_time(one: Archive) -> None:
    made = ordered_removal(one, *old_records(one, 3))
    assert carry_out_removal(who(one, REMOVER), one, made, most=2) == 1
    assert [state for state, _why in states(one, made)] == ["removed", "removed", "handed_over"]
    assert shown(one, made, Kind.HANDOVER).state == "removing"
    assert carry_out_removal(who(one, REMOVER), one, made, most=2) == 0
    whole(one)


def test_what_holds_personal_data_keeps_no_name_here(one: Archive) -> None:
    record = old_records(one, 1)[0]
    made = ordered_removal(one, record)
    with one.door.write(system_actor("tests"), Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.session.get_one(Record, record).personal_data = True
    carry_out_removal(who(one, REMOVER), one, made)
    with one.database.reader() as session:
        row, left = session.get_one(Record, record), session.get_one(RemovedContent, record)
        assert left.redacted
        assert (row.title, row.number, row.sender, row.file_name) == (row.class_title, None, None, "")


def test_it_is_told_when_the_time_has_come_and_no_more_when_it_was_ordered(one: Archive) -> None:
    made = closed_handover(one, *old_records(one, 1))
    days_later(one, 89)
    tell_when_changed(one)
    assert due(one) == []
    days_later(one, 1)
    assert tell_when_changed(one)
    assert due(one) == [f"proceeding {made}"]
    order_removal(who(one, HEAD_OF_ARCHIVE), one, made, ORDER)
    assert due(one) == []


def due(archive: Archive) -> list[str]:
    with archive.database.reader() as session:
        query = select(Alert.subject).where(Alert.kind == "removal-due", Alert.cleared_at.is_(None))
        return list(session.scalars(query))
