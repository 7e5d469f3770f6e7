"""Searches that people keep under a name, and what is new in those they watch (issue of the day for an official).

They are a person's own: no other person, administrator or console sees them, and the trail does not say what is asked.
What is new is counted among what the person may see at the moment of looking.
"""

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from edms.access.actors import Actor, system_actor
from edms.access.model import Person
from edms.access.people import actor_of, in_service
from edms.access.policy import Action, view_scope
from edms.access.scope import Scope
from edms.core.errors import IntegrityFault, LimitExceeded, NotFound, Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.model import Record
from edms.records.people import own_person
from edms.records.questions import KeptQuestion, packed, require_question, unpacked
from edms.records.questions_model import SavedSearch
from edms.records.sealed_rows import seal_row, unseal_row
from edms.records.searching import request_within
from edms.records.visible import visible_to
from edms.search.errors import IndexDamaged

log = logging.getLogger("edms.search")

MOST_NAME = 120
TOLD = 5
"""So many titles of what is new are told of one search; the others are counted."""
WATCHER = system_actor("watch")
_AT_ONCE = 50
_QUESTION, _KNOWN, _FRESH = b"edms:saved-search:1:", b"edms:saved-search-known:1:", b"edms:saved-search-fresh:1:"


@dataclass(frozen=True)
class Fresh:
    """A record that a watched search has found since its person looked last."""

    id: UUID
    title: str


@dataclass(frozen=True)
class SavedLine:
    """One saved search of a person. `fresh_count` is of what the person may see now; `fresh` the first of it.

    `too_many`: it is watched and finds more than can be watched.
    """

    id: UUID
    name: str
    question: KeptQuestion
    watched: bool
    too_many: bool
    fresh_count: int
    fresh: tuple[Fresh, ...]
    looked_at: datetime | None


def save_search(
    actor: Actor | None, archive: Archive, name: str, question: KeptQuestion, *, watched: bool = False
) -> UUID:
    """Keep a question under a name. Raises Refused, and LimitExceeded when the person keeps too many."""
    require_question(question, archive)
    name = _named(name)
    looked, ids = _finds(actor, archive, question) if watched else (False, None)
    with archive.door.write(actor, Action.RECORD_SEARCH) as operation:
        operation.decide()
        person = own_person(operation)
        mine = select(func.count()).select_from(SavedSearch).where(SavedSearch.person_id == person.id)
        most = archive.settings.search.most_saved
        if (operation.session.scalar(mine) or 0) >= most:
            raise LimitExceeded(f"you keep {most} searches already", "remove one that you do not need any more")
        row = SavedSearch(id=new_id(archive.clock), person_id=person.id, watched=watched, made_at=operation.now)
        _write(archive, row, name, question)
        if looked:
            _know(operation, archive, row, ids)
        operation.session.add(row)
        operation.about("saved_search", row.id, "search.saved")
        operation.note(watched=watched)
        return row.id


def saved_searches(actor: Actor | None, archive: Archive) -> list[SavedLine]:
    """Return what the actor keeps, by name, with what is new in what is watched; titles of which are a disclosure."""
    with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
        scope = operation.scope()
        operation.about("list", "saved_searches", "search.saved_listed")
        operation.seldom()
        query = select(SavedSearch).where(SavedSearch.person_id == own_person(operation).id)
        rows = [(row, told) for row in operation.session.scalars(query) if (told := _read(archive, row))]
        fresh = {row.id: _opened(archive, row, row.fresh, _FRESH) or frozenset() for row, _told in rows}
        wanted = frozenset().union(*fresh.values()) if fresh else frozenset()
        visible: dict[UUID, str] = {}
        if wanted:
            seen = select(Record.id, Record.title).where(Record.id.in_(wanted), visible_to(scope))
            visible = dict(operation.session.execute(seen).all())
            operation.note(records=sorted(str(one) for one in visible)[:100])
        lines = []
        for row, (name, question) in rows:
            new = sorted((one for one in fresh[row.id] if one in visible), reverse=True)
            first = tuple(Fresh(one, visible[one]) for one in new[:TOLD])
            too_many = row.watched and row.known is None and row.watched_at is not None
            lines.append(SavedLine(row.id, name, question, row.watched, too_many, len(new), first, row.looked_at))
        return sorted(lines, key=lambda line: (line.name.casefold(), line.id))


