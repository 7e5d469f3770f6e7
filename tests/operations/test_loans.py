"""Loans of the paper original (R24): one at a time, by other hands than the borrower's, told to whoever may see it."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pypdfium2 as pdfium
import pytest
from archive_fixtures import pdf
from console import Console
from sqlalchemy.exc import IntegrityError

from edms.access.actors import Actor, console_actor
from edms.access.levels import Level
from edms.access.policy import Action
from edms.capture.accept import Accepted
from edms.core.clock import FixedClock
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.operation.door import NotPermitted
from edms.reconcile.whole import verify_all
from edms.records.alerts import Unseen, acknowledge, count_alerts, open_alerts
from edms.records.alerts_due import tell_when_changed
from edms.records.archive import Archive
from edms.records.describe import record_details
from edms.records.facts import facts_of
from edms.records.loans import (
    LOAN_EVENTS,
    Lending,
    ask_for_paper,
    decline_loan,
    extend_loan,
    lend,
    return_loan,
    withdraw_loan,
)
from edms.records.loans_model import Loan
from edms.records.loans_shown import loan_slip, loans_listed, paper_of
from edms.records.model import Record
from edms.records.retention_report import ReportQuestion, explain_record, retention_report
from edms.records.searching import Question, search
from edms.records.shredding import order_destruction

Capture = Callable[..., Accepted]
Person = Callable[[Archive, str], Actor]
TODAY = date(2026, 11, 24)
DUE = TODAY + timedelta(days=14)
LETTER = pdf("Surat tentang saluran air di pasar")


def to(username: str = "official-dinkes", **told: Any) -> Lending:
    return Lending(**{"due_on": DUE, "place": "Lemari 3, boks 12", "purpose": "audit", "username": username, **told})


@pytest.fixture
def record(archive: Archive, capture: Capture) -> UUID:
    return capture(archive, LETTER, medium="kertas", level=Level.RESTRICTED, number="005/7/2026").record_id


def later(archive: Archive, days: int) -> None:
    assert isinstance(archive.clock, FixedClock)
    archive.clock.set(archive.clock.now() + timedelta(days=days))


def events(archive: Archive, record: UUID) -> list[str]:
    with archive.database.reader() as session:
        told = archive.trail.history(session, "record", str(record), only=LOAN_EVENTS)
    return [one["action"] for one in told if one["outcome"] == "done"]


def test_paper_that_is_late_is_an_alert_until_it_is_back(archive: Archive, record: UUID, person: Person) -> None:
    """Told once, to those who keep records; no fault, and no matter of administrators."""
    clerk, officer, admin = (person(archive, name) for name in ("clerk-dinkes", "records", "admin"))
    loan = lend(clerk, archive, record, to())
    later(archive, 14)
    assert not tell_when_changed(archive), "it is to be back on this very day"
    later(archive, 1)
    assert tell_when_changed(archive)
    assert not tell_when_changed(archive)
    (alert,) = open_alerts(officer, archive)
    assert (alert.kind, alert.record, str(DUE) in alert.detail) == ("loan-overdue", record, True)
    assert [(one.kind, one.subject, one.detail) for one in open_alerts(admin, archive)] == [("loan-overdue", "", "")]
    assert (count_alerts(officer, archive), count_alerts(admin, archive)) == (Unseen(late=1), Unseen())
    assert verify_all(console_actor("tests"), archive).ok
    assert open_alerts(officer, archive)[0].id == alert.id, "a verification knows nothing of it and ends it not"
    extend_loan(clerk, archive, loan, archive.clock.today() + timedelta(days=1), "belum selesai")
    assert open_alerts(officer, archive) == []
    later(archive, 3)
    tell_when_changed(archive)
    (again,) = open_alerts(officer, archive)
    acknowledge(officer, archive, again.id, "peminjam ditelepon")
    assert count_alerts(officer, archive) == Unseen()
    return_loan(clerk, archive, loan, "baik")
    assert open_alerts(officer, archive) == []


def test_asked_for_handed_out_extended_and_taken_back(archive: Archive, record: UUID, person: Person) -> None:
    official, clerk = person(archive, "official-dinkes"), person(archive, "clerk-dinkes")
    asked = ask_for_paper(official, archive, record, "pemeriksaan", DUE)
    (waiting,) = paper_of(clerk, archive, record).asked
    assert (waiting.loan, waiting.purpose, waiting.borrower) == (asked, "pemeriksaan", "Pejabat Dinkes")
    assert lend(clerk, archive, record, to(asked=asked)) == asked
    out = paper_of(clerk, archive, record).out
    assert out is not None
    assert (out.borrower_office, out.place, out.lent_by, out.due_on, out.overdue) == (
        "Dinas Kesehatan", "Lemari 3, boks 12", "clerk-dinkes", DUE, False,
    )  # fmt: skip
    extend_loan(clerk, archive, asked, DUE + timedelta(days=7), "pemeriksaan belum selesai")
    later(archive, 23)
    assert [one.overdue for one in loans_listed(official, archive)] == [True]
    return_loan(person(archive, "records"), archive, asked, "baik, satu halaman sobek")
    paper = paper_of(clerk, archive, record)
    assert paper.out is None
    (ended,) = paper.ended
    assert (ended.state, ended.ended_by, ended.remark, ended.extended) == (
        "returned", "records", "baik, satu halaman sobek", 1,
    )  # fmt: skip
    assert events(archive, record) == ["loan.asked", "loan.lent", "loan.extended", "loan.returned"]
    assert loans_listed(official, archive) == []


def test_at_the_counter_what_was_asked_for_is_what_is_handed_out(
    archive: Archive, record: UUID, person: Person
) -> None:
    asked = ask_for_paper(person(archive, "official-dinkes"), archive, record, "pemeriksaan", DUE)
    assert lend(person(archive, "clerk-dinkes"), archive, record, to(purpose="lain")) == asked
    assert paper_of(person(archive, "clerk-dinkes"), archive, record).asked == ()


def test_a_paper_is_out_once(archive: Archive, record: UUID, person: Person) -> None:
    clerks = [person(archive, name) for name in ("clerk-dinkes", "records")] * 2
    names = ["official-dinkes", "head-dinkes"] * 2

    def try_it(actor: Actor, name: str) -> str:
        try:
            return str(lend(actor, archive, record, to(name)))
        except Refused as refused:
            return refused.message

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(try_it, clerks, names))
    assert told.count("the paper is out already") == 3
    assert events(archive, record) == ["loan.lent"]


def test_the_database_itself_lets_a_paper_be_out_once(archive: Archive, record: UUID, person: Person) -> None:
    first = lend(person(archive, "clerk-dinkes"), archive, record, to())
    with archive.database.writer() as session:
        known = session.get_one(Loan, first)
        names = [column.name for column in Loan.__table__.columns if column.name != "id"]
        session.add(Loan(id=new_id(archive.clock), **{name: getattr(known, name) for name in names}))
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()
    return_loan(person(archive, "clerk-dinkes"), archive, first, "baik")
    second = lend(person(archive, "clerk-dinkes"), archive, record, to("head-dinkes"))
    return_loan(person(archive, "clerk-dinkes"), archive, second, "baik")
    assert len(paper_of(person(archive, "clerk-dinkes"), archive, record).ended) == 2, "many may have been"


@pytest.mark.parametrize(
    ("lending", "why"),
    [
        (to("official-bappeda"), "the borrower may not see this record"),
        (to("auditor"), "the borrower may not see this record"),
        (to("clerk-dinkes"), "somebody else than the borrower"),
        (to("tidak-ada"), "there is nobody called"),
        (to(""), "a loan has a borrower"),
        (to("", name="Budi"), "a loan has a borrower"),
        (to("", name="Budi", office="Kejaksaan"), "only by a permission"),
        (to(purpose="  "), "a loan has a borrower"),
        (to(place=""), "a loan has a borrower"),
        (to(due_on=TODAY - timedelta(days=1)), "from today on"),
        (to(due_on=TODAY + timedelta(days=367)), "at most 366 days"),
        (to(due_on=date.max), "at most 366 days"),
    ],
    ids=range(12),
)
def test_what_is_not_lent(embedded: Archive, capture: Capture, person: Person, lending: Lending, why: str) -> None:
    record = capture(embedded, LETTER, level=Level.RESTRICTED).record_id
    with pytest.raises(Refused) as refused:
        lend(person(embedded, "clerk-dinkes"), embedded, record, lending)
    assert why in refused.value.message
    assert paper_of(person(embedded, "clerk-dinkes"), embedded, record).out is None


def test_outsiders_borrow_what_is_open_and_else_by_permission(
    archive: Archive, capture: Capture, person: Person, record: UUID
) -> None:
    clerk = person(archive, "clerk-dinkes")
    outsider = to("", name="Jaksa Rina", office="Kejaksaan Negeri", permission="S-12/2026, 20 November 2026")
    lend(clerk, archive, record, outsider)
    public = capture(archive, pdf("Pengumuman"), name="b.pdf").record_id
    lend(clerk, archive, public, to("", name="Warga", office="Kelurahan"))
    (one,) = [line for line in loans_listed(clerk, archive) if line.record == record]
    assert (one.borrower, one.permission) == ("Jaksa Rina", "S-12/2026, 20 November 2026")


def test_what_was_born_electronic_or_is_no_record_has_no_paper(
    archive: Archive, capture: Capture, person: Person
) -> None:
    clerk, official = person(archive, "clerk-dinkes"), person(archive, "official-dinkes")
    electronic = capture(archive, pdf("Dokumen digital"), name="e.pdf", medium="elektronik").record_id
    waiting = capture(archive, pdf("Belum"), name="w.pdf", class_code=None).record_id
    for one in (electronic, waiting):
        for act in (
            lambda one=one: lend(clerk, archive, one, to()),
            lambda one=one: ask_for_paper(official, archive, one, "x", DUE),
        ):
            with pytest.raises(Refused, match="no paper original"):
                act()
        assert not paper_of(clerk, archive, one).exists


def test_who_may_lend_and_take_back(archive: Archive, record: UUID, person: Person) -> None:
    loan = lend(person(archive, "clerk-dinkes"), archive, record, to())
    for name in ("official-dinkes", "head-dinkes", "clerk-bappeda", "auditor", "admin"):
        actor = person(archive, name)
        for act in (
            lambda actor=actor: lend(actor, archive, record, to()),
            lambda actor=actor: return_loan(actor, archive, loan, "baik"),
            lambda actor=actor: extend_loan(actor, archive, loan, DUE + timedelta(days=1), "x"),
            lambda actor=actor: decline_loan(actor, archive, loan, "x"),
            lambda actor=actor: loan_slip(actor, archive, loan),
        ):
            with pytest.raises(NotFound):
                act()
    with pytest.raises(NotFound):
        return_loan(person(archive, "clerk-dinkes"), archive, new_id(archive.clock), "baik")


def test_the_borrower_does_not_take_it_back(archive: Archive, record: UUID, person: Person) -> None:
    loan = lend(person(archive, "records"), archive, record, to("clerk-dinkes"))
    with pytest.raises(NotPermitted, match="somebody else than the borrower"):
        return_loan(person(archive, "clerk-dinkes"), archive, loan, "baik")


def test_requests_are_declined_and_withdrawn(archive: Archive, record: UUID, person: Person) -> None:
    official, clerk = person(archive, "official-dinkes"), person(archive, "clerk-dinkes")
    first = ask_for_paper(official, archive, record, "pemeriksaan", DUE)
    with pytest.raises(Refused, match="you have asked"):
        ask_for_paper(official, archive, record, "lagi", DUE)
    with pytest.raises(NotFound):
        withdraw_loan(person(archive, "head-dinkes"), archive, first)
    withdraw_loan(official, archive, first)
    second = ask_for_paper(official, archive, record, "pemeriksaan", DUE)
    decline_loan(clerk, archive, second, "sedang dijilid")
    for act in (decline_loan, return_loan):
        with pytest.raises(Refused, match="another state"):
            act(clerk, archive, second, "x")
    with pytest.raises(Refused, match="another state"):
        lend(clerk, archive, record, to(asked=second))
    assert sorted(one.state for one in paper_of(official, archive, record).ended) == ["declined", "withdrawn"]


def test_a_request_is_only_for_its_own_record(archive: Archive, capture: Capture, record: UUID, person: Person) -> None:
    other = capture(archive, pdf("Surat lain"), name="l.pdf").record_id
    asked = ask_for_paper(person(archive, "official-dinkes"), archive, record, "x", DUE)
    with pytest.raises(NotFound):
        lend(person(archive, "clerk-dinkes"), archive, other, to(asked=asked))


def test_the_out_indicator_is_told_to_those_who_may_see_the_record(
    archive: Archive, record: UUID, person: Person
) -> None:
    lend(person(archive, "clerk-dinkes"), archive, record, to())
    head, stranger = person(archive, "head-dinkes"), person(archive, "official-bappeda")
    told = record_details(head, archive, record).as_dict()["on_loan"]
    assert (told["borrower"], told["due_on"], told["overdue"]) == ("Pejabat Dinkes", DUE.isoformat(), False)
    out = paper_of(head, archive, record).out
    assert out is not None
    assert (out.purpose, out.permission, out.lent_by) == ("", "", ""), "what it is wanted for is for those who lend"
    assert [hit["on_loan"] for hit in search(head, archive, Question("saluran")).as_dict()["hits"]] == [True]
    with pytest.raises(NotFound):
        paper_of(stranger, archive, record)
    assert loans_listed(stranger, archive) == []
    assert search(stranger, archive, Question("saluran")).found == ()
    with pytest.raises(NotPermitted):
        loans_listed(person(archive, "admin"), archive)


def test_the_list_has_what_is_overdue_first_then_by_office(archive: Archive, capture: Capture, person: Person) -> None:
    records = person(archive, "records")
    wanted = (("dinkes", 30), ("bappeda", 20), ("dinkes", 3), ("bappeda", 2))
    for office, days in wanted:
        one = capture(
            archive, pdf(f"{office} {days}"), by="records", office=office, name=f"{office}{days}.pdf"
        ).record_id
        lend(records, archive, one, to("", name="Warga", office="Luar", due_on=TODAY + timedelta(days=days)))
    later(archive, 4)
    found = loans_listed(records, archive)
    assert [(one.office, (one.due_on - TODAY).days, one.overdue) for one in found] == [
        ("bappeda", 2, True), ("dinkes", 3, True), ("bappeda", 20, False), ("dinkes", 30, False),
    ]  # fmt: skip
    assert [one.office for one in loans_listed(records, archive, "dinkes")] == ["dinkes", "dinkes"]
    assert len(loans_listed(records, archive, overdue_only=True)) == 2


def test_a_record_on_loan_is_not_disposed_of(archive: Archive, record: UUID, person: Person) -> None:
    officer = person(archive, "records")
    far = date(2099, 1, 1)
    with archive.door.write(officer, Action.RECORD_CLASSIFY) as operation:
        row = operation.session.get_one(Record, record)
        operation.decide(facts_of(row))
        row.due_on = TODAY
        row.fate = "MUSNAH"

    def eligible() -> tuple[int, bool]:
        report = retention_report(officer, archive, ReportQuestion(as_of=far), "id")
        row = explain_record(officer, archive, record, far, "id")
        assert row is not None
        return report.counts["ELIGIBLE"], "on_loan" in row.decision.reason_codes

    assert eligible() == (1, False)
    loan = lend(person(archive, "clerk-dinkes"), archive, record, to())
    assert eligible() == (0, True)
    with pytest.raises(Refused, match="on loan"), archive.door.write(officer, Action.RECORD_DESTROY) as operation:
        order_destruction(operation, operation.session.get_one(Record, record), "BA-1/2026")
    return_loan(officer, archive, loan, "baik")
    assert eligible() == (1, False)
    with archive.door.write(officer, Action.RECORD_DESTROY) as operation:
        operation.about("record", record)
        order_destruction(operation, operation.session.get_one(Record, record), "BA-1/2026")
    with pytest.raises(Refused, match="being destroyed"):
        lend(person(archive, "clerk-dinkes"), archive, record, to())


def test_the_slip_says_where_it_belongs_and_nothing_secret(
    archive: Archive, capture: Capture, record: UUID, person: Person
) -> None:
    clerk = person(archive, "clerk-dinkes")
    public = capture(archive, pdf("Pengumuman"), name="b.pdf", title="Pengumuman lelang").record_id

    def slip(one: UUID) -> str:
        made = loan_slip(clerk, archive, lend(clerk, archive, one, to(purpose="perkara nomor 7")))
        document = pdfium.PdfDocument(made)
        assert len(document) == 1
        return str(document[0].get_textpage().get_text_bounded())

    text = slip(record)
    for word in ("TANDA KELUAR ARSIP", "TERBATAS", "Lemari 3, boks 12", "005/7/2026", "Pejabat Dinkes", str(record),
                 "8 Desember 2026", "24 November 2026 10.00 WIB"):  # fmt: skip
        assert word in text, word
    assert "saluran" not in text
    assert "perkara" not in text
    text = slip(public)
    assert "Pengumuman lelang" in text
    assert "perkara nomor 7" in text
    assert "TERBATAS" not in text


@pytest.mark.parametrize("years", [30, -30])
def test_a_clock_that_went_wrong_keeps_no_paper_out_for_ever(
    archive: Archive, record: UUID, person: Person, years: int
) -> None:
    clerk = person(archive, "clerk-dinkes")
    later(archive, 365 * years)
    due = archive.clock.today() + timedelta(days=14)
    loan = lend(clerk, archive, record, to(due_on=due))
    later(archive, -365 * years)
    assert [one.overdue for one in loans_listed(clerk, archive)] == [years < 0]
    return_loan(clerk, archive, loan, "baik")
    assert lend(clerk, archive, record, to())


def test_the_console_lends_and_takes_back(console: Console, tmp_path: Path) -> None:
    letter = tmp_path / "surat.pdf"
    letter.write_bytes(LETTER)
    told = ("--as", "clerk-dinkes", "--class", "000.1.5", "--level", "open", "--wait", "--json")
    record = console("ingest", letter, *told).lines[0]["record"]
    due = (date.today() + timedelta(days=7)).isoformat()
    out = ("loan", "out", record, "--as", "clerk-dinkes", "--purpose", "audit", "--place", "Lemari 3", "--due", due)
    done = console(*out, "--to", "official-dinkes", "--slip", tmp_path / "slip.pdf", "--json")
    assert done.status == 0, done
    assert pdfium.PdfDocument(io.BytesIO((tmp_path / "slip.pdf").read_bytes()))
    (line,) = console("loan", "list", "--as", "auditor", "--json").json
    assert (line["loan"], line["borrower"], line["state"]) == (done.json["loan"], "Pejabat Dinkes", "out")
    assert "Pejabat Dinkes" in console("loan", "list", "--as", "records", "--office", "dinkes").out
    assert console("loan", "list", "--as", "records", "--overdue").status == 0
    console(*out, "--to-name", "Budi", "--to-office", "Luar").refused(2, "out already")
    assert console("loan", "return", record, "--as", "clerk-dinkes", "--condition", "baik").status == 0
    console("loan", "return", record, "--as", "clerk-dinkes", "--condition", "baik").refused(1, "not out")
