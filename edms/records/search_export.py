"""The whole list that a search finds, as a file to carry away: CSV, XLSX or PDF, from its first record to its last.

It is read by places (`edms.search.cursors`), some hundred records at a time, each time under the access rule as it is
then: who is let go meanwhile, or may see less, gets no more. An event before the first row says what was asked for, a
second one how many rows were given.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID
from zoneinfo import ZoneInfo

from edms.access.actors import Actor
from edms.access.levels import UNCLASSIFIED_COUNTS_AS
from edms.access.model import Person
from edms.access.people import actor_of, in_service
from edms.access.policy import Action
from edms.core.errors import LimitExceeded
from edms.core.ids import parse_id
from edms.operation.door import NotPermitted
from edms.records.archive import Archive
from edms.records.disclosures import EXPORT_ENDED, EXPORTED
from edms.records.file_plan import class_titles
from edms.records.model import Record
from edms.records.questions import KeptQuestion, require_length
from edms.records.searching import request_within, visible_rows
from edms.records.sheets import MEDIA_TYPES, Cell, Column, Form, Letterhead, Sheet, sheet_parts

_AT_ONCE = 500
_WIDTHS = (14, 12, 44, 22, 22, 12, 12, 28, 12, 14, 14, 18, 8, 36)
_HEADINGS = {
    "id": (
        "Nomor", "Tanggal", "Judul", "Dari", "Kepada", "Perangkat daerah", "Kode klasifikasi", "Klasifikasi",
        "Tingkat keamanan", "Jenis", "Keadaan", "Diterima", "Halaman", "Arsip",
    ),
    "en": (
        "Number", "Date", "Title", "From", "To", "Office", "Class code", "Class", "Level", "Type", "State", "Received",
        "Pages", "Record",
    ),
}  # fmt: skip
_VALUES = {
    "id": {
        "open": "terbuka", "restricted": "terbatas", "secret": "rahasia", "top_secret": "sangat rahasia",
        "declared": "ditetapkan", "pending": "diproses", "quarantined": "dikarantina", "returned": "dikembalikan",
    },
    "en": {"top_secret": "top secret", "pending": "in progress"},
}  # fmt: skip
_WORDS = {
    "id": {"title": "Hasil pencarian", "query": "Yang dicari", "total": "Jumlah", "by": "Diambil oleh",
           "order": "Urutan", "file": "hasil-pencarian"},
    "en": {"title": "Search results", "query": "Searched for", "total": "Total", "by": "Taken by", "order": "Order",
           "file": "search-results"},
}  # fmt: skip
_ORDERS = {
    "id": {"relevance": "terbaik dulu", "newest": "terbaru dulu", "oldest": "terlama dulu", "title": "judul"},
    "en": {"relevance": "best first", "newest": "newest first", "oldest": "oldest first", "title": "title"},
}


@dataclass(frozen=True)
class ExportedList:
    """A file that comes in parts; closing `parts` early ends the reading."""

    name: str
    media_type: str
    parts: Iterator[bytes]


def export_search(
    actor: Actor | None, archive: Archive, question: KeptQuestion, form: Form, language: str = "id"
) -> ExportedList:
    """Return the file of everything that the actor finds; `language` of its headings is "id" or "en".

    Raises LimitExceeded for a query that is too long, and for more records than a PDF is made for, which is built in
    memory. CSV and XLSX have no limit.
    """
    require_length(question.text, archive.settings.search.max_query_characters)
    with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
        scope = operation.scope()
        operation.about("archive", "", EXPORTED)
        asked = request_within(
            operation.session, scope, text=question.text, filters=question.filters, limit=1, highlight=False
        )
        total, most = archive.index.search(asked).total, archive.settings.search.most_pdf_rows
        if form is Form.PDF and total > most:
            raise LimitExceeded(f"a PDF lists at most {most} records", "take CSV or XLSX, or narrow the search")
        digest, who, now = archive.trail.typed_digest(question.text), operation.actor, operation.now
        operation.note(
            query=digest, total=total, form=form.value, filters=question.filters.names(), order=question.sort
        )
    words, zone = _WORDS[language], ZoneInfo(archive.settings.archive.time_zone)
    sheet = Sheet(
        title=words["title"],
        columns=tuple(Column(*one) for one in zip(_HEADINGS[language], _WIDTHS, strict=True)),
        rows=_rows(who, archive, question, language),
        made_at=now,
        language=language,
        zone=zone,
        notes=(
            (words["query"], question.text),
            (words["order"], _ORDERS[language][question.sort]),
            (words["total"], str(total)),
            (words["by"], who.name),
        ),
        letterhead=Letterhead(archive.settings.archive.name),
    )
    name = f"{words['file']}-{now.astimezone(zone).date()}.{form.value}"
    return ExportedList(name, MEDIA_TYPES[form], sheet_parts(sheet, form))


def _rows(actor: Actor, archive: Archive, question: KeptQuestion, language: str) -> Iterator[tuple[Cell, ...]]:
    """Yield the rows; however it ends, an event says how many were given, and whether they are all."""
    titles, values = class_titles(archive), _VALUES[language]
    given, whole = 0, False
    try:
        for records in _pages(actor, archive, question):
            for record in records:
                given += 1
                yield _row(record, titles, values)
        whole = True
    finally:
        with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
            operation.scope()
            operation.about("archive", "", EXPORT_ENDED)
            operation.note(query=archive.trail.typed_digest(question.text), rows=given, whole=whole)


def _pages(actor: Actor, archive: Archive, question: KeptQuestion) -> Iterator[list[Record]]:
    cursor = ""
    while True:
        with archive.door.read(_as_of_now(archive, actor), Action.RECORD_SEARCH) as operation:
            scope = operation.scope()
            asked = request_within(
                operation.session, scope, text=question.text, filters=question.filters, sort=question.sort,
                limit=_AT_ONCE, highlight=False, cursor=cursor, reader=actor.id,
            )  # fmt: skip
            answer = archive.index.search(asked)
            ids = [UUID(hit.record_id) for hit in answer.hits]
            seen = visible_rows(operation.session, scope, asked.granted, ids)
        yield [seen[one] for one in ids if one in seen]
        cursor = answer.cursor
        if not cursor:
            return


def _as_of_now(archive: Archive, actor: Actor) -> Actor:
    """Return the actor with the offices, roles and clearance of this moment. Raises NotPermitted for who has left."""
    person_id, today = parse_id(actor.id), archive.clock.today()
    if person_id is None:
        return actor
    with archive.database.reader() as session:
        person = session.get(Person, person_id)
        if person is None or not in_service(person, today):
            raise NotPermitted("you may not do this")
        fresh = actor_of(session, person, today, actor.via)
    return replace(fresh, actions=actor.actions, bound_to=actor.bound_to, token_id=actor.token_id)


def _row(record: Record, titles: dict[str, str], values: dict[str, str]) -> tuple[Cell, ...]:
    level = record.level or UNCLASSIFIED_COUNTS_AS.value
    return (
        record.number, record.document_date, record.title, record.sender, record.recipient, record.office.name,
        record.class_code, titles.get(record.class_code or "", ""), values.get(level, level), record.record_type,
        values.get(record.state, record.state), record.received_at, record.page_count, str(record.id),
    )  # fmt: skip
