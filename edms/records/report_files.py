"""The retention report as text to carry away: JSON and CSV, written row by row while it is read."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from edms.records.retention_report import Report

COLUMNS = (
    "record", "title", "office", "class", "rule", "edition", "fate", "tier", "phase", "outcome", "due_on", "reasons",
)  # fmt: skip
_PART = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def report_json(report: Report) -> Iterator[str]:
    """Yield the one JSON document of the stable keys, in parts: `{"as_of", "total", "counts", "rows"}`."""
    head = {"as_of": report.as_of.isoformat(), "total": report.total, "counts": report.counts, "rows": []}
    yield json.dumps(head, ensure_ascii=False)[: -len("]}")]
    encode = json.JSONEncoder(ensure_ascii=False).encode
    parts: list[str] = []
    for number, row in enumerate(report.rows):
        parts.append((", " if number else "") + encode(row.as_dict()))
        if len(parts) == _PART:
            yield "".join(parts)
            parts = []
    yield "".join([*parts, "]}\n"])


def report_csv(report: Report) -> Iterator[str]:
    """Yield the rows as CSV with a heading, in parts. No cell is one that a spreadsheet would run as a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for number, row in enumerate(report.rows, 1):
        content = row.as_dict()
        writer.writerow([safe_cell(content[name]) for name in COLUMNS])
        if number % _PART == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def safe_cell(value: Any) -> str:
    """Return a value as the text of a CSV cell that no spreadsheet runs as a formula."""
    text = "; ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return "'" + text if text.startswith(_FORMULA) else text
