"""Papers as drafts to edit: the words of the PDF that is kept, for whoever may have that unmarked, and an event."""

import io
import re
import shutil
import zipfile
from datetime import date
from pathlib import Path
from uuid import UUID

import docx
import pytest
from archive_fixtures import MOMENT, settle
from console import Console
from digitisation_people import OPERATOR, SIGNERS, checked, scan, scanned, with_checker
from disposal_people import due, executed, ready
from docx.oxml.ns import qn
from judges import asked
from proceedings_people import decided_handover, listed_transfer, old_records, staffed
from pypdf import PdfReader
from signing_people import who, with_pilot
from sqlalchemy import select

from edms.access.levels import Level
from edms.audit.model import AuditLeaf
from edms.capture.digitisation_close import close_digitisation
from edms.capture.digitisation_drafts import draft_digitisation_paper
from edms.core.errors import NotFound
from edms.disposal.drafts import draft_paper
from edms.disposal.views import show_batch
from edms.exchange.drafts import draft_proceeding_paper
from edms.exchange.drawing import draw_up
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.contents import download
from edms.records.digitisations import show_digitisation
from edms.records.model import ComponentRole
from edms.records.office_draft import DRAFT, paper_docx
from edms.records.office_paper import paper_pdf
from edms.records.office_text import PaperText, Rows, Words
from edms.records.proceedings_views import show_proceeding


def words_of_docx(content: bytes) -> list[str]:
    """Every word of the body in its order, paragraphs and tables, read by the library."""
    body = docx.Document(io.BytesIO(content)).element.body
    told = ["".join(text.text or "" for text in line.iter(qn("w:t"))) for line in body.iter(qn("w:p"))]
    return " ".join(told).split()


def words_of_pdf(content: bytes) -> list[str]:
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split()


def kept(archive: Archive, record: UUID, name: str) -> bytes:
    """The PDF that is kept as the paper, byte for byte."""
    with download(who(archive, name), archive, record, ComponentRole.ORIGINAL).stream as stream:
        return stream.read()


def require_same(draft: bytes, pdf: bytes) -> None:
    """Each says what the other says; the PDF breaks long words in narrow columns, and repeats what stands on pages."""
    ours, theirs = words_of_docx(draft), words_of_pdf(pdf)
    assert len(ours) > 30
    squeezed = "".join(theirs)
    assert [word for word in ours if word.replace("\t", "") not in squeezed] == []
    of_pages = re.compile(r"Halaman|dari|\d+|Nomor")
    whole = "".join(ours)
    assert [word for word in theirs if word not in whole and not of_pages.fullmatch(word)] == []


def drafted(archive: Archive, record: UUID) -> list[str]:
    with archive.database.reader() as session:
        query = select(AuditLeaf.action).where(AuditLeaf.subject_id == str(record))
        return [action for action in session.scalars(query) if action == "record.drafted"]


def test_the_papers_of_a_destruction(embedded: Archive) -> None:
    archive = ready(embedded)
    due(archive)
    batch = executed(archive)
    papers = show_batch(who(archive, "pelaksana"), archive, batch).papers
    assert set(papers) == {"proposal", "opinion", "request", "done_list", "minutes"}
    for kind, record in papers.items():
        draft = draft_paper(who(archive, "pelaksana"), archive, batch, kind)
        assert draft.name.endswith(".docx")
        require_same(draft.content, kept(archive, record, "pelaksana"))
        assert drafted(archive, record) == ["record.drafted"]
    for name in ("official-bappeda", "admin"):
        with pytest.raises(NotFound):
            draft_paper(who(archive, name), archive, batch, "minutes")
    with pytest.raises(NotFound):
        draft_paper(who(archive, "pelaksana"), archive, batch, "nirwana")


def test_the_papers_of_a_transfer_and_a_hand_over(embedded: Archive) -> None:
    archive = staffed(embedded)
    moved = listed_transfer(archive, *old_records(archive))
    given = decided_handover(archive, *old_records(archive, stem="Peraturan"))
    with pytest.raises(NotFound):
        draft_proceeding_paper(who(archive, "clerk-dinkes"), archive, given, "statement")
    draw_up(who(archive, "clerk-dinkes"), archive, given)
    for made in (moved, given):
        papers = show_proceeding(who(archive, "records"), archive, made).papers
        assert "minutes" in papers
        for kind, record in papers.items():
            draft = draft_proceeding_paper(who(archive, "clerk-dinkes"), archive, made, kind)
            require_same(draft.content, kept(archive, record, "clerk-dinkes"))
            assert drafted(archive, record) == ["record.drafted"]
        with pytest.raises(NotFound):
            draft_proceeding_paper(who(archive, "clerk-bappeda"), archive, made, "minutes")


