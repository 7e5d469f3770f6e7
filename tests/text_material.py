"""Files in real formats for tests of reading: made by the libraries that offices' programs are like, never by ours."""

import io
import zipfile
from email.message import EmailMessage

import docx
import openpyxl
import pikepdf
from fpdf import FPDF
from odf.opendocument import OpenDocumentText
from odf.text import H, P
from PIL import Image, ImageDraw, ImageFont

DPI = 150
A4 = (1240, 1754)


def picture(text: str, points: int = 34) -> Image.Image:
    """An A4 page at 150 dpi with `text`, as a scanner makes it."""
    page = Image.new("L", A4, 255)
    ImageDraw.Draw(page).multiline_text((120, 140), text, fill=0, font=ImageFont.load_default(points), spacing=18)
    return page


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The picture as a file of `kind`: PNG, JPEG or TIFF."""
    out = io.BytesIO()
    image.save(out, kind, dpi=(DPI, DPI), **options)
    return out.getvalue()


def tiff(*pages: Image.Image) -> bytes:
    """A TIFF of several pages, bilevel and G4 as office scanners write it."""
    out = io.BytesIO()
    first, *others = [page.convert("1") for page in pages]
    first.save(out, "TIFF", save_all=True, append_images=others, compression="group4", dpi=(DPI, DPI))
    return out.getvalue()


class Paper:
    """A PDF made page by page: text, scans, and both."""

    def __init__(self) -> None:
        self._document = FPDF(format="A4", unit="mm")
        self._document.set_auto_page_break(False)
        self._document.set_font("helvetica", size=12)

    def text(self, words: str) -> "Paper":
        self._document.add_page()
        self._document.multi_cell(0, 8, words)
        return self

    def scan(self, image: Image.Image, stamp: str = "", strips: int = 1) -> "Paper":
        """A page that is one picture, or `strips` of it, with a line of real text on it if wanted."""
        self._document.add_page()
        height = image.height // strips
        for number in range(strips):
            piece = image.crop((0, number * height, image.width, (number + 1) * height))
            self._document.image(piece, 0, number * 297 / strips, 210, 297 / strips)
        if stamp:
            self._document.set_xy(10, 285)
            self._document.cell(0, 6, stamp)
        return self

    def bytes(self) -> bytes:
        return bytes(self._document.output())


def word_document() -> bytes:
    """A DOCX with heading, paragraph, table, header and footer."""
    document = docx.Document()
    document.add_heading("Standar Pelayanan Kearsipan", 1)
    document.add_paragraph("Petugas melayani peminjaman arsip inaktif.")
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Depo", "Lemari besi"
    document.sections[0].header.paragraphs[0].text = "Kop Dinas Perpustakaan"
    document.sections[0].footer.paragraphs[0].text = "Halaman belakang"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def workbook() -> bytes:
    """An XLSX of two sheets."""
    book = openpyxl.Workbook()
    first = book.active
    first.title = "Realisasi"
    first.append(["Belanja modal", 1250000, None, "terserap"])
    second = book.create_sheet("Sisa")
    second.append(["Kekurangan volume"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def open_document() -> bytes:
    """An ODT with a heading and a paragraph."""
    document = OpenDocumentText()
    document.text.addElement(H(outlinelevel=1, text="Pidato Wali Kota"))
    document.text.addElement(P(text="Hari jadi ke dua ratus."))
    out = io.BytesIO()
    document.write(out)
    return out.getvalue()


def message(*attachments: tuple[str, bytes], body: str = "Mohon hadir tepat waktu.") -> bytes:
    """A mail message as mail programs write it."""
    mail = EmailMessage()
    mail["From"], mail["To"] = "Rina Kusumawardhani <rina@dinkes.example>", "arsip@setda.example"
    mail["Subject"] = "Undangan sosialisasi — gelombang dua"
    mail["Date"] = "Mon, 02 Mar 2026 09:00:00 +0700"
    mail.set_content(body)
    for name, content in attachments:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def zipped(**entries: bytes) -> bytes:
    """A zip whose entry names are the keywords, with `__` for a slash and `_` for the dot before the extension."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in entries.items():
            package.writestr(name.replace("__", "/").replace("_", "."), content)
    return out.getvalue()


def word_document_of(body: bytes) -> bytes:
    """A DOCX package whose body is `body`, whatever that is."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word_document())) as whole, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for entry in whole.infolist():
            made.writestr(entry, body if entry.filename == "word/document.xml" else whole.read(entry))
    return out.getvalue()


def many_pages(count: int) -> bytes:
    """A PDF of `count` empty pages, all children of one node: cheap to write, dear to a program that visits each."""
    out = io.BytesIO(b"")
    out.write(b"%PDF-1.4\n")
    offsets = []
    kids = b" ".join(b"%d 0 R" % (number + 3) for number in range(count))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids)]
    objects += [b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"] * count
    for number, content in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj%s endobj\n" % (number, content))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (count + 3))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (count + 3, start))
    return out.getvalue()


def without_map(content: bytes) -> bytes:
    """The PDF with its fonts' maps to characters replaced by one to private ones: it looks right and spells nothing."""
    head = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n1 begincodespacerange\n<00> <ff>\n"
    ranges = b"endcodespacerange\n1 beginbfrange\n<00> <ff> <e000>\nendbfrange\nendcmap end end"
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as document:
        for font in document.pages[0].Resources.Font.values():
            font.ToUnicode = document.make_stream(head + ranges)
        document.save(out)
    return out.getvalue()
