"""The table of types in docs/text-quality.md is true: scans are read again, and no file of the corpus is left out."""

from collections import Counter
from pathlib import Path

import pytest

from edms.text.names import extension
from tools.text_quality import QUALITY, TYPED, kind_rows, read_all, reader


def rows(top: str) -> list[str]:
    return [line for line in QUALITY.read_text("utf-8").splitlines() if line.startswith(f"| {top} | ")]


@pytest.mark.corpus
@pytest.mark.parametrize("top", TYPED)
def test_every_file_of_the_corpus_is_counted(corpus: Path, top: str) -> None:
    names = [path.relative_to(corpus).as_posix() for path in (corpus / top).rglob("*") if path.is_file()]
    there = Counter(extension(name) or "-" for name in names)
    assert [line.split(" | ")[1:3] for line in rows(top)] == [
        [kind, str(count)] for kind, count in sorted(there.items())
    ]


@pytest.mark.corpus
@pytest.mark.slow
def test_what_is_said_of_scans_is_what_is_read_now(corpus: Path) -> None:
    """Without recognition, which has a page and a test of its own."""
    read = reader()
    try:
        assert kind_rows("scanned", read_all(corpus, "scanned", read)) == rows("scanned")
    finally:
        read.close()