def test_the_papers_of_a_digitisation(embedded: Archive) -> None:
    archive = with_pilot(embedded)
    with_checker(archive)
    made = checked(archive, scanned(archive, scan(seed=1), title="Kartu imunisasi", document_date=date(2019, 3, 4)))
    with pytest.raises(NotFound):
        draft_digitisation_paper(who(archive, OPERATOR), archive, made, "minutes")
    close_digitisation(who(archive, OPERATOR), archive, made, "000.5.7/12/2026", SIGNERS)
    settle(archive)
    papers = show_digitisation(who(archive, OPERATOR), archive, made).papers
    assert set(papers) == {"list", "minutes"}
    for kind, record in papers.items():
        draft = draft_digitisation_paper(who(archive, OPERATOR), archive, made, kind)
        assert draft.name == {"list": "daftar-arsip-alih-media.docx", "minutes": "berita-acara-alih-media.docx"}[kind]
        require_same(draft.content, kept(archive, record, OPERATOR))
        assert drafted(archive, record) == ["record.drafted"]
    for name in ("clerk-bappeda", "official-bappeda", "admin"):
        with pytest.raises((NotFound, NotPermitted)):
            draft_digitisation_paper(who(archive, name), archive, made, "minutes")


def test_drafts_by_command(embedded: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The very file of the page; nothing is written of what is not there, or not for that person."""
    archive = staffed(embedded)
    made = listed_transfer(archive, *old_records(archive))
    settle(archive)
    console, out = Console(embedded.settings.storage.path.parent, capsys), tmp_path / "ba.docx"
    assert console("transfer", "draft", str(made), "minutes", "--as", "clerk-dinkes", "--output", out).status == 0
    draft = draft_proceeding_paper(who(archive, "clerk-dinkes"), archive, made, "minutes")
    assert words_of_docx(out.read_bytes()) == words_of_docx(draft.content)
    out.unlink()
    for person, paper in (("clerk-dinkes", "nirwana"), ("clerk-bappeda", "minutes"), ("clerk-dinkes", "receipt")):
        assert console("transfer", "draft", str(made), paper, "--as", person, "--output", out).status == 1
        assert not out.exists()


def text_of(level: Level, *, wide: bool = False) -> PaperText:
    head = {"organisation": "Kota", "office": "Dinas", "number": "1/2026", "level": level.value}
    rows = Rows(["No.", "Uraian"], [["1", "Surat \x07 & <tag>"]], (10, 90))
    return PaperText(head, "DAFTAR", MOMENT, (Words("Satu\nDua"), rows), wide)


def test_a_draft_bears_its_level_says_what_it_is_and_holds_nothing_else() -> None:
    content = paper_docx(text_of(Level.SECRET, wide=True))
    document = docx.Document(io.BytesIO(content))
    section = document.sections[0]
    assert [run.text for run in section.header.paragraphs[0].runs] == ["RAHASIA"]
    assert DRAFT in section.footer.paragraphs[0].text
    assert section.page_width is not None
    assert section.page_height is not None
    assert section.page_width > section.page_height
    assert "Surat ? & <tag>" in document.tables[0].rows[1].cells[1].text
    assert paper_pdf(text_of(Level.OPEN)) == paper_pdf(text_of(Level.OPEN)), "the same paper, the same bytes"
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        names = package.namelist()
        told = b"".join(package.read(name) for name in names if name.endswith((".xml", ".rels")))
    assert not [name for name in names if "vba" in name.lower() or "embed" in name.lower()]
    assert b'TargetMode="External"' not in told
    assert b"python-docx" not in told


@pytest.mark.skipif(
    shutil.which("soffice") is None,
    reason="LIBREOFFICE IS ABSENT: no office program reads a draft (apt-get install libreoffice-writer-nogui)",
)
def test_an_office_program_reads_the_same_words(tmp_path: Path) -> None:
    text = text_of(Level.RESTRICTED)
    (tmp_path / "konsep.docx").write_bytes(paper_docx(text))
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    done = asked(
        "soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", tmp_path, tmp_path / "konsep.docx"
    )
    assert done.returncode == 0
    printed = "".join(words_of_pdf((tmp_path / "konsep.pdf").read_bytes()))
    assert [word for word in words_of_docx(paper_docx(text)) if word not in printed] == []
    assert "TERBATAS" in printed
