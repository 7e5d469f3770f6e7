"""Holds: any number of named stops to disposal, on records, folders, classes and searches (R47)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.model import Office, Person
from edms.access.policy import Action, decide
from edms.access.separation import Duty
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id, parse_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.facts import facts_of
from edms.records.folders import decided_folder
from edms.records.hold_binding import bind_scope
from edms.records.holds_model import HoldScope, ScopeKind
from edms.records.model import Folder, Hold, HoldLink, Record
from edms.records.questions import KeptQuestion, require_question
from edms.records.reindexing import look_again, look_again_at_held
from edms.records.rules import book_in_force
from edms.records.visible import decided_record, visible_to


@dataclass(frozen=True)
class AskedScope:
    """What a hold is put on. A folder by its id or as `OFFICE/CODE`, a class by its code, a case by its number, a
    search by its `question`."""

    kind: ScopeKind
    value: str = ""
    question: KeptQuestion = field(default_factory=KeptQuestion)


@dataclass(frozen=True)
class HoldLine:
    """A hold as its reader may know it: `count` and `records` (the first of them) are of what the reader may view.

    `scopes`: kind and words of each scope; these and the reason are told to whoever may place holds.
    """

    id: UUID
    title: str
    mandate: str
    reason: str
    placed_by: str
    placed_at: datetime
    released_by: str | None
    released_at: datetime | None
    scopes: tuple[tuple[str, str], ...]
    count: int
    records: tuple[tuple[UUID, str], ...]

    def as_dict(self) -> dict[str, Any]:
        """The stable JSON of `edms hold list`."""
        return {
            "hold": str(self.id),
            "title": self.title,
            "mandate": self.mandate,
            "reason": self.reason,
            "placed_by": self.placed_by,
            "placed_at": self.placed_at.isoformat(),
            "released_at": self.released_at.isoformat() if self.released_at else None,
            "scopes": [{"kind": kind, "value": words} for kind, words in self.scopes],
            "count": self.count,
            "records": [str(one) for one, _title in self.records],
        }


def place_hold(
    actor: Actor | None,
    archive: Archive,
    record_ids: list[UUID],
    title: str,
    mandate: str,
    reason: str,
    scopes: Sequence[AskedScope] = (),
) -> UUID:
    """Put a named hold on records and scopes; nothing of them can be disposed of until it is released (R47).

    What is in a scope is bound at once, what comes into it as it comes. Raises Refused, NotFound.
    """
    if not (title.strip() and mandate.strip() and reason.strip()):
        raise Refused("a hold needs a title, a mandate and a reason")
    with archive.door.write(actor, Action.HOLD_MANAGE) as operation:
        operation.decide()
        if not (record_ids or any(one.kind is not ScopeKind.CASE for one in scopes)):
            raise Refused("a hold is put on something", "name records, a folder, a class or a search")
        hold = Hold(
            id=new_id(archive.clock),
            title=title.strip()[:200],
            mandate=mandate.strip()[:300],
            reason=reason.strip(),
            placed_by=operation.actor.id,
            placed_at=operation.now,
        )
        operation.session.add(hold)
        operation.session.flush()
        for record_id in dict.fromkeys(record_ids):
            operation.decide(facts_of(decided_record(operation, record_id)), Action.RECORD_HOLD)
            operation.session.add(HoldLink(hold_id=hold.id, record_id=record_id))
            operation.audit("record.held", "record", record_id, hold=str(hold.id), scope="record")
        look_again(operation, record_ids)
        count = len(set(record_ids))
        for asked in scopes:
            scope = HoldScope(id=new_id(archive.clock), hold_id=hold.id, kind=asked.kind.value)
            scope.value = _value(operation, archive, asked)
            operation.session.add(scope)
            count += bind_scope(operation, archive, scope)
        operation.about("hold", hold.id, "hold.place")
        operation.note(records=count, scopes=sorted(one.kind.value for one in scopes))
        return hold.id


def release_hold(actor: Actor | None, archive: Archive, hold_id: UUID) -> None:
    """Release a hold; other holds on the same records stay. Not by the one who placed it (R88).

    One that was put on records alone is released by whoever may hold each of them.
    """
    with archive.door.write(actor, Action.HOLD_MANAGE) as operation:
        operation.decide()
        hold = operation.session.get(Hold, hold_id, with_for_update=True)
        operation.about("hold", hold_id, "hold.release")
        if hold is None:
            raise NotFound()
        scoped = operation.session.scalars(select(HoldScope.id).where(HoldScope.hold_id == hold_id)).first() is not None
        linked = operation.session.scalars(select(Record).join(HoldLink).where(HoldLink.hold_id == hold_id))
        for record in linked:
            if not scoped:
                operation.decide(facts_of(record), Action.RECORD_HOLD)
            operation.audit("record.released", "record", record.id, hold=str(hold_id))
        operation.apart(Duty.RELEASE_HOLD, {Duty.PLACE_HOLD: [hold.placed_by]})
        if hold.released_at is not None:
            raise Refused("the hold is released already")
        hold.released_by, hold.released_at = operation.actor.id, operation.now
        look_again_at_held(operation, hold_id)


def list_holds(
    actor: Actor | None, archive: Archive, *, released: bool = False, most: int | None = None
) -> list[HoldLine]:
    """Return the holds in force, the oldest first, with what the actor may view of each; with `released` all.

    One that binds nothing that the actor may view is told only to whoever may place holds. `most`: so many records are
    named of each; all are counted.
    """
    with archive.door.disclose(actor, Action.RETENTION_REPORT) as operation:
        scope, session = operation.scope(), operation.session
        operation.about("list", "holds", LISTED)
        operation.seldom()
        holds = session.scalars(select(Hold).order_by(Hold.placed_at, Hold.id)).all()
        wanted = [hold for hold in holds if released or hold.released_at is None]
        names = _names(operation, wanted)
        lines = []
        for hold in wanted:
            query = select(Record.id, Record.title).join(HoldLink, HoldLink.record_id == Record.id)
            query = query.where(HoldLink.hold_id == hold.id, visible_to(scope)).order_by(Record.id)
            found = [(one, title) for one, title in session.execute(query)]
            if not found and not _may_place(operation):
                continue
            may = _may_place(operation)
            told = _scopes_told(operation, hold.id) if may else ()
            lines.append(
                HoldLine(
                    hold.id, hold.title, hold.mandate, hold.reason if may else "",
                    names.get(hold.placed_by, hold.placed_by), hold.placed_at,
                    names.get(hold.released_by or "", hold.released_by), hold.released_at, told,
                    len(found), tuple(found[:most]),
                )
            )  # fmt: skip
        return lines


def _value(operation: Operation, archive: Archive, asked: AskedScope) -> str:
    """Return what is kept of a scope, after a look whether there is such a thing."""
    if asked.kind is ScopeKind.QUERY:
        require_question(asked.question, archive)
        return asked.question.to_json().decode()
    if asked.kind is ScopeKind.FOLDER:
        return str(decided_folder_named(operation, asked.value).id)
    value = asked.value.strip()
    if asked.kind is ScopeKind.CASE:
        if not value:
            raise Refused("a case needs its number")
        return value[:200]
    book, today = book_in_force(operation.session), archive.clock.today()
    used = select(Record.id).where(Record.class_code == value).limit(1)
    if (book is None or book.class_node(value, today) is None) and operation.session.scalar(used) is None:
        raise Refused(f"there is no class {value[:40]!r} in the file plan", "choose a code from the file plan")
    return value


def decided_folder_named(operation: Operation, told: str) -> Folder:
    """Return the folder of that id, or of that `OFFICE/CODE`, after the decision on it. Raises NotFound."""
    folder_id = parse_id(told.strip())
    if folder_id is None:
        office, _, code = told.strip().partition("/")
        query = select(Folder.id).join(Office, Office.id == Folder.office_id)
        folder_id = operation.session.scalars(query.where(Office.code == office, Folder.code == code)).first()
    if folder_id is None:
        operation.about("folder", "")
        raise NotFound()
    return decided_folder(operation, folder_id, Action.FOLDER_MANAGE)


def _may_place(operation: Operation) -> bool:
    return decide(operation.actor, Action.HOLD_MANAGE).allowed


def _names(operation: Operation, holds: Sequence[Hold]) -> dict[str, str]:
    """Names of those who placed or released, by the id under which the hold keeps them."""
    ids = {parse_id(told) for hold in holds for told in (hold.placed_by, hold.released_by) if told} - {None}
    rows = operation.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {str(one): name for one, name in rows}


def _scopes_told(operation: Operation, hold_id: UUID) -> tuple[tuple[str, str], ...]:
    """Kind and words of each scope. A folder is named to whoever may place a hold: by its office and code alone."""
    rows = operation.session.scalars(select(HoldScope).where(HoldScope.hold_id == hold_id).order_by(HoldScope.id))
    return tuple((row.kind, _words(operation, row)) for row in rows)


def _words(operation: Operation, row: HoldScope) -> str:
    if row.kind == ScopeKind.QUERY.value:
        question = KeptQuestion.from_dict(json.loads(row.value))
        narrowed = {name: value for name, value in question.as_dict().items() if name not in ("text", "sort")}
        return " ".join([question.text, *(f"{name}={value}" for name, value in narrowed.items())]).strip()
    if row.kind != ScopeKind.FOLDER.value:
        return row.value
    query = select(Office.code, Folder.code).join(Folder, Folder.office_id == Office.id)
    found = operation.session.execute(query.where(Folder.id == UUID(row.value))).first()
    return "/".join(found) if found else row.value
