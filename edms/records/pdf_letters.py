"""The letters of the documents that we draw up: Noto Sans (SIL Open Font License), which comes with OCRmyPDF.

Only the letters that occur are embedded.
"""

import logging
from importlib.resources import as_file, files

from fpdf import FPDF
from fpdf.fonts import TTFFont

FONT = "noto"


def add_letters(document: FPDF) -> frozenset[int]:
    """Add the font to a document under the name FONT; return the code points that it can show."""
    # It tells of tables of the font that are left out of a subset, which is what a subset is for.
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    with as_file(files("ocrmypdf") / "data" / "NotoSans-Regular.ttf") as font:
        document.add_font(FONT, fname=font)
    loaded = document.fonts[FONT]
    assert isinstance(loaded, TTFFont), "it was added from a file"
    return frozenset(loaded.cmap)


def shown(text: str, known: frozenset[int]) -> str:
    """Only what the font can show. Control characters would also end the line of the page's own language."""
    return "".join(
        letter if letter == "\n" or (ord(letter) in known and letter.isprintable()) else "?" for letter in text
    )
