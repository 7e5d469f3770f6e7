"""The access copy of an office document: bound to its original, sealed, made later where it was missing."""

import dataclasses
import io
from collections.abc import Callable
from typing import BinaryIO
from uuid import UUID

import pypdfium2
import pytest
from archive_fixtures import OWNER, pdf, settle
from text_material import word_document

from edms.access.actors import Actor, console_actor
from edms.capture.accept import Accepted
from edms.capture.copies import lacking_copies, make_copy
from edms.capture.indexing import bring_index_up_to_date
from edms.capture.work import QUICK, lanes_of, work_once
from edms.core.errors import NotFound, Refused
from edms.core.settings import TextSettings
from edms.reconcile.doctor import examine
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.contents import download, page_image
from edms.records.describe import record_details
from edms.records.evidence import write_evidence
from edms.records.model import ComponentRole
from edms.records.searching import Question, search
from edms.text.ocr import NICENESS
from edms.text.office_printer import LibreOfficePrinter, Printed, PrinterStatus, printer_status

Person = Callable[[Archive, str], Actor]
Capture = Callable[..., Accepted]
STATUS = printer_status(TextSettings())
needs_office = pytest.mark.skipif(
    not STATUS.available, reason=f"NO LIBREOFFICE: office documents are not printed here ({STATUS.mend})"
)


def printing(archive: Archive) -> Archive:
    return dataclasses.replace(archive, printer=LibreOfficePrinter(archive.sandbox, TextSettings()))


def parts(archive: Archive, actor: Actor, accepted: Accepted) -> dict[str, dict[str, object]]:
    return {part["role"]: part for part in record_details(actor, archive, accepted.record_id).components}


@needs_office
def test_a_captured_document_has_its_copy(embedded: Archive, capture: Capture, person: Person) -> None:
    archive = printing(embedded)
    content = word_document()
    accepted = capture(archive, content, name="pedoman.docx")
    clerk = person(archive, "clerk-dinkes")
    found = parts(archive, clerk, accepted)
    told = found["access_copy"]["facts"]
    assert told["kind"] == "PDF/A-2b printed from the office document"
    assert told["made_from"] == found["original"]["sha256"]
    assert told["parameters"]["SelectPdfVersion"] == "2"
    assert told["tool"].startswith("LibreOffice")
    assert told["fonts"]
    with download(clerk, archive, accepted.record_id, ComponentRole.ACCESS_COPY).stream as stream:
        made = stream.read()
    assert "Petugas melayani" in pypdfium2.PdfDocument(made)[0].get_textpage().get_text_bounded()
    assert b"/ByteRange" in made
    with download(clerk, archive, accepted.record_id, ComponentRole.ORIGINAL).stream as stream:
        assert stream.read() == content
    assert page_image(clerk, archive, accepted.record_id, 1, 160)[8:12] == b"WEBP"
    assert record_details(clerk, archive, accepted.record_id).record.state == "declared"
    assert verify_all(console_actor("tests"), archive).ok


def test_without_libreoffice_a_record_is_declared_and_it_is_said(
    embedded: Archive, capture: Capture, person: Person
) -> None:
    accepted = capture(embedded, word_document(), name="pedoman.docx")
    clerk = person(embedded, "clerk-dinkes")
    found = parts(embedded, clerk, accepted)
    assert record_details(clerk, embedded, accepted.record_id).record.state == "declared"
    assert "access_copy" not in found
    assert found["original"]["facts"]["office_copy"] == "unavailable"
    assert any("office documents have no PDF/A copy" in one.what for one in examine(console_actor("tests"), embedded))
    assert make_copy(clerk, embedded, accepted.record_id).outcome == "unavailable"


@needs_office
@pytest.mark.slow
def test_a_missing_copy_is_made_later_and_breaks_no_seal(embedded: Archive, capture: Capture, person: Person) -> None:
    declared = capture(embedded, word_document(), name="pedoman.docx")
    waiting = capture(embedded, word_document() + b"\0", name="lain.docx", class_code=None, level=None)
    archive, clerk = printing(embedded), person(embedded, "clerk-dinkes")
    assert set(lacking_copies(clerk, archive, 10)) == {declared.record_id, waiting.record_id}
    assert lacking_copies(person(embedded, "clerk-bappeda"), archive, 10) == []
    with pytest.raises(NotFound):
        make_copy(person(embedded, "clerk-bappeda"), archive, declared.record_id)
    for accepted, role in ((declared, "later_copy"), (waiting, "access_copy")):
        assert make_copy(clerk, archive, accepted.record_id).outcome == "done"
        assert role in parts(archive, clerk, accepted)
    assert make_copy(clerk, archive, declared.record_id).outcome == "done"  # again: in place of the one before
    assert lacking_copies(clerk, archive, 10) == []
    assert page_image(clerk, archive, declared.record_id, 1, 160)[8:12] == b"WEBP"
    settle(archive)
    write_evidence(clerk, archive, declared.record_id, io.BytesIO())
    assert verify_all(console_actor("tests"), archive).ok


def test_no_copy_is_made_of_what_is_no_office_document(embedded: Archive, capture: Capture, person: Person) -> None:
    accepted = capture(embedded, b"Catatan biasa tentang rapat kemarin sore.\n", name="catatan.txt")
    with pytest.raises(Refused):
        make_copy(person(embedded, "clerk-dinkes"), embedded, accepted.record_id)


@dataclasses.dataclass
class Watching:
    """The printer itself; it notes what had come true when it was asked to print."""

    inner: LibreOfficePrinter
    told: list[object]
    look: Callable[[], object]

    def status(self) -> PrinterStatus:
        return self.inner.status()

    def archival_copy(self, source: BinaryIO, media_type: str) -> Printed:
        self.told.append(self.look())
        return self.inner.archival_copy(source, media_type)


@needs_office
def test_printing_holds_up_neither_the_search_nor_the_letters_behind_it(
    embedded: Archive, capture: Capture, person: Person
) -> None:
    """An order, whatever the time: the document is found before it is printed, and a letter handed in after it is
    declared while it waits for the other lane."""
    clerk = person(embedded, "clerk-dinkes")
    inner, told = LibreOfficePrinter(embedded.sandbox, TextSettings()), list[object]()

    def found(word: str) -> set[UUID]:
        return {hit.record.id for hit in search(clerk, embedded, Question(word)).found}

    archive = dataclasses.replace(embedded, printer=Watching(inner, told, lambda: found("peminjaman")))
    document = capture(archive, word_document(), name="pedoman.docx", work=False).record_id
    letter = capture(archive, pdf("undangan musyawarah"), work=False).record_id
    quick = lanes_of(QUICK)
    while work_once(archive, OWNER, quick):
        pass
    while bring_index_up_to_date(archive, more_is_coming=False):
        pass
    assert told == [], "the quick lane prints nothing"
    assert (found("peminjaman"), found("musyawarah")) == ({document}, {letter})
    states = [record_details(clerk, archive, one).record.state for one in (document, letter)]
    assert states == ["pending", "declared"]
    settle(archive)
    assert told == [{document}], "it was found when it was printed"
    assert "access_copy" in {part["role"] for part in record_details(clerk, archive, document).components}
    assert inner._limits.niceness == NICENESS, "and printing gives way to the quick lane's own computing"