def open_search(actor: Actor | None, archive: Archive, search_id: UUID) -> KeptQuestion:
    """Return what a saved search asks; what it finds now is not new any more. Raises NotFound."""
    question, watched = _asked(actor, archive, search_id)
    looked, ids = _finds(actor, archive, question) if watched else (False, None)
    with archive.door.write(actor, Action.RECORD_SEARCH) as operation:
        operation.decide()
        row, _name, _question = _own(operation, archive, search_id)
        row.looked_at = operation.now
        if looked and row.watched:
            _know(operation, archive, row, ids)
        operation.about("saved_search", row.id, "search.saved_opened")
    return question


def saved_question(actor: Actor | None, archive: Archive, name: str) -> KeptQuestion:
    """Return what the actor's search of that name asks, to ask it elsewhere. Raises NotFound."""
    with archive.door.read(actor, Action.RECORD_SEARCH) as operation:
        operation.decide()
        query = select(SavedSearch).where(SavedSearch.person_id == own_person(operation).id)
        for row in operation.session.scalars(query.order_by(SavedSearch.id)):
            told = _read(archive, row)
            if told is not None and told[0].casefold() == name.strip().casefold():
                return told[1]
        raise NotFound()


def change_saved_search(
    actor: Actor | None, archive: Archive, search_id: UUID, name: str, *, watched: bool = False
) -> None:
    """Give a saved search another name, and watch it or no more. Raises NotFound, Refused."""
    name = _named(name)
    question, before = _asked(actor, archive, search_id)
    begins = watched and not before
    looked, ids = _finds(actor, archive, question) if begins else (False, None)
    with archive.door.write(actor, Action.RECORD_SEARCH) as operation:
        operation.decide()
        row, _before, _question = _own(operation, archive, search_id)
        _write(archive, row, name, question)
        row.watched = watched
        if looked:
            _know(operation, archive, row, ids)
        elif not watched:
            row.known = row.fresh = row.watched_at = None
        operation.about("saved_search", row.id, "search.saved_changed")
        operation.note(watched=watched)


def drop_saved_search(actor: Actor | None, archive: Archive, search_id: UUID) -> None:
    """Keep a saved search no more. Raises NotFound."""
    with archive.door.write(actor, Action.RECORD_SEARCH) as operation:
        operation.decide()
        row = operation.session.get(SavedSearch, search_id)
        if row is None or row.person_id != own_person(operation).id:
            raise NotFound()
        operation.session.delete(row)
        operation.about("saved_search", search_id, "search.saved_dropped")


