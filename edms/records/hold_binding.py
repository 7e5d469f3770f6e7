"""Which records a hold binds: those that its scopes meet when it is placed, and each that comes to them later (R47).

A hold protects what it names whoever may see it, so that its scopes meet records above the clearance of whoever
places it too. Nobody is shown one by that: lists and counts of holds speak of what their reader may view.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import system_actor
from edms.access.policy import Action
from edms.core.errors import Refused
from edms.operation.door import Operation
from edms.operation.model import OutboxEntry
from edms.records.archive import Archive
from edms.records.holds_model import HoldScope, ScopeKind
from edms.records.model import Hold, HoldLink, Record
from edms.records.questions import KeptQuestion
from edms.records.reindexing import INDEX_TOPIC, look_again
from edms.search.protocol import EVERYTHING, SearchRequest

HOLDER = system_actor("holds")
_AT_ONCE = 500
_PLACES = (ScopeKind.FOLDER, ScopeKind.CLASS)


class IndexBehind(Refused):
    """The search index does not know yet what changed, so that nothing can be said of it."""


def bind_new(operation: Operation, record: Record, scopes: Sequence[HoldScope] | None = None) -> int:
    """Put a record that is being filed or declared under the holds on its folder and class; return how many are new.

    Part of the transaction that files it: there is no moment at which it is there and not held. `scopes`: those of
    folders and classes, where the caller has read them for many records.
    """
    rows = _scopes(operation.session, _PLACES) if scopes is None else scopes
    places = {(ScopeKind.FOLDER.value, str(record.folder_id))} if record.folder_id else set()
    places |= {(ScopeKind.CLASS.value, code) for code in _codes_above(record.class_code)}
    met = [scope for scope in rows if (scope.kind, scope.value) in places]
    return sum(bind(operation, scope.hold_id, [record.id], scope.kind) for scope in met)


def refresh_holds(operation: Operation, archive: Archive, record_ids: Sequence[UUID]) -> int:
    """Put those of these records that a held folder, class or search meets under their holds; return how many are new.

    For whoever is about to dispose of them, in the same transaction. Raises IndexBehind when a search is held and the
    index has not taken in what changed in one of them: what it does not know yet cannot be said not to match.
    """
    session, found = operation.session, 0
    searched, places = _scopes(session, (ScopeKind.QUERY,)), _scopes(session, _PLACES)
    for start in range(0, len(record_ids), _AT_ONCE) if searched or places else ():
        part = record_ids[start : start + _AT_ONCE]
        if searched:
            _refuse_behind(session, part)  # before anything is bound here, for that waits for the index too
        for record in session.scalars(select(Record).where(Record.id.in_(part))):
            found += bind_new(operation, record, places)
        for scope in searched:
            found += bind(operation, scope.hold_id, matching(archive, scope.value, part), scope.kind)
    return found


def follow_held_searches(archive: Archive) -> int:
    """Put what held searches find by now under their holds; return how many records are new. For the worker."""
    with archive.database.reader() as session:
        scopes = _scopes(session, (ScopeKind.QUERY,))
        news = [(one, fresh) for one in scopes if (fresh := _unbound(session, one, matching(archive, one.value)))]
    if not news:
        return 0
    with archive.door.write(HOLDER, Action.RECORD_PROCESS) as operation:
        operation.decide()
        operation.about("list", "holds", "hold.followed")
        found = 0
        for scope, fresh in news:
            hold = operation.session.get(Hold, scope.hold_id, with_for_update=True)
            if hold is not None and hold.released_at is None:
                found += bind(operation, scope.hold_id, fresh, scope.kind)
        operation.note(records=found)
        return found


def bind_scope(operation: Operation, archive: Archive, scope: HoldScope) -> int:
    """Bind all that a new scope meets; return how many records."""
    session = operation.session
    if scope.kind == ScopeKind.FOLDER.value:
        wanted = Record.folder_id == UUID(scope.value)
    elif scope.kind == ScopeKind.CLASS.value:
        wanted = (Record.class_code == scope.value) | Record.class_code.startswith(f"{scope.value}.", autoescape=True)
    elif scope.kind == ScopeKind.QUERY.value:
        return bind(operation, scope.hold_id, matching(archive, scope.value), scope.kind)
    else:
        return 0
    found = session.scalars(select(Record.id).where(wanted).order_by(Record.id))
    return bind(operation, scope.hold_id, found, scope.kind)


def bind(operation: Operation, hold_id: UUID, record_ids: Iterable[UUID], scope: str) -> int:
    """Link records that the hold does not bind yet, each with its event; return how many."""
    session, wanted, found = operation.session, list(record_ids), 0
    session.flush()
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        query = select(HoldLink.record_id).where(HoldLink.hold_id == hold_id, HoldLink.record_id.in_(part))
        known = set(session.scalars(query))
        there = set(session.scalars(select(Record.id).where(Record.id.in_(part))))
        for record_id in [one for one in part if one in there and one not in known]:
            session.add(HoldLink(hold_id=hold_id, record_id=record_id))
            operation.audit("record.held", "record", record_id, hold=str(hold_id), scope=scope)
            found += 1
            look_again(operation, [record_id])
        session.flush()
    return found


def matching(archive: Archive, value: str, among: Collection[UUID] | None = None) -> list[UUID]:
    """Return the records that a kept question finds, whoever may see them; of those `among` alone where it is given."""
    question = KeptQuestion.from_dict(json.loads(value))
    return list(_pages(archive, question, None if among is None else frozenset(str(one) for one in among)))


def _pages(archive: Archive, question: KeptQuestion, among: frozenset[str] | None) -> Iterator[UUID]:
    cursor = ""
    while True:
        request = SearchRequest(
            text=question.text,
            access=EVERYTHING if among is None else frozenset(),
            granted=among or frozenset(),
            filters=question.filters,
            limit=_AT_ONCE,
            sort="oldest",
            highlight=False,
            cursor=cursor,
            reader=HOLDER.id,
        )
        answer = archive.index.search(request)
        yield from (UUID(hit.record_id) for hit in answer.hits)
        cursor = answer.cursor
        if not cursor:
            return


def _scopes(session: Session, kinds: Sequence[ScopeKind]) -> list[HoldScope]:
    """The scopes of these kinds whose hold is in force: tens, so that they are read as they are."""
    query = select(HoldScope).join(Hold, Hold.id == HoldScope.hold_id)
    wanted = query.where(HoldScope.kind.in_([kind.value for kind in kinds]), Hold.released_at.is_(None))
    return list(session.scalars(wanted.order_by(HoldScope.id)))


def _unbound(session: Session, scope: HoldScope, found: Sequence[UUID]) -> list[UUID]:
    bound = set(session.scalars(select(HoldLink.record_id).where(HoldLink.hold_id == scope.hold_id)))
    return [one for one in found if one not in bound]


def _codes_above(code: str | None) -> list[str]:
    """The class and all above it: `900.1.3` gives `900`, `900.1`, `900.1.3`."""
    return list(accumulate(code.split("."), "{}.{}".format)) if code else []


def _refuse_behind(session: Session, record_ids: Sequence[UUID]) -> None:
    waiting = select(OutboxEntry.subject_id).where(
        OutboxEntry.topic == INDEX_TOPIC, OutboxEntry.subject_id.in_(record_ids)
    )
    if session.scalars(waiting.limit(1)).first() is not None:
        raise IndexBehind("the search index has not taken in what changed in these records", "try again in a moment")
