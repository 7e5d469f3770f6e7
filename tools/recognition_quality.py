"""Recognise the scans of the shared corpus that have a ground truth, and write docs/recognition-quality.md.

    python -m tools.recognition_quality [CORPUS]

Each file goes through the recognition of a capture, with the default settings. A test recognises a part of them again
and holds the page against what it finds.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from edms.core.sandbox import Sandbox
from edms.core.settings import Settings, TextSettings
from edms.text.names import extension
from edms.text.ocr import OcrMyPdfEngine
from edms.text.reader import sandbox_limits
from tools.text_quality import CORPUS, ROOT, distance

PAGE = ROOT / "docs" / "recognition-quality.md"
FOLDER = "scanned/id-regulations"
# Scans of the test set of Tesseract and of OCRmyPDF, each with the text that somebody typed from it.
OTHERS = {
    "scanned/tesseract-test/phototest.tif": "scanned/tesseract-test/phototest.gold.txt",
    "scanned/tesseract-test/phototest-rotated-180.png": "scanned/tesseract-test/phototest.gold.txt",
    "scanned/tesseract-test/phototest-rotated-L.png": "scanned/tesseract-test/phototest.gold.txt",
    "scanned/tesseract-test/phototest-rotated-R.png": "scanned/tesseract-test/phototest.gold.txt",
    "scanned/tesseract-test/8071_093.3B.tif": "scanned/tesseract-test/8071_093.3B.txt",
}
_TYPES = {"tif": "image/tiff", "png": "image/png", "jpg": "image/jpeg", "pdf": "application/pdf"}


@dataclass(frozen=True)
class Page:
    """One page as it was recognised: characters of the truth, and edits from what was found to it."""

    file: str
    number: int
    characters: int
    wrong: int

    @property
    def rate(self) -> float:
        """The character error rate, in per cent; of a page without text, how many characters were found on it."""
        return 100 * self.wrong / self.characters if self.characters else float(self.wrong)


def truths(corpus: Path) -> dict[str, str]:
    """The files to recognise, by their paths below the corpus, and those of their truths."""
    found = {}
    for truth in sorted((corpus / FOLDER).glob("*.gt.txt")):
        name = truth.name.removesuffix(".gt.txt")
        for path in sorted((corpus / FOLDER).glob(f"{name}.*")):
            if extension(path.name) in _TYPES:
                found[f"{FOLDER}/{path.name}"] = f"{FOLDER}/{truth.name}"
    return found | OTHERS


def recognised(corpus: Path, files: dict[str, str]) -> Iterator[Page]:
    """Recognise `files` and yield their pages. A page of the truth that is missing counts as wholly wrong."""
    settings = TextSettings()
    sandbox = Sandbox(sandbox_limits(settings, Settings().memory.share_bytes))
    engine = OcrMyPdfEngine(sandbox, settings)
    try:
        for name, truth in files.items():
            with (corpus / name).open("rb") as stream:
                made = engine.searchable_pdf(stream, _TYPES[extension(name)])
            expected = (corpus / truth).read_text("utf-8").rstrip("\f\n").split("\f")
            texts = [page.text for page in made.pages]
            for number in range(max(len(expected), len(texts))):
                left = _plain(texts[number]) if number < len(texts) else ""
                right = _plain(expected[number]) if number < len(expected) else ""
                yield Page(name, number + 1, len(right), distance(left, right))
    finally:
        sandbox.close()


def _plain(text: str) -> str:
    return " ".join(text.split())


def page_of(pages: list[Page]) -> str:
    """The page docs/recognition-quality.md."""
    rates = [one.rate for one in pages if one.characters and one.file.startswith(FOLDER)]
    lines = [
        "# Recognised text against the truth",
        "",
        "Written by `python -m tools.recognition_quality` from the scans of the shared corpus that have a ground "
        "truth: pages of Indonesian regulations, spoiled as scanners, faxes and phones do (`id-regulations`), and "
        "English test pages.",
        "Recognised as a capture does it, with the default settings. *Wrong of 100*: edits (Levenshtein) from the "
        "recognised text to the truth, over the length of the truth; white space runs count as one blank, upper and "
        "lower case and every mark count.",
        "",
        f"{len(rates)} pages of regulations with text: {mean(rates):.1f} of 100 wrong on the mean, {median(rates):.1f} "
        f"on the median, {max(rates):.1f} at worst. For a page without text the column says how many characters were "
        "found on it.",
        "",
        "| file | page | characters | wrong of 100 |",
        "| --- | ---: | ---: | ---: |",
        *(row(one) for one in pages),
    ]
    return "\n".join(lines) + "\n"


def row(one: Page) -> str:
    """The line of one page."""
    return f"| {one.file.removeprefix('scanned/')} | {one.number} | {one.characters} | {one.rate:.1f} |"


def main(corpus: Path) -> None:
    """Write the page."""
    PAGE.write_text(page_of(list(recognised(corpus, truths(corpus)))), "utf-8")
    sys.stdout.write(f"{PAGE}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS)
