"""The one door: actor -> decision -> unit of work -> audit -> outbox -> commit once (invariant 4).

Every use case runs inside `Door.write`, `Door.disclose` or `Door.read`. Leaving without an access decision is a
programming error and raises `Undecided`, with nothing committed. A refused decision is itself audited (R84: ASVS
V16.3.2).
"""

import hmac
import logging
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.policy import Action, Verdict, decide, view_scope
from edms.access.scope import RecordFacts, Scope
from edms.access.separation import Duty, clash, why_apart
from edms.audit.events import AuditEvent
from edms.audit.trail import AuditTrail
from edms.core.clock import Clock
from edms.core.database import Database
from edms.core.errors import NotFound, NotSignedIn, OutcomeUnknown, Refused, StorageFault
from edms.operation.model import OutboxEntry
from edms.operation.recently import Recently
from edms.operation.states import DETAIL, NOTHING_STATED, AlteredRow, RowStates, chunks

log = logging.getLogger("edms.door")


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
        self.beside: list[Callable[[Session], None]] = []
        self._details: dict[str, Any] = {}
        self._subject = ("archive", "")
        self._name = str(action)
        self._silent = False
        self._seldom = False
        self._recorder: Callable[[], None] | None = None
        self.covered: tuple[str, str, tuple[UUID, ...]] = ("", "", ())

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
        for reason in verdict.reasons:
            kind, _, grant = reason.partition(":")
            if kind == "granted":  # every use of a grant stands in the trail (R22)
                self.note(grant=grant)
        return verdict

    def scope(self) -> Scope:
        """Take the decision as a filter: the set of records the actor may view. Every query below must apply it."""
        self.decide(action=self.action)
        return self.viewing

    @property
    def viewing(self) -> Scope:
        """The set of records that the actor may view now: for what else is shown after a decision was taken."""
        return view_scope(self.actor, self.now)

    def apart(self, duty: Duty, done: Mapping[Duty, Collection[str]], mend: str = "") -> None:
        """Require that the actor had no part in this matter that bars from `duty`; `done` says who had which part.

        Raises NotPermitted, and the refusal is an event (R88).
        """
        earlier = clash(duty, (self.actor.id, self.actor.name), done)
        if earlier is not None:
            self.decided = self.refused = True
            self.note(reasons=[f"not_apart:{earlier}"])
            raise NotPermitted(why_apart(duty), mend)

    def outbox(self, topic: str, subject_id: UUID) -> None:
        """Leave work for after the commit, in the same transaction."""
        self.session.add(OutboxEntry(topic=topic, subject_id=subject_id, created_at=self.now))

    def audit(self, name: str, kind: str, subject_id: UUID | str, **details: Any) -> None:
        """Add an audit event beside the operation's own."""
        self.events.append(_event(self.actor, name, (kind, str(subject_id)), "done", details))

    def unrecorded(self) -> None:
        """End without an audit event of its own: only for a write that changed nothing (an empty queue)."""
        self._silent = True

    def seldom(self) -> None:
        """Of such disclosures of one subject to one actor a single event within `[audit] disclosure_minutes` is enough.

        Further ones within that time leave none: the event says for how long it stands.
        """
        self._seldom = True

    def covers(self, name: str, each: str, record_ids: Iterable[UUID]) -> None:
        """Let one event `name` beside this disclosure stand for the events `each` of these records, for as long as
        those would stand for further ones. It names the records for which none does yet; for none it is not written.
        """
        self.covered = (name, each, tuple(record_ids))

    def beside_event(self, keep: Callable[[Session], None]) -> None:
        """Let `keep` write in the short transaction of this disclosure's event: both are kept, or neither."""
        self.beside.append(keep)

    def record_now(self) -> None:
        """Record a disclosure that begins before the operation ends: what is handed out bit by bit comes after this."""
        if self._recorder is None:
            raise Undecided(f"{self.action} is no disclosure, and nothing of it can be recorded before its end")
        self._recorder()

    def recorded_by(self, recorder: Callable[[], None]) -> None:
        self._recorder = recorder

    @property
    def is_seldom(self) -> bool:
        return self._seldom

    @property
    def key(self) -> Hashable:
        """What repeated disclosures have in common: who, what of which subject."""
        return self.key_of(self._name, self._subject)

    def key_of(self, name: str, subject: tuple[str, str]) -> Hashable:
        return (self.actor.id, self.actor.name, self.actor.via, self.actor.token_id, name, subject)

    def own_event(self, outcome: str) -> AuditEvent:
        return _event(self.actor, self._name, self._subject, outcome, self._details)

    @property
    def recorded(self) -> bool:
        return not self._silent


OnAltered = Callable[[Operation, Sequence[AlteredRow]], None]


