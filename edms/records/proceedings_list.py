"""The lists of a transfer and of a hand-over: exactly the columns that the inspector asks for (R43, R44).

Source of the columns: the archives inspector's instrument for unit pengolah, local-government form.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from edms.core.canonical import canonical_json, sha256_hex
from edms.records.archive import Archive
from edms.records.model import ComponentRole, Folder, Record
from edms.records.proceedings_model import Proceeding, ProceedingItem

VERSION = 1
FILES = (
    "unit pengolah", "nomor berkas", "kode klasifikasi", "uraian informasi arsip", "kurun waktu", "jumlah",
    "keterangan",
)  # fmt: skip
CONTENTS = (
    "nomor berkas", "nomor item arsip", "kode klasifikasi", "uraian informasi arsip", "tanggal", "jumlah", "keterangan",
)  # fmt: skip
NO_FILE = "tanpa berkas"
UNKNOWN = "tidak diketahui"


def drawn_list(
    archive: Archive, row: Proceeding, items: Sequence[ProceedingItem], head: dict[str, Any], at: datetime
) -> dict[str, Any]:
    """Return the list of what stands in a proceeding, as it is frozen. `head`: what is said of the whole."""
    rows = [_content(number, item.record, item.snapshot) for number, item in enumerate(items, 1)]
    return {
        "version": VERSION, "kind": row.kind, "proceeding": str(row.id), "title": row.title, "level": row.level,
        "archive": archive.settings.archive.name, "organisation": archive.settings.archive.organisation,
        "office": row.office.name, "to_office": row.to_office.name if row.to_office else "",
        "drawn_at": at.isoformat(), "drawn_on": local_day(archive, at).isoformat(), "records": len(rows),
        "files": _files(row, items), "contents": rows,
        "items": [_frozen(item) for item in items], **head,
    }  # fmt: skip


def list_sha256(listed: dict[str, Any]) -> str:
    return sha256_hex(canonical_json(listed))


def local_day(archive: Archive, moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(archive.settings.archive.time_zone)).date()


def _files(row: Proceeding, items: Sequence[ProceedingItem]) -> list[dict[str, str]]:
    """One row for each folder, in the order of their codes; what is in none stands in a row of its own."""
    groups: dict[str, tuple[Folder | None, list[Record]]] = {}
    for item in items:
        folder = item.record.folder
        groups.setdefault(folder.code if folder else "", (folder, []))[1].append(item.record)
    return [_file(row, *groups[code]) for code in sorted(groups, key=lambda code: (code == "", code))]


def _file(row: Proceeding, folder: Folder | None, records: Sequence[Record]) -> dict[str, str]:
    days = sorted(record.document_date for record in records if record.document_date)
    period = (
        UNKNOWN
        if not days
        else str(days[0].year)
        if days[0].year == days[-1].year
        else f"{days[0].year}-{days[-1].year}"
    )
    codes = sorted({record.class_code for record in records if record.class_code})
    values = (
        row.office.name, folder.code if folder else NO_FILE, folder.class_code if folder else ", ".join(codes[:5]),
        folder.title if folder else "Arsip tanpa berkas", period, f"{len(records)} item arsip", row.title,
    )  # fmt: skip
    return dict(zip(FILES, values, strict=True))


def _content(number: int, record: Record, snapshot: dict[str, Any]) -> dict[str, str]:
    pages = f"{record.page_count} halaman" if record.page_count else "1 berkas"
    day = record.document_date.isoformat() if record.document_date else UNKNOWN
    note = "; ".join(part for part in (f"Nomor {record.number}" if record.number else "",
                                       str(snapshot.get("fate_text") or "")) if part)  # fmt: skip
    values = (
        record.folder.code if record.folder else NO_FILE, str(number), record.class_code or "", record.title, day,
        pages, note,
    )  # fmt: skip
    return dict(zip(CONTENTS, values, strict=True))


def _frozen(item: ProceedingItem) -> dict[str, Any]:
    original = item.record.component(ComponentRole.ORIGINAL)
    return {"record": str(item.record_id), "sha256": original.blob.sha256 if original else "",
            "version": item.record.version, "snapshot": item.snapshot}  # fmt: skip
