"""Search as a use case, and the feeding of the index from the outbox.

The index is derived (invariant 6): every change leaves an outbox entry in its own transaction; draining reads the
rows anew, so draining twice is harmless and the order of entries does not matter.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, delete, func, select
from sqlalchemy.orm import Session, selectinload

from edms.access.actors import Actor, system_actor
from edms.access.filters import record_token, search_tokens
from edms.access.levels import UNCLASSIFIED_COUNTS_AS
from edms.access.model import Office
from edms.access.policy import Action
from edms.access.scope import Scope
from edms.core.errors import LimitExceeded
from edms.operation.door import Operation
from edms.operation.model import OutboxEntry
from edms.records.archive import Archive
from edms.records.components import read_pages
from edms.records.disclosures import SEARCHED
from edms.records.facts import facts_of
from edms.records.index_mending import notices_of, report_damage
from edms.records.loans_shown import records_out
from edms.records.model import Component, ComponentRole, Record, RecordState
from edms.records.questions import KeptQuestion, require_length
from edms.records.reindexing import INDEX_TOPIC, marks_beside
from edms.records.search_history import note_question
from edms.records.thumbnails import with_thumbnails
from edms.records.visible import granted_ids, visible_to
from edms.search.errors import BadCursor, IndexDamaged
from edms.search.protocol import (
    Change,
    Delete,
    Filters,
    Highlight,
    IndexDocument,
    Notice,
    SearchAnswer,
    SearchRequest,
    Sort,
    Upsert,
)
from edms.text.language import most_common

log = logging.getLogger("edms.search")

__all__ = ["INDEX_TOPIC", "Filters", "Highlight", "Notice", "Sort"]  # so that faces need not know the mechanism


@dataclass(frozen=True)
class Found:
    """One hit, with what the actor may read of it."""

    record: Record
    score: float
    highlights: Mapping[str, Highlight]
    thumbnail: bool = False
    out_until: date | None = None
    pages: tuple[int, ...] = ()

    @property
    def level(self) -> str:
        return self.record.level or UNCLASSIFIED_COUNTS_AS.value

    def as_dict(self) -> dict[str, Any]:
        """One hit of the stable JSON of `edms search`."""
        record = self.record
        shown = self.highlights.get("text") or self.highlights.get("title")
        return {
            "record": str(record.id),
            "title": record.title,
            "office": record.office.code,
            "class": record.class_code,
            "level": self.level,
            "date": record.document_date.isoformat() if record.document_date else None,
            "state": record.state,
            "number": record.number,
            "score": round(self.score, 4),
            "snippet": shown.text if shown else "",
            "pages": list(self.pages),
            "on_loan": self.out_until is not None,
        }


@dataclass(frozen=True)
class Results:
    answer: SearchAnswer
    found: tuple[Found, ...]
    office_names: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON of `edms search`."""
        return {
            "total": self.answer.total,
            "hits": [hit.as_dict() for hit in self.found],
            "facets": {name: dict(counts) for name, counts in self.answer.facets.items()},
            "suggestion": self.answer.suggestion,
            "cursor": self.answer.cursor,
            "previous": self.answer.previous,
            "start": self.answer.start,
            "notices": [{"code": notice.code, "detail": notice.detail} for notice in self.answer.notices],
        }


def search(actor: Actor | None, archive: Archive, request: "Question") -> Results:
    """Return what `actor` finds. Hits, total and facets are of visible records only: the filter is in the query.

    The event tells how many, and of what was typed a keyed digest alone. Raises LimitExceeded for a query or a window
    over the limit.
    """
    limits = archive.settings.search
    require_length(request.text, limits.max_query_characters)
    if not request.cursor and request.offset + request.limit > limits.max_results_window:
        raise LimitExceeded(f"only the first {limits.max_results_window} results can be listed", "narrow the search")
    with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
        scope = operation.scope()
        operation.about("archive", "", SEARCHED)
        offices = list(operation.session.scalars(select(Office)))
        asked = request_within(
            operation.session,
            scope,
            text=request.text,
            filters=request.filters,
            limit=request.limit,
            offset=request.offset,
            sort=request.sort,
            facets=request.facets,
            cursor=request.cursor,
            reader=str(operation.actor.id),
            pages=True,
        )
        answer = _answer(operation, archive, asked, request.lenient)
        rows = visible_rows(operation.session, scope, asked.granted, [UUID(hit.record_id) for hit in answer.hits])
        hits = [(UUID(hit.record_id), hit) for hit in answer.hits if UUID(hit.record_id) in rows]
        pictured = with_thumbnails(operation, [one for one, _hit in hits]) if request.thumbnails else frozenset()
        out = records_out(operation.session, list(rows))
        found = tuple(
            Found(rows[one], hit.score, hit.highlights, one in pictured, out.get(one), hit.pages) for one, hit in hits
        )
        if not request.offset and not request.cursor:
            note_question(
                operation, archive, KeptQuestion(" ".join(request.text.split()), request.filters, request.sort)
            )
        operation.note(
            query=archive.trail.typed_digest(request.text),
            total=answer.total,
            shown=len(found),
            offset=request.offset,
            filters=request.filters.names(),
        )
        return Results(answer, found, {office.code: office.name for office in offices})


