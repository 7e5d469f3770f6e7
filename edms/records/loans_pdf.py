"""The out-indicator (tanda keluar arsip) that stands in the place of a paper while it is lent: one page, A5 across.

It stands on a shelf where many pass: of a record above "open" it says number, class and place, and not what it is about
or what it is wanted for.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from fpdf import FPDF

from edms.access.levels import Level
from edms.records.copy_marks import LEVEL_WORDS
from edms.records.pdf_letters import FONT, add_letters, shown
from edms.retention.explain import day

_RED = (Level.SECRET, Level.TOP_SECRET)
_A5 = (148, 210)  # millimetres


@dataclass(frozen=True)
class Slip:
    """What the out-indicator says."""

    archive: str
    office: str
    record: str
    title: str
    number: str
    class_code: str
    level: Level
    place: str
    borrower: str
    borrower_office: str
    purpose: str
    lent_by: str
    lent_at: datetime
    due_on: date
    zone: str


def slip_pdf(slip: Slip) -> bytes:
    """Return the slip, in Indonesian with the words in English beside them. The same loan gives the same bytes."""
    paper = FPDF(orientation="landscape", format=_A5)
    paper.set_creation_date(slip.lent_at)
    paper.set_producer("edms")
    paper.set_title("Tanda keluar arsip")
    paper.set_lang("id")
    paper.set_auto_page_break(False)
    known = add_letters(paper)
    paper.add_page()
    if slip.level in LEVEL_WORDS:
        paper.set_text_color(176 if slip.level in _RED else 0, 0, 0)
        paper.set_font(FONT, size=12)
        paper.text(12, 13, LEVEL_WORDS[slip.level])
        paper.set_text_color(0)
    paper.set_y(16)
    for size, words in ((10, slip.archive), (10, slip.office), (20, "TANDA KELUAR ARSIP"), (10, "Out indicator")):
        paper.set_font(FONT, size=size)
        paper.cell(0, size * 0.5, _fitting(paper, shown(words, known)), align="C", new_x="LMARGIN", new_y="NEXT")
    paper.ln(3)
    for words, told in _lines(slip):
        paper.set_font(FONT, size=8.5)
        paper.cell(52, 6.4, words)
        paper.set_font(FONT, size=10)
        paper.cell(0, 6.4, _fitting(paper, shown(told.replace("\n", " ") or "—", known)), new_x="LMARGIN", new_y="NEXT")
    _signed(paper)
    return bytes(paper.output())


def _lines(slip: Slip) -> list[tuple[str, str]]:
    local = slip.lent_at.astimezone(ZoneInfo(slip.zone))
    is_open = slip.level is Level.OPEN
    return [
        ("Tempat / Place", slip.place),
        ("Klasifikasi / Class", slip.class_code),
        ("Nomor / Number", slip.number),
        *([("Uraian / Title", slip.title)] if is_open else []),
        ("Peminjam / Borrower", slip.borrower),
        ("Unit kerja / Office", slip.borrower_office),
        *([("Keperluan / Purpose", slip.purpose)] if is_open else []),
        ("Dipinjam / Lent", f"{day(local.date(), 'id')} {local:%H.%M %Z}, {slip.lent_by}"),
        ("Kembali / Due", day(slip.due_on, "id")),
        ("Arsip / Record", slip.record),
    ]


def _signed(paper: FPDF) -> None:
    """Places to sign by hand, when it goes and when it comes back."""
    paper.set_font(FONT, size=8)
    for left, words in ((12, "Peminjam / Borrower"), (78, "Yang menyerahkan / Handed out by"),
                        (144, "Diterima kembali / Taken back by")):  # fmt: skip
        paper.line(left, 138, left + 54, 138)
        paper.text(left, 142, words)


def _fitting(paper: FPDF, text: str) -> str:
    """As much of a text as there is room for in its line."""
    room = paper.w - paper.r_margin - paper.get_x() - 2
    if paper.get_string_width(text) <= room:
        return text
    while text and paper.get_string_width(text + "…") > room:
        text = text[:-1]
    return text + "…"
