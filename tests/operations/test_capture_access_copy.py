"""The copy that people open: searchable, sealed, page for page; and the original bit for bit as it came."""

import dataclasses
import io
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pikepdf
import pypdf
import pypdfium2
import pytest
from archive_fixtures import pdf
from text_material import Paper, encoded, picture, tiff, word_document

from edms.access.actors import Actor, console_actor
from edms.capture.accept import Accepted
from edms.capture.quarantine import release, retry
from edms.core.errors import NotFound, Refused
from edms.core.settings import TextSettings
from edms.reconcile.whole import verify_all
from edms.records.archive import Archive
from edms.records.contents import download
from edms.records.describe import record_details
from edms.records.model import ComponentRole
from edms.records.searching import Question, search
from edms.text.ocr import OcrMyPdfEngine

Person = Callable[[Archive, str], Actor]
Capture = Callable[..., Accepted]
WORDS = "Berita acara serah terima\nperalatan laboratorium\nkepada puskesmas wijayakusuma"
LETTER = "Yang bertanda tangan di bawah ini menerangkan bahwa barang tersebut telah diterima. " * 6


def part(archive: Archive, actor: Actor, accepted: Accepted, role: ComponentRole) -> bytes:
    with download(actor, archive, accepted.record_id, role).stream as stream:
        return stream.read()


def found(archive: Archive, actor: Actor, words: str) -> list[object]:
    return [hit.record.id for hit in search(actor, archive, Question(words)).found]


SCANS = {
    "tiff": lambda: (tiff(picture(WORDS), picture("Lampiran kedua")), 2),
    "jpeg": lambda: (encoded(picture(WORDS), "JPEG"), 1),
    "png": lambda: (encoded(picture(WORDS), "PNG"), 1),
    "pdf": lambda: (Paper().scan(picture(WORDS)).bytes(), 1),
    "mixed pdf": lambda: (Paper().text(LETTER).scan(picture(WORDS)).text("Penutup").bytes(), 3),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", SCANS)
def test_a_scan_is_searchable_and_its_original_untouched(
    embedded: Archive, capture: Capture, person: Person, kind: str
) -> None:
    content, count = SCANS[kind]()
    accepted = capture(embedded, content, name=f"pindai.{kind[-4:]}")
    clerk = person(embedded, "clerk-dinkes")
    assert found(embedded, clerk, "wijayakusuma") == [accepted.record_id]
    details = record_details(clerk, embedded, accepted.record_id)
    assert (details.record.state, details.record.page_count) == ("declared", count)
    copy = part(embedded, clerk, accepted, ComponentRole.ACCESS_COPY)
    assert len(pypdfium2.PdfDocument(copy)) == len(pypdf.PdfReader(io.BytesIO(copy)).pages) == count
    by_pdfium = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(copy))
    by_pypdf = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(copy)).pages)
    assert "wijayakusuma" in by_pdfium
    assert "wijayakusuma" in by_pypdf
    original = part(embedded, clerk, accepted, ComponentRole.ORIGINAL)
    assert original == content
    assert accepted.sha256 == sha256(content).hexdigest()
    assert verify_all(console_actor("tests"), embedded).ok


@pytest.mark.slow
def test_the_copy_of_a_scan_is_pdfa_as_it_says_and_sealed(embedded: Archive, capture: Capture, person: Person) -> None:
    accepted = capture(embedded, tiff(picture(WORDS)), name="pindai.tif")
    clerk = person(embedded, "clerk-dinkes")
    details = record_details(clerk, embedded, accepted.record_id)
    (copy,) = (told for told in details.components if told["role"] == "access_copy")
    assert copy["facts"]["kind"] == "PDF/A-2b with recognised text"
    with pikepdf.open(io.BytesIO(part(embedded, clerk, accepted, ComponentRole.ACCESS_COPY))) as document:
        with document.open_metadata() as metadata:
            assert metadata.pdfa_status == "2B"
        assert "/Sig" in [str(field.get("/FT")) for field in document.Root.AcroForm.Fields]


@pytest.mark.slow
def test_a_file_that_cannot_be_pdfa_is_not_called_so(embedded: Archive, capture: Capture, person: Person) -> None:
    accepted = capture(embedded, SCANS["mixed pdf"]()[0])
    details = record_details(person(embedded, "clerk-dinkes"), embedded, accepted.record_id)
    (copy,) = (told for told in details.components if told["role"] == "access_copy")
    assert copy["facts"]["kind"] == "PDF with recognised text"


