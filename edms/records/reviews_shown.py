"""What waits for a review or its judge, and the list of vital records with the columns of the instrument (R46, R81)."""

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from fpdf import FPDF
from fpdf.fonts import FontFace
from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.model import Office, Person
from edms.access.policy import Action, decide
from edms.core.ids import parse_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.model import Record, RecordState
from edms.records.pdf_letters import FONT, add_letters, shown
from edms.records.report_files import safe_cell
from edms.records.retention_facts import judgeables, select_facts
from edms.records.reviews_model import RetentionReview, ReviewKind
from edms.records.visible import facts_for, visible_to

MOST_SHOWN = 500
VITAL_COLUMNS = (
    "nomor", "jenis arsip", "unit kerja", "kurun waktu", "media", "jumlah", "jangka simpan", "metode perlindungan",
)  # fmt: skip
"""Daftar Arsip Vital, as ANRI's instrument of internal audit asks for it."""


@dataclass(frozen=True)
class ReviewLine:
    """A proposal that waits for its judge. `own`: by the reader, who may therefore not judge it."""

    id: UUID
    kind: str
    record: UUID | None
    subject: str
    reason: str
    told: str
    day: date | None
    months: int | None
    proposed_by: str
    proposed_at: datetime
    own: bool

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON of `edms judgement list`."""
        return {
            "review": str(self.id), "kind": self.kind, "record": str(self.record) if self.record else None,
            "subject": self.subject, "reason": self.reason, "told": self.told,
            "day": self.day.isoformat() if self.day else None, "months": self.months,
            "proposed_by": self.proposed_by, "proposed_at": self.proposed_at.isoformat(),
        }  # fmt: skip


@dataclass(frozen=True)
class ReviewDesk:
    """`waiting` for a judge; records with an old date that nobody has verified (`undated`, and how many in all)."""

    waiting: tuple[ReviewLine, ...]
    undated: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True)
class VitalLine:
    """A vital record, in the columns of the list. `next_review` None: never reviewed. `late`: its day is past."""

    record: UUID
    cells: tuple[str, ...]
    next_review: date | None
    late: bool


def review_desk(actor: Actor | None, archive: Archive) -> ReviewDesk:
    """Return what the actor may judge, oldest first, and the records whose date is in question; of each the first."""
    with archive.door.disclose(actor, Action.RETENTION_REPORT) as operation:
        scope, session = operation.scope(), operation.session
        operation.about("list", "reviews", LISTED)
        operation.seldom()
        query = select(RetentionReview).where(RetentionReview.accepted.is_(None)).order_by(RetentionReview.proposed_at)
        rows = [(row, subject) for row in session.scalars(query) if (subject := _subject(operation, row)) is not None]
        rows = rows[:MOST_SHOWN]
        ids = {one for row, _subject_told in rows if (one := parse_id(row.proposed_by)) is not None}
        names = {
            str(one): name for one, name in session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
        }
        waiting = tuple(
            ReviewLine(
                row.id, row.kind, row.record_id, subject, row.reason, row.told, row.day, row.months,
                names.get(row.proposed_by, row.proposed_by), row.proposed_at, row.proposed_by == operation.actor.id,
            )
            for row, subject in rows
        )  # fmt: skip
        undated = select(Record.id, Record.title).where(
            Record.state == RecordState.DECLARED.value, Record.legacy_unverified, visible_to(scope)
        )
        found = tuple((one, title) for one, title in session.execute(undated.order_by(Record.id).limit(MOST_SHOWN)))
        return ReviewDesk(waiting, found)


def vital_list(actor: Actor | None, archive: Archive) -> list[VitalLine]:
    """Return every vital record that the actor may see, by office and class: Daftar Arsip Vital."""
    with archive.door.disclose(actor, Action.RETENTION_REPORT) as operation:
        scope, session, today = operation.scope(), operation.session, archive.clock.today()
        operation.about("list", "vital", LISTED)
        wanted = [Record.state == RecordState.DECLARED.value, Record.vital, visible_to(scope)]
        kept = {row.record_id: row for row in session.scalars(_last_kept())}
        told = {found.row.id: found for found in judgeables(session, select_facts().where(*wanted), today)}
        query = select(Record, Office.name).join(Office, Office.id == Record.office_id).where(*wanted)
        lines = []
        for number, (record, office) in enumerate(
            session.execute(query.order_by(Office.code, Record.class_code, Record.id)), 1
        ):
            rule, review = told[record.id].rule, kept.get(record.id)
            years = f"{rule.active.years} + {rule.inactive.years} tahun, {rule.fate_text}" if rule else "-"
            cells = (
                str(number), record.class_title or record.title, office,
                str(record.document_date.year) if record.document_date else "-", record.medium or "elektronik",
                f"{record.page_count or 1} lembar", years, review.told if review else "-",
            )  # fmt: skip
            day = review.day if review else None
            lines.append(VitalLine(record.id, cells, day, day is None or day <= today))
        operation.note(shown=len(lines))
        return lines


def vital_csv(lines: list[VitalLine]) -> str:
    """Return the list as CSV of exactly its columns."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(VITAL_COLUMNS)
    writer.writerows([safe_cell(cell) for cell in line.cells] for line in lines)
    return out.getvalue()


def vital_pdf(lines: list[VitalLine], archive_name: str, made_at: datetime) -> bytes:
    """Return the list as a PDF, A4 across, in Indonesian; the same lines at the same moment give the same bytes."""
    document = FPDF(orientation="landscape", format="A4")
    document.set_creation_date(made_at)
    document.set_producer("edms")
    document.set_title(f"Daftar Arsip Vital · {archive_name}")
    document.set_lang("id")
    known = add_letters(document)
    document.add_page()
    document.set_font(FONT, size=12)
    document.cell(0, 7, shown(f"DAFTAR ARSIP VITAL · {archive_name}", known), new_x="LMARGIN", new_y="NEXT")
    document.set_font(FONT, size=8)
    with document.table(headings_style=FontFace(), col_widths=(10, 50, 42, 18, 22, 20, 45, 60)) as table:
        for cells in (VITAL_COLUMNS, *(line.cells for line in lines)):
            row = table.row()
            for cell in cells:
                row.cell(shown(cell, known))
    return bytes(document.output())


def _subject(operation: Operation, row: RetentionReview) -> str | None:
    """What it is about, in words; None for what the actor may not judge."""
    if row.record_id is None:
        return row.class_code if decide(operation.actor, Action.RETENTION_APPLY).allowed else None
    record = operation.session.get_one(Record, row.record_id)
    may = decide(operation.actor, Action.RECORD_REVIEW, facts_for(operation, record)).allowed
    return record.title if may else None


def _last_kept() -> Any:
    query = select(RetentionReview).where(
        RetentionReview.accepted.is_(True), RetentionReview.kind == ReviewKind.VITAL_KEPT.value
    )
    return query.order_by(RetentionReview.judged_at, RetentionReview.id)
