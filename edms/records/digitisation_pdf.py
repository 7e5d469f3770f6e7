"""The papers of a digitisation as PDF, in Indonesian, in the form of the inspector's instrument (R51, R52): the list
(Daftar Arsip Alih Media) and the berita acara. The same row gives the same bytes.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from fpdf import FPDF
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from edms.digitisation.listing import COLUMNS
from edms.records.pdf_letters import FONT, add_letters, shown
from edms.retention.explain import day
from edms.signing.personal_mark import HEIGHT, WIDTH

_DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
_LEVELS = {"restricted": "TERBATAS", "secret": "RAHASIA", "top_secret": "SANGAT RAHASIA"}
_RED = ("secret", "top_secret")
_WIDTHS = (45, 16, 80, 36, 34, 66)
_MM = 25.4 / 72
_GAP, _EDGE = 8, 28  # points, as the fields of signatures are placed


class Paper(FPDF):
    """Pages with the level at the upper left (R20) and their number at the foot."""

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


def list_pdf(listed: Mapping[str, Any], hashes: Mapping[str, str], made_at: datetime) -> bytes:
    """Return the list: exactly the required columns, and the SHA-256 of the same list as JSON and as CSV."""
    paper = Paper(listed, "DAFTAR ARSIP ALIH MEDIA", made_at, "landscape")
    paper.heading()
    paper.set_font(FONT, size=8.5)
    with paper.table(
        col_widths=_WIDTHS, line_height=4.4, padding=1.2, repeat_headings=1, borders_layout=TableBordersLayout.ALL,
        text_align=("LEFT", "CENTER", "LEFT", "LEFT", "LEFT", "LEFT"),
        headings_style=FontFace(emphasis="", fill_color=(236, 240, 243)),
    ) as table:  # fmt: skip
        table.row([name.capitalize() for name in COLUMNS])
        for row in listed["rows"]:
            table.row([paper.clean(row[name]) for name in COLUMNS])
    paper.ln(4)
    paper.words(f"Jumlah: {listed['records']} berkas, {listed['pages']} halaman.", 9)
    paper.words("Daftar yang sama sebagai berkas yang dapat dibaca mesin:", 9)
    hash_lines(paper, hashes)
    return bytes(paper.output())


def minutes_pdf(listed: Mapping[str, Any], hashes: Mapping[str, str], made_at: datetime, closed_on: date) -> bytes:
    """Return the berita acara: what the inspector asks for, in that order, and room for the signatures at the end."""
    paper = Paper(listed, "BERITA ACARA ALIH MEDIA ARSIP", made_at, "portrait")
    paper.heading()
    paper.words(
        f"Pada hari ini, {_DAYS[closed_on.weekday()]}, tanggal {day(closed_on, 'id')}, bertempat di {listed['place']}, "
        f"yang bertanda tangan di bawah ini menyatakan bahwa telah dilaksanakan alih media arsip sebagai berikut:"
    )
    pairs_table(paper, _contents(listed, closed_on))
    paper.words(
        "Arsip asli tetap disimpan oleh unit pengolah. Hasil alih media telah diperiksa dan sesuai dengan arsip "
        "aslinya. Salinan autentik diberi tanda autentikasi dengan kode QR; hasil pindai semula tidak diubah."
    )
    paper.words("Daftar Arsip Alih Media yang menjadi bagian tidak terpisahkan dari berita acara ini:")
    hash_lines(paper, hashes)
    paper.words("Demikian berita acara ini dibuat untuk dipergunakan sebagaimana mestinya.")
    signatories(paper, listed["signers"])
    return bytes(paper.output())


def _contents(listed: Mapping[str, Any], closed_on: date) -> list[tuple[str, str]]:
    begun = date.fromisoformat(listed["begun_on"])
    when = day(begun, "id") if begun == closed_on else f"{day(begun, 'id')} s.d. {day(closed_on, 'id')}"
    scanners = sorted({
        f"{one['scanner']} (nomor seri {one['serial']}, optik {one['optical_dpi']} dpi"
        + (f", kalibrasi {day(date.fromisoformat(one['calibrated_on']), 'id')}" if one["calibrated_on"] else "")
        + (f"; {one['settings']}" if one["settings"] else "") + ")"
        for one in listed["scans"]
    })  # fmt: skip
    kinds = {"paper": "kertas", "map": "peta", "photo": "foto"}
    told = "; ".join(
        f"{kinds[kind]} {listed['standard'][f'{kind}_dpi']} dpi"
        for kind in sorted({one["kind"] for one in listed["scans"]})
    )
    process = [
        f"Sumber: {listed['source']}. Kondisi arsip asli: {listed['condition']}.",
        f"Alat: {'; '.join(scanners)}.",
        f"Resolusi paling sedikit: {told}, {listed['standard']['bits']} bit ({listed['standard']['rule']}).",
        f"Halaman dihitung {listed['counted']}, dipindai {listed['pages']}. "
        f"Pemeriksaan mutu: {listed['looked_at']} dari {listed['records']} berkas dilihat"
        + (", seluruhnya karena ada yang ditolak dan dipindai ulang." if listed["widened"] else "."),
        listed["process_note"],
    ]
    formats = sorted({f"{one['format']} {one['version']}".strip() for one in listed["scans"]})
    head = listed["signers"][-1]
    return [
        ("Waktu pelaksanaan", when),
        ("Tempat pelaksanaan", listed["place"]),
        ("Jenis media", f"{listed['medium']} menjadi berkas elektronik ({', '.join(formats)})"),
        ("Jumlah arsip", f"{listed['records']} berkas, {listed['pages']} halaman"),
        ("Keterangan proses alih media", "\n".join(line for line in process if line)),
        ("Pelaksana", _people(listed["operators"], listed["checkers"])),
        ("Penandatangan", f"{head['name']}, {head['position']}, pimpinan unit pengolah {listed['office']}"),
    ]


def _people(operators: Sequence[str], checkers: Sequence[str]) -> str:
    checked = f"\nPemeriksa: {', '.join(checkers)}" if checkers else ""
    return f"{', '.join(operators)}{checked}"


def pairs_table(paper: Paper, pairs: Sequence[tuple[str, str]]) -> None:
    """Numbered pairs of a label and what stands for it."""
    paper.set_font(FONT, size=9.5)
    with paper.table(
        col_widths=(8, 46, 116), line_height=4.8, padding=1, first_row_as_headings=False,
        borders_layout=TableBordersLayout.NONE, text_align=("LEFT", "LEFT", "LEFT"),
    ) as table:  # fmt: skip
        for number, (label, text) in enumerate(pairs, 1):
            table.row([f"{number}.", label, paper.clean(text)])
    paper.ln(3)


def hash_lines(paper: Paper, hashes: Mapping[str, str]) -> None:
    """A SHA-256 to a line, with what it is of."""
    paper.set_font(FONT, size=7.5)
    for name, digest in hashes.items():
        paper.cell(26, 4.4, name)
        paper.cell(0, 4.4, f"SHA-256 {digest}", new_x="LMARGIN", new_y="NEXT")
    paper.ln(3)


def signatories(paper: Paper, signers: Sequence[Mapping[str, str]]) -> None:
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