@dataclass(frozen=True)
class Question:
    """What is asked: text (docs/search-language.md), filters, window, order, wanted facets, pictures beside the hits.

    `cursor`: of an answer, for the hits that follow it or, its `previous`, for those before it, without limit; `offset`
    is 0 then. `lenient`: a cursor that does not serve means the beginning, which a notice says.
    """

    text: str
    filters: Filters = field(default_factory=Filters)
    limit: int = 20
    offset: int = 0
    sort: Sort = "relevance"
    facets: tuple[str, ...] = ()
    thumbnails: bool = False
    cursor: str = ""
    lenient: bool = False


def request_within(session: Session, scope: Scope, **asked: Any) -> SearchRequest:
    """Return the question that `asked` spells (fields of a SearchRequest) for whoever has this scope now.

    It is put together before the index is looked at: what is drained in between is then in the index, and else
    withheld.
    """
    withheld, granted = withheld_now(session, scope), granted_now(session, scope)
    return SearchRequest(access=search_tokens(scope), granted=granted, withheld=withheld, **asked)


def _answer(operation: Operation, archive: Archive, request: SearchRequest, lenient: bool = False) -> SearchAnswer:
    """Ask the index. Of one that is damaged nothing is found, which the answer says; a worker mends it."""
    notices = notices_of(operation.session)
    try:
        try:
            answer = archive.index.search(request)
        except BadCursor:
            if not lenient:
                raise
            notices = (*notices, Notice("place-unknown"))
            answer = archive.index.search(replace(request, cursor=""))
    except IndexDamaged:
        log.exception("the index is damaged")
        report_damage(operation, archive)
        return SearchAnswer(0, (), {name: {} for name in request.facets}, (Notice("index-damaged"),))
    return replace(answer, notices=(*notices, *answer.notices)) if notices else answer


def granted_now(session: Session, scope: Scope) -> frozenset[str]:
    """The records that the actor may see by a grant: as the database has it now, so that no grant waits for the index
    and none outlives its end there."""
    return granted_ids(session, scope)


def withheld_now(session: Session, scope: Scope) -> frozenset[str]:
    """The records whose last change the index has not taken in yet, and that the actor may not see as they are now.

    Else what was hidden a moment ago would still count in totals, facets and scores (invariant 5).
    """
    waiting = select(OutboxEntry.subject_id).where(OutboxEntry.topic == INDEX_TOPIC)
    # Nearly always nothing waits, and to put the condition together costs more than to ask.
    if session.scalar(waiting.limit(1)) is None:
        return frozenset()
    # Not `NOT visible`: where a part of the rule is unknown, of a record without a folder, that is no answer.
    hidden = case((visible_to(scope), False), else_=True)
    rows = session.scalars(select(Record.id).where(Record.id.in_(waiting), hidden))
    return frozenset(str(one) for one in rows)


def visible_rows(session: Session, scope: Scope, granted: frozenset[str], ids: list[UUID]) -> dict[UUID, Record]:
    """Read the hits' rows and judge each by the rule again, so that an index that lags behind never shows too much.

    `granted`: what `granted_now` told; of one of them the level is looked at once more, since a grant lifts none.
    """
    if not ids:
        return {}
    query = select(Record).where(Record.id.in_(ids)).options(selectinload(Record.office))
    told = {record: facts_of(record) for record in session.scalars(query)}
    most = scope.grant_level
    return {
        record.id: record
        for record, facts in told.items()
        if scope.covers(facts)
        or (
            str(record.id) in granted
            and most is not None
            and most.permits(facts.effective_level)
            and scope.only in (None, facts.office_id)
        )
    }


