"""Papers of the office as PDF, in Indonesian: heading, level, numbered lines, digests, who signs. Same in, same out."""

from fpdf import FPDF
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from edms.records.office_text import LEVELS, RED, SIGNED_BY, Digests, Pairs, PaperText, Part, Rows, Signers, Words
from edms.records.pdf_letters import FONT, add_letters, shown
from edms.signing.personal_mark import HEIGHT, WIDTH

_MM = 25.4 / 72
_GAP, _EDGE = 8, 28  # points, as the fields of signatures are placed


def paper_pdf(text: PaperText) -> bytes:
    """Return the paper as it is kept and signed."""
    paper = _OfficePaper(text)
    paper.heading()
    for part in text.parts:
        paper.put(part)
    return bytes(paper.output())


class _OfficePaper(FPDF):
    """A paper of the office: the level at the upper left of each page (R20), its number at the foot."""

    def __init__(self, text: PaperText) -> None:
        super().__init__(orientation="landscape" if text.wide else "portrait", format="A4")
        self._text = text
        self.set_creation_date(text.made_at)
        self.set_producer("edms")
        self.set_title(f"{text.title} {text.head['number']}")
        self.set_lang("id")
        self.set_margins(20, 18, 20)
        self.set_auto_page_break(True, 18)
        self._known = add_letters(self)
        self.alias_nb_pages()
        self.add_page()

    def header(self) -> None:
        level = self._text.head["level"]
        if level in LEVELS:
            self.set_font(FONT, size=9)
            self.set_text_color(190 if level in RED else 0, 0, 0)
            self.text(20, 12, LEVELS[level])
            self.set_text_color(0)

    def footer(self) -> None:
        self.set_font(FONT, size=7.5)
        self.set_xy(20, -12)
        told = self._text.name
        self.cell(self.epw - 40, 4, self._clean(told if len(told) < 110 else told[:109] + "…"))
        self.set_xy(-60, -12)
        self.cell(40, 4, f"Halaman {self.page_no()} dari {{nb}}", align="R")

    def heading(self) -> None:
        head = self._text.head
        for size, text in ((11, head["organisation"]), (11, head["office"]), (14, self._text.title),
                           (10, f"Nomor {head['number']}")):  # fmt: skip
            self.set_font(FONT, size=size)
            self.multi_cell(0, size * 0.55, self._clean(text), align="C", new_x="LMARGIN", new_y="NEXT")
        self.ln(2)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.ln(4)

    def put(self, part: Part) -> None:
        if isinstance(part, Words):
            self._words(part.text, part.size)
        elif isinstance(part, Pairs):
            self._pairs(part)
        elif isinstance(part, Digests):
            self._digests(part)
        elif isinstance(part, Rows):
            self._rows(part)
        else:
            self._signers(part)

    def _clean(self, text: str) -> str:
        return shown(text, self._known)

    def _words(self, text: str, size: float = 10) -> None:
        self.set_font(FONT, size=size)
        self.multi_cell(0, size * 0.5, self._clean(text), new_x="LMARGIN", new_y="NEXT")
        self.ln(1.5)

    def _pairs(self, part: Pairs) -> None:
        self.set_font(FONT, size=9.5)
        with self.table(
            col_widths=(8, 46, 116), line_height=4.8, padding=1, first_row_as_headings=False,
            borders_layout=TableBordersLayout.NONE, text_align=("LEFT", "LEFT", "LEFT"),
        ) as table:  # fmt: skip
            for number, (label, text) in enumerate(part.lines, 1):
                table.row([f"{number}.", label, self._clean(text)])
        self.ln(3)

    def _digests(self, part: Digests) -> None:
        self.set_font(FONT, size=7.5)
        for name, digest in part.hashes.items():
            self.cell(26, 4.4, name)
            self.cell(0, 4.4, f"SHA-256 {digest}", new_x="LMARGIN", new_y="NEXT")
        self.ln(3)

    def _rows(self, part: Rows) -> None:
        self.set_font(FONT, size=part.size)
        places = tuple("CENTER" if at in part.centred else "LEFT" for at in range(len(part.columns)))
        with self.table(
            col_widths=tuple(part.widths), line_height=part.line_height, padding=part.padding, repeat_headings=1,
            borders_layout=TableBordersLayout.ALL, text_align=places,
            headings_style=FontFace(emphasis="", fill_color=(236, 240, 243)),
        ) as table:  # fmt: skip
            table.row(list(part.columns))
            for row in part.rows:
                table.row([self._clean(cell) for cell in row])
        self.ln(4)

    def _signers(self, part: Signers) -> None:
        """Who signs, in order, and below it on the last page the room that their fields take."""
        count = len(part.people)
        in_row = max(1, int((self.w / _MM - 2 * _EDGE + _GAP) // (WIDTH + _GAP)))
        rows = -(-count // in_row)
        room = (_EDGE + rows * (HEIGHT + _GAP)) * _MM
        names = 6.0 + 5.2 * count
        if self.get_y() + names > self.h - room - 4:
            self.add_page()
        self._words(SIGNED_BY)
        for line in part.lines:
            self._words(line, 9)
