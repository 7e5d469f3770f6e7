"""Office files, mail and plain files. Same input, same bytes: times inside packages are fixed."""

import csv
import io
import re
import zipfile
from email.message import EmailMessage
from email.policy import SMTP

from docx import Document as Word
from odf.opendocument import OpenDocumentText
from odf.text import H, P
from openpyxl import Workbook

from tools.sample_archive.model import FIXED_TIME, Document, long_date
from tools.sample_archive.pages import letter

_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*<")
_ZIP_TIME = (2026, 1, 5, 8, 0, 0)


def docx(document: Document) -> bytes:
    word = Word()
    word.core_properties.created = word.core_properties.modified = FIXED_TIME
    word.core_properties.author = document.sender
    word.core_properties.title = document.title
    word.add_heading(document.title, level=1)
    word.add_paragraph(
        f"Nomor: {document.number}\nTanggal: {long_date(document.on)}\nDari: {document.sender}\nKepada: {document.recipient}"
    )
    for paragraph in document.body:
        word.add_paragraph(paragraph)
    if document.table:
        table = word.add_table(rows=0, cols=len(document.table[0]), style="Table Grid")
        for row in document.table:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
    word.add_paragraph(f"\n{document.signer[0]}\n{document.signer[1]}")
    word.sections[0].footer.paragraphs[0].text = f"{document.number} - Kota Tirta Kencana"
    out = io.BytesIO()
    word.save(out)
    return _steady(out.getvalue())


def xlsx(document: Document) -> bytes:
    book = Workbook()
    book.properties.created = book.properties.modified = FIXED_TIME
    sheet = book.active
    assert sheet is not None
    sheet.title = "Data"
    sheet.append([document.title])
    sheet.append([f"Nomor {document.number}, {long_date(document.on)}"])
    for paragraph in document.body:
        sheet.append([paragraph])
    for row in document.table:
        sheet.append([int(cell) if cell.isdigit() else cell for cell in row])
    sheet.column_dimensions["A"].width = 34
    out = io.BytesIO()
    book.save(out)
    return _steady(out.getvalue())


def odt(document: Document) -> bytes:
    text = OpenDocumentText()
    text.meta.childNodes.clear()
    text.text.addElement(H(outlinelevel=1, text=document.title))
    for paragraph in (f"{document.sender}, {long_date(document.on)}", *document.body, "\n".join(document.signer)):
        text.text.addElement(P(text=paragraph))
    out = io.BytesIO()
    text.write(out)
    return _steady(out.getvalue())


def eml(document: Document) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = f"{document.sender} <surat@tirtakencana.example>"
    message["To"] = f"{document.recipient} <tujuan@tirtakencana.example>"
    message["Subject"] = document.title
    message["Date"] = document.on.strftime("%a, %d %b %Y 08:00:00 +0700")
    message["Message-ID"] = f"<{document.file}@tirtakencana.example>"
    message.set_content("\n\n".join((*document.body, f"Hormat kami,\n{document.signer[1]}")), cte="8bit")
    if document.extra["attachment"] == "xlsx":
        message.add_attachment(
            xlsx(document),
            maintype="application",
            subtype="vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            filename="format-data.xlsx",
        )
    else:
        message.add_attachment(letter(document), maintype="application", subtype="pdf", filename="surat-undangan.pdf")
    message.set_boundary("=-sample-archive")
    return message.as_bytes()


def txt(document: Document) -> bytes:
    return "\n\n".join(
        (document.title, f"{document.number}, {long_date(document.on)}", *document.body, document.signer[1])
    ).encode()


def csv_file(document: Document) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(document.table)
    return out.getvalue().encode()


def _steady(package: bytes) -> bytes:
    """Write a zip package anew with fixed times, keeping its order."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.infolist():
            steady = zipfile.ZipInfo(entry.filename, _ZIP_TIME)
            steady.compress_type = entry.compress_type
            content = _MODIFIED.sub(rb"\g<1>2026-01-05T08:00:00Z<", source.read(entry))
            target.writestr(steady, content, compresslevel=9)
    return out.getvalue()
