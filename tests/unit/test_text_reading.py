"""Text of office documents, mail and plain text; and of attackers who send the same."""

import io
import zipfile

import pytest
from archive_fixtures import pdf
from odf.opendocument import OpenDocumentText
from text_material import (
    message,
    open_document,
    word_document,
    word_document_of,
    workbook,
    zipped,
)

from edms.records.archive import Archive
from edms.text.types import Reading

DTD = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
WORDS = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>'


def read(archive: Archive, content: bytes, name: str = "file") -> Reading:
    return archive.reader.read(io.BytesIO(content), name)


def text(archive: Archive, content: bytes) -> str:
    reading = read(archive, content)
    assert reading.problem is None, reading.problem
    return "\n".join(page.text for page in reading.pages)


def problem(archive: Archive, content: bytes) -> str:
    reading = read(archive, content)
    assert reading.problem is not None
    assert len(reading.problem.message) > 10
    assert reading.pages == ()
    return reading.problem.code


def test_word_documents_give_body_tables_header_and_footer(shared_parsers: Archive) -> None:
    found = text(shared_parsers, word_document())
    for words in ("Standar Pelayanan Kearsipan", "arsip inaktif.", "Lemari besi", "Kop Dinas", "Halaman belakang"):
        assert words in found
    assert found.index("Standar") < found.index("Lemari besi") < found.index("Kop Dinas"), "the body comes first"


def test_workbooks_give_a_page_for_each_sheet(shared_parsers: Archive) -> None:
    reading = read(shared_parsers, workbook())
    assert reading.page_count == 2
    assert reading.pages[0].text == "Realisasi\nBelanja modal\t1250000\tterserap"
    assert reading.pages[1].text == "Sisa\nKekurangan volume"


def test_open_documents_give_headings_and_paragraphs(shared_parsers: Archive) -> None:
    assert text(shared_parsers, open_document()).split("\n")[:2] == ["Pidato Wali Kota", "Hari jadi ke dua ratus."]


def test_mail_gives_headers_body_and_what_its_attachments_say(shared_parsers: Archive) -> None:
    inner = message(("lampiran.pdf", pdf("Denah gudang farmasi")), body="surat di dalam surat")
    mail = message(("daftar.docx", word_document()), ("diteruskan.eml", inner), ("gambar.bin", bytes(range(256))))
    reading = read(shared_parsers, mail)
    first = reading.pages[0].text
    assert "Subject: Undangan sosialisasi — gelombang dua" in first
    assert "From: Rina Kusumawardhani <rina@dinkes.example>" in first
    assert "Mohon hadir tepat waktu." in first
    assert "daftar.docx" in first
    assert "arsip inaktif." in reading.pages[1].text
    assert any("surat di dalam surat" in page.text for page in reading.pages)
    assert any("Denah gudang farmasi" in page.text for page in reading.pages)
    assert "embedded_files" in reading.flags
    assert reading.facts["attachments"] == ["daftar.docx", "diteruskan.eml", "gambar.bin"]


def test_an_attachment_that_cannot_be_read_does_not_cost_the_message(shared_parsers: Archive) -> None:
    bomb = word_document_of(DTD + b"<d>&x;</d>")
    reading = read(shared_parsers, message(("jahat.docx", bomb), ("rusak.pdf", b"%PDF-1.4 broken")))
    assert reading.problem is None
    assert "Mohon hadir" in reading.pages[0].text
    assert "unread_attachment" in reading.flags
    assert "root:" not in "".join(page.text for page in reading.pages)


def test_messages_in_messages_are_bounded(shared_parsers: Archive) -> None:
    mail = message(body="paling dalam")
    for level in range(8):
        mail = message((f"{level}.eml", mail), body=f"tingkat {level}")
    reading = read(shared_parsers, mail)
    assert reading.problem is None
    found = "\n".join(page.text for page in reading.pages)
    assert "tingkat 7" in found
    assert "paling dalam" not in found
    assert "unread_attachment" in reading.flags, "what was not read is said"


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("utf-8", "Kéŋkèn “bapak” — café"),
        ("utf-8-sig", "Surat “dinas”"),
        ("utf-16", "Rapat — pleno"),
        ("utf-16-be", "\ufeffRapat — pleno"),
        ("cp1252", "Rapat “pleno” – café"),
        ("latin-1", "café"),
    ],
)
def test_plain_text_in_odd_encodings(shared_parsers: Archive, encoding: str, words: str) -> None:
    assert words.lstrip("\ufeff") in text(shared_parsers, (words + "\n").encode(encoding)).lstrip("\ufeff")


