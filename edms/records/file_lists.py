"""Daftar Berkas and Daftar Isi Berkas: the files (berkas) of an office and what is in them (R6).

They have exactly the columns that the archives inspector asks for (ANRI internal-audit instrument, local-government
form); a list that lacks one is marked "Tidak". They are papers of the law, so they are drawn up in Indonesian.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, literal, select

from edms.access.actors import Actor
from edms.access.filters import Columns, sql_filter
from edms.access.policy import Action
from edms.access.scope import Stage
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.model import Folder, Record, RecordState
from edms.records.offices import office_of
from edms.records.report_sheets import letterhead
from edms.records.sheets import Cell, Column, Sheet
from edms.records.visible import visible_to
from edms.retention.explain import day

PART = 500
FILES_COLUMNS = (
    "unit pengolah", "nomor berkas", "kode klasifikasi", "uraian informasi berkas", "kurun waktu", "jumlah",
    "keterangan",
)  # fmt: skip
CONTENTS_COLUMNS = (
    "nomor berkas", "nomor item arsip", "kode klasifikasi", "uraian informasi arsip", "tanggal", "jumlah",
    "keterangan",
)  # fmt: skip
_FILES_WIDTHS = (26, 16, 16, 44, 14, 12, 26)
_CONTENTS_WIDTHS = (16, 14, 16, 52, 14, 12, 30)


class FileList(StrEnum):
    """`FILES`: Daftar Berkas; `CONTENTS`: Daftar Isi Berkas."""

    FILES = "files"
    CONTENTS = "contents"


TITLES = {FileList.FILES: "Daftar Berkas", FileList.CONTENTS: "Daftar Isi Berkas"}


@contextmanager
def open_file_list(
    actor: Actor | None, archive: Archive, name: FileList, office: str, through: date | None
) -> Iterator[tuple[Sheet, str]]:
    """Give the list of an office (its code) as a sheet, and a name for its file; read within the block.

    Of the files opened through a day, and in them the declared records, that the actor may see. Raises Refused for an
    office that there is not.
    """
    until = through or archive.clock.today()
    with archive.door.disclose(actor, Action.RETENTION_REPORT) as operation:
        scope, found = operation.scope(), office_of(operation.session, office)
        seen = Columns(Folder.office_id, Folder.level, literal(Stage.PENDING.value))
        within = and_(Folder.office_id == found.id, Folder.opened_on <= until, sql_filter(scope, seen))
        records = and_(Record.folder_id == Folder.id, Record.state == RecordState.DECLARED.value, visible_to(scope))
        files = name is FileList.FILES
        operation.about("list", f"daftar-{name}", LISTED)
        operation.note(office=office)
        operation.record_now()
        yield (
            Sheet(
                title=f"{TITLES[name]} {found.name}",
                columns=_columns(name),
                rows=(_files if files else _contents)(operation, within, records, found.name),
                made_at=archive.clock.now(),
                zone=ZoneInfo(archive.settings.archive.time_zone),
                notes=[("Unit pengolah", found.name), ("Keadaan sampai", day(until, "id"))],
                letterhead=letterhead(archive, office),
            ),
            f"{'daftar-berkas' if files else 'daftar-isi-berkas'}-{until}",
        )


def _columns(name: FileList) -> list[Column]:
    headings, widths = (
        (FILES_COLUMNS, _FILES_WIDTHS) if name is FileList.FILES else (CONTENTS_COLUMNS, _CONTENTS_WIDTHS)
    )
    return [Column(heading.capitalize(), width) for heading, width in zip(headings, widths, strict=True)]


def _files(
    operation: Operation, within: ColumnElement[bool], records: ColumnElement[bool], office: str
) -> Iterator[tuple[Cell, ...]]:
    query = (
        select(
            Folder.code, Folder.class_code, Folder.title, Folder.opened_on, Folder.closed_on,
            func.count(Record.id).label("items"), func.min(Record.document_date).label("first"),
            func.max(Record.document_date).label("last"),
        )
        .outerjoin(Record, records)
        .where(within)
        .group_by(Folder.id, Folder.code, Folder.class_code, Folder.title, Folder.opened_on, Folder.closed_on)
        .order_by(Folder.code, Folder.id)
    )  # fmt: skip
    for row in _read(operation, query):
        state = f"ditutup {day(row.closed_on, 'id')}" if row.closed_on else "terbuka"
        period = _years(row.first or row.opened_on, row.last or row.closed_on)
        yield office, row.code, row.class_code, row.title, period, f"{row.items} item", state


def _contents(
    operation: Operation, within: ColumnElement[bool], records: ColumnElement[bool], _office: str
) -> Iterator[tuple[Cell, ...]]:
    """The number of an item is its place in its file, by the day of the document: it is a list, and no register."""
    query = (
        select(
            Folder.id.label("folder"), Folder.code, Record.class_code, Record.title, Record.number,
            Record.document_date, Record.page_count, Record.development, Record.medium,
        )
        .join(Record, records)
        .where(within)
        .order_by(Folder.code, Folder.id, Record.document_date.nulls_last(), Record.id)
    )  # fmt: skip
    folder, place = None, 0
    for row in _read(operation, query):
        folder, place = row.folder, place + 1 if row.folder == folder else 1
        amount = f"{row.page_count} lembar" if row.page_count else "1 item"
        told = [row.number and f"nomor {row.number}", row.development, row.medium]
        note = "; ".join(one for one in told if one)
        yield row.code, place, row.class_code, row.title, row.document_date, amount, note


def _read(operation: Operation, query: Any) -> Iterator[Any]:
    for part in operation.session.connection().execute(query.execution_options(yield_per=PART)).partitions():
        yield from part


def _years(first: date | None, last: date | None) -> str:
    """The span in years, one or from-to; unknown is unknown."""
    years = sorted({one.year for one in (first, last) if one is not None})
    return "–" if not years else str(years[0]) if len(years) == 1 else f"{years[0]}–{years[-1]}"
