"""Measure the finder of personal data on the Indonesian texts of the shared corpus, and write docs/personal-data.md.

    python -m tools.personal_data [CORPUS]

Everything that is found there was looked at by hand; what is wrong is named in `WRONG`, so that a change of the rules
that finds something new must be looked at again. A test holds the page against a new count.
"""

import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from edms.redaction.finder import find
from edms.redaction.types import Finding, Kind

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT.parent / "shared" / "data" / "corpus"
TABLE = ROOT / "docs" / "personal-data.md"
HEADING = "| kind | found | of these right | told, not proposed |"
BUDGET = "None of them is proposed."
_TEXTS = ("indonesian/**/*.md", "indonesian/**/*.csv", "indonesian/**/*.json", "scanned/id-regulations/*.gt.txt")
_PASSAGES = "ir/id-wikipedia-qa/corpus.jsonl"
# Looked at by hand: a broadcaster and a union that were "born".
WRONG = {(Kind.BIRTH, "tanggal 24 Agustus 1990"), (Kind.BIRTH, "14 Maret 2006")}
NUMBERS = {
    "numbers of letters and laws": re.compile(r"\b\d{1,4}/[\w.\-]{1,20}/(?:19|20)\d\d\b"),
    "codes with two points or more": re.compile(r"\b\d{1,4}(?:\.\d{1,4}){2,}\b"),
    "amounts": re.compile(r"\bRp\.? ?\d[\d.,]*"),
}


def texts(corpus: Path) -> Iterator[str]:
    """Every Indonesian text that was not written for this project: rules, classification codes, pages, articles."""
    files = sorted(path for pattern in _TEXTS for path in corpus.glob(pattern))
    files += sorted((corpus.parent / "rules").glob("*.csv"))
    yield from (path.read_text("utf-8", "replace") for path in files)
    for line in (corpus / _PASSAGES).read_text("utf-8").splitlines():
        yield str(json.loads(line)["text"])


def rows(corpus: Path) -> list[str]:
    """The rows of the table, and the lines about other numbers."""
    found: Counter[Kind] = Counter()
    wrong: Counter[Kind] = Counter()
    told: Counter[Kind] = Counter()
    numbers: Counter[str] = Counter()
    covered = characters = 0
    for text in texts(corpus):
        characters += len(text)
        findings = find(text)
        for one in findings:
            found[one.kind] += 1
            wrong[one.kind] += (one.kind, text[one.start : one.end]) in WRONG
            told[one.kind] += not one.proposed
        for name, pattern in NUMBERS.items():
            spans = [match.span() for match in pattern.finditer(text)]
            numbers[name] += len(spans)
            covered += sum(_overlaps(span, findings) for span in spans)
    table = [f"| {kind} | {found[kind]} | {found[kind] - wrong[kind]} | {told[kind]} |" for kind in Kind]
    lines = [f"- {name}: {count}" for name, count in numbers.items()]
    return [*table, *lines, f"Characters read: {characters}. Of these numbers covered by a finding: {covered}."]


def _overlaps(span: tuple[int, int], findings: tuple[Finding, ...]) -> bool:
    return any(one.start < span[1] and span[0] < one.end for one in findings)


def hard_text(chance: random.Random, count: int) -> str:
    """A text of all that the rules look for, broken off at every place."""
    pieces = [
        "NIK : 3374",
        "08",
        "1-",
        "2.",
        "+62 ",
        "(024) ",
        "a@",
        "b.",
        "Nama Ibu : ",
        "Alamat : ",
        "Jl. A ",
        "RT 1 ",
        "RW ",
        "lahir di ",
        "12 Mei ",
        "H 1",
        "A1",
        "rekening ",
        "paspor ",
        "\n",
        " ",
        "O0",
        "-/",
    ]
    return "".join(chance.choices(pieces, k=count))


def main() -> None:
    corpus = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    page = TABLE.read_text("utf-8")
    begin, end = "<!-- measured -->", "<!-- end -->"
    told = rows(corpus)
    table, lines, total = told[: len(Kind)], told[len(Kind) : -1], told[-1]
    body = "\n".join([HEADING, "| --- | --- | --- | --- |", *table, "", total, "", *lines, "", BUDGET])
    head, _, rest = page.partition(begin)
    TABLE.write_text(f"{head}{begin}\n{body}\n{end}{rest.partition(end)[2]}", "utf-8")


if __name__ == "__main__":
    main()
