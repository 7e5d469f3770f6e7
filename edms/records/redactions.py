"""Redactions of a record: opened, marked, approved by somebody else, withdrawn. Making them: `redaction_make`.

    draft --produced--> made --approved, for publication--> approved
    a draft of many pages is produced by workers: draft --> making --> made (`redaction_work`)
    each of them --withdrawn, with a reason--> withdrawn

Terms are content: they lie sealed in the row of a draft, and go when it is made.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action, decide
from edms.access.separation import Duty
from edms.core.errors import LimitExceeded, NotFound, Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.contents import best_for_pictures
from edms.records.facts import facts_of, find
from edms.records.model import Component, Record, RecordState
from edms.records.redaction_model import Redaction
from edms.records.redaction_work import UnderWay, stop, under_way
from edms.records.reindexing import look_again
from edms.records.sealed_rows import seal_row, unseal_row
from edms.records.visible import decided_record, facts_with_grants
from edms.redaction.terms import MOST_TERM, fold
from edms.redaction.types import Area

MOST_GROUND, MOST_REASON, LEAST_REASON = 300, 500, 5


class State(StrEnum):
    DRAFT = "draft"
    MAKING = "making"
    MADE = "made"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


class Purpose(StrEnum):
    """`PUBLICATION`: for everybody, after somebody else approved it. `GRANT`: for whoever was permitted to have it."""

    PUBLICATION = "publication"
    GRANT = "grant"


@dataclass(frozen=True)
class RedactionView:
    """A redaction as it is shown. `releasable`: it may be given to whom it is for. `may_*`: what the actor can do.
    `work`: how far workers are with it, or why it came to nothing; None where no worker has to do with it."""

    id: UUID
    record_id: UUID
    title: str
    state: State
    purpose: Purpose
    ground: str
    reason: str
    areas: tuple[Area, ...]
    page_count: int
    position: int | None
    sha256: str
    pages: int
    recognised: bool
    opened_by: str
    opened_at: datetime
    made_by: str
    made_at: datetime | None
    approved_by: str
    approved_at: datetime | None
    withdrawn_by: str
    withdraw_reason: str
    version: int
    may_redact: bool
    may_approve: bool
    terms: tuple[str, ...] = ()
    work: UnderWay | None = None

    @property
    def releasable(self) -> bool:
        return self.state is State.APPROVED or (self.state is State.MADE and self.purpose is Purpose.GRANT)


def require_redactable(actor: Actor | None, archive: Archive, record_id: UUID) -> None:
    """Raise NotFound when the actor may not redact this record, Refused when nobody can."""
    with archive.door.read(actor, Action.RECORD_REDACT) as operation:
        base_of(decided_record(operation, record_id))


def open_redaction(
    actor: Actor | None, archive: Archive, record_id: UUID, purpose: Purpose, ground: str, reason: str
) -> UUID:
    """Begin a redaction of a declared record; returns its id. Raises Refused, NotFound."""
    with archive.door.write(actor, Action.RECORD_REDACT) as operation:
        record = decided_record(operation, record_id, lock=True)
        part = base_of(record)
        row = Redaction(
            id=new_id(archive.clock), record_id=record_id, state=State.DRAFT.value, purpose=purpose.value,
            ground=_told(ground, MOST_GROUND), reason=_told(reason, MOST_REASON), areas={"areas": []},
            workers={"people": [operation.actor.id]}, base_sha256=part.blob.sha256,
            opened_by=operation.actor.name, opened_at=operation.now,
        )  # fmt: skip
        operation.session.add(row)
        operation.about("record", record_id, "redaction.opened")
        operation.note(redaction=str(row.id), purpose=purpose.value)
        return row.id


def redactions_of(actor: Actor | None, archive: Archive, record_id: UUID) -> tuple[RedactionView, ...]:
    """Return the redactions of a record, oldest first, without the terms of drafts. A look at the record, shortly
    before, stands for it in the trail."""
    with archive.door.disclose(actor, Action.RECORD_VIEW) as operation:
        decided_record(operation, record_id)
        operation.seldom()
        query = select(Redaction).where(Redaction.record_id == record_id).order_by(Redaction.opened_at, Redaction.id)
        return tuple(_view(operation, row) for row in operation.session.scalars(query).all())


def show_redaction(actor: Actor | None, archive: Archive, redaction_id: UUID) -> RedactionView:
    """Return one redaction; the terms of a draft, too, to whoever may redact. Raises NotFound."""
    with archive.door.disclose(actor, Action.RECORD_VIEW) as operation:
        row = decided_redaction(operation, redaction_id)
        operation.about("record", row.record_id, "redaction.shown")
        operation.seldom()
        return _view(operation, row, terms_of(archive, row))


def save_areas(
    actor: Actor | None, archive: Archive, redaction_id: UUID, version: int, areas: Sequence[Area], terms: Sequence[str]
) -> int:
    """Keep areas and terms of a draft in place of its earlier ones; returns its new version.

    Raises Refused when somebody else saved meanwhile or it is no draft, LimitExceeded.
    """
    limits = archive.settings.redaction
    kept = clean_terms(terms)
    if len(areas) > limits.max_areas:
        raise LimitExceeded(f"at most {limits.max_areas} areas in one redaction", "make two of it")
    if len(kept) > limits.max_terms:
        raise LimitExceeded(f"at most {limits.max_terms} terms in one redaction", "make two of it")
    with archive.door.write(actor, Action.RECORD_REDACT) as operation:
        row = decided_redaction(operation, redaction_id, lock=True)
        require(row, State.DRAFT)
        if row.version != version:
            raise Refused("the redaction was changed meanwhile", "look at it again")
        row.areas = {"areas": [one.as_dict() for one in sorted(set(areas), key=_place)]}
        row.sealed_terms = seal_row(archive, json.dumps(kept).encode(), _purpose(row.id)) if kept else None
        row.base_sha256 = base_of(row.record).blob.sha256
        row.version += 1
        worked(row, operation.actor)
        operation.about("record", row.record_id, "redaction.saved")
        operation.note(redaction=str(row.id), areas=len(row.areas["areas"]), terms=len(kept))
        return row.version


def approve_redaction(actor: Actor | None, archive: Archive, redaction_id: UUID) -> None:
    """Approve a redacted document for publication. Raises Refused: whoever had a hand in it does not approve it."""
    with archive.door.write(actor, Action.RECORD_APPROVE_REDACTION) as operation:
        row = decided_redaction(operation, redaction_id, lock=True)
        require(row, State.MADE)
        if row.purpose != Purpose.PUBLICATION.value:
            raise Refused("only what is for publication is approved")
        operation.apart(Duty.APPROVE_REDACTION, {Duty.REDACT: row.workers["people"]}, "ask somebody else of the office")
        row.state, row.approved_by, row.approved_at = State.APPROVED.value, operation.actor.name, operation.now
        row.version += 1
        look_again(operation, [row.record_id])
        operation.about("record", row.record_id, "redaction.approved")
        operation.note(redaction=str(row.id), sha256=row.sha256)


def withdraw_redaction(actor: Actor | None, archive: Archive, redaction_id: UUID, reason: str) -> None:
    """Withdraw a redaction at any stage: what was made of it stays as evidence and is not given out any more."""
    with archive.door.write(actor, Action.RECORD_REDACT) as operation:
        row = decided_redaction(operation, redaction_id, lock=True)
        require(row, State.DRAFT, State.MAKING, State.MADE, State.APPROVED)
        stop(operation.session, row)
        row.withdraw_reason = _told(reason, MOST_REASON)
        row.state, row.withdrawn_by, row.withdrawn_at = State.WITHDRAWN.value, operation.actor.name, operation.now
        row.sealed_terms = None
        row.version += 1
        look_again(operation, [row.record_id])
        operation.about("record", row.record_id, "redaction.withdrawn")
        operation.note(redaction=str(row.id), sha256=row.sha256 or "")


def decided_redaction(operation: Operation, redaction_id: UUID, *, lock: bool = False) -> Redaction:
    """Return the row after the access decision on its record. NotFound for unknown and forbidden alike."""
    row = operation.session.get(Redaction, redaction_id)
    record = find(operation.session, row.record_id, lock=lock) if row is not None else None
    if row is None or record is None:
        operation.about("redaction", redaction_id)
        raise NotFound()
    operation.about("record", record.id)
    operation.decide(facts_with_grants(operation, record))
    if lock:  # whoever waited for the record sees what was done meanwhile
        operation.session.refresh(row, with_for_update=True)
    return row


def base_of(record: Record) -> Component:
    """Return the copy whose pages are shown, and covered. Raises Refused for a record without."""
    part = best_for_pictures(record)
    if record.state != RecordState.DECLARED.value or part is None:
        raise Refused("this record cannot be redacted", "declared records with pages can be")
    return part


def require(row: Redaction, *states: State) -> None:
    if row.state not in states:
        raise Refused("the redaction is not at a stage where this can be done", "look at it again")


def worked(row: Redaction, actor: Actor) -> None:
    """Note that `actor` had a hand in it."""
    if actor.id not in row.workers["people"]:
        row.workers = {"people": [*row.workers["people"], actor.id]}


def areas_in(row: Redaction) -> tuple[Area, ...]:
    return tuple(Area(**one) for one in row.areas["areas"])


def terms_of(archive: Archive, row: Redaction) -> tuple[str, ...]:
    """Return the terms of a draft. Raises IntegrityFault when they were altered."""
    if row.sealed_terms is None:
        return ()
    return tuple(json.loads(unseal_row(archive, row.sealed_terms, _purpose(row.id))))


def forget_terms(session: Session, record_id: UUID) -> None:
    """Drop the terms of drafts: they quote the record's content."""
    for row in session.scalars(select(Redaction).where(Redaction.record_id == record_id)):
        row.sealed_terms = None


