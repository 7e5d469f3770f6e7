"""Transfers, reviews and hand-overs: opening one, what is in it, its steps, giving it up (R43-R45, R75, R82).

Who may not see a proceeding gets the answer for one that does not exist. Everything is held against the rules, holds
and loans of the moment at every step, item by item (R48); who may act after whom stands in edms/access/separation.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.model import Office
from edms.access.policy import Action
from edms.access.scope import RecordFacts, Stage
from edms.access.separation import Duty
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.core.typed import line, why
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.classification import checked_class
from edms.records.dossiers import class_of_papers, close_dossier
from edms.records.hold_binding import refresh_holds
from edms.records.model import Record
from edms.records.proceedings_due import MOST_ITEMS, due_now, obstacles
from edms.records.proceedings_model import Proceeding, ProceedingItem, ProceedingStep
from edms.records.signatures import advance
from edms.records.signatures_model import SignatureRequest
from edms.records.signatures_named import requests_to
from edms.records.signatures_states import Act as SigningAct
from edms.records.signatures_states import RequestState
from edms.records.visible import decided_record, seen_among
from edms.retention.proceedings import Act, ItemState, Kind, NotNow, State, after, is_open, is_over

SUBJECT = "proceeding"
_DUTIES = {
    Act.LIST: Duty.PROPOSE_DISPOSAL,
    Act.ASSESS: Duty.ASSESS_DISPOSAL,
    Act.APPROVE: Duty.APPROVE_DISPOSAL,
    Act.DECIDE: Duty.DECIDE_DISPOSAL,
    Act.PACKAGE: Duty.EXECUTE_DISPOSAL,
    Act.SEND: Duty.EXECUTE_DISPOSAL,
    Act.RECEIVE: Duty.EXECUTE_DISPOSAL,
    Act.CLOSE: Duty.EXECUTE_DISPOSAL,
    Act.ORDER_REMOVAL: Duty.ORDER_REMOVAL,
    Act.REMOVE: Duty.REMOVE_CONTENT,
}
_FINAL = {Kind.TRANSFER: ItemState.MOVED, Kind.REVIEW: ItemState.REVIEWED, Kind.HANDOVER: ItemState.HANDED_OVER}


@dataclass(frozen=True)
class NewProceeding:
    """What is said when one is opened. `level`: the highest of what will be in it; `class_code`: of its papers.

    `to_office_id`: the unit kearsipan, which a transfer alone has.
    """

    kind: Kind
    office_id: UUID
    level: Level
    title: str
    class_code: str | None = None
    to_office_id: UUID | None = None


def open_proceeding(actor: Actor | None, archive: Archive, told: NewProceeding) -> UUID:
    """Open one. Raises NotFound (not your office, above your clearance), Refused."""
    with archive.door.write(actor, Action.CUSTODY_WORK) as operation:
        operation.decide(RecordFacts(told.office_id, told.level, Stage.PENDING))
        session = operation.session
        if session.get(Office, told.office_id) is None:
            raise Refused("there is no such office")
        if (told.kind is Kind.TRANSFER) != (told.to_office_id is not None):
            raise Refused("a transfer names the unit that takes custody, and nothing else does")
        if told.to_office_id is not None and session.get(Office, told.to_office_id) is None:
            raise Refused("there is no such office")
        today = archive.clock.today()
        if told.class_code:
            checked_class(session, told.class_code, today)
        class_code = told.class_code or class_of_papers(session, told.kind.value, today)
        title = line(told.title, 300)
        if not title:
            raise Refused("it needs a title")
        row = Proceeding(
            id=new_id(archive.clock), kind=told.kind.value, office_id=told.office_id, to_office_id=told.to_office_id,
            level=told.level.value, state=State.DRAFT.value, title=title, class_code=class_code,
            opened_by=operation.actor.id, opener_name=operation.actor.name, opened_at=operation.now,
            since=operation.now, listed={}, signers={}, receiver={}, package={},
        )  # fmt: skip
        session.add(row)
        operation.about(SUBJECT, row.id, f"{told.kind}.opened")
        operation.note(office=str(told.office_id), level=told.level.value)
        return row.id


def add_items(actor: Actor | None, archive: Archive, proceeding_id: UUID, record_ids: Sequence[UUID]) -> int:
    """Put records into a draft, all or none; returns how many. Each is held against the rules of today.

    Raises NotFound; Refused for a record that is not due for it, is held, or is in another one.
    """
    try:
        with archive.door.write(actor, Action.CUSTODY_WORK) as operation:
            row = decided_proceeding(operation, proceeding_id, lock=True)
            operation.about(SUBJECT, row.id, f"{row.kind}.items_added")
            require_state(row, State.DRAFT)
            wanted = list(dict.fromkeys(record_ids))
            position = operation.session.scalar(
                select(func.coalesce(func.max(ProceedingItem.position), 0)).where(
                    ProceedingItem.proceeding_id == row.id
                )
            )
            if not wanted or (position or 0) + len(wanted) > MOST_ITEMS:
                raise Refused(f"one has 1 to {MOST_ITEMS} records", "open another one")
            due = {one.record: one for one in due_now(operation, archive, row, wanted)}
            for number, record_id in enumerate(wanted, (position or 0) + 1):
                _add(operation, row, due.get(record_id), record_id, number)
            operation.note(records=len(wanted))
            return len(wanted)
    except IntegrityError:
        raise Refused("one of these records is in another proceeding already") from None


def _add(operation: Operation, row: Proceeding, found: Any, record_id: UUID, position: int) -> None:
    if found is None:
        raise NotFound()
    if found.obstacles:
        raise Refused(f"a record cannot be taken in: {', '.join(found.obstacles)}", "see what retention says of it")
    operation.session.add(
        ProceedingItem(
            id=new_id(operation.clock), proceeding_id=row.id, position=position, record_id=record_id,
            standing_key=record_id.hex, state=ItemState.LISTED.value, snapshot=found.snapshot, decision={}, sent={},
        )
    )  # fmt: skip
    operation.session.flush()


def exclude_item(actor: Actor | None, archive: Archive, item_id: UUID, reason: str) -> None:
    """Take a record out, with a reason; it is free for another one. Not once what was decided has taken effect.

    Raises NotFound, Refused.
    """
    with archive.door.write(actor, Action.CUSTODY_WORK) as operation:
        item = operation.session.get(ProceedingItem, item_id)
        if item is None:
            operation.about("proceeding_item", item_id)
            raise NotFound()
        row = decided_proceeding(operation, item.proceeding_id, lock=True)
        operation.session.refresh(item)
        operation.about(SUBJECT, row.id, f"{row.kind}.item_excluded")
        if item.state != ItemState.LISTED.value or not is_open(Kind(row.kind), State(row.state)):
            raise Refused("it is no longer part of it")
        if State(row.state) in (State.SENT, State.PACKAGED) or papers_signed(operation, row):
            raise Refused("what was signed or packed stands as it is", "give it up and open another one")
        exclude(item, why(reason))
        operation.note(record=str(item.record_id))


def cancel_proceeding(actor: Actor | None, archive: Archive, proceeding_id: UUID, reason: str) -> None:
    """Give one up, with a reason; its records are free. Not once it has taken effect. Raises NotFound, Refused."""
    with archive.door.write(actor, Action.CUSTODY_WORK) as operation:
        row = decided_proceeding(operation, proceeding_id, lock=True)
        operation.about(SUBJECT, row.id, f"{row.kind}.cancelled")
        step(operation, archive, row, Act.CANCEL, {"reason": why(reason)})
        for request in requests_on(operation, row):
            operation.session.get(SignatureRequest, request.id, with_for_update=True, populate_existing=True)
            if request.state == RequestState.OPEN.value:
                advance(operation, request, SigningAct.WITHDRAW)
                request.close_reason = "the proceeding was given up"
        for item in row.items:
            item.standing_key = None


def decided_proceeding(
    operation: Operation, proceeding_id: UUID, kind: Kind | None = None, *, lock: bool = False
) -> Proceeding:
    """Return the row after the access decision on it, with `lock` held until the end. NotFound for unknown, forbidden
    and of another kind alike."""
    row = operation.session.get(Proceeding, proceeding_id, with_for_update=lock or None, populate_existing=lock)
    operation.about(SUBJECT, proceeding_id)
    if row is None or (kind is not None and row.kind != kind.value):
        raise NotFound()
    operation.decide(facts_of(row))
    return row


def step(operation: Operation, archive: Archive, row: Proceeding, act: Act, note: dict[str, Any]) -> None:
    """Take a step of a locked proceeding: by somebody who may after what was done before, in its turn, written down.

    Raises NotPermitted (the same person twice), Refused (not now).
    """
    row.state = may_take(operation, archive, row, act).value
    number = max((one.position for one in row.steps), default=0) + 1
    row.steps.append(
        ProceedingStep(
            proceeding_id=row.id, position=number, act=act.value, by=operation.actor.id, by_name=operation.actor.name,
            at=operation.now, note=note,
        )
    )  # fmt: skip
    row.since = operation.now
    if is_over(Kind(row.kind), State(row.state)):
        close_dossier(operation, archive, row)


def may_take(operation: Operation, archive: Archive, row: Proceeding, act: Act) -> State:
    """Return the state that `act` leads to. Raises Refused when it is not its turn or the clock was set back,
    NotPermitted when the actor had a part in it that bars from it."""
    try:
        state = after(Kind(row.kind), State(row.state), act)
    except NotNow:
        raise Refused("this step is not its next one", "see where it stands") from None
    duty = _DUTIES.get(act)
    if duty is not None and duty is not Duty.PROPOSE_DISPOSAL:
        operation.apart(duty, done_by(row, within=act), "ask a colleague")
    require_time(operation, archive, row)
    return state


def require_time(operation: Operation, archive: Archive, row: Proceeding) -> None:
    """Refuse a step before what has happened already, as in a destruction: a clock that was set back dates nothing.

    By the clock as it is now, since the operation may have waited for another writer, whose event is then the newer.
    """
    newest = archive.trail.newest_time(operation.session)
    if archive.clock.now() < max([row.since, *(one.at for one in row.steps), *([newest] if newest else [])]):
        raise Refused("the clock stands before what happened already", "the administrator sets the clock right")


def done_by(row: Proceeding, within: Act | None = None) -> dict[Duty, set[str]]:
    """Who had which part in it: the opener proposed, and each step is a duty. `within`: repeating it bars nobody."""
    done: dict[Duty, set[str]] = {Duty.PROPOSE_DISPOSAL: {row.opened_by}}
    for one in row.steps:
        duty = _DUTIES.get(Act(one.act))
        if duty is not None and one.act != within:
            done.setdefault(duty, set()).add(one.by)
    return done


def require_state(row: Proceeding, *states: State) -> None:
    """Raise Refused unless it is in one of these states."""
    if State(row.state) not in states:
        raise Refused("this step is not its next one", "see where it stands")


def standing(row: Proceeding) -> list[ProceedingItem]:
    """The items that are part of it, in order."""
    return [item for item in row.items if item.state != ItemState.EXCLUDED.value]


def seen_items(operation: Operation, row: Proceeding) -> frozenset[UUID]:
    """The records of its items that the actor may see: who may see a proceeding need not see each."""
    of_it = ProceedingItem.proceeding_id == row.id
    return seen_among(operation.session, operation.viewing, ProceedingItem.record_id, of_it)


def require_all_seen(operation: Operation, row: Proceeding) -> None:
    """Require that the actor may see all that stands in it: nobody says of the rest what was seen. Raises Refused."""
    if not {item.record_id for item in standing(row)} <= seen_items(operation, row):
        raise Refused("a record of these is not for you to see, so that you cannot have looked at it",
                      "ask the head of the office to assess it")  # fmt: skip


def exclude(item: ProceedingItem, reason: str) -> None:
    item.state, item.reason, item.standing_key = ItemState.EXCLUDED.value, reason[:500], None


def hindered(operation: Operation, archive: Archive, row: Proceeding) -> list[tuple[ProceedingItem, tuple[str, ...]]]:
    """Return what stands in it, each with what is in its way now: nothing, mostly.

    A search that is held may find a record only since the worker last looked, so that it is asked here once more
    (R47). Raises IndexBehind where the index cannot say yet.
    """
    items = standing(row)
    refresh_holds(operation, archive, [item.record_id for item in items])
    return obstacles(operation.session, archive, row, items)


def exclude_hindered(operation: Operation, archive: Archive, row: Proceeding) -> int:
    """Take out what is held, lent or not due any more, each with its reasons (R48); returns how many.

    Raises Refused when nothing is left; IndexBehind as `hindered`.
    """
    count = 0
    for item, found in hindered(operation, archive, row):
        if found:
            exclude(item, f"not due any more: {', '.join(found)}")
            operation.audit(f"{row.kind}.item_excluded", SUBJECT, row.id, record=str(item.record_id), reasons=found)
            count += 1
    if not standing(row):
        raise Refused("nothing is left in it: all of it is held or not due any more", "see why with each record")
    return count


def finish_items(row: Proceeding) -> None:
    """What stands in it has its fate; its records are free for what comes next."""
    for item in standing(row):
        if item.state == ItemState.LISTED.value:
            item.state, item.standing_key = _FINAL[Kind(row.kind)].value, None


def requests_on(operation: Operation, row: Proceeding) -> list[SignatureRequest]:
    """The requests for signatures on its papers to those whom it names: open ones first, then the newest."""
    records = [paper.record_id for paper in row.papers]
    return requests_to(operation.session, records, row.signers.get("signers", ()))


def papers_signed(operation: Operation, row: Proceeding) -> bool:
    """True when somebody has signed one of its papers."""
    return any(one.signed_sha256 for request in requests_on(operation, row) for one in request.signatures)


def facts_of(row: Proceeding) -> RecordFacts:
    """What the policy needs to know: its office, the level of what is in it; never open to other offices."""
    return RecordFacts(row.office_id, Level(row.level), Stage.PENDING)


def record_in(operation: Operation, item: ProceedingItem) -> Record:
    """Return an item's record, held against other writers, after the decision on it for the operation's action."""
    return decided_record(operation, item.record_id, lock=True)
