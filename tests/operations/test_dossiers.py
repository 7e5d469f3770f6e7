"""The file of a disposal (berkas, R41): one folder with its letters and papers, kept for good; who sees it, and what is
tried against it. Killed in between: test_steps_killed.py, test_procedures_killed.py, test_removal_killed.py.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from uuid import UUID

import pytest
from archive_fixtures import pdf, settle, take_in
from console import Console
from disposal_people import COMMITTEE, TODAY, closed, due, letter, proposed, ready, requested
from disposal_people import opened as opened_batch
from proceedings_people import (
    ASSESSOR,
    CLERK,
    EXECUTOR,
    HEAD,
    HEAD_OF_ARCHIVE,
    PANEL,
    PERMANENT,
    REMOVER,
    REVIEWED,
    listed_transfer,
    old_records,
    opened,
    ordered_removal,
    shown,
    signed_papers,
    staffed,
)
from rules_in_force import put_into_force
from signing_people import who
from sqlalchemy import select
from test_disposal_editions import later_edition

from edms.access.actors import console_actor
from edms.access.levels import Level
from edms.core.errors import NotFound, Refused
from edms.disposal.batches import Letter
from edms.disposal.destruction import (
    Inspected,
    NewBatch,
    approve,
    assess_items,
    cancel,
    conclude,
    open_batch,
    propose,
    reject,
    request_approval,
    select_due,
    set_committee,
)
from edms.disposal.papers import draw_up
from edms.disposal.views import show_batch
from edms.exchange import drawing
from edms.exchange.removing import carry_out_removal
from edms.exchange.transferring import list_transfer, receive_transfer
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.disposal_model import DisposalBatch
from edms.records.dossiers import Dossier
from edms.records.folders import open_folder
from edms.records.holds import AskedScope, place_hold
from edms.records.holds_model import ScopeKind
from edms.records.model import Folder, HoldLink, Record
from edms.records.people import office_by_code
from edms.records.proceedings import NewProceeding, add_items, open_proceeding
from edms.records.proceedings_model import Proceeding, ProceedingPaper
from edms.records.report_lists import ListName
from edms.records.reports import ListQuestion, list_page
from edms.records.retention_report import explain_record
from edms.records.reviewing import Choice, ReviewFinding, assess_review, decide_review, folders_to_refile
from edms.retention.proceedings import Kind
from edms.retention.types import Fate, Tier


def folders(archive: Archive) -> list[Folder]:
    with archive.database.reader() as session:
        return list(session.scalars(select(Folder).order_by(Folder.opened_on, Folder.id)))


def folder_of(archive: Archive, record: UUID) -> UUID | None:
    with archive.database.reader() as session:
        return session.get_one(Record, record).folder_id


def old_letter(archive: Archive, number: str, **told: object) -> Letter:
    """A letter that its own class lets be destroyed, and whose time is over."""
    record = take_in(archive, pdf(f"Surat lama {number}"), class_code="000.1.1", document_date=date(2001, 3, 4),
                     title=f"Surat lama {number}", **told).record_id  # type: ignore[arg-type]  # fmt: skip
    return Letter(number, TODAY, record)


def dossier(archive: Archive, batch: UUID, by: str = "arsiparis") -> Dossier:
    found = show_batch(who(archive, by), archive, batch).dossier
    assert found is not None
    return found


def whole(archive: Archive) -> None:
    settle(archive)
    report = verify_all(console_actor("tests"), archive)
    assert report.ok, report.faults


def test_letters_and_papers_of_a_destruction_lie_in_one_folder(archive: Archive) -> None:
    made = ready(archive)
    due(made)
    batch = closed(made)
    (folder,) = folders(made)
    view = show_batch(who(made, "arsiparis"), made, batch)
    named = {*view.papers.values(), *(step.record for step in view.steps if step.record)}
    assert len(named) == 8, "five papers; decree of the committee, approval, decree"
    assert {folder_of(made, one) for one in named} == {folder.id}
    assert (folder.class_code, folder.level, folder.closed_on) == ("000.1.5", "open", TODAY)
    assert folder.title == "Pemusnahan Arsip Nomor 000.5.6.2/9/2026: Pemusnahan arsip 2001"
    assert folder.code == f"000.1.5/2026/{batch.hex[-8:]}"
    assert (dossier(made, batch).records, dossier(made, batch).elsewhere) == (8, ())
    assert view.as_dict()["folder"]["code"] == folder.code
    whole(made)


def test_the_class_is_that_of_the_local_list_and_permanent(embedded: Archive) -> None:
    archive = ready(embedded)
    archivist = who(archive, "arsiparis")
    assert archivist.office_id
    batch = open_batch(archivist, archive, NewBatch(archivist.office_id, Tier.LOWER, "Arsip 2001", Level.OPEN))
    assert folders(archive) == [], "there is none without anything in it"
    due(archive)
    set_committee(archivist, archive, batch, COMMITTEE, letter(archive, "SK-1"))
    select_due(archivist, archive, batch)
    propose(archivist, archive, batch, "1/2026")
    settle(archive)
    (folder,) = folders(archive)
    assert (folder.class_code, folder.closed_on) == ("000.5.6.2", None)
    with archive.database.reader() as session:
        paper = session.get_one(Record, show_batch(archivist, archive, batch).papers["proposal"])
        assert (paper.class_code, paper.state, paper.fate, paper.folder_id) == (
            "000.5.6.2", "declared", Fate.PERMANENT.value, folder.id,
        )  # fmt: skip


def test_an_edition_without_the_class_stops_nothing(embedded: Archive) -> None:
    """Its papers wait for whoever gives them a class, as they always did; the folder bears that of the local list."""
    archive = staffed(embedded)
    records = old_records(archive)
    put_into_force(archive, later_edition())
    office = who(archive, CLERK).office_id
    assert office
    to = office_by_code(archive, "setda")
    told = NewProceeding(Kind.TRANSFER, office, Level.OPEN, "Arsip 2010", None, to)
    made = open_proceeding(who(archive, CLERK), archive, told)
    with archive.database.reader() as session:
        assert session.get_one(Proceeding, made).class_code is None
    add_items(who(archive, CLERK), archive, made, records)
    list_transfer(who(archive, CLERK), archive, made, "1/2026", HEAD, HEAD_OF_ARCHIVE)
    settle(archive)
    (folder,) = folders(archive)
    assert (folder.class_code, folder.title) == ("000.5.6.1", "Pemindahan Arsip Inaktif Nomor 1/2026: Arsip 2010")
    with archive.database.reader() as session:
        papers = [paper.record for paper in session.get_one(Proceeding, made).papers]
        assert len(papers) == 3
        assert {(one.class_code, one.state, one.folder_id) for one in papers} == {(None, "pending", folder.id)}


def a_transfer(archive: Archive) -> tuple[UUID, int]:
    made = listed_transfer(archive, *old_records(archive))
    assert [folder.closed_on for folder in folders(archive)] == [None]
    signed_papers(archive, made, HEAD, HEAD_OF_ARCHIVE)
    receive_transfer(who(archive, EXECUTOR), archive, made)
    return made, 3


def a_review(archive: Archive) -> tuple[UUID, int]:
    made = opened(archive, Kind.REVIEW, *old_records(archive, 1, REVIEWED))
    view = shown(archive, made, Kind.REVIEW)
    found = {item.id: ReviewFinding(Choice.PERMANENT, "bernilai guna sejarah") for item in view.items}
    assess_review(who(archive, ASSESSOR), archive, made, PANEL, found)
    decide_review(who(archive, HEAD), archive, made, "sesuai usul panitia")
    assert folders(archive) == []
    drawing.draw_up(who(archive, CLERK), archive, made)
    return made, 1


def a_removal(archive: Archive) -> tuple[UUID, int]:
    """Its last paper is drawn up long after the folder was closed, and goes in all the same."""
    made = ordered_removal(archive, *old_records(archive, 1, PERMANENT))
    (folder,) = folders(archive)
    assert folder.closed_on == TODAY, "with the hand-over"
    assert carry_out_removal(who(archive, REMOVER), archive, made) == 0
    return made, 5


KINDS = {a_transfer: Kind.TRANSFER, a_review: Kind.REVIEW, a_removal: Kind.HANDOVER}


@pytest.mark.parametrize("course", list(KINDS))
def test_papers_of_other_procedures_lie_in_one_folder(
    archive: Archive, course: Callable[[Archive], tuple[UUID, int]]
) -> None:
    both = staffed(archive)
    made, count = course(both)
    settle(both)
    (folder,) = folders(both)
    view = shown(both, made, KINDS[course])
    assert view.dossier is not None
    assert (view.dossier.id, view.dossier.records, view.dossier.elsewhere) == (folder.id, count, ())
    assert {folder_of(both, one) for one in view.papers.values()} == {folder.id}
    assert folder.closed_on == TODAY
    assert view.as_dict()["folder"]["folder"] == str(folder.id)
    whole(both)


def test_what_was_given_up_has_a_folder_only_for_what_there_is(embedded: Archive) -> None:
    archive = ready(embedded)
    empty, begun = opened_batch(archive), opened_batch(archive)
    cancel(who(archive, "arsiparis"), archive, empty, "salah buka")
    set_committee(who(archive, "arsiparis"), archive, begun, COMMITTEE, letter(archive, "SK-1"))
    cancel(who(archive, "arsiparis"), archive, begun, "disusun ulang")
    (folder,) = folders(archive)
    assert (dossier(archive, empty).id, dossier(archive, empty).as_dict()) == (None, None)
    assert (dossier(archive, begun).id, folder.closed_on) == (folder.id, TODAY)
    due(archive)
    refused = proposed(archive)
    reject(who(archive, "ketua"), archive, refused, "belum lengkap")
    assert dossier(archive, refused).closed_on == TODAY
    assert len(folders(archive)) == 2


def test_a_letter_of_another_folder_or_office_stays_there(embedded: Archive) -> None:
    archive = ready(embedded)
    clerk = who(archive, "clerk-dinkes")
    assert clerk.office_id
    other = open_folder(clerk, archive, clerk.office_id, "SK/2026", "Keputusan 2026", "000.1.5", Level.OPEN)
    elsewhere = letter(archive, "SK-LAIN")
    with archive.database.writer() as session:
        session.get_one(Record, elsewhere.record).folder_id = other
        session.commit()
    due(archive)
    batch = opened_batch(archive)
    set_committee(who(archive, "arsiparis"), archive, batch, COMMITTEE, elsewhere)
    assert dossier(archive, batch).id is None, "nothing is in it yet"
    select_due(who(archive, "arsiparis"), archive, batch)
    propose(who(archive, "arsiparis"), archive, batch, "1/2026")
    settle(archive)
    assert folder_of(archive, elsewhere.record) == other
    assert [one for one, _title in dossier(archive, batch).elsewhere] == [elsewhere.record]
    assert dossier(archive, batch).records == 1


def test_what_a_disposal_rests_on_is_never_destroyed(embedded: Archive) -> None:
    """Whatever its class says, wherever it lies: not chosen, not on a list, and told why."""
    archive = ready(embedded)
    inside, outside = old_letter(archive, "1"), old_letter(archive, "2")
    archivist = who(archive, "arsiparis")
    before = listed(archive)
    assert {inside.record, outside.record} <= before, "due, until something rests on them"
    clerk = who(archive, "clerk-dinkes")
    assert clerk.office_id
    other = open_folder(clerk, archive, clerk.office_id, "LAIN", "Perkara lain", "000.1.5", Level.OPEN)
    with archive.database.writer() as session:
        session.get_one(Record, outside.record).folder_id = other
        session.commit()
    for one in (inside, outside):
        begun = opened_batch(archive)
        set_committee(archivist, archive, begun, COMMITTEE, one)
        cancel(archivist, archive, begun, "disusun ulang")
    assert listed(archive).isdisjoint({inside.record, outside.record})
    added = old_letter(archive, "3")
    with archive.database.writer() as session:  # what a clerk puts into the folder by hand
        session.get_one(Record, added.record).folder_id = folder_of(archive, inside.record)
        session.commit()
    (free,) = due(archive, 1)
    batch = opened_batch(archive)
    set_committee(archivist, archive, batch, COMMITTEE, letter(archive, "SK"))
    for kept in (inside, outside, added):
        row = explain_record(archivist, archive, kept.record, None, "en")
        assert row is not None
        assert (row.outcome, "disposal_file" in row.decision.reason_codes) == ("NOT_ELIGIBLE", True)
        with pytest.raises(Refused, match="not eligible"):
            select_due(archivist, archive, batch, [kept.record, free])
    assert select_due(archivist, archive, batch) == 1
    assert [item.record for item in show_batch(archivist, archive, batch).items] == [free]


def listed(archive: Archive) -> set[UUID]:
    question = ListQuestion(ListName.DESTROY, TODAY, "dinkes")
    return {row.row.record for row in list_page(who(archive, "records"), archive, question, "", 100, "id").rows}


def test_a_letter_of_a_list_that_is_attached_elsewhere_is_taken_out(embedded: Archive) -> None:
    """It was due when the list was frozen; then another disposal came to rest on it."""
    archive = ready(embedded)
    kept = old_letter(archive, "1")
    (free,) = due(archive, 1)
    batch = requested(archive)
    other = opened_batch(archive, Tier.UPPER)
    set_committee(who(archive, "arsiparis"), archive, other, COMMITTEE, kept)
    approve(who(archive, "walikota"), archive, batch, letter(archive, "PERSETUJUAN"))
    items = {item.record: item for item in show_batch(who(archive, "arsiparis"), archive, batch).items}
    assert (items[kept.record].standing, items[kept.record].excluded) == (False, "disposal_file")
    assert items[free].standing


def test_no_review_makes_it_destroyed(embedded: Archive) -> None:
    archive = staffed(embedded)
    (record,) = old_records(archive, 1, REVIEWED)
    made = opened(archive, Kind.REVIEW, record)
    with archive.database.writer() as session:
        row = session.get_one(Proceeding, made)
        session.add(ProceedingPaper(proceeding_id=row.id, kind="minutes", record_id=record, sha256="0" * 64,
                                    drawn_at=archive.clock.now()))  # fmt: skip
        session.commit()
    (item,) = shown(archive, made, Kind.REVIEW).items
    for choice in (ReviewFinding(Choice.DESTROY, "x y z"), ReviewFinding(Choice.KEEP, "x y z", 5, Fate.DESTROY)):
        with pytest.raises(Refused, match="file of a disposal"):
            assess_review(who(archive, ASSESSOR), archive, made, PANEL, {item.id: choice})
    assess_review(who(archive, ASSESSOR), archive, made, PANEL, {item.id: ReviewFinding(Choice.PERMANENT, "x y z")})
    assert folders_to_refile(who(archive, CLERK), archive, made) == ()


def test_a_hold_on_the_folder_binds_what_comes_into_it(embedded: Archive) -> None:
    archive = ready(embedded)
    due(archive)
    batch = proposed(archive)
    settle(archive)
    scope = AskedScope(ScopeKind.FOLDER, str(dossier(archive, batch).id))
    hold = place_hold(who(archive, "records"), archive, [], "Perkara", "Surat 1", "sengketa", [scope])
    items = show_batch(who(archive, "penilai"), archive, batch).items
    found = {item.id: Inspected("destroy", "dilihat") for item in items}
    assess_items(who(archive, "penilai"), archive, batch, found)
    conclude(who(archive, "ketua"), archive, batch, "Arsip telah dinilai dan tidak mempunyai nilai guna.")
    request_approval(who(archive, "arsiparis"), archive, batch, "2/2026")
    with archive.database.reader() as session:
        bound = set(session.scalars(select(HoldLink.record_id).where(HoldLink.hold_id == hold)))
    assert set(show_batch(who(archive, "arsiparis"), archive, batch).papers.values()) <= bound


@pytest.mark.parametrize("tries", range(3))
def test_two_who_draw_up_at_once_make_one_folder(archive: Archive, tries: int) -> None:
    both = ready(archive)
    due(both)
    batch = opened_batch(both)
    elsewhere = letter(both, "SK")
    with both.database.writer() as session:  # so that the first paper opens the folder
        other = Folder(id=elsewhere.record, office_id=session.get_one(Record, elsewhere.record).office_id, code="X",
                       title="X", class_code="000.1.5", level="open", opened_on=TODAY, closed_on=None)  # fmt: skip
        session.add(other)
        session.flush()
        session.get_one(Record, elsewhere.record).folder_id = other.id
        session.commit()
    set_committee(who(both, "arsiparis"), both, batch, COMMITTEE, elsewhere)
    select_due(who(both, "arsiparis"), both, batch)
    with pytest.MonkeyPatch.context() as patched:  # the step alone, as a crash leaves it
        patched.setattr("edms.disposal.destruction.draw_up", lambda *_told: None)
        propose(who(both, "arsiparis"), both, batch, "1/2026")
    gate, archivist = threading.Barrier(2), who(both, "arsiparis")

    def drawn() -> None:
        gate.wait()
        draw_up(archivist, both, batch)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(drawn) for _ in range(2)]:
            done.result()
    settle(both)
    assert [folder.code for folder in folders(both) if folder.code != "X"] == [dossier(both, batch).code]
    assert (list(show_batch(archivist, both, batch).papers), dossier(both, batch).records) == (["proposal"], 1)


def test_who_may_not_see_the_procedure_or_a_letter_learns_nothing(embedded: Archive) -> None:
    archive = ready(embedded)
    due(archive)
    secret = take_in(archive, pdf("Surat rahasia"), level=Level.SECRET, title="Zamrud", by="arsiparis").record_id
    batch = opened_batch(archive)
    set_committee(who(archive, "arsiparis"), archive, batch, COMMITTEE, Letter("SK-R", TODAY, secret))
    own, auditor = dossier(archive, batch), dossier(archive, batch, "auditor")
    assert (own.records, own.unseen) == (1, frozenset())
    assert (auditor.records, auditor.unseen, auditor.waiting) == (0, frozenset({secret}), frozenset())
    assert auditor.id == own.id, "its words are those of the procedure, which the auditor is shown"
    assert "Zamrud" not in str(show_batch(who(archive, "auditor"), archive, batch))
    for name in ("clerk-bappeda", "official-bappeda", "admin"):
        with pytest.raises(NotFound):
            show_batch(who(archive, name), archive, batch)


def test_commands_tell_the_folder(embedded: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    archive = ready(embedded)
    due(archive)
    empty, batch = opened_batch(archive), proposed(archive)
    settle(archive)
    console = Console(embedded.settings.storage.path.parent, capsys)
    told = console("disposal", "show", str(batch), "--as", "arsiparis").out
    code = f"000.1.5/2026/{batch.hex[-8:]}"
    assert f"folder {code}, open, 2 records: Pemusnahan Arsip: Pemusnahan arsip 2001" in told
    found = console("disposal", "show", str(batch), "--as", "arsiparis", "--json").json["folder"]
    assert (found["code"], found["records"], found["closed_on"], found["elsewhere"]) == (code, 2, None, [])
    assert "folder" not in console("disposal", "show", str(empty), "--as", "arsiparis").out
    assert console("disposal", "show", str(empty), "--as", "arsiparis", "--json").json["folder"] is None


def test_a_command_tells_the_folder_of_a_transfer(embedded: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    archive = staffed(embedded)
    made = listed_transfer(archive, *old_records(archive))
    settle(archive)
    told = Console(embedded.settings.storage.path.parent, capsys)("transfer", "show", str(made), "--as", CLERK).out
    assert f"folder 000.5.6/2026/{made.hex[-8:]}, open, 3 records" in told


def test_a_procedure_from_before_gets_its_folder_with_the_next_paper(embedded: Archive) -> None:
    """Or at the end, when its papers are drawn up once more."""
    archive = ready(embedded)
    due(archive)
    batch = requested(archive)
    settle(archive)
    with archive.database.writer() as session:
        row = session.get_one(DisposalBatch, batch)
        gone, row.folder_id = row.folder_id, None
        for record in session.scalars(select(Record).where(Record.folder_id == gone)):
            record.folder_id = None
        session.flush()
        session.delete(session.get_one(Folder, gone))
        session.commit()
    assert dossier(archive, batch).id is None
    draw_up(who(archive, "arsiparis"), archive, batch)
    assert dossier(archive, batch).records == 4, "three papers and the decree"
    (folder,) = folders(archive)
    assert folder.id == dossier(archive, batch).id
