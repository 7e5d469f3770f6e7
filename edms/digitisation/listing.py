"""The list of digitised records (Daftar Arsip Alih Media) and what its berita acara says: columns and wording. Pure.

Columns and contents are those that the archives inspector asks for (ANRI internal-audit instrument for unit pengolah,
local-government form; R51, R52). A list that lacks one is marked "Tidak".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

VERSION = 1
COLUMNS = ("unit pengolah", "nomor urut", "jenis arsip", "jumlah arsip", "kurun waktu", "keterangan")
MINUTES_FIELDS = (
    "waktu pelaksanaan", "tempat pelaksanaan", "jenis media", "jumlah arsip", "keterangan proses alih media",
    "pelaksana", "penandatangan oleh pimpinan unit pengolah",
)  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """One digitised record as the list names it. `period`: day or span, as text; `pages` as scanned."""

    office: str
    number: int
    title: str
    pages: int
    period: str
    note: str

    def row(self) -> dict[str, str]:
        """The row, exactly the required columns in their order."""
        amount = f"1 berkas ({self.pages} halaman)"
        values = (self.office, str(self.number), self.title, amount, self.period, self.note)
        return dict(zip(COLUMNS, values, strict=True))


def period_of(day: date | None) -> str:
    """Return what stands under kurun waktu; a record without a date has none, and never gets today's (R33)."""
    return day.isoformat() if day else "tidak diketahui"


def list_document(
    head: Mapping[str, Any], rows: Sequence[Listed], scans: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the list as one JSON value: `columns` and `rows` exactly as required, `scans` beside them: for each number
    record, SHA-256, format, resolution, depth (R54), scanner and people."""
    return {
        "kind": "daftar arsip alih media", "version": VERSION, **head,
        "columns": list(COLUMNS), "rows": [row.row() for row in rows], "scans": [dict(scan) for scan in scans],
    }  # fmt: skip
