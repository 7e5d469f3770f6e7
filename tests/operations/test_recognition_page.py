"""The page docs/recognition-quality.md is true: scans with a ground truth are recognised again and held against it.

Three of them in every run; all with EDMS_WHOLE_CORPUS=1."""

import os
import re
import statistics
import warnings
from pathlib import Path

import pytest

from tools.recognition_quality import FOLDER, PAGE, Page, recognised, truths

pytestmark = [pytest.mark.corpus, pytest.mark.slow, pytest.mark.timeout(1500)]

WHOLE = os.environ.get("EDMS_WHOLE_CORPUS", "") not in ("", "0")
ALWAYS = (f"{FOLDER}/rot90-02.pdf", f"{FOLDER}/faded150-01.jpg", "scanned/tesseract-test/phototest-rotated-180.png")
# Another version of Tesseract or of its language data reads a little otherwise.
TOLERANCE = 2.0
_ROW = re.compile(r"^\| (\S+) \| (\d+) \| (\d+) \| ([\d.]+) \|$", re.MULTILINE)


def told() -> dict[tuple[str, int], tuple[int, float]]:
    """What the page says, by file and number of the page: characters of the truth, wrong of 100."""
    rows = _ROW.findall(PAGE.read_text("utf-8"))
    return {(f"scanned/{file}", int(page)): (int(count), float(rate)) for file, page, count, rate in rows}


def test_the_page_names_every_scan_with_a_truth_and_counts_rightly(corpus: Path) -> None:
    rows = told()
    assert {file for file, _page in rows} == set(truths(corpus))
    rates = [rate for (file, _page), (count, rate) in rows.items() if count and file.startswith(FOLDER)]
    said = re.search(
        r"(\d+) pages of regulations with text: ([\d.]+) of 100 wrong on the mean, ([\d.]+) on the median, ([\d.]+) at",
        PAGE.read_text("utf-8"),
    )
    assert said
    assert int(said[1]) == len(rates)
    figures = (statistics.mean(rates), statistics.median(rates), max(rates))
    assert [float(one) for one in said.groups()[1:]] == pytest.approx(figures, abs=0.11)


def test_scans_are_read_as_the_page_says(corpus: Path) -> None:
    files = truths(corpus)
    if not WHOLE:
        warnings.warn(f"ONLY {len(ALWAYS)} OF {len(files)} SCANS; set EDMS_WHOLE_CORPUS=1 for all", stacklevel=1)
        files = {name: files[name] for name in ALWAYS}
    known, found = told(), list(recognised(corpus, files))
    assert {(one.file, one.number) for one in found} == {key for key in known if key[0] in files}
    worse: list[Page] = [one for one in found if one.rate > known[one.file, one.number][1] + TOLERANCE]
    assert worse == []
    assert [one.characters for one in found] == [known[one.file, one.number][0] for one in found]
