"""The list of what was digitised (Daftar Arsip Alih Media), as it was drawn up at closing: JSON and CSV, by hash."""

import csv
import io
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action
from edms.core.canonical import canonical_json, sha256_hex
from edms.core.errors import IntegrityFault, NotFound, Refused
from edms.digitisation.listing import COLUMNS, Listed, list_document, period_of
from edms.records.archive import Archive
from edms.records.digitisation_model import Digitisation, DigitisedItem
from edms.records.digitisation_views import standing
from edms.records.digitisations import decided_digitisation
from edms.records.report_files import safe_cell
from edms.records.visible import seen_among

LIST_GIVEN = "digitisation.list_given"
FORMATS = ("json", "csv")


def list_file(actor: Actor | None, archive: Archive, digitisation_id: UUID, form: str) -> bytes:
    """Return the list of a closed digitisation as `json` or `csv`, held against the hash in its berita acara.

    Raises NotFound, also when it names a record that the actor may not see; Refused before it is closed;
    IntegrityFault when it is not what was drawn up.
    """
    with archive.door.disclose(actor, Action.DIGITISATION_VIEW) as operation:
        row = decided_digitisation(operation, digitisation_id)
        operation.about("digitisation", row.id, LIST_GIVEN)
        if form not in FORMATS:
            raise Refused("the list is there as json and as csv")
        if row.closed_at is None:
            raise Refused("the list is drawn up when the digitisation is closed")
        seen = seen_among(operation.session, operation.viewing, DigitisedItem.record_id,
                          DigitisedItem.digitisation_id == row.id)  # fmt: skip
        if any(item.record_id not in seen for item in standing(row)):
            raise NotFound()
        content, said = list_bytes(row.listed, form), row.list_sha256 if form == "json" else row.csv_sha256
        if sha256_hex(content) != said:
            raise IntegrityFault("the list is not the one that was drawn up")
        operation.note(form=form, sha256=said)
        return content


def list_bytes(listed: dict[str, Any], form: str) -> bytes:
    """Return the file of a list: canonical JSON (RFC 8785), or CSV (RFC 4180, UTF-8) of exactly the columns."""
    if form == "json":
        return canonical_json(listed)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([safe_cell(row[name]) for name in COLUMNS] for row in listed["rows"])
    return out.getvalue().encode()


def drawn_list(
    session: Session, archive: Archive, row: Digitisation, head: dict[str, Any], names: dict[str, str]
) -> dict[str, Any]:
    """Return the list of what stands in a digitisation. `head`: what is said of the whole; `names`: people by id."""
    items = standing(row)
    rows = [
        Listed(row.office.name, number, item.record.title, len(item.pages["pages"]),
               period_of(item.record.document_date), _note(item))
        for number, item in enumerate(items, 1)
    ]  # fmt: skip
    return list_document(head, rows, [_scan(number, item, names) for number, item in enumerate(items, 1)])


def _note(item: DigitisedItem) -> str:
    """Keterangan: where the original is, and what the operator had to say."""
    number = f"Nomor {item.record.number}. " if item.record.number else ""
    return f"{number}Asli disimpan di unit pengolah.{' ' + item.note if item.note else ''}"


def _scan(number: int, item: DigitisedItem, names: dict[str, str]) -> dict[str, Any]:
    """What R54 asks of a scan, with the record and the people; of several pages the least."""
    pages: list[dict[str, Any]] = item.pages["pages"]
    scanner = item.scanner
    return {
        "number": number, "record": str(item.record_id), "class": item.record.class_code or "", "sha256": item.sha256,
        "kind": item.kind, "paper": item.paper, "counted": item.counted, "pages": len(pages),
        "format": pages[0]["format"], "version": pages[0]["version"], "compression": pages[0]["compression"],
        "colour": pages[0]["colour"], "bits": min(page["bits"] for page in pages),
        "dpi_x": round(min(page["dpi_x"] for page in pages)), "dpi_y": round(min(page["dpi_y"] for page in pages)),
        "scanner": f"{scanner.make} {scanner.model}", "serial": scanner.serial, "optical_dpi": scanner.optical_dpi,
        "settings": scanner.settings,
        "calibrated_on": scanner.calibrated_on.isoformat() if scanner.calibrated_on else None,
        "operator": names.get(item.added_by, item.adder_name),
        "checker": names.get(item.checked_by or "", item.checker_name or ""), "sampled": item.sampled,
    }  # fmt: skip
