"""The sample archive: captured through the same door as everything else, described by its manifest."""

import tomllib
from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID

from edms.access.levels import Level
from edms.capture.given import Given
from edms.capture.incoming import Description, Placement
from edms.capture.ingest import IngestReport, ingest_file, wait_until_done
from edms.cli.context import Context, progress_bar
from edms.core.resources import resource
from edms.records.people import office_by_code

_DESCRIBED = ("title", "number", "sender", "recipient", "type", "development", "medium", "kip", "language")


def capture_samples(context: Context) -> dict[str, int]:
    """Capture every document of `samples/manifest.toml` and wait until all have come to rest; returns the totals."""
    folder = resource("samples")
    documents = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))["document"]
    archive = context.archive
    actor = context.person("records")
    offices = {code: office_by_code(archive, code) for code in {entry["office"] for entry in documents}}
    lines = [
        ingest_file(actor, archive, Given(folder / entry["file"]), _placement(entry, offices)) for entry in documents
    ]
    report = wait_until_done(actor, archive, IngestReport(tuple(lines)), progress=progress_bar("samples"))
    return {**report.totals(), **{f"state_{name}": count for name, count in Counter(_states(report)).items()}}


def _states(report: IngestReport) -> list[str]:
    return [line.state for line in report.lines]


def _placement(entry: dict[str, Any], offices: dict[str, UUID]) -> Placement:
    told: dict[str, Any] = {("record_type" if name == "type" else name): entry.get(name) for name in _DESCRIBED}
    on = entry.get("date")
    return Placement(
        office_id=offices[entry["office"]],
        class_code=entry.get("class"),
        level=Level(entry["level"]) if entry.get("level") else None,
        description=Description(document_date=on if isinstance(on, date) else None, **told),
    )
