"""Auditors see procedures whole and records as ever; nobody else sees more than before, and no auditor does a thing."""

from collections.abc import Callable
from uuid import UUID

import pytest
from disposal_people import closed, due, opened, proposed, ready
from proceedings_people import CLERK, listed_transfer, old_records, staffed
from proceedings_people import opened as opened_proceeding
from signing_people import who
from sqlalchemy import select

from edms.access.actors import Role, console_actor
from edms.access.levels import Level
from edms.audit.model import AuditLeaf
from edms.core.errors import NotFound
from edms.disposal.certificate import certificate
from edms.disposal.destruction import cancel, propose, select_due
from edms.disposal.drafts import draft_paper
from edms.disposal.views import list_batches, show_batch
from edms.exchange.drawing import draw_up
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.contents import download
from edms.records.model import ComponentRole, Record
from edms.records.people import NewPerson, add_person
from edms.records.proceedings import add_items, cancel_proceeding
from edms.records.proceedings_views import due_records, list_proceedings, show_proceeding
from edms.records.reviewing import folders_to_refile
from edms.retention.proceedings import Kind
from edms.verify.destruction import FORMAT

OUTSIDE = ("official-bappeda", "clerk-bappeda", "admin")


def refused(act: Callable[[], object]) -> None:
    with pytest.raises((NotFound, NotPermitted)):
        act()


def actions_of(archive: Archive, subject: UUID) -> list[str]:
    archive.door.integrate()
    with archive.database.reader() as session:
        query = select(AuditLeaf.action).where(AuditLeaf.subject_id == str(subject), AuditLeaf.actor_id != "")
        return list(session.scalars(query))


def test_a_destruction_from_the_list_to_the_certificate(embedded: Archive) -> None:
    archive = ready(embedded)
    due(archive)
    batch = closed(archive)
    auditor = who(archive, "auditor")
    assert [one.id for one in list_batches(auditor, archive)] == [batch]
    shown = show_batch(auditor, archive, batch)
    assert (shown.state, len(shown.items), len(shown.papers)) == ("CLOSED", 2, 5)
    assert [one.step for one in shown.steps][-1] == "close"
    assert [one.may for one in shown.next] == []
    assert FORMAT.encode() in certificate(auditor, archive, batch)
    assert draft_paper(auditor, archive, batch, "minutes").name == "berita-acara-pemusnahan.docx"
    with download(auditor, archive, shown.papers["minutes"], ComponentRole.ORIGINAL).stream as stream:
        assert stream.read(5) == b"%PDF-"
    for name in OUTSIDE:
        stranger = who(archive, name)
        refused(lambda person=stranger: show_batch(person, archive, batch))  # type: ignore[misc]
        refused(lambda person=stranger: certificate(person, archive, batch))  # type: ignore[misc]
        if name != "admin":
            assert list_batches(stranger, archive) == []


def test_of_what_an_auditor_may_not_see_the_place_is_told(embedded: Archive) -> None:
    archive = ready(embedded)
    due(archive, 1)
    personal = _personal(archive)
    batch = proposed(archive)
    told = {one.record: one for one in show_batch(who(archive, "auditor"), archive, batch).items}
    assert (told[personal].seen, told[personal].title, told[personal].class_code) == (False, "", "")
    assert "Gaji Siti" not in str(show_batch(who(archive, "auditor"), archive, batch))
    assert [one.title for one in told.values() if one.seen] == ["Naskah 1"]
    own = show_batch(who(archive, "arsiparis"), archive, batch)
    assert "Gaji Siti" in str(own)
    assert not [one for one in own.items if not one.seen]


def _personal(archive: Archive) -> UUID:
    (record,) = due(archive, 1, number="9/2001")
    with archive.database.writer() as session:
        row = session.get_one(Record, record)
        row.personal_data, row.title = True, "Gaji Siti"
        session.commit()
    return record


def test_above_the_clearance_nothing_is_there(embedded: Archive) -> None:
    archive = ready(embedded)
    told = NewPerson("auditor-2", "Auditor Kedua", None, (Role.AUDITOR,), Level.SECRET)
    add_person(console_actor("tests"), archive, told)
    batch = opened(archive, level=Level.SECRET)
    auditor, cleared = who(archive, "auditor"), who(archive, "auditor-2")
    assert list_batches(auditor, archive) == []
    refused(lambda: show_batch(auditor, archive, batch))
    assert [one.id for one in list_batches(cleared, archive)] == [batch]
    assert show_batch(cleared, archive, batch).state == "DRAFT"


def test_no_step_is_an_auditors(embedded: Archive) -> None:
    archive = ready(embedded)
    due(archive)
    batch = opened(archive)
    auditor = who(archive, "auditor")
    for act in (
        lambda: select_due(auditor, archive, batch),
        lambda: propose(auditor, archive, batch, "1"),
        lambda: cancel(auditor, archive, batch, "coba saja"),
    ):
        refused(act)
    assert show_batch(auditor, archive, batch).state == "DRAFT"
    assert not [one for one in show_batch(auditor, archive, batch).next if one.may]


def test_transfers_reviews_and_hand_overs(embedded: Archive) -> None:
    archive = staffed(embedded)
    records = old_records(archive)
    moved = listed_transfer(archive, *records)
    draft = opened_proceeding(archive, Kind.TRANSFER)
    auditor = who(archive, "auditor")
    assert {one.id for one in list_proceedings(auditor, archive, Kind.TRANSFER)} == {moved, draft}
    shown = show_proceeding(auditor, archive, moved)
    assert (len(shown.items), shown.may_work, shown.may_decide) == (2, False, False)
    assert "minutes" in shown.papers
    with archive.database.writer() as session:
        row = session.get_one(Record, records[0])
        row.personal_data, row.title = True, "Gaji Siti"
        session.commit()
    assert "Gaji Siti" not in str(show_proceeding(auditor, archive, moved))
    assert "Gaji Siti" in str(show_proceeding(who(archive, CLERK), archive, moved))
    for act in (
        lambda: due_records(auditor, archive, draft),
        lambda: folders_to_refile(auditor, archive, draft),
        lambda: add_items(auditor, archive, draft, records),
        lambda: draw_up(auditor, archive, moved),
        lambda: cancel_proceeding(auditor, archive, moved, "coba saja"),
    ):
        refused(act)
    for name in OUTSIDE:
        stranger = who(archive, name)
        refused(lambda person=stranger: show_proceeding(person, archive, moved))  # type: ignore[misc]


def test_looking_is_an_event_of_the_one_who_looks(embedded: Archive) -> None:
    archive = ready(embedded)
    batch, auditor = opened(archive), who(archive, "auditor")
    before = len(actions_of(archive, batch))
    show_batch(auditor, archive, batch)
    assert len(actions_of(archive, batch)) == before + 1
