"""Papers of the office as editable DOCX: the same words as the PDF, for an office that puts them in its own form.

A draft is evidence of nothing and says so at its foot; what is kept and signed is the PDF. Nothing in the file names
who asked for it, and it is made of no template from outside: no macros, no links, no fields that fetch anything.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

from edms.access.policy import Action
from edms.operation.door import Operation
from edms.records.disclosures import DRAFTED
from edms.records.model import Record
from edms.records.office_text import LEVELS, RED, SIGNED_BY, Digests, Pairs, PaperText, Part, Rows, Signers, Words
from edms.records.visible import facts_for

DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
DRAFT = "Konsep yang dapat disunting. Yang berlaku sebagai bukti adalah PDF yang disegel dan ditandatangani."
_A4 = (210, 297)  # millimetres
_NO_SPACE, _PAIRS = Pt(0), (8, 46, 116)


@dataclass(frozen=True)
class NamedDraft:
    """A draft, and the name that its file bears."""

    name: str
    content: bytes


def draft_of(operation: Operation, record: Record, text: PaperText, stem: str) -> NamedDraft:
    """Return the draft of a paper that is kept as `record`, after the decision on that record; the event says so.

    The words of a paper leave the archive unmarked, so that it takes what its original takes. Raises NotFound.
    """
    operation.about("record", record.id, DRAFTED)
    operation.decide(facts_for(operation, record), Action.RECORD_DOWNLOAD_ORIGINAL)
    return NamedDraft(f"{stem}.docx", paper_docx(text))


def paper_docx(text: PaperText) -> bytes:
    """Return the paper as a DOCX."""
    document = docx.Document()
    _prepare(document, text)
    _heading(document, text)
    for part in text.parts:
        _put(document, part)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _prepare(document: Document, text: PaperText) -> None:
    """The sheet, its level above (R20), and at its foot what it is."""
    section = document.sections[0]
    short, long = Mm(_A4[0]), Mm(_A4[1])
    section.orientation = WD_ORIENT.LANDSCAPE if text.wide else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (long, short) if text.wide else (short, long)
    section.left_margin = section.right_margin = Mm(20)
    section.top_margin = section.bottom_margin = Mm(18)
    normal = document.styles["Normal"]
    assert isinstance(normal, ParagraphStyle)
    normal.font.name, normal.font.size = "Noto Sans", Pt(10)
    normal.paragraph_format.space_after = Pt(4)
    language = normal.element.get_or_add_rPr()
    lang = language.makeelement(qn("w:lang"), {qn("w:val"): "id-ID"})
    language.append(lang)
    level = text.head["level"]
    if level in LEVELS:
        mark = section.header.paragraphs[0].add_run(LEVELS[level])
        mark.font.size, mark.bold = Pt(9), True
        if level in RED:
            mark.font.color.rgb = RGBColor(190, 0, 0)
    foot = section.footer.paragraphs[0].add_run(f"{_clean(text.name)}\n{DRAFT}")
    foot.font.size = Pt(7.5)
    about = document.core_properties
    about.author, about.last_modified_by, about.comments = "edms", "edms", ""
    about.title, about.language = _clean(f"{text.title} {text.head['number']}")[:255], "id-ID"
    about.created = about.modified = _utc(text.made_at)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)


def _heading(document: Document, text: PaperText) -> None:
    head = text.head
    for size, words in ((11, head["organisation"]), (11, head["office"]), (14, text.title),
                        (10, f"Nomor {head['number']}")):  # fmt: skip
        line = _written(document.add_paragraph(), words, size)
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
        line.paragraph_format.space_after = _NO_SPACE
    line.paragraph_format.space_after = Pt(12)


def _put(document: Document, part: Part) -> None:
    if isinstance(part, Words):
        _written(document.add_paragraph(), part.text, part.size)
    elif isinstance(part, Pairs):
        lines = [(f"{number}.", label, told) for number, (label, told) in enumerate(part.lines, 1)]
        _table(document, lines, _PAIRS, 9.5)
    elif isinstance(part, Digests):
        for name, digest in part.hashes.items():
            _written(document.add_paragraph(), f"{name}\tSHA-256 {digest}", 7.5)
    elif isinstance(part, Rows):
        _table(document, [tuple(part.columns), *(tuple(row) for row in part.rows)], tuple(part.widths), part.size,
               style="Table Grid")  # fmt: skip
    else:
        _signers(document, part)


def _signers(document: Document, part: Signers) -> None:
    opening = _written(document.add_paragraph(), SIGNED_BY, 10)
    opening.paragraph_format.keep_with_next = True
    for line in part.lines:
        _written(document.add_paragraph(), line, 9)


def _table(
    document: Document, rows: Sequence[tuple[str, ...]], widths: tuple[int, ...], size: float, style: str = ""
) -> None:
    """A table; with a style, its first row is the heading and is repeated on each page."""
    table = document.add_table(rows=0, cols=len(widths), style=style or None)
    table.autofit = False
    for number, cells in enumerate(rows):
        row = table.add_row()
        for cell, words, width in zip(row.cells, cells, widths, strict=True):
            cell.width = Mm(width)
            line = _written(cell.paragraphs[0], words, size)
            line.paragraph_format.space_after = _NO_SPACE
        if style and not number:
            properties = row._tr.get_or_add_trPr()
            properties.append(properties.makeelement(qn("w:tblHeader"), {}))
    document.add_paragraph().paragraph_format.space_after = _NO_SPACE


def _written(line: Paragraph, words: str, size: float) -> Paragraph:
    line.add_run(_clean(words)).font.size = Pt(size)
    return line


def _clean(text: str) -> str:
    """What XML can carry; a control character would make the file one that no office program opens."""
    return "".join(letter if letter in "\n\t" or letter.isprintable() else "?" for letter in text)