def test_a_born_digital_pdf_is_its_own_copy_with_our_seal(embedded: Archive, capture: Capture, person: Person) -> None:
    content = pdf(LETTER)
    accepted = capture(embedded, content)
    clerk = person(embedded, "clerk-dinkes")
    copy = part(embedded, clerk, accepted, ComponentRole.ACCESS_COPY)
    assert copy.startswith(content), "the seal is appended, nothing before it is touched"
    assert part(embedded, clerk, accepted, ComponentRole.ORIGINAL) == content


def test_office_documents_have_no_copy_and_are_kept_as_they_came(
    embedded: Archive, capture: Capture, person: Person
) -> None:
    content = word_document()
    accepted = capture(embedded, content, name="standar.docx")
    clerk = person(embedded, "clerk-dinkes")
    roles = {told["role"] for told in record_details(clerk, embedded, accepted.record_id).components}
    assert roles == {"original", "text", "manifest", "seal"}
    assert part(embedded, clerk, accepted, ComponentRole.ORIGINAL) == content
    assert found(embedded, clerk, "kearsipan") == [accepted.record_id]


def test_without_the_engine_a_scan_is_kept_and_says_so(
    embedded: Archive, shared_parsers: Archive, capture: Capture, person: Person
) -> None:
    archive = dataclasses.replace(embedded, ocr=OcrMyPdfEngine(shared_parsers.sandbox, TextSettings(ocr="off")))
    content = encoded(picture(WORDS), "PNG")
    accepted = capture(archive, content, name="pindai.png")
    clerk = person(archive, "clerk-dinkes")
    details = record_details(clerk, archive, accepted.record_id)
    assert details.record.state == "declared"
    (original,) = (told for told in details.components if told["role"] == "original")
    assert original["facts"]["ocr"] == "unavailable"
    assert part(archive, clerk, accepted, ComponentRole.ORIGINAL) == content


@pytest.mark.slow
def test_typed_pages_beside_a_scan_are_found_before_and_without_recognition(
    embedded: Archive, shared_parsers: Archive, capture: Capture, person: Person
) -> None:
    """A letter with a scanned attachment, on a machine without the engine: the letter's own words are not lost."""
    archive = dataclasses.replace(embedded, ocr=OcrMyPdfEngine(shared_parsers.sandbox, TextSettings(ocr="off")))
    accepted = capture(archive, Paper().text(LETTER + " cempaka").scan(picture(WORDS)).bytes())
    assert found(archive, person(archive, "clerk-dinkes"), "cempaka") == [accepted.record_id]


def test_quarantine_is_left_by_retry_or_by_a_person_with_a_reason_only(
    embedded: Archive, capture: Capture, person: Person, repository_root: Path
) -> None:
    content = (repository_root / "samples/terkunci-daftar-gaji.pdf").read_bytes()
    accepted = capture(embedded, content, name="terkunci.pdf")
    clerk = person(embedded, "clerk-dinkes")
    record = record_details(clerk, embedded, accepted.record_id).record
    assert (record.state, record.problem_code) == ("quarantined", "encrypted")
    assert found(embedded, clerk, "terkunci") == [accepted.record_id], "its own office finds it by its name"
    for stranger in ("clerk-bappeda", "official-dinkes", "auditor", "admin"):
        for act in (retry, lambda *given: release(*given, "saya mau saja")):
            with pytest.raises(NotFound):
                act(person(embedded, stranger), embedded, accepted.record_id)
    for stranger in ("clerk-bappeda", "official-bappeda", "auditor"):
        assert found(embedded, person(embedded, stranger), "terkunci") == []
    officer = person(embedded, "records")
    with pytest.raises(NotFound):
        release(clerk, embedded, accepted.record_id, "saya sendiri yang menyerahkannya")
    for reason in ("", "   ", "ok"):
        with pytest.raises(Refused, match="reason"):
            release(officer, embedded, accepted.record_id, reason)
    release(officer, embedded, accepted.record_id, "Diterima demikian; kata sandi di bagian keuangan")
    with pytest.raises(Refused, match="not in quarantine"):
        retry(clerk, embedded, accepted.record_id)
