"""What screening finds in files of each kind; files within files; bad text layers; languages."""

import io
import random
import zipfile

import docx
import pikepdf
import pytest
from archive_fixtures import pdf
from text_material import message, word_document

from edms.records.archive import Archive
from edms.text.language import language_of
from edms.text.legibility import illegible
from edms.text.names import contradicts
from edms.text.types import Reading

LETTER = (
    "Dengan hormat, bersama ini kami sampaikan undangan rapat koordinasi pengendalian arsip yang akan diadakan pada "
    "hari Senin di ruang rapat dinas untuk membahas rencana kerja tahun depan dan hal lain yang dianggap perlu oleh "
    "para pejabat. Kepada saudara yang tidak dapat hadir agar menunjuk wakil dan memberitahukan nama wakil itu kepada "
    "kami. "
)


def read(archive: Archive, content: bytes) -> Reading:
    return archive.reader.read(io.BytesIO(content), "x")


def with_relation(kind: str, external: bool = True) -> bytes:
    """A DOCX with one more relationship."""
    mode = ' TargetMode="External"' if external else ""
    one = (
        '<Relationship Id="rIdX" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        f'{kind}" Target="https://elsewhere.example/x"{mode}/></Relationships>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word_document())) as whole, zipfile.ZipFile(out, "w") as made:
        for entry in whole.infolist():
            content = whole.read(entry)
            if entry.filename == "word/_rels/document.xml.rels":
                content = content.replace(b"</Relationships>", one.encode())
            made.writestr(entry, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "flags"),
    [
        ("attachedTemplate", {"remote_template"}),
        ("oleObject", {"remote_template"}),
        ("frame", {"remote_template"}),
        ("image", {"external_links"}),
        ("hyperlink", set()),
    ],
)
def test_what_a_word_document_loads_from_elsewhere(shared_parsers: Archive, kind: str, flags: set[str]) -> None:
    reading = read(shared_parsers, with_relation(kind))
    assert reading.problem is None
    assert reading.flags == flags


RTF = {
    "object": (rb"{\rtf1 Isi {\object\objemb{\*\objdata 0105}} surat}", {"embedded_objects"}),
    "updating object": (rb"{\rtf1 Isi {\object\objautlink\objupdate{\*\objdata 0105}}}",
                        {"embedded_objects", "remote_template"}),
    "template": (rb"{\rtf1 {\*\template https://elsewhere.example/t.dotx} Isi}", {"remote_template"}),
    "picture": (rb'{\rtf1 {\field{\*\fldinst INCLUDEPICTURE "https://elsewhere.example/p.png"}} Isi}',
                {"external_links"}),
    "plain": (rb"{\rtf1\ansi Isi surat biasa}", set()),
}  # fmt: skip


@pytest.mark.parametrize("name", RTF)
def test_what_a_rich_text_loads_or_runs(shared_parsers: Archive, name: str) -> None:
    content, flags = RTF[name]
    reading = read(shared_parsers, content)
    assert (reading.problem, set(reading.flags)) == (None, flags)
    assert "Isi" in reading.pages[0].text


def test_a_page_that_fetches_is_flagged_and_a_link_is_none(shared_parsers: Archive) -> None:
    fetching = b"<html><body><img src='//elsewhere.example/p.png'>Isi</body></html>"
    assert read(shared_parsers, fetching).flags == {"external_links"}
    assert read(shared_parsers, b"<html><body><a href='https://elsewhere.example'>Isi</a></body></html>").flags == set()


def launching(kind: str) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf(LETTER))) as document:
        action = pikepdf.Dictionary(S=pikepdf.Name(kind), F="x", D="y", JS="1", URI="https://x.example")
        note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=action)
        document.pages[0].Annots = document.make_indirect([document.make_indirect(note)])
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "flag"),
    [("/Launch", "launch"), ("/GoToR", "external_links"), ("/SubmitForm", "external_links"),
     ("/JavaScript", "javascript"), ("/URI", "")],
)  # fmt: skip
def test_what_a_link_in_a_pdf_does_is_seen_although_it_is_packed(shared_parsers: Archive, kind: str, flag: str) -> None:
    flags = read(shared_parsers, launching(kind)).flags
    assert (flag in flags) if flag else not flags & {"launch", "external_links", "open_action"}


def test_names_in_hexadecimal_hide_nothing(shared_parsers: Archive) -> None:
    hidden = launching("/Launch")
    plain = io.BytesIO()
    with pikepdf.open(io.BytesIO(hidden)) as document:
        document.save(plain, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    spelt = plain.getvalue().replace(b"/Launch", b"/#4caunch")
    assert "launch" in read(shared_parsers, spelt).flags


def test_a_pdf_that_opens_at_its_first_page_does_nothing_by_itself(shared_parsers: Archive) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf(LETTER))) as document:
        document.Root.OpenAction = pikepdf.Array([document.pages[0].obj, pikepdf.Name.Fit])
        document.save(out)
    assert "open_action" not in read(shared_parsers, out.getvalue()).flags


