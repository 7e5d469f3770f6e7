"""Writes the table in docs/incoming-signatures.md: our verdicts on a published corpus of signed PDFs beside its own.

    python -m tools.incoming_signatures CORPUS        CORPUS holds signed/VERDICTS.csv and the files that it names

A test makes the table anew where the corpus is at hand, so that it cannot go stale.
"""

import csv
import io
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from edms.signing.errors import SigningFault
from edms.signing.received import ReceivedVerdict, verify_received_pdf
from edms.signing.verification import TrustMaterial

PAGE = Path(__file__).resolve().parents[1] / "docs" / "incoming-signatures.md"
BEGIN, END = "<!-- table: python -m tools.incoming_signatures -->\n", "<!-- end of table -->\n"
JUDGED_AT = datetime(2026, 11, 24, tzinfo=UTC)

VALID, NOT_VALID, NONE, UNREADABLE = "VALID", "NOT_VALID", "NO_SIGNATURE", "UNREADABLE"
# What agrees with each word of the corpus: NO_CRASH asks for any verdict, DISPUTED for nothing.
AGREEING = {
    "VALID": {VALID},
    "NOT_VALID": {NOT_VALID, UNREADABLE},
    "NO_SIGNATURE": {NONE},
    "NO_CRASH": {VALID, NOT_VALID, NONE, UNREADABLE},
}
DISPUTED = "DISPUTED"


class Row(NamedTuple):
    """One file: its path in the corpus, the corpus' word and its basis, our word, and why."""

    path: str
    expected: str
    basis: str
    ours: str
    why: str

    @property
    def agreement(self) -> str:
        if self.expected == DISPUTED:
            return "disputed"
        return "yes" if self.ours in AGREEING[self.expected] else "**no**"


def rows(corpus: Path) -> list[Row]:
    """Judge every file of the corpus."""
    with (corpus / "signed" / "VERDICTS.csv").open(encoding="utf-8") as table:
        return [_row(corpus, told) for told in csv.DictReader(table)]


def _row(corpus: Path, told: dict[str, str]) -> Row:
    try:
        content = io.BytesIO((corpus / told["path"]).read_bytes())
        verdicts = verify_received_pdf(content, TrustMaterial(), JUDGED_AT)
    except SigningFault as fault:
        return Row(told["path"], told["expected"], told["basis"], UNREADABLE, fault.message)
    good = all(one.signature.unaltered and one.signature.valid for one in verdicts)
    ours = NONE if not verdicts else VALID if good else NOT_VALID
    return Row(told["path"], told["expected"], told["basis"], ours, "; ".join(_why(verdicts)))


def _why(verdicts: Iterable[ReceivedVerdict]) -> list[str]:
    return list(dict.fromkeys(_told(verdict) for verdict in verdicts))


def _told(verdict: ReceivedVerdict) -> str:
    signature = verdict.signature
    parts = [
        "" if signature.intact else "not intact",
        "" if signature.valid else "not valid",
        signature.coverage,
        f"later: {', '.join(verdict.changes)}" if verdict.changes else "",
        verdict.level,
        f"revocation {verdict.revocation}" if verdict.revocation != "unknown" else "",
        f"weak: {', '.join(verdict.weak)}" if verdict.weak else "",
        *signature.problems,
    ]
    return ", ".join(part for part in parts if part)


def table(found: list[Row]) -> str:
    """Return counts and table as they stand in the page."""
    counts = Counter((row.expected, row.ours) for row in found)
    agreed = sum(row.agreement == "yes" for row in found)
    judged = sum(row.expected != DISPUTED for row in found)
    lines = [
        f"{len(found)} files; {judged} with a verdict of the corpus, {agreed} of them agree, {judged - agreed} not; "
        f"{len(found) - judged} disputed.",
        "",
        "| corpus says | ours | files |",
        "| --- | --- | --- |",
        *(f"| {expected} | {ours} | {count} |" for (expected, ours), count in sorted(counts.items())),
        "",
        "| file | corpus says | ours | agree | why ours |",
        "| --- | --- | --- | --- | --- |",
        *(f"| {row.path} | {row.expected} | {row.ours} | {row.agreement} | {row.why} |" for row in found),
    ]
    return "\n".join(lines) + "\n"


def in_page(page: str) -> str:
    """Return the table that stands in the page."""
    return page.partition(BEGIN)[2].partition(END)[0]


def main(corpus: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, _begin, rest = page.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + table(rows(corpus)) + END + after, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
