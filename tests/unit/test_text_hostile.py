"""Real files made to do harm: each ends as text or as a problem with its reason, and the next file is read as ever."""

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from archive_fixtures import pdf

from edms.records.archive import Archive
from edms.text.types import Reading

CODES = {
    "empty", "damaged", "encrypted", "too_many_pages", "decompression_bomb", "archive_depth", "xml_entities",
    "time_limit", "memory_limit", "output_limit",
}  # fmt: skip
FOLDERS = (
    "corkami", "govdocs-errors", "opf-cabinet", "opf-handbuilt", "pdfjs", "pyhanko-broken", "qpdf", "synthetic", "tika",
)  # fmt: skip
# What hostile/synthetic/EXPECT.csv asks, in our words: the problem's code, or flags the reading must carry.
SYNTHETIC = {
    "flate-bomb.pdf": set(), "deep-array.pdf": set(), "page-size-huge.pdf": set(), "pages-5000.pdf": set(),
    "page-loop.pdf": "damaged", "truncated.pdf": "damaged", "tiff-ifd-loop.tif": "damaged", "empty.pdf": "empty",
    "js-openaction.pdf": {"javascript", "open_action"}, "launch-action.pdf": {"launch"},
    "attachments-traversal.pdf": {"embedded_files"}, "attachments-nested.pdf": {"embedded_files"},
    "enc-rc4-40-user.pdf": "encrypted", "enc-rc4-128-user.pdf": "encrypted", "enc-aes-128-user.pdf": "encrypted",
    "enc-aes-256-user.pdf": "encrypted", "enc-owner-only.pdf": set(), "zip-encrypted-flag.zip": "encrypted",
    "xxe.docx": "xml_entities", "billion-laughs.docx": "xml_entities", "ratio-bomb.docx": "decompression_bomb",
    "png-bomb.png": "decompression_bomb", "nested-zip.zip": "archive_depth", "mime-deep.eml": "archive_depth",
    "zip-slip.zip": {"archive"}, "symlink.tar": {"unsupported"}, "exe-named.docx": {"unsupported"},
    "html-named.pdf": {"active_content"}, "html-xss.html": {"active_content"}, "header-bomb.eml": set(),
    "attach-names.eml": {"embedded_files"}, "nul-and-bidi.txt": set(), "utf16.txt": set(), "latin1.txt": set(),
    "one-line-long.txt": set(), "long-token.txt": set(), "svg-script.svg": set(), "image-bomb.pdf": set(),
    "pdf-zip-polyglot.pdf": set(), "xlsx-formula.csv": set(),
}  # fmt: skip

pytestmark = pytest.mark.corpus


def read(archive: Archive, path: Path) -> Reading:
    with path.open("rb") as stream:
        return archive.reader.read(stream, path.name)


def still_serves(archive: Archive) -> None:
    assert archive.reader.read(io.BytesIO(pdf("Masih bekerja")), "surat.pdf").pages[0].text == "Masih bekerja"


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_hostile_file_ends_as_text_or_as_a_problem(shared_parsers: Archive, corpus: Path, folder: str) -> None:
    ends: Counter[str] = Counter()
    for path in sorted((corpus / "hostile" / folder).rglob("*")):
        if not path.is_file():
            continue
        reading = read(shared_parsers, path)
        ends["read" if reading.problem is None else reading.problem.code] += 1
        if reading.problem is not None:
            assert reading.problem.code in CODES, path
            assert reading.problem.message[0].islower(), path
            assert reading.pages == (), path
        "".join(page.text for page in reading.pages).encode("utf-8")
        assert "root:x:0" not in "".join(page.text for page in reading.pages), path
    assert sum(ends.values()) > 2
    assert not {"time_limit", "memory_limit", "output_limit"} & set(ends), f"none of them gets that far: {ends}"
    still_serves(shared_parsers)


@pytest.mark.parametrize("name", sorted(SYNTHETIC))
def test_what_is_expected_of_each_synthetic_file(shared_parsers: Archive, corpus: Path, name: str) -> None:
    expected = SYNTHETIC[name]
    reading = read(shared_parsers, corpus / "hostile/synthetic" / name)
    if isinstance(expected, str):
        assert reading.problem is not None, "it was read"
        assert reading.problem.code == expected
    else:
        assert reading.problem is None, reading.problem
        assert expected <= reading.flags


