"""Papers of the office as PDF, in Indonesian: heading, level, numbered lines, digests, who signs. Same in, same out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fpdf import FPDF
from fpdf.enums import TableBordersLayout

from edms.records.pdf_letters import FONT, add_letters, shown
from edms.signing.personal_mark import HEIGHT, WIDTH

DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
_LEVELS = {"restricted": "TERBATAS", "secret": "RAHASIA", "top_secret": "SANGAT RAHASIA"}
_RED = ("secret", "top_secret")
_MM = 25.4 / 72
_GAP, _EDGE = 8, 28  # points, as the fields of signatures are placed


class OfficePaper(FPDF):
    """A paper of the office under `head`: the level at the upper left of each page (R20), its number at the foot."""

    def __init__(self, head: Mapping[str, Any], title: str, made_at: datetime, orientation: str) -> None:
        super().__init__(orientation=orientation, format="A4")
        self._head, self._title = head, title
        self.set_creation_date(made_at)
        self.set_producer("edms")
        self.set_title(f"{title} {head['number']}")
        self.set_lang("id")
        self.set_margins(20, 18, 20)
        self.set_auto_page_break(True, 18)
        self._known = add_letters(self)
        self.alias_nb_pages()
        self.add_page()

    def header(self) -> None:
        level = self._head["level"]
        if level in _LEVELS:
            self.set_font(FONT, size=9)
            self.set_text_color(190 if level in _RED else 0, 0, 0)
            self.text(20, 12, _LEVELS[level])
            self.set_text_color(0)

    def footer(self) -> None:
        self.set_font(FONT, size=7.5)
        self.set_xy(20, -12)
        told = f"{self._title} Nomor {self._head['number']}"
        self.cell(self.epw - 40, 4, self.clean(told if len(told) < 110 else told[:109] + "…"))
        self.set_xy(-60, -12)
        self.cell(40, 4, f"Halaman {self.page_no()} dari {{nb}}", align="R")

    def clean(self, text: str) -> str:
        return shown(text, self._known)

    def heading(self) -> None:
        for size, text in ((11, self._head["organisation"]), (11, self._head["office"]), (14, self._title),
                           (10, f"Nomor {self._head['number']}")):  # fmt: skip
            self.set_font(FONT, size=size)
            self.multi_cell(0, size * 0.55, self.clean(text), align="C", new_x="LMARGIN", new_y="NEXT")
        self.ln(2)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.ln(4)

    def words(self, text: str, size: float = 10) -> None:
        self.set_font(FONT, size=size)
        self.multi_cell(0, size * 0.5, self.clean(text), new_x="LMARGIN", new_y="NEXT")
        self.ln(1.5)


def pairs(paper: OfficePaper, told: Sequence[tuple[str, str]]) -> None:
    """Numbered lines of a name and what is said of it."""
    paper.set_font(FONT, size=9.5)
    with paper.table(
        col_widths=(8, 46, 116), line_height=4.8, padding=1, first_row_as_headings=False,
        borders_layout=TableBordersLayout.NONE, text_align=("LEFT", "LEFT", "LEFT"),
    ) as table:  # fmt: skip
        for number, (label, text) in enumerate(told, 1):
            table.row([f"{number}.", label, paper.clean(text)])
    paper.ln(3)


def hashes_told(paper: OfficePaper, hashes: Mapping[str, str]) -> None:
    """Digests of files that go with the paper."""
    paper.set_font(FONT, size=7.5)
    for name, digest in hashes.items():
        paper.cell(26, 4.4, name)
        paper.cell(0, 4.4, f"SHA-256 {digest}", new_x="LMARGIN", new_y="NEXT")
    paper.ln(3)


def signatories(paper: OfficePaper, signers: Sequence[Mapping[str, str]]) -> None:
    """Who signs, in order, and below it on the last page the room that their fields take."""
    in_row = max(1, int((paper.w / _MM - 2 * _EDGE + _GAP) // (WIDTH + _GAP)))
    rows = -(-len(signers) // in_row)
    room = (_EDGE + rows * (HEIGHT + _GAP)) * _MM
    names = 6.0 + 5.2 * len(signers)
    if paper.get_y() + names > paper.h - room - 4:
        paper.add_page()
    paper.words("Ditandatangani secara elektronik, berturut-turut oleh:")
    for number, one in enumerate(signers, 1):
        paper.words(f"{number}. {one['name']}, {one['position']} ({one['capacity']})", 9)
