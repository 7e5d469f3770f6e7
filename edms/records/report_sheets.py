"""A list of retention as a file: CSV, XLSX or PDF with the letterhead of the office, every row of it (R50)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.model import Office
from edms.core.errors import ConfigurationError
from edms.records.archive import Archive
from edms.records.report_lists import LIST_NAMES, ListName
from edms.records.reports import ListedRow, ListQuestion, open_list
from edms.records.sheets import Cell, Column, Letterhead, Sheet
from edms.retention.explain import TIERS, day
from edms.retention.types import Fate

_MOST_LOGO_BYTES = 2 * 1024 * 1024
_HEADINGS = {
    "id": ("No.", "Arsip", "Nomor naskah", "Uraian informasi", "Perangkat daerah", "Kode klasifikasi", "Aturan (JRA)",
           "Nasib akhir", "Persetujuan", "Aktif sampai", "Jatuh tempo", "Sejak", "Hari", "Alasan", "Penjelasan"),
    "en": ("No.", "Record", "Number", "Description", "Office", "Class", "Rule", "Fate", "Approval", "Active until",
           "Due on", "Since", "Days", "Why", "Explanation"),
}  # fmt: skip
_WIDTHS = (6, 20, 16, 34, 12, 13, 22, 16, 14, 12, 12, 12, 7, 36, 24)
_NOTES = {
    "id": {"as_of": "Per tanggal", "total": "Jumlah", "made_by": "Dibuat oleh", "office": "Perangkat daerah",
           "class": "Klasifikasi", "year": "Tahun", "all": "semua"},
    "en": {"as_of": "As of", "total": "Count", "made_by": "Made by", "office": "Office", "class": "Class",
           "year": "Year", "all": "all"},
}  # fmt: skip
_NUMBERS = frozenset({0, 12})


@contextmanager
def open_list_sheet(
    actor: Actor | None, archive: Archive, question: ListQuestion, language: str
) -> Iterator[tuple[Sheet, str]]:
    """Give the list as a sheet and a name for its file without an ending. Rows are read within the block."""
    with open_list(actor, archive, question, language) as (as_of, total, rows):
        assert actor is not None, "the list was opened for somebody"
        columns = [
            Column(heading, width, at_end=place in _NUMBERS)
            for place, (heading, width) in enumerate(zip(_HEADINGS[language], _WIDTHS, strict=True))
        ]
        title = f"{LIST_NAMES[language][question.name]}, {day(as_of, language)}"
        sheet = Sheet(
            title=title,
            columns=columns,
            rows=(_cells(number, row, language) for number, row in enumerate(rows, 1)),
            made_at=archive.clock.now(),
            language=language,
            zone=ZoneInfo(archive.settings.archive.time_zone),
            notes=_notes(question, as_of, total, actor, language),
            letterhead=letterhead(archive, question.office),
        )
        yield sheet, f"{question.name.value}-{as_of}"


def _cells(number: int, listed: ListedRow, language: str) -> tuple[Cell, ...]:
    row = listed.row
    decision = row.decision
    approval = TIERS[language][decision.tier] if decision.tier and decision.fate is Fate.DESTROY else None
    return (
        number, str(row.record), listed.number, row.title, row.office, row.class_code,
        f"{row.rule} · {row.edition}" if row.rule else None, row.fate_text or row.fate, approval,
        decision.active_until, decision.due_on, listed.since, listed.days, "; ".join(row.reason_texts),
        listed.explanation,
    )  # fmt: skip


def _notes(question: ListQuestion, as_of: date, total: int, actor: Actor, language: str) -> list[tuple[str, str]]:
    """What was asked, when and by whom: a printed list is to be understood without the screen it came from."""
    words = _NOTES[language]
    told = [
        (words["as_of"], day(as_of, language)),
        (words["total"], str(total)),
        (words["office"], question.office or words["all"]),
        (words["class"], question.class_code or words["all"]),
    ]
    if question.year is not None:
        told.append((words["year"], str(question.year)))
    return [*told, (words["made_by"], actor.name)]


def letterhead(archive: Archive, office: str = "") -> Letterhead:
    """Return the letterhead: of the office of that code where the settings give it one, else the archive's.

    Raises ConfigurationError when the logo that the settings name cannot be read.
    """
    settings = archive.settings.letterhead
    own = settings.of(office)
    with archive.database.reader() as session:
        name = session.scalar(select(Office.name).where(Office.code == office)) if office else None
    logo = b""
    if own.logo is not None:
        try:
            with own.logo.open("rb") as file:
                logo = file.read(_MOST_LOGO_BYTES)
        except OSError as error:
            raise ConfigurationError(f"the logo {own.logo.name} cannot be read: {error.strerror}") from None
    organisation = archive.settings.archive.organisation
    return Letterhead(organisation, own.name or name or archive.settings.archive.name, tuple(own.lines), logo)


def list_title(name: ListName, language: str) -> str:
    """Return the name of a list as people say it."""
    return LIST_NAMES[language][name]