def test_the_list_of_expectations_is_whole(corpus: Path) -> None:
    with (corpus / "hostile/synthetic/EXPECT.csv").open(newline="", encoding="utf-8") as table:
        told = {row["file"] for row in csv.DictReader(table)}
    assert {name for name in told if not name.startswith("nnn")} == set(SYNTHETIC)


def test_a_name_of_any_length_and_script_is_no_matter(shared_parsers: Archive, corpus: Path) -> None:
    (path,) = (corpus / "hostile/synthetic").glob("nnn*")
    assert read(shared_parsers, path).problem is None


def test_passwords_are_told_for_every_file_that_has_one(shared_parsers: Archive, corpus: Path) -> None:
    """Encrypted content must never look like a document without text."""
    with (corpus / "hostile/PASSWORDS.csv").open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        reading = read(shared_parsers, corpus / row["path"])
        if row["path"].endswith(("embedded-encrypted-nocf.pdf", "nontrivial-crypt-filter.pdf")):
            assert reading.pages[0].text, "only its attachment is encrypted"
        elif row["status"] == "opens" and row["password"].strip() and not row["detail"].startswith("owner "):
            assert reading.problem is not None, row["path"]
            assert reading.problem.code == "encrypted", row["path"]
        elif row["status"] == "opens with empty password":
            assert reading.problem is None or "bad-encryption" in row["path"]


def test_office_documents_under_a_password_are_told_as_such(shared_parsers: Archive, corpus: Path) -> None:
    (path,) = (corpus / "hostile/tika").rglob("protectedFile.xlsx")
    problem = read(shared_parsers, path).problem
    assert problem is not None
    assert problem.code == "encrypted"


@pytest.mark.slow
@pytest.mark.parametrize(
    "folder",
    ["alfresco", "nuxeo", "opf-misc", "opf-office", "opf-variations", "pdfjs", "pypdf-samples", "tika", "verapdf"],
)
def test_real_documents_of_many_producers_are_read(shared_parsers: Archive, corpus: Path, folder: str) -> None:
    unread = []
    for path in sorted((corpus / "born-digital" / folder).rglob("*")):
        if path.is_file():
            problem = read(shared_parsers, path).problem
            if problem is not None and problem.code != "encrypted":
                unread.append((path.name, problem.code))
    assert len(unread) <= 1, unread


LOREM = "born-digital/opf-variations/variations"


@pytest.mark.parametrize(
    "name",
    [
        "application/pdf/lorem-ipsum.pdf",
        "application/pdf/lorem-ipsum.oo3.2.export.pdf",
        "application/pdf/lorem-ipsum.oo3.2.export-pdfa.pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document/lorem-ipsum.docx",
        "application/vnd.oasis.opendocument.text/lorem-ipsum.oo3.2.odt",
        "text/html/4.0/lorem-ipsum.htm",
        "multipart/related/lorem-ipsum.mht",
    ],
)
def test_one_text_in_many_formats_is_the_same_text(shared_parsers: Archive, corpus: Path, name: str) -> None:
    truth = set((corpus / "born-digital/opf-variations/lorem-ipsum.txt").read_text(encoding="utf-8").split())
    reading = read(shared_parsers, corpus / LOREM / name)
    assert reading.problem is None
    found = set(" ".join(page.text for page in reading.pages).split())
    assert len(truth & found) / len(truth) > 0.97


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("pdf", "quick brown fox"),
        ("sxw", "quick brown fox"),
        ("txt", "quick brown fox"),
        ("alternative.eml", "alternative html text"),
        ("htmlChars.eml", "html\xa0special\xa0characters"),
    ],
    ids=["pdf", "sxw", "txt", "alternative", "html"],
)
def test_the_words_are_found_in_each_format(shared_parsers: Archive, corpus: Path, kind: str, words: str) -> None:
    (path,) = corpus.glob(f"born-digital/alfresco/repository/src/test/resources/quick/quick.{kind}")
    text = "".join(page.text for page in read(shared_parsers, path).pages).lower()
    assert words in text


@pytest.mark.parametrize("folder", ["cpython-email", "nuxeo-mail", "paperless-mail", "tika"])
def test_real_mail_is_read_with_its_subject(shared_parsers: Archive, corpus: Path, folder: str) -> None:
    read_ones = 0
    for path in sorted((corpus / "mail" / folder).rglob("*.eml")):
        reading = read(shared_parsers, path)
        assert reading.problem is None, path
        read_ones += reading.identification.media_type == "message/rfc822"
    assert read_ones >= 1