class Door:
    """Opens operations on one database with one audit trail, which is told of the rows that `states` covers."""

    def __init__(
        self,
        database: Database,
        trail: AuditTrail,
        clock: Clock,
        states: RowStates = NOTHING_STATED,
        disclosure_window: timedelta = timedelta(),
        session_secret: bytes = b"",
        on_altered: OnAltered | None = None,
    ) -> None:
        self.database = database
        self.trail = trail
        self.clock = clock
        self.states = states
        self.session_secret = session_secret
        self._on_altered = on_altered
        self._recently = Recently(disclosure_window)

    def keyed(self, purpose: bytes, told: bytes) -> bytes:
        """Return the HMAC-SHA256 of `told` for one `purpose`, under the secret of the key ring that signs people in.

        Raises RuntimeError for a door without it: no digest may come of an empty key.
        """
        if not self.session_secret:
            raise RuntimeError("who signs in is known by the secret of the key ring")
        return hmac.digest(self.session_secret, purpose + told, "sha256")

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
                altered = self.states.altered(operation.session)
                if altered and self._on_altered is not None:
                    self._on_altered(operation, altered)
                    operation.session.flush()
                self._tell_states(operation)
                events = [*operation.events, *([operation.own_event("done")] if operation.recorded else [])]
                self.trail.append_all(operation.session, events)
                self._commit(operation.session)
            except (NotFound, NotPermitted):
                operation.session.rollback()
                self._record_refusal(operation)
                raise
            except BaseException:
                operation.session.rollback()
                raise
        if events:
            self._integrate_soon()

    def _commit(self, session: Session) -> None:
        """Commit. A server that is cut off meanwhile may have done it and not said so: raises OutcomeUnknown."""
        try:
            session.commit()
        except StorageFault as fault:
            mend = fault.mend if self.database.is_sqlite else "look whether it is there before you try again"
            raise OutcomeUnknown(fault.message, mend) from fault

    def integrate(self, *, wait: bool = True) -> int:
        """Give the events that are committed their places in the trail's tree; return how many, in a transaction of
        its own. Without `wait` nothing is done while somebody else does so. On SQLite they have their places already.

        Should the machine fail before this is on the disk, the events wait again: so nobody waits for the disk here.
        What is signed over these places is committed later, and they with it.
        """
        if self.database.is_sqlite:
            return 0
        with self.database.writer() as session:
            session.execute(text("SET LOCAL synchronous_commit TO off"))
            count = self.trail.integrate(session, wait=wait)
            session.commit()
        return count

    def _integrate_soon(self) -> None:
        """What was done is done, whatever becomes of this: the events wait, and a worker comes by."""
        try:
            self.integrate(wait=False)
        except StorageFault:
            log.info("events wait for their place in the audit trail: the database is away")
        except Exception:
            log.exception("events wait for their place in the audit trail")

    @contextmanager
    def read(self, actor: Actor | None, action: Action) -> Iterator[Operation]:
        """Run a use case that only reads, and shows nothing of a record (else `disclose`). A refusal is an event."""
        operation = self._begin(actor, action, self.database.reader())
        with operation.session:
            try:
                yield operation
                self._require_decision(operation)
            except (NotFound, NotPermitted):
                operation.session.rollback()
                self._record_refusal(operation)
                raise

    @contextmanager
    def disclose(self, actor: Actor | None, action: Action) -> Iterator[Operation]:
        """Run a use case that shows what the archive holds: it reads, and leaves an event of who was shown what.

        The event is committed in a short transaction of its own when the block ends (or at `record_now`), before the
        caller has anything in hand. When it cannot be written, the caller gets the fault and no content.
        """
        operation = self._begin(actor, action, self.database.reader())
        recorded = False

        def record() -> None:
            nonlocal recorded
            self._require_decision(operation)
            if not recorded:
                self._record_disclosure(operation)
                recorded = True

        operation.recorded_by(record)
        with operation.session:
            try:
                yield operation
                self._require_decision(operation)
            except (NotFound, NotPermitted):
                operation.session.rollback()
                self._record_refusal(operation)
                raise
            operation.session.close()  # nobody writes while he holds a reader's connection, and what was read stays
            record()

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

    def _record_disclosure(self, operation: Operation) -> None:
        events: dict[Hashable, AuditEvent] = {}
        if not (operation.is_seldom and self._recently.has(operation.key, operation.now)):
            if operation.is_seldom:
                operation.note(within_minutes=self._window_minutes)
            events[operation.key] = operation.own_event("done")
        name, each, ids = operation.covered
        new = {operation.key_of(each, ("record", str(one))): str(one) for one in ids}
        new = {key: one for key, one in new.items() if not self._recently.has(key, operation.now)}
        if new:
            details = {"records": list(new.values()), "within_minutes": self._window_minutes}
            events[name] = _event(operation.actor, name, ("list", name), "done", details)
        if not events:
            return
        with self.database.writer() as session:
            for keep in operation.beside:
                keep(session)
            self.trail.append_all(session, list(events.values()))
            session.commit()
        for key in (*events, *new):
            self._recently.add(key, operation.now)
        self._integrate_soon()

    @property
    def _window_minutes(self) -> int:
        return self._recently.window // timedelta(minutes=1)

    def _record_refusal(self, operation: Operation) -> None:
        """Keep the refusal in its own transaction. An unknown id leaves the same trace as a forbidden one, so that
        neither the answer nor its time tells the two apart (invariant 5)."""
        with self.database.writer() as session:
            self.trail.append(session, operation.own_event("refused"))
            session.commit()
        self._integrate_soon()


def _event(actor: Actor, name: str, subject: tuple[str, str], outcome: str, details: dict[str, Any]) -> AuditEvent:
    token = {"token": str(actor.token_id)} if actor.token_id is not None else {}
    return AuditEvent(
        action=name,
        actor_kind=str(actor.kind),
        actor_id=actor.id,
        actor_name=actor.name if not actor.via or actor.id.startswith("console:") else f"{actor.name} via {actor.via}",
        subject_kind=subject[0],
        subject_id=subject[1],
        outcome=outcome,
        details={**details, **token},
    )
