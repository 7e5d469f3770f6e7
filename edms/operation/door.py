"""The one door: actor -> decision -> unit of work -> audit -> outbox -> commit once (invariant 4).

Every use case runs inside `Door.write` or `Door.read`. Leaving without an access decision is a programming error
and raises `Undecided`, with nothing committed. A refused decision is itself audited (R84: ASVS V16.3.2).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action, RecordFacts, Scope, Verdict, decide, view_scope
from edms.audit.events import AuditEvent
from edms.audit.trail import AuditTrail
from edms.core.clock import Clock
from edms.core.database import Database
from edms.core.errors import NotFound, NotSignedIn, Refused
from edms.operation.model import OutboxEntry
from edms.operation.states import DETAIL, NOTHING_STATED, RowStates, chunks


class Undecided(RuntimeError):
    """An operation ended without an access decision: a defect in our code, never a user's fault."""


class NotPermitted(Refused):
    """The actor may not do this at all, whatever the record; says so without naming any record."""

    exit_code = 1


class Operation:
    """One use case under way: its actor, its session, its decision and what it will put into the audit trail."""

    def __init__(self, actor: Actor, action: Action, session: Session, clock: Clock) -> None:
        self.actor = actor
        self.action = action
        self.session = session
        self.clock = clock
        self.now = clock.now()
        self.decided = False
        self.refused = False
        self.events: list[AuditEvent] = []
        self._details: dict[str, Any] = {}
        self._subject = ("archive", "")
        self._name = str(action)
        self._silent = False

    def about(self, kind: str, subject_id: UUID | str, name: str = "") -> None:
        """Name the subject of the audit event, and the event itself where the action's name is too wide."""
        self._subject = (kind, str(subject_id))
        self._name = name or self._name

    def note(self, **details: Any) -> None:
        """Add details (ids, digests, counts; never titles or content) to the operation's audit event."""
        self._details.update(details)

    def decide(self, facts: RecordFacts | None = None, action: Action | None = None) -> Verdict:
        """Take the access decision. Raises NotFound where facts of a record are judged, else NotPermitted."""
        verdict = decide(self.actor, action or self.action, facts)
        self.decided = True
        if not verdict.allowed:
            self.refused = True
            self.note(reasons=list(verdict.reasons))
            raise NotFound() if facts is not None else NotPermitted("you may not do this")
        return verdict

    def scope(self) -> Scope:
        """Take the decision as a filter: the set of records the actor may view. Every query below must apply it."""
        self.decide(action=self.action)
        return view_scope(self.actor)

    def outbox(self, topic: str, subject_id: UUID) -> None:
        """Leave work for after the commit, in the same transaction."""
        self.session.add(OutboxEntry(topic=topic, subject_id=subject_id, created_at=self.now))

    def audit(self, name: str, kind: str, subject_id: UUID | str, **details: Any) -> None:
        """Add an audit event beside the operation's own."""
        self.events.append(_event(self.actor, name, (kind, str(subject_id)), "done", details))

    def unrecorded(self) -> None:
        """End without an audit event of its own: only for a write that changed nothing (an empty queue)."""
        self._silent = True

    def own_event(self, outcome: str) -> AuditEvent:
        return _event(self.actor, self._name, self._subject, outcome, self._details)

    @property
    def recorded(self) -> bool:
        return not self._silent


class Door:
    """Opens operations on one database with one audit trail, which is told of the rows that `states` covers."""

    def __init__(self, database: Database, trail: AuditTrail, clock: Clock, states: RowStates = NOTHING_STATED) -> None:
        self.database = database
        self.trail = trail
        self.clock = clock
        self.states = states

    @contextmanager
    def write(self, actor: Actor | None, action: Action) -> Iterator[Operation]:
        """Run a use case that changes something: audited, and committed once at the end or not at all."""
        operation = self._begin(actor, action, self.database.writer())
        with operation.session:
            try:
                self.states.watch(operation.session)
                yield operation
                self._require_decision(operation)
                operation.session.flush()
                self._tell_states(operation)
                events = [*operation.events, *([operation.own_event("done")] if operation.recorded else [])]
                for event in events:
                    self.trail.append(operation.session, event)
                operation.session.commit()
            except (NotFound, NotPermitted):
                operation.session.rollback()
                self._record_refusal(operation)
                raise
            except BaseException:
                operation.session.rollback()
                raise

    @contextmanager
    def read(self, actor: Actor | None, action: Action) -> Iterator[Operation]:
        """Run a use case that only reads. It leaves no event, except where the decision is a refusal."""
        operation = self._begin(actor, action, self.database.reader())
        with operation.session:
            try:
                yield operation
                self._require_decision(operation)
            except (NotFound, NotPermitted):
                operation.session.rollback()
                self._record_refusal(operation)
                raise

    def permit(self, actor: Actor | None, action: Action, facts: RecordFacts | None = None) -> None:
        """Take a decision before costly work outside any transaction; the operation that follows decides again."""
        with self.read(actor, action) as operation:
            operation.decide(facts)

    def _begin(self, actor: Actor | None, action: Action, session: Session) -> Operation:
        if actor is None:
            session.close()
            raise NotSignedIn("sign in first")
        return Operation(actor, action, session, self.clock)

    def _tell_states(self, operation: Operation) -> None:
        """Put the states of changed rows into the operation's own event, or beside it where they do not fit."""
        parts = list(chunks(self.states.tell(operation.session, operation.now)))
        if parts and operation.recorded:
            operation.note(**{DETAIL: parts.pop(0)})
        for part in parts:
            operation.audit("rows.stated", "archive", "", **{DETAIL: part})

    @staticmethod
    def _require_decision(operation: Operation) -> None:
        if not operation.decided:
            raise Undecided(f"{operation.action} ended without an access decision")
        if operation.refused:
            raise Undecided(f"{operation.action} went on after it was refused")

    def _record_refusal(self, operation: Operation) -> None:
        """Keep the refusal in its own transaction. An unknown id leaves the same trace as a forbidden one, so that
        neither the answer nor its time tells the two apart (invariant 5)."""
        with self.database.writer() as session:
            self.trail.append(session, operation.own_event("refused"))
            session.commit()


def _event(actor: Actor, name: str, subject: tuple[str, str], outcome: str, details: dict[str, Any]) -> AuditEvent:
    return AuditEvent(
        action=name,
        actor_kind=str(actor.kind),
        actor_id=actor.id,
        actor_name=actor.name if not actor.via or actor.id.startswith("console:") else f"{actor.name} via {actor.via}",
        subject_kind=subject[0],
        subject_id=subject[1],
        outcome=outcome,
        details=dict(details),
    )
