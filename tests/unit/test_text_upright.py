"""A strip of a page tells whether it stands upright, by the real engine: it is never wrong, and seldom silent."""

import os
import warnings
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from text_material import A4, picture

from edms.text.pictures import pictures_to_pdf
from edms.text.upright import fullest_strip, reads_upright, reads_well

LETTER = "Dengan hormat, bersama ini kami\nsampaikan laporan keuangan\ntahun anggaran berjalan\n" * 6
SECONDS = 60.0
PREVIEW_DPI = 150
TURNS = (0, 90, 180, 270)
LEAST_SPARED = 0.9
WHOLE = bool(os.environ.get("EDMS_WHOLE_CORPUS"))
ALWAYS = ("fax-200x100-01", "office200-gray-01", "rot90-01")


def upright(page: Image.Image, turn: int = 0) -> bool:
    return reads_upright(page.rotate(turn, expand=True), PREVIEW_DPI, "ind", SECONDS)


def row(confidence: float, text: str) -> str:
    return "\t".join(["5", *"123456789", str(confidence), text])


@pytest.mark.slow
@pytest.mark.parametrize("turn", TURNS)
def test_a_letter_is_known_to_stand_upright_only_when_it_does(turn: int) -> None:
    assert upright(picture(LETTER, 30), turn) is (turn == 0)


@pytest.mark.slow
def test_nothing_is_told_of_a_page_with_little_on_it() -> None:
    assert not upright(Image.new("L", A4, 255))
    assert not upright(picture("DAFTAR ISI", 30)), "two words are too few"


@pytest.mark.slow
def test_scans_of_the_corpus_in_every_orientation(corpus: Path) -> None:
    """One false answer would spoil a page for good; a silent one costs the full way only."""
    spared = total = 0
    if not WHOLE:
        warnings.warn(f"ONLY {len(ALWAYS)} SCANS ARE TURNED; set EDMS_WHOLE_CORPUS=1 for all", stacklevel=1)
    for path in sorted((corpus / "scanned" / "id-regulations").glob("*-01.*")):
        if path.suffix not in (".pdf", ".tif", ".jpg") or not (WHOLE or path.stem in ALWAYS):
            continue
        content = path.read_bytes()
        document = pypdfium2.PdfDocument(content if path.suffix == ".pdf" else pictures_to_pdf(content))
        page = document[0].render(scale=PREVIEW_DPI / 72, grayscale=True).to_pil()
        found = [turn for turn in TURNS if upright(page, turn)]
        right = {"rot90-01": 90, "rot180-01": 180}.get(path.stem, 0)
        assert set(found) <= {right} or found == [-right % 360], path.name
        total += 1
        spared += bool(found)
    assert total >= (9 if WHOLE else len(ALWAYS))
    assert spared >= total * LEAST_SPARED


def test_a_program_that_fails_or_is_not_there_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not upright(picture(LETTER, 30))


def test_the_strip_is_where_most_is_written_and_no_ruled_line_draws_it_away() -> None:
    page = np.full((900, 600), 255, dtype=np.uint8)
    page[100:104] = 0  # a ruled line
    page[500:560, ::3] = 0  # lines of text
    strip = np.asarray(fullest_strip(Image.fromarray(page), 100))
    assert strip.shape == (100, 600)
    assert (strip < 128).any(axis=1).sum() == 60
    assert fullest_strip(Image.fromarray(page[:30]), 100).height == 30


@pytest.mark.parametrize(
    ("words", "well"),
    [
        ([(90, "Peraturan")] * 6, True),
        ([(90, "Peraturan")] * 5, False),
        ([(90, "Peraturan")] * 6 + [(20, "uninuele")] * 6, True),
        ([(90, "Peraturan")] * 6 + [(20, "uninuele")] * 7, False),
        ([(90, "dan")] * 50, False),
        ([(90, "12345")] * 50, False),
        ([(-1, "Peraturan")] * 50, False),
        ([], False),
    ],
    ids=["enough", "too few", "half", "less than half", "short", "digits", "no words", "nothing"],
)
def test_what_reads_well(words: list[tuple[float, str]], *, well: bool) -> None:
    head = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"
    page = "\t".join(["1", *"123456789", "-1", ""])
    assert reads_well("\n".join([head, page, *(row(*word) for word in words), ""])) is well
