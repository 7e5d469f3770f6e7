"""The retention report as a PDF to be printed and signed: A4 across, headings on every page, pages numbered."""

from datetime import datetime

from edms.records.pdf_letters import FONT
from edms.records.pdf_lines import BrokenLines
from edms.records.retention_report import Report, ReportRow
from edms.retention.explain import OUTCOMES, TIERS, day
from edms.retention.types import Fate, Outcome

_SIZE, _LINE = 7.5, 3.4
_MARGIN, _TOP, _BOTTOM = 10.0, 24.0, 14.0
# Heading in Indonesian and English, width in millimetres: 277 in all.
_COLUMNS = (
    (("No.", "No."), 11.0),
    (("Arsip", "Record"), 74.0),
    (("Kode", "Class"), 20.0),
    (("Aturan", "Rule"), 46.0),
    (("Jatuh tempo", "Due on"), 27.0),
    (("Hasil", "Outcome"), 36.0),
    (("Alasan", "Why"), 63.0),
)
_WORDS = {
    "id": {"title": "Laporan retensi arsip per {day}", "total": "Jumlah", "page": "Halaman {page} dari {pages}",
           "made": "Dibuat {moment}", "none": "Tidak ada arsip.", "office": "Unit kerja"},
    "en": {"title": "Retention of records as of {day}", "total": "Total", "page": "Page {page} of {pages}",
           "made": "Made {moment}", "none": "There are no records.", "office": "Office"},
}  # fmt: skip


def report_pdf(report: Report, archive_name: str, made_at: datetime, language: str) -> bytes:
    """Return the whole report as one PDF. The same report made at the same moment gives the same bytes.

    `language` is "id" or "en". Letters that the font lacks are shown as a question mark. All rows are held in memory:
    about 2 KB of the result for each row.
    """
    document = _Document(report, archive_name, made_at, language)
    document.summary(report)
    for number, row in enumerate(report.rows, 1):
        document.row(number, row)
    if not report.total:
        document.nothing()
    return bytes(document.output())


class _Document(BrokenLines):
    """Pages with their heading and foot."""

    def __init__(self, report: Report, archive_name: str, made_at: datetime, language: str) -> None:
        super().__init__(orientation="landscape", format="A4")
        self._language, self._words, self._archive = language, _WORDS[language], archive_name
        self._title = self._words["title"].format(day=day(report.as_of, language))
        self._made = self._words["made"].format(moment=made_at.isoformat(timespec="minutes"))
        self.set_creation_date(made_at)
        self.set_producer("edms")
        self.set_title(f"{self._title} · {archive_name}")
        self.set_lang(language)
        self.set_auto_page_break(False)
        self.set_margin(_MARGIN)
        self.learn_letters()
        self.alias_nb_pages()
        self.add_page()

    def header(self) -> None:
        self.set_font(FONT, size=12)
        self.text(_MARGIN, 12, self.clean(self._title))
        self.set_font(FONT, size=_SIZE)
        self.text(_MARGIN, 16.5, self.clean(self._archive))
        self.line(_MARGIN, _TOP - 5, self.w - _MARGIN, _TOP - 5)
        x, column = _MARGIN, 0 if self._language == "id" else 1
        for headings, width in _COLUMNS:
            self.text(x, _TOP - 1.5, headings[column])
            x += width
        self.line(_MARGIN, _TOP, self.w - _MARGIN, _TOP)
        self.set_y(_TOP + 1)

    def footer(self) -> None:
        self.set_font(FONT, size=_SIZE)
        self.text(_MARGIN, self.h - 7, self._made)
        place = self._words["page"].format(page=self.page_no(), pages="{nb}")
        # Only a cell has its count of pages put in afterwards.
        self.set_xy(self.w - _MARGIN - 60, self.h - 10)
        self.cell(60, 4, place, align="R")

    def summary(self, report: Report) -> None:
        """How many there are of each outcome, before the first row."""
        names = OUTCOMES[self._language]
        told = [f"{self._words['total']}: {report.total}"]
        told += [f"{names[Outcome(outcome)]}: {count}" for outcome, count in report.counts.items()]
        self._lines(_MARGIN, self.broken("   ".join(told), self.w - 2 * _MARGIN))

    def nothing(self) -> None:
        self._lines(_MARGIN, [self._words["none"]])

    def row(self, number: int, row: ReportRow) -> None:
        """One record, as many lines high as its longest cell; never broken across pages."""
        decision = row.decision
        rule = f"{row.rule} · {row.edition}\n{row.fate_text}" if row.rule else "–"
        due = day(decision.due_on, self._language) if decision.due_on else "–"
        tier = f"\n{TIERS[self._language][decision.tier]}" if decision.tier and decision.fate is Fate.DESTROY else ""
        cells = (
            str(number),
            f"{row.title}\n{row.record} · {row.office}",
            row.class_code,
            rule,
            due,
            OUTCOMES[self._language][decision.outcome] + tier,
            "\n".join(row.reason_texts),
        )
        broken = [self.broken(text, width - 2) for text, (_, width) in zip(cells, _COLUMNS, strict=True)]
        height = max(map(len, broken)) * _LINE
        if self.get_y() + height > self.h - _BOTTOM and self.get_y() > _TOP + 2:
            self.add_page()
        top, x = self.get_y(), _MARGIN
        for lines, (_, width) in zip(broken, _COLUMNS, strict=True):
            self.set_y(top)
            self._lines(x, lines)
            x += width
        self.set_y(top + height + 1)

    def _lines(self, x: float, lines: list[str]) -> None:
        y = self.get_y()
        for line in lines[: _most_lines(self.h)]:
            y += _LINE
            self.text(x, y - 0.8, line)
        self.set_y(y + 1)


def _most_lines(page_height: float) -> int:
    """How many lines fit on a page: a single cell longer than that is cut."""
    return int((page_height - _TOP - _BOTTOM) / _LINE) - 1