def drain(archive: Archive, *due: ColumnElement[bool], topic: str = INDEX_TOPIC) -> int:
    """Bring the index up to date with one batch of records. Returns how many changes of them waited, 0 when none did.

    `due`: conditions on an OutboxEntry, for the caller that leaves some for later. `topic`: why they wait. Entries are
    deleted only after the index has committed durably; a crash in between repeats the batch.
    """
    waiting = select(OutboxEntry.subject_id).where(OutboxEntry.topic == topic, *due)
    oldest = waiting.group_by(OutboxEntry.subject_id).order_by(func.min(OutboxEntry.sequence))
    query = select(OutboxEntry.sequence, OutboxEntry.subject_id).where(
        OutboxEntry.topic == topic,
        OutboxEntry.subject_id.in_(oldest.limit(archive.settings.search.batch_size)),
    )
    with archive.database.reader() as session:
        entries = dict(session.execute(query).all())
        if not entries:
            return 0
        changes = list(_changes(archive, session, set(entries.values())))
    archive.index.apply(changes)
    _forget(archive, list(entries))
    return len(entries)


def _forget(archive: Archive, sequences: list[int]) -> None:
    with archive.door.write(system_actor("index"), Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.unrecorded()
        operation.session.execute(delete(OutboxEntry).where(OutboxEntry.sequence.in_(sequences)))


def _changes(archive: Archive, session: Session, ids: set[UUID]) -> Iterator[Change]:
    beside = marks_beside(session, list(ids))
    for record in session.scalars(_with_parts().where(Record.id.in_(ids))):
        gone = record.state == RecordState.DESTROYED.value
        document = None if gone else document_of(archive, record, beside.get(record.id, frozenset()))
        yield Upsert(document) if document else Delete(str(record.id), record.version)


def every_document(archive: Archive, session: Session) -> Iterator[IndexDocument]:
    """Yield the index document of every record, for a rebuild; memory stays bounded."""
    ids = list(
        session.scalars(select(Record.id).where(Record.state != RecordState.DESTROYED.value).order_by(Record.id))
    )
    for start in range(0, len(ids), 200):
        chunk = ids[start : start + 200]
        beside = marks_beside(session, chunk)
        for record in session.scalars(_with_parts().where(Record.id.in_(chunk)).order_by(Record.id)):
            yield document_of(archive, record, beside.get(record.id, frozenset()))
        session.expunge_all()


def _with_parts() -> Select[Record]:
    return select(Record).options(
        selectinload(Record.office), selectinload(Record.components).selectinload(Component.blob)
    )


def document_of(archive: Archive, record: Record, beside: frozenset[str] = frozenset()) -> IndexDocument:
    """Return what the index keeps of `record`, with the one access token that decides who finds it. `beside`: what
    `ada:` can ask for that stands in other tables."""
    year = record.document_date.year if record.document_date else None
    pages = read_pages(archive, record)
    return IndexDocument(
        record_id=str(record.id),
        version=record.version,
        title=record.title,
        text="\n\f".join(page["text"].replace("\f", " ") for page in pages),
        number=record.number or "",
        sender=record.sender or "",
        recipient=record.recipient or "",
        office=record.office.code,
        class_code=record.class_code or "",
        level=record.level or UNCLASSIFIED_COUNTS_AS.value,
        record_type=record.record_type or "",
        date=record.document_date,
        year=year,
        state=record.state,
        language=record.language or _language(pages),
        access=record_token(facts_of(record)),
        features=_features(record, pages) | beside,
    )


def _features(record: Record, pages: list[dict[str, Any]]) -> frozenset[str]:
    """What `ada:` can ask for and the record itself says; holds and redactions: `edms.records.reindexing`."""
    roles = {part.role for part in record.components}
    original = record.component(ComponentRole.ORIGINAL)
    facts = original.facts if original else {}
    told = {
        "signature": bool(facts.get("signatures")) or ComponentRole.SIGNED.value in roles,
        "attachment": ComponentRole.ATTACHMENT.value in roles,
        "text": any(page["text"].strip() for page in pages),
        "ocr": bool(facts.get("ocr")),
        "copy": not roles.isdisjoint({ComponentRole.ACCESS_COPY.value, ComponentRole.LATER_COPY.value}),
        "number": bool(record.number),
        "date": record.document_date is not None,
        "sender": bool(record.sender),
        "recipient": bool(record.recipient),
    }
    return frozenset(name for name, has in told.items() if has)


def _language(pages: list[dict[str, Any]]) -> str:
    """The language of most of the text, as its reading told it; "" leaves the guess to the index."""
    counted: Counter[str] = Counter()
    for page in pages:
        counted[page.get("language", "")] += len(page["text"])
    found = most_common(counted)
    return found if found in ("id", "en") else ""
