"""What a file is comes from its bytes: names and extensions are never believed."""

import io
from pathlib import Path

import pytest
from archive_fixtures import pdf
from text_material import encoded, message, open_document, picture, tiff, word_document, workbook, zipped

from edms.records.archive import Archive
from edms.text.identify import sniff
from edms.text.types import Identification

OOXML = "application/vnd.openxmlformats-officedocument."
PAGE = picture("x")
KINDS = {
    "pdf": (pdf("Surat"), "application/pdf", "fmt/17"),
    "docx": (word_document(), OOXML + "wordprocessingml.document", "fmt/412"),
    "xlsx": (workbook(), OOXML + "spreadsheetml.sheet", "fmt/214"),
    "odt": (open_document(), "application/vnd.oasis.opendocument.text", "fmt/291"),
    "zip": (zipped(a_txt=b"isi"), "application/zip", "x-fmt/263"),
    "eml": (message(), "message/rfc822", "fmt/950"),
    "eml-plain": (b"From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\n\r\nisi\r\n", "message/rfc822", "fmt/278"),
    "eml-with-html": (
        b"Return-Path: <a@b.example>\nSubject: x\nFrom: a@b.example\n\n<html><body>isi</body></html>\n",
        "message/rfc822",
        "fmt/278",
    ),
    "csv": (b"nomor,jenis,tahun\nTK 1 A,minibus,2019\nTK 7 B,motor,2021\n", "text/csv", "x-fmt/18"),
    "csv-semicolons": (b'a;b;c\n1;"x;y";3\n1;2;3\n', "text/csv", "x-fmt/18"),
    "txt": (b"Catatan sidak pasar, bagian satu.\nTanpa koma\n", "text/plain", "x-fmt/111"),
    "txt-with-commas": (b"Kepada Yth, Bapak\nSalam, kami\nHormat, kami\n", "text/plain", "x-fmt/111"),
    "html": (b"<!DOCTYPE html><html><body>isi</body></html>", "text/html", "fmt/471"),
    "html-fragment": (b"<html><p>isi", "text/html", "fmt/96"),
    "xml": (b'<?xml version="1.0"?><a>isi</a>', "application/xml", "fmt/101"),
    "tiff": (tiff(PAGE, PAGE), "image/tiff", "fmt/353"),
    "jpeg": (encoded(PAGE, "JPEG"), "image/jpeg", "fmt/43"),
    "png": (encoded(PAGE, "PNG"), "image/png", "fmt/11"),
    "empty": (b"", "application/x-empty", None),
    "nothing-known": (bytes(range(256)) * 4, "application/octet-stream", None),
}


def identified(archive: Archive, content: bytes) -> Identification:
    return archive.reader.identify(io.BytesIO(content))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_known_by_its_bytes(shared_parsers: Archive, kind: str) -> None:
    content, media_type, puid = KINDS[kind]
    found = identified(shared_parsers, content)
    assert (found.media_type, found.puid) == (media_type, puid)


def test_a_wrong_extension_changes_nothing(shared_parsers: Archive) -> None:
    """The name reaches the reader and is not believed: a PDF called .docx is a PDF, a program called .docx is none."""
    reading = shared_parsers.reader.read(io.BytesIO(pdf("Surat edaran")), "surat.docx")
    assert (reading.identification.media_type, reading.problem) == ("application/pdf", None)
    assert "Surat edaran" in reading.pages[0].text
    program = b"MZ" + bytes(200) + b"PE\0\0" + bytes(300)
    assert "officedocument" not in shared_parsers.reader.read(io.BytesIO(program), "a.docx").identification.media_type


@pytest.mark.parametrize("name", sorted(path.name for path in (Path(__file__).parents[2] / "samples").iterdir()))
def test_the_samples_are_what_they_are_called(shared_parsers: Archive, repository_root: Path, name: str) -> None:
    expected = {
        ".pdf": "application/pdf", ".tif": "image/tiff", ".jpg": "image/jpeg", ".png": "image/png",
        ".docx": OOXML + "wordprocessingml.document", ".xlsx": OOXML + "spreadsheetml.sheet",
        ".odt": "application/vnd.oasis.opendocument.text", ".eml": "message/rfc822", ".csv": "text/csv",
        ".txt": "text/plain", ".md": "text/plain", ".toml": "text/plain",
    }  # fmt: skip
    path = repository_root / "samples" / name
    with path.open("rb") as stream:
        assert shared_parsers.reader.identify(stream).media_type == expected[path.suffix]


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("hostile/synthetic/html-named.pdf", "text/html"),
        ("hostile/synthetic/pdf-zip-polyglot.pdf", "application/pdf"),
        ("mail/cpython-email/msg_15.eml", "message/rfc822"),
        ("born-digital/alfresco/repository/src/test/resources/quick/quickMaskedHtml.jpeg", "text/html"),
    ],
)
def test_real_files_that_are_not_what_they_are_called(
    shared_parsers: Archive, corpus: Path, name: str, media_type: str
) -> None:
    with (corpus / name).open("rb") as stream:
        assert shared_parsers.reader.identify(stream).media_type == media_type


def test_the_same_bytes_are_always_the_same_kind(shared_parsers: Archive) -> None:
    content = KINDS["docx"][0]
    assert len({identified(shared_parsers, content) for _time in range(3)}) == 1


def test_sniffing_stands_alone_where_pronom_is_silent() -> None:
    assert sniff(b"", 0) == "application/x-empty"
    assert sniff(b"\n\n%PDF-1.4", 10) == "application/pdf"
    assert sniff(b"a,b,c\n1,2,3\n", 12) == "text/plain", "two rows are not a table yet"
    half = b"a,b,c\n" * 5 + b"cut in the mid"
    assert sniff(half, 10_000_000) == "text/csv", "the last row may be cut by the end of the head"
    assert sniff("surat".encode("utf-16"), 12) == "text/plain"
