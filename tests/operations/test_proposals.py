"""Proposals on the way of a record: made, sealed, shown to whom they may be shown, and gone when they have served."""

from collections.abc import Callable
from uuid import UUID

import pytest
from archive_fixtures import take_in, when_sealed
from sqlalchemy import select, text

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.model import Office
from edms.access.policy import Action
from edms.bootstrap import rules_folder
from edms.capture.accept import Accepted
from edms.core.errors import NotFound
from edms.operation.door import NotPermitted
from edms.proposals.types import Field, Source
from edms.records.archive import Archive
from edms.records.class_learning import LEARNER, LEAST_DOCUMENTS, learn, learn_when_due, learning_status
from edms.records.describe import record_details
from edms.records.model import Record
from edms.records.operations import Changes, describe
from edms.records.proposal_model import OfficeClassModel, RecordProposals
from edms.records.proposals import proposals_of
from edms.records.shredding import order_destruction, shred
from edms.retention.rulebook import load_rules

Capture = Callable[..., Accepted]
Person = Callable[[Archive, str], Actor]

SECRET_WORD = "wijayakusuma"


def letter(number: str, subject: str, body: str) -> bytes:
    return (
        f"PEMERINTAH KOTA TIRTA KENCANA\nDINAS KESEHATAN\nTirta Kencana, 12 Februari 2024\nNomor : {number}\n"
        f"Sifat : Biasa\nHal : {subject}\nYth. Para Camat\ndi Tempat\n{body}\n"
    ).encode()


def waiting_letter(archive: Archive, capture: Capture, name: str = "surat.txt") -> UUID:
    content = letter("400.14.5/0112/2024", f"Undangan Rapat {SECRET_WORD}", f"Isi surat {name}")
    return capture(archive, content, name=name, class_code=None, level=None).record_id


def class_codes(archive: Archive, count: int) -> list[str]:
    """Some classes of the file plan in force that can be filed under."""
    book = load_rules(rules_folder(archive.settings))
    return [node.code for node in book.selectable_nodes(archive.clock.today())][:count]


def test_a_letter_proposes_its_own_description(archive: Archive, capture: Capture, person: Person) -> None:
    record_id = waiting_letter(archive, capture)
    shown = proposals_of(person(archive, "clerk-dinkes"), archive, record_id)
    assert {field: found[0].proposal.value for field, found in shown.items()} == {
        Field.NUMBER: "400.14.5/0112/2024",
        Field.CLASS: "400.14.5",
        Field.DOCUMENT_DATE: "2024-02-12",
        Field.LEVEL: "open",
        Field.TITLE: f"Undangan Rapat {SECRET_WORD}",
        Field.RECIPIENT: "Para Camat",
        Field.SENDER: "Dinas Kesehatan",
    }
    assert shown[Field.CLASS][0].label, "the title of the class"
    with archive.database.reader() as session:
        record = session.get_one(Record, record_id)
        assert (record.number, record.class_code, record.state) == (None, None, "pending"), "nothing by guess"


def test_a_class_that_nothing_can_be_filed_under_is_not_proposed(archive: Archive, person: Person) -> None:
    content = letter("999.9.9/1/2024", "Perihal lain", "isi")
    record_id = take_in(archive, content, name="lain.txt", class_code=None, level=None).record_id
    shown = proposals_of(person(archive, "clerk-dinkes"), archive, record_id)
    assert Field.NUMBER in shown
    assert Field.CLASS not in shown


def test_others_learn_nothing_from_proposals(archive: Archive, capture: Capture, person: Person) -> None:
    record_id = waiting_letter(archive, capture)
    for name in ("clerk-bappeda", "official-dinkes", "auditor", "admin"):
        with pytest.raises((NotFound, NotPermitted)):
            proposals_of(person(archive, name), archive, record_id)


def test_what_is_taken_over_is_told_in_the_trail_and_the_rest_forgotten(
    archive: Archive, capture: Capture, person: Person
) -> None:
    record_id = waiting_letter(archive, capture)
    clerk = person(archive, "clerk-dinkes")
    code = class_codes(archive, 1)[0]
    describe(clerk, archive, record_id, Changes(class_code=code, level=Level.OPEN, number="400.14.5/0112/2024"))
    when_sealed(archive)
    history = record_details(clerk, archive, record_id).history
    told = next(event for event in history if event["action"] == "record:classify")
    assert told["details"]["as_proposed"]["number"] == "number_line"
    assert "class_code" not in told["details"]["as_proposed"] or code == "400.14.5"
    with archive.database.reader() as session:
        assert session.get_one(Record, record_id).state == "declared"
        assert session.get(RecordProposals, record_id) is None