def test_a_pdf_that_is_a_zip_too_is_told_and_an_attached_document_is_not(shared_parsers: Archive) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as made:
        made.writestr("x.txt", "isi")
    assert "polyglot" in shared_parsers.reader.identify(io.BytesIO(pdf(LETTER) + package.getvalue())).flags
    out, letter = io.BytesIO(), word_document()  # made once: a second one is dated otherwise
    with pikepdf.open(io.BytesIO(pdf(LETTER))) as document:
        document.attachments["surat.docx"] = letter
        document.save(out, compress_streams=False)
    reading = read(shared_parsers, out.getvalue())
    assert "polyglot" not in reading.identification.flags
    (attached,) = reading.attachments
    assert (attached.name, attached.content) == ("surat.docx", letter)
    assert any("arsip inaktif" in page.text for page in reading.pages if page.part == 1)
    assert reading.page_count == 1


def test_files_within_files_are_taken_out_in_order_and_to_the_depth_allowed(shared_parsers: Archive) -> None:
    mail = message(("dalam.pdf", pdf("paling dalam")))
    for number in range(6):
        mail = message((f"lapis{number}.eml", mail), ("ganda.txt", b"isi"))
    reading = read(shared_parsers, mail)
    depth = shared_parsers.settings.text.max_archive_depth
    assert {one.parent for one in reading.attachments} == {0, *range(1, 2 * depth, 2)} - {2 * depth - 1}
    assert len(reading.attachments) == 2 * depth
    assert {"embedded_files", "unread_attachment"} <= reading.flags
    assert [one.position for one in reading.attachments] == list(range(1, 2 * depth + 1))


def test_too_many_attachments_stay_in_the_original(shared_parsers: Archive) -> None:
    most = shared_parsers.settings.text.max_attachments
    reading = read(shared_parsers, message(*[(f"{number}.txt", b"isi") for number in range(most + 5)]))
    assert len(reading.attachments) == most
    assert "unread_attachment" in reading.flags


def test_an_embedded_workbook_is_found_in_a_letter(shared_parsers: Archive) -> None:
    out = io.BytesIO()
    document = docx.Document()
    document.add_paragraph(LETTER)
    document.save(out)
    with zipfile.ZipFile(out, "a") as package:
        package.writestr("word/embeddings/Sheet1.docx", word_document())
    (attached,) = read(shared_parsers, out.getvalue()).attachments
    assert attached.name == "Sheet1.docx"


@pytest.mark.parametrize(
    ("name", "media_type", "lies"),
    [
        ("surat.pdf", "application/pdf", False), ("surat.pdf", "text/html", True), ("SURAT.PDF", "image/png", True),
        ("foto.jpg", "image/heic", False), ("tanpa", "application/pdf", False), ("x.zzz", "application/pdf", False),
        ("surat.docx", "application/octet-stream", False), ("surat.docx", "application/zip", True),
    ],
)  # fmt: skip
def test_names_are_held_against_the_content(name: str, media_type: str, lies: bool) -> None:
    assert contradicts(name, media_type) is lies


ENGLISH = "The office of the mayor has asked that all of the records be kept for as long as the law says they must be. "


@pytest.mark.parametrize(
    ("text", "language"),
    [(LETTER, "id"), (ENGLISH, "en"), (LETTER.upper(), "id"), ("12 / 34 / 56", ""), ("", ""),
     ("Le ministre de la justice a annoncé une réforme profonde du système judiciaire français hier soir", "other")],
    ids=["indonesian", "english", "capitals", "numbers", "empty", "french"],
)  # fmt: skip
def test_language(text: str, language: str) -> None:
    assert language_of(text) == language


def shifted(text: str, by: int) -> str:
    return "".join(chr((ord(char) - 97 + by) % 26 + 97) if "a" <= char <= "z" else char for char in text.lower())


@pytest.mark.parametrize("by", [1, 3, 5, 13])
@pytest.mark.parametrize("text", [LETTER * 2, ENGLISH * 6], ids=["indonesian", "english"])
def test_letters_that_stand_for_others_are_noticed(text: str, by: int) -> None:
    assert not illegible(text)
    assert illegible(shifted(text, by))


def test_characters_without_meaning_and_scraps_are_noticed() -> None:
    chance = random.Random(7)
    assert illegible("".join(chr(0xE000 + ord(char)) for char in LETTER))
    assert illegible("".join("\ufffd" if chance.random() < 0.2 else char for char in LETTER))
    assert illegible("".join(chance.choice(".,'|;:~-_!") if chance.random() < 0.5 else char for char in LETTER))


@pytest.mark.parametrize(
    "text",
    [
        "1.250.000 3.400.000 12/03/2026 005/1234/2023 " * 20,
        "Sekretaris DPRD, NPWP, NIK, KTP, BPJS, RSUD, SKPD, APBD, DPPKAD, LHKPN " * 8,
        "Nama ........................ Jabatan .................. NIP ..................... " * 4,
        "ㄱ\nㄲ\nㄳ\nㄴ\nㄵ\nㄶ\nㄷ\nㄸ\nㄹ\nㄺ\nㄻ\nㄼ\nㄽ\nㄾ\nㄿ\nㅀ\nㅁ\nㅂ\n" * 10,
        "公文書の管理に関する法律に基づき、次のとおり定める。" * 10,
        "",
    ],
    ids=["numbers", "abbreviations", "form", "jamo", "japanese", "empty"],
)
def test_what_is_no_prose_is_not_taken_for_noise(text: str) -> None:
    assert not illegible(text)
