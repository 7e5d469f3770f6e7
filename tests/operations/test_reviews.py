"""Reviews: a mark released, an old date verified, personal data limited; proposed by one and judged by another."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from uuid import UUID

import pytest
from archive_fixtures import pdf, take_in
from sqlalchemy import select

from edms.access.actors import Actor, Role, console_actor
from edms.access.levels import Level
from edms.audit.model import AuditLeaf
from edms.core.errors import NotFound, Refused
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.model import Record
from edms.records.people import NewPerson, add_person
from edms.records.retention_report import ReportQuestion, ReportRow, explain_record, retention_report
from edms.records.reviews import Proposal, judge_review, propose_class_maximum, propose_review, withdraw_review
from edms.records.reviews_model import ReviewKind
from edms.records.reviews_shown import VITAL_COLUMNS, review_desk, vital_csv, vital_list, vital_pdf

People = Callable[[Archive, str], Actor]
OLD = {"class_code": "000.1.1", "document_date": date(2020, 2, 29)}


def explained(archive: Archive, actor: Actor, record_id: UUID) -> ReportRow:
    row = explain_record(actor, archive, record_id, None, "en")
    assert row is not None
    return row


def codes(row: ReportRow) -> set[str]:
    return {reason.code.value for reason in row.decision.reasons}


def mark(archive: Archive, record_id: UUID, **marks: bool) -> None:
    """What a rule, or capture, says of a record; put there by hand, as the rules that ship mark other classes."""
    with archive.database.writer() as session:
        record = session.get_one(Record, record_id)
        for name, value in marks.items():
            setattr(record, name, value)
        session.commit()


def outcome(archive: Archive, actor: Actor, record_id: UUID) -> str:
    """The same by row and by count: the stored columns follow a judgement."""
    row = explained(archive, actor, record_id)
    found = retention_report(actor, archive, ReportQuestion(outcome=row.outcome), "en")
    assert record_id in {one.record for one in found.rows}
    return row.outcome


@pytest.mark.parametrize("kind", [ReviewKind.TERJAGA_RELEASE, ReviewKind.VITAL_RELEASE])
def test_a_mark_keeps_it_until_another_releases_it(archive: Archive, person: People, kind: ReviewKind) -> None:
    official, officer = person(archive, "official-dinkes"), person(archive, "records")
    record = take_in(archive, pdf("a"), **OLD).record_id
    proposal = Proposal(kind, "sudah tidak berlaku", "SK 7")
    with pytest.raises(Refused, match="does not bear"):
        propose_review(official, archive, record, proposal)
    mark(archive, record, terjaga=kind is ReviewKind.TERJAGA_RELEASE, vital=kind is ReviewKind.VITAL_RELEASE)
    assert outcome(archive, officer, record) == "NOT_ELIGIBLE"
    review = propose_review(official, archive, record, proposal)
    assert outcome(archive, officer, record) == "NOT_ELIGIBLE", "proposed is not judged"
    with pytest.raises(Refused, match="waits for its judgement"):
        propose_review(officer, archive, record, proposal)
    with pytest.raises(NotPermitted, match="somebody else"):
        judge_review(official, archive, review, "setuju", accept=True)
    for name in ("clerk-dinkes", "auditor", "official-bappeda"):
        with pytest.raises(NotFound):
            judge_review(person(archive, name), archive, review, "setuju", accept=True)
    judge_review(officer, archive, review, "setuju", accept=True)
    assert outcome(archive, officer, record) == "ELIGIBLE"
    with pytest.raises(Refused, match="judged already"):
        judge_review(officer, archive, review, "lagi", accept=False)


def test_what_is_refused_changes_nothing_and_a_vital_record_is_vital_again(archive: Archive, person: People) -> None:
    official, officer = person(archive, "official-dinkes"), person(archive, "records")
    record = take_in(archive, pdf("b"), **OLD).record_id
    mark(archive, record, vital=True)
    release = Proposal(ReviewKind.VITAL_RELEASE, "tidak lagi vital")
    judge_review(officer, archive, propose_review(official, archive, record, release), "masih vital", accept=False)
    assert "vital" in codes(explained(archive, officer, record))
    judge_review(officer, archive, propose_review(official, archive, record, release), "setuju", accept=True)
    assert outcome(archive, officer, record) == "ELIGIBLE"
    kept = Proposal(ReviewKind.VITAL_KEPT, "diperlukan lagi", "salinan di lemari tahan api")
    judge_review(officer, archive, propose_review(official, archive, record, kept), "setuju", accept=True)
    assert outcome(archive, officer, record) == "NOT_ELIGIBLE"


def test_an_old_date_counts_once_another_has_seen_what_shows_it(archive: Archive, person: People) -> None:
    official, officer = person(archive, "official-dinkes"), person(archive, "records")
    record = take_in(archive, pdf("c"), class_code="000.1.1", legacy_unverified=True).record_id
    assert outcome(archive, officer, record) == "CANNOT_EVALUATE"
    for day in (None, date(2031, 1, 1)):
        with pytest.raises(Refused, match="a day that has come"):
            propose_review(official, archive, record, Proposal(ReviewKind.LEGACY_DATE, "x", "buku agenda", day))
    told = Proposal(ReviewKind.LEGACY_DATE, "tertera di agenda", "Buku agenda 2019, hlm. 4", date(2019, 5, 2))
    judge_review(officer, archive, propose_review(official, archive, record, told), "benar", accept=True)
    row = explained(archive, officer, record)
    assert (row.due_on, outcome(archive, officer, record)) == (date(2021, 5, 2), "ELIGIBLE")


def test_personal_data_has_a_maximum_that_a_person_judges_and_a_hold_beats(archive: Archive, person: People) -> None:
    official, officer = person(archive, "official-dinkes"), person(archive, "records")
    told = NewPerson("records-2", "Arsiparis Kedua", "setda", (Role.RECORDS_OFFICER,), Level.TOP_SECRET)
    add_person(console_actor("tests"), archive, told)
    second = person(archive, "records-2")
    record = take_in(archive, pdf("d"), class_code="900.1.3.7", document_date=date(2020, 3, 10)).record_id
    limit = Proposal(ReviewKind.MAXIMUM, "gaji", "UU 27/2022", months=24)
    with pytest.raises(Refused, match="personal data"):
        propose_review(official, archive, record, limit)
    mark(archive, record, personal_data=True)
    review = propose_class_maximum(officer, archive, "900.1", "data gaji", "UU 27/2022", 36)
    with pytest.raises(NotPermitted):
        judge_review(officer, archive, review, "setuju", accept=True)
    with pytest.raises(NotPermitted):
        judge_review(official, archive, review, "setuju", accept=True)
    judge_review(second, archive, review, "setuju", accept=True)
    row = explained(archive, officer, record)
    assert "personal data in it is to be gone from 10 March 2023 (UU 27/2022)" in " ".join(row.reason_texts)
    assert row.outcome == "NOT_ELIGIBLE", "the law on personal data hurries nothing"
    judge_review(officer, archive, propose_review(official, archive, record, limit), "setuju", accept=True)
    assert "10 March 2022" in " ".join(explained(archive, officer, record).reason_texts), "its own before its class's"
    asked = Proposal(ReviewKind.ERASURE, "permintaan pemilik data", "surat 1 Juni")
    judge_review(officer, archive, propose_review(official, archive, record, asked), "tanpa perkara", accept=True)
    assert "erasure_accepted" in codes(explained(archive, officer, record))
    with archive.database.reader() as session:
        assert session.scalar(select(Record.due_on).where(Record.id == record)) == row.due_on


def events(archive: Archive, subject: object, name: str) -> int:
    archive.door.integrate()
    with archive.database.reader() as session:
        query = select(AuditLeaf).where(AuditLeaf.subject_id == str(subject), AuditLeaf.action == name)
        return len(session.scalars(query).all())


def test_who_proposed_it_takes_it_back_while_nobody_has_judged_it(archive: Archive, person: People) -> None:
    official, officer = person(archive, "official-dinkes"), person(archive, "records")
    record = take_in(archive, pdf("tarik"), **OLD).record_id
    mark(archive, record, vital=True)
    release = Proposal(ReviewKind.VITAL_RELEASE, "tidak lagi vital")
    review = propose_review(official, archive, record, release)
    with pytest.raises(NotPermitted, match="by the one who made it"):
        withdraw_review(officer, archive, review, "salah pilih")
    for name in ("clerk-dinkes", "auditor", "official-bappeda"):
        with pytest.raises(NotFound):
            withdraw_review(person(archive, name), archive, review, "salah pilih")
    with pytest.raises(Refused, match="in a few words"):
        withdraw_review(official, archive, review, "  ")
    assert [line.id for line in review_desk(officer, archive).waiting] == [review], "nothing has changed so far"
    withdraw_review(official, archive, review, "salah pilih")
    assert review_desk(officer, archive).waiting == ()
    assert events(archive, record, "review.withdrawn") == 1
    for act in (
        lambda: judge_review(officer, archive, review, "setuju", accept=True),
        lambda: withdraw_review(official, archive, review, "sekali lagi"),
    ):
        with pytest.raises(Refused, match="was withdrawn"):
            act()
    assert "vital" in codes(explained(archive, officer, record)), "it stands as before"
    again = propose_review(official, archive, record, release)
    judge_review(officer, archive, again, "setuju", accept=True)
    with pytest.raises(Refused, match="judged already"):
        withdraw_review(official, archive, again, "terlambat")
    assert outcome(archive, officer, record) == "ELIGIBLE"


def test_a_limit_of_a_class_is_withdrawn_by_its_proposer(embedded: Archive, person: People) -> None:
    officer = person(embedded, "records")
    told = NewPerson("records-2", "Arsiparis Kedua", "setda", (Role.RECORDS_OFFICER,), Level.TOP_SECRET)
    add_person(console_actor("tests"), embedded, told)
    review = propose_class_maximum(officer, embedded, "900.1", "data gaji", "UU 27/2022", 36)
    with pytest.raises(NotPermitted):
        withdraw_review(person(embedded, "records-2"), embedded, review, "bukan saya")
    with pytest.raises(NotPermitted):
        withdraw_review(person(embedded, "official-dinkes"), embedded, review, "bukan saya")
    withdraw_review(officer, embedded, review, "salah kelas")
    assert events(embedded, "900.1", "review.withdrawn") == 1
    assert propose_class_maximum(officer, embedded, "900.1", "data gaji", "UU 27/2022", 24)


@pytest.mark.parametrize("tries", range(3))
def test_a_judgement_and_a_withdrawal_at_once_are_one_of_both(archive: Archive, person: People, tries: int) -> None:
    official, officer = person(archive, "official-dinkes"), person(archive, "records")
    record = take_in(archive, pdf("serentak"), **OLD).record_id
    mark(archive, record, vital=True)
    review = propose_review(official, archive, record, Proposal(ReviewKind.VITAL_RELEASE, "tidak lagi vital"))
    gate = threading.Barrier(2)

    def taken(act: Callable[[], None]) -> bool:
        gate.wait()
        try:
            act()
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        judged = pool.submit(taken, lambda: judge_review(officer, archive, review, "setuju", accept=True))
        withdrawn = pool.submit(taken, lambda: withdraw_review(official, archive, review, "salah pilih"))
    assert judged.result() is not withdrawn.result()
    assert ("vital" in codes(explained(archive, officer, record))) is withdrawn.result()


def test_the_desk_and_the_list_of_vital_records(archive: Archive, person: People) -> None:
    official, officer = person(archive, "official-dinkes"), person(archive, "records")
    record = take_in(archive, pdf("e"), **OLD).record_id
    hidden = take_in(archive, pdf("f"), by="records", level=Level.SECRET, **OLD).record_id
    undated = take_in(archive, pdf("g"), class_code="000.1.1", legacy_unverified=True).record_id
    for one in (record, hidden):
        mark(archive, one, vital=True)
    kept = Proposal(ReviewKind.VITAL_KEPT, "perlu", "=lemari tahan api", date(2027, 1, 5))
    review = propose_review(official, archive, record, kept)
    desk = review_desk(officer, archive)
    assert [(one.id, one.own) for one in desk.waiting] == [(review, False)]
    assert [one for one, _title in desk.undated] == [undated]
    assert review_desk(official, archive).waiting[0].own
    assert review_desk(person(archive, "auditor"), archive).waiting == ()
    assert [line.late for line in vital_list(official, archive)] == [True], "it was never reviewed"
    judge_review(officer, archive, review, "setuju", accept=True)
    assert {line.record for line in vital_list(officer, archive)} == {record, hidden}
    (line,) = vital_list(official, archive)
    assert (line.next_review, line.late, len(line.cells)) == (date(2027, 1, 5), False, len(VITAL_COLUMNS))
    assert vital_csv([line]).splitlines()[1].endswith("'=lemari tahan api"), "no cell is a formula"
    assert vital_pdf([line], "Arsip", archive.clock.now()).startswith(b"%PDF")
