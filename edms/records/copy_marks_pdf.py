"""The mark on a copy as a PDF to be laid on pages."""

from datetime import datetime

from fpdf import FPDF

from edms.records.copy_marks import Mark
from edms.records.pdf_letters import FONT, add_letters, shown

_BAND, _ACROSS = (560.0, 28.0), (520.0, 30.0)  # points
_EDGE = 12.0


def mark_pdf(mark: Mark, made_at: datetime) -> bytes:
    """Return two pages as large as their words: the band for the top of a page, and the line that stands across it."""
    document = FPDF(unit="pt", format=_BAND)
    document.set_creation_date(made_at)
    document.set_auto_page_break(False)
    document.set_margin(0)
    known = add_letters(document)
    colour = (176 if mark.red else 0, 0, 0)
    document.add_page()
    document.set_text_color(*colour)
    document.set_draw_color(*colour)
    document.set_font(FONT, size=15)
    document.text(_EDGE, 19, mark.level)
    told = shown(" · ".join(mark.told), known)
    start = 2 * _EDGE + document.get_string_width(mark.level)
    document.set_text_color(0)
    _fit(document, told, 9.5, _BAND[0] - start - _EDGE)
    document.text(start, 19, told)
    document.line(0, 26.5, _BAND[0], 26.5)
    document.add_page(format=_ACROSS)
    words = shown(mark.across, known)
    _fit(document, words, 22, _ACROSS[0] - 4)
    document.set_text_color(120)
    with document.local_context(fill_opacity=0.2):
        document.text((_ACROSS[0] - document.get_string_width(words)) / 2, 22, words)
    return bytes(document.output())


def _fit(document: FPDF, words: str, size: float, room: float) -> None:
    """Letters of `size` points, or smaller until the words fit."""
    document.set_font(FONT, size=size)
    width = document.get_string_width(words)
    if width > room:
        document.set_font(FONT, size=size * room / width)