def test_no_row_shows_what_a_proposal_quotes(archive: Archive, capture: Capture) -> None:
    waiting_letter(archive, capture)
    with archive.database.reader() as session:
        sealed = session.execute(text("SELECT sealed FROM record_proposals")).scalars().one()
        assert SECRET_WORD.encode() not in bytes(sealed).lower()
        leaves = session.execute(text("SELECT body FROM audit_leaves")).scalars().all()
        assert not [leaf for leaf in leaves if SECRET_WORD.encode() in bytes(leaf).lower()]


def test_a_damaged_row_proposes_nothing_and_stops_nobody(archive: Archive, capture: Capture, person: Person) -> None:
    one, other = waiting_letter(archive, capture), waiting_letter(archive, capture, "kedua.txt")
    with archive.database.writer() as session:
        rows = {row.record_id: row for row in session.scalars(select(RecordProposals))}
        rows[one].sealed = rows[other].sealed
        session.commit()
    clerk = person(archive, "clerk-dinkes")
    assert proposals_of(clerk, archive, one) == {}
    assert proposals_of(clerk, archive, other)


def filed(archive: Archive, words: dict[str, str], each: int, level: Level = Level.OPEN) -> list[UUID]:
    """File `each` documents a class, made of that class's words."""
    return [
        take_in(
            archive, f"{text} lembar {place}".encode(), name=f"{code}-{place}.txt", class_code=code, level=level
        ).record_id
        for code, text in words.items()
        for place in range(each)
    ]


def office_of(archive: Archive, code: str) -> UUID:
    with archive.database.reader() as session:
        return session.scalars(select(Office.id).where(Office.code == code)).one()


WORDS = (
    "laporan surveilans penyakit demam berdarah puskesmas imunisasi",
    "kontrak pengadaan sentrifus mikroskop penyedia harga",
)


def test_an_office_learns_from_what_it_filed_and_suggests(embedded: Archive, person: Person) -> None:
    codes = class_codes(embedded, 2)
    filed(embedded, dict(zip(codes, WORDS, strict=True)), LEAST_DOCUMENTS // 2)
    assert learn_when_due(embedded) == 1
    assert learn_when_due(embedded) == 0, "nothing new was filed"
    content = b"Kontrak pembelian mikroskop dari penyedia"
    record_id = take_in(embedded, content, name="baru.txt", class_code=None, level=None).record_id
    clerk = person(embedded, "clerk-dinkes")
    best = proposals_of(clerk, embedded, record_id)[Field.CLASS][0]
    assert (best.proposal.value, best.proposal.source) == (codes[1], Source.FILED)
    assert "mikroskop" in best.proposal.quote
    (status,) = learning_status(clerk, embedded)
    assert (status.office, status.documents, status.classes, status.measured) == ("dinkes", 20, 2, 20)
    assert status.first >= 80
    assert learning_status(person(embedded, "clerk-bappeda"), embedded) == [], "another office's filing"


def test_secret_records_teach_nothing(embedded: Archive, person: Person) -> None:
    codes = class_codes(embedded, 2)
    for place in range(LEAST_DOCUMENTS):
        take_in(
            embedded,
            f"{WORDS[place % 2]} {place}".encode(),
            by="records",
            office="dinkes",
            name=f"{place}.txt",
            class_code=codes[place % 2],
            level=Level.SECRET,
        )
    assert learn_when_due(embedded) == 0
    assert learning_status(person(embedded, "records"), embedded) == []


def test_destroying_a_document_makes_its_office_forget(embedded: Archive, person: Person) -> None:
    codes = class_codes(embedded, 2)
    ids = filed(embedded, dict(zip(codes, WORDS, strict=True)), 2)
    office = office_of(embedded, "dinkes")
    assert learn(LEARNER, embedded, office)
    officer = person(embedded, "records")
    with embedded.door.write(officer, Action.RECORD_DESTROY) as operation:
        record = operation.session.get_one(Record, ids[0])
        operation.about("record", record.id)
        blobs = order_destruction(operation, record, "BA-1/2026")
    shred(officer, embedded, blobs)
    with embedded.database.reader() as session:
        assert session.get(OfficeClassModel, office) is None