def clean_terms(terms: Sequence[str]) -> list[str]:
    """Return the terms that say something, each once. Raises Refused for one that is too long to be looked for."""
    found: dict[str, str] = {}
    for term in terms:
        term = " ".join(term.split())
        if len(term) > MOST_TERM:
            raise Refused(f"a term is longer than {MOST_TERM} characters", "take a part of it that stands for it")
        if letters := fold(term).letters:
            found.setdefault(letters, term)
    return list(found.values())


def _purpose(redaction_id: UUID) -> bytes:
    return b"edms-redaction-terms/1|" + redaction_id.bytes


def _place(area: Area) -> tuple[Any, ...]:
    return area.page, area.top, area.left, area.bottom, area.right, area.origin


def _told(text: str, most: int) -> str:
    text = " ".join(text.split())
    if not LEAST_REASON <= len(text) <= most:
        raise Refused(f"say it in {LEAST_REASON} to {most} characters")
    return text


def _view(operation: Operation, row: Redaction, terms: tuple[str, ...] = ()) -> RedactionView:
    facts = facts_of(row.record)
    may_redact, may_approve = (
        decide(operation.actor, action, facts).allowed
        for action in (Action.RECORD_REDACT, Action.RECORD_APPROVE_REDACTION)
    )
    state, purpose = State(row.state), Purpose(row.purpose)
    waits = state is State.MADE and purpose is Purpose.PUBLICATION
    return RedactionView(
        id=row.id, record_id=row.record_id, title=row.record.title, state=state, purpose=purpose, ground=row.ground,
        reason=row.reason, areas=areas_in(row), page_count=row.record.page_count or 1,
        position=row.component_position, sha256=row.sha256 or "", pages=row.pages or 0, recognised=row.recognised,
        opened_by=row.opened_by, opened_at=row.opened_at, made_by=row.made_by or "", made_at=row.made_at,
        approved_by=row.approved_by or "", approved_at=row.approved_at, withdrawn_by=row.withdrawn_by or "",
        withdraw_reason=row.withdraw_reason or "", version=row.version, may_redact=may_redact,
        may_approve=may_approve and waits and operation.actor.id not in row.workers["people"],
        terms=terms if may_redact else (),
        work=under_way(operation.session, row, terms) if may_redact else None,
    )  # fmt: skip