def watch_searches(archive: Archive) -> int:
    """Look what is new in the watched searches whose time has come, as their people may see; return how many were.

    Of people who are not in service nothing is looked for. The index is asked while no writer waits.
    """
    pause = timedelta(minutes=archive.settings.search.watch_minutes)
    now = archive.clock.now()
    # One looked at "later" than now was so under a clock that went wrong, and is due.
    due = or_(SavedSearch.watched_at.is_(None), SavedSearch.watched_at <= now - pause, SavedSearch.watched_at > now)
    query = select(SavedSearch, Person).join(Person, Person.id == SavedSearch.person_id)
    with archive.database.reader() as session:
        rows = session.execute(query.where(SavedSearch.watched, due).limit(_AT_ONCE)).all()
        found = {row.id: _news(archive, session, row, person) for row, person in rows}
    if not found:
        return 0
    with archive.door.write(WATCHER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.unrecorded()
        for row in operation.session.scalars(select(SavedSearch).where(SavedSearch.id.in_(found), SavedSearch.watched)):
            before, news = found[row.id]
            row.watched_at = now
            if news is not None and row.known == before:  # else its person looked meanwhile
                row.known, row.fresh = news
    return len(found)


_News = tuple[bytes | None, tuple[bytes | None, bytes | None] | None]


def _news(archive: Archive, session: Session, row: SavedSearch, person: Person) -> _News:
    """What was known when it was looked at; and what is known and what is new now, None where nothing is looked for."""
    told, today = _read(archive, row), archive.clock.today()
    if told is None or not in_service(person, today):
        return row.known, None
    scope = view_scope(actor_of(session, person, today), archive.clock.now())
    ids, known = _found(archive, session, scope, told[1]), _opened(archive, row, row.known, _KNOWN)
    if ids is None:
        return row.known, (None, None)
    if known is None:
        return row.known, (_shut(archive, row, ids, _KNOWN), None)
    return row.known, (row.known, _shut(archive, row, ids - known, _FRESH))


def _asked(actor: Actor | None, archive: Archive, search_id: UUID) -> tuple[KeptQuestion, bool]:
    with archive.door.read(actor, Action.RECORD_SEARCH) as operation:
        operation.decide()
        row, _name, question = _own(operation, archive, search_id)
        return question, row.watched


def _finds(actor: Actor | None, archive: Archive, question: KeptQuestion) -> tuple[bool, frozenset[UUID] | None]:
    """Whether it could be looked, and what the question finds for the actor: asked before a transaction that writes, so
    that nobody waits for it. Of a damaged index nothing is concluded; what was known stays, and the search says so."""
    with archive.door.read(actor, Action.RECORD_SEARCH) as operation:
        operation.decide()
        try:
            return True, _found(archive, operation.session, operation.viewing, question)
        except IndexDamaged:
            log.warning("the index is damaged: what is new in a watched search is looked for later")
            return False, None


def _found(archive: Archive, session: Session, scope: Scope, question: KeptQuestion) -> frozenset[UUID] | None:
    """Return the ids of all that a question finds within `scope`, None for more than `[search] watched_records`.

    Nothing of them is shown to anybody by this.
    """
    most = archive.settings.search.watched_records
    asked = request_within(
        session, scope, text=question.text, filters=question.filters, limit=most, sort="newest", highlight=False
    )
    answer = archive.index.search(asked)
    return None if answer.total > most else frozenset(UUID(hit.record_id) for hit in answer.hits)


def _know(operation: Operation, archive: Archive, row: SavedSearch, ids: frozenset[UUID] | None) -> None:
    row.known = None if ids is None else _shut(archive, row, ids, _KNOWN)
    row.fresh, row.watched_at = None, operation.now


def _own(operation: Operation, archive: Archive, search_id: UUID) -> tuple[SavedSearch, str, KeptQuestion]:
    row = operation.session.get(SavedSearch, search_id)
    told = None if row is None or row.person_id != own_person(operation).id else _read(archive, row)
    if row is None or told is None:
        raise NotFound()
    return row, *told


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= MOST_NAME:
        raise Refused(f"a name has 1 to {MOST_NAME} characters")
    return name


def _write(archive: Archive, row: SavedSearch, name: str, question: KeptQuestion) -> None:
    told = json.dumps({"name": name, "question": question.as_dict()}, ensure_ascii=False).encode()
    row.sealed = seal_row(archive, told, _place(row, _QUESTION))


def _read(archive: Archive, row: SavedSearch) -> tuple[str, KeptQuestion] | None:
    """Name and question; None for a row that was altered around the system, or whose key is gone with the index's."""
    try:
        told = json.loads(unseal_row(archive, row.sealed, _place(row, _QUESTION)))
    except IntegrityFault:
        return None
    return told["name"], KeptQuestion.from_dict(told["question"])


def _shut(archive: Archive, row: SavedSearch, ids: frozenset[UUID], purpose: bytes) -> bytes:
    return seal_row(archive, packed(ids), _place(row, purpose))


def _opened(archive: Archive, row: SavedSearch, sealed: bytes | None, purpose: bytes) -> frozenset[UUID] | None:
    try:
        return None if sealed is None else unpacked(unseal_row(archive, sealed, _place(row, purpose)))
    except IntegrityFault:
        return None


def _place(row: SavedSearch, purpose: bytes) -> bytes:
    return purpose + row.id.bytes + row.person_id.bytes