def test_nothing_in_text_can_break_what_comes_after(shared_parsers: Archive) -> None:
    found = text(shared_parsers, b"Nota\x00dinas \xed\xa0\x80 rahasia\n")
    assert "\x00" not in found
    found.encode("utf-8")
    assert "rahasia" in found


def test_text_over_the_limit_is_cut_and_the_file_kept(shared_parsers: Archive) -> None:
    most = shared_parsers.settings.text.max_text_characters
    reading = read(shared_parsers, b"kata " * (most // 5 + 1000))
    assert reading.problem is None
    assert sum(len(page.text) for page in reading.pages) <= most


def test_scripts_of_a_page_are_neither_text_nor_run_and_are_told(shared_parsers: Archive) -> None:
    page = (
        b"<html><head><script>jahat()</script><style>p{}</style></head><body onload=x()><p>Isi surat</p></body></html>"
    )
    reading = read(shared_parsers, page)
    assert reading.pages[0].text == "Isi surat"
    assert reading.flags == {"active_content"}


def test_a_zip_is_kept_with_the_names_it_holds(shared_parsers: Archive) -> None:
    reading = read(shared_parsers, zipped(berkas__surat_txt=b"isi", lain_txt=b"isi"))
    assert reading.pages[0].text == "berkas/surat.txt\nlain.txt"
    assert reading.flags == {"archive"}


@pytest.mark.parametrize("body", [DTD + b"<d>&x;</d>", LAUGHS + b"<d>&b;</d>"], ids=["external", "laughs"])
def test_entities_are_refused_in_every_package(shared_parsers: Archive, body: bytes) -> None:
    """R85: no parser of ours reads another file or expands anything because a document says so."""
    assert problem(shared_parsers, word_document_of(body)) == "xml_entities"
    odt = OpenDocumentText()
    out = io.BytesIO()
    odt.write(out)
    made = io.BytesIO()
    with zipfile.ZipFile(out) as whole, zipfile.ZipFile(made, "w") as evil:
        for entry in whole.infolist():
            evil.writestr(entry, body if entry.filename == "content.xml" else whole.read(entry))
    assert problem(shared_parsers, made.getvalue()) == "xml_entities"
    sheet = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as whole, zipfile.ZipFile(sheet, "w") as evil:
        for entry in whole.infolist():
            evil.writestr(entry, body if "sheet1" in entry.filename else whole.read(entry))
    assert problem(shared_parsers, sheet.getvalue()) == "xml_entities"


def test_a_bomb_in_a_document_is_measured_and_not_unpacked(shared_parsers: Archive) -> None:
    """Ratio: 60 MB out of 60 kB. A smaller size in the header does not help either."""
    bomb = word_document_of(WORDS + b"a" * 60_000_000)
    assert problem(shared_parsers, bomb) == "decompression_bomb"
    lying = bytearray(bomb)
    entry = lying.index(b"word/document.xml", lying.index(b"PK\x01\x02")) - 46
    assert int.from_bytes(lying[entry + 24 : entry + 28], "little") > 60_000_000
    lying[entry + 24 : entry + 28] = (1000).to_bytes(4, "little")
    assert problem(shared_parsers, bytes(lying)) == "damaged"


def test_archives_in_archives_are_bounded(shared_parsers: Archive) -> None:
    nest = zipped(a_txt=b"isi")
    for _level in range(2):
        nest = zipped(inner_zip=nest)
    assert read(shared_parsers, nest).problem is None
    assert problem(shared_parsers, zipped(inner_zip=zipped(inner_zip=nest))) == "archive_depth"


def test_a_bomb_in_an_archive_in_an_archive_is_found(shared_parsers: Archive) -> None:
    assert problem(shared_parsers, zipped(a_zip=zipped(b_zip=zipped(c_txt=bytes(30_000_000))))) == "decompression_bomb"


def test_too_many_entries_are_refused_before_any_is_read(shared_parsers: Archive) -> None:
    most = shared_parsers.settings.text.max_archive_entries
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for number in range(most + 1):
            package.writestr(str(number), b"")
    reading = read(shared_parsers, out.getvalue())
    assert reading.problem is not None
    assert str(most) in reading.problem.message


def test_packages_under_a_password_are_told_as_such(shared_parsers: Archive) -> None:
    content = bytearray(zipped(a_txt=b"isi"))
    central = content.index(b"PK\x01\x02")
    for position in (6, central + 8):
        marked = bytearray(content)
        marked[position] |= 1
        assert problem(shared_parsers, bytes(marked)) == "encrypted", "either header may say so"


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("made", [word_document, workbook, open_document], ids=lambda made: made.__name__)
def test_cut_packages_are_damaged(shared_parsers: Archive, made: object, cut: float) -> None:
    content = made()  # type: ignore[operator]
    assert problem(shared_parsers, content[: int(len(content) * cut)]) == "damaged"
