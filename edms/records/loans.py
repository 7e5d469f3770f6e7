"""Lending the paper original (R24): asked for, handed out, extended, taken back. Each takes the actor first."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import Actor
from edms.access.levels import Level
from edms.access.model import Person
from edms.access.people import actor_of, in_service, person_named
from edms.access.policy import Action, decide
from edms.access.separation import Duty
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.operation.door import Operation
from edms.records.alerts_due import tell_of_loans
from edms.records.archive import Archive
from edms.records.facts import facts_of
from edms.records.loans_model import Loan, LoanState
from edms.records.model import Record, RecordState
from edms.records.people import own_person
from edms.records.visible import decided_record
from edms.vault.model import OrderedDestruction

ASKED, LENT, EXTENDED = "loan.asked", "loan.lent", "loan.extended"
RETURNED, DECLINED, WITHDRAWN = "loan.returned", "loan.declined", "loan.withdrawn"
LOAN_EVENTS = (ASKED, LENT, EXTENDED, RETURNED, DECLINED, WITHDRAWN)
MOST_DAYS = 366
_ELECTRONIC = "elektronik"


@dataclass(frozen=True)
class Lending:
    """What is said when a paper is handed out. The borrower is `username`, or `name` of `office` from outside; of what
    was `asked` for (the id of the loan) purpose and borrower are known already."""

    due_on: date
    place: str
    purpose: str = ""
    username: str = ""
    name: str = ""
    office: str = ""
    permission: str = ""
    asked: UUID | None = None


@dataclass(frozen=True)
class _Borrower:
    id: UUID | None
    name: str
    office: str


def ask_for_paper(actor: Actor | None, archive: Archive, record_id: UUID, purpose: str, until: date) -> UUID:
    """Ask for the paper original of a record that the actor may see; a clerk of its office hands it out or declines.

    Raises NotFound, Refused.
    """
    with archive.door.write(actor, Action.RECORD_VIEW) as operation:
        record = decided_record(operation, record_id, lock=True)
        operation.about("record", record_id, ASKED)
        _refuse_paperless(operation.session, record)
        person = own_person(operation)
        waiting = select(Loan.id).where(
            Loan.record_id == record_id,
            Loan.borrower_id == person.id,
            Loan.state.in_([LoanState.ASKED.value, LoanState.OUT.value]),
        )
        if operation.session.scalars(waiting).first() is not None:
            raise Refused("you have asked for it or have it already")
        loan = _new_loan(operation, archive, record, _inside(person), purpose, until)
        operation.note(loan=str(loan.id), due_on=until.isoformat())
        return loan.id


def lend(actor: Actor | None, archive: Archive, record_id: UUID, lending: Lending) -> UUID:
    """Hand the paper original out, as was asked for or at the counter; the slip then goes into its place.

    The borrower may see the record, or is from outside and has a permission when it is above "open". Raises NotFound,
    Refused, also when it is out already.
    """
    with archive.door.write(actor, Action.RECORD_LEND) as operation:
        record = decided_record(operation, record_id, lock=True)
        operation.about("record", record_id, LENT)
        _refuse_paperless(operation.session, record)
        if loan_out(operation.session, record_id) is not None:
            raise Refused("the paper is out already", "take it back before it is lent again")
        if lending.asked is not None:
            loan = _as_asked(operation, archive, record, lending.asked, lending)
        else:
            borrower = _borrower(operation, lending)
            loan = _waiting(operation.session, record, borrower) or _new_loan(
                operation, archive, record, borrower, lending.purpose, lending.due_on
            )
            _refuse_day(archive, lending.due_on)
        _refuse_unfit(operation, record, loan, lending)
        loan.state, loan.is_out = LoanState.OUT.value, True
        loan.due_on, loan.place = lending.due_on, _said(lending.place, 200)
        loan.permission = lending.permission.strip()[:200]
        loan.lent_by, loan.lent_at = operation.actor.name, operation.now
        operation.note(loan=str(loan.id), due_on=loan.due_on.isoformat(), outsider=loan.borrower_id is None)
        return loan.id


def extend_loan(actor: Actor | None, archive: Archive, loan_id: UUID, due_on: date, reason: str) -> None:
    """Let a borrower keep the paper for longer. Raises NotFound, Refused."""
    with archive.door.write(actor, Action.RECORD_LEND) as operation:
        loan = _decided_loan(operation, loan_id, EXTENDED)
        _require(loan, LoanState.OUT)
        _refuse_day(archive, due_on)
        if due_on <= loan.due_on:
            raise Refused("the new day is not later than the one before")
        operation.note(loan=str(loan_id), before=loan.due_on.isoformat(), due_on=due_on.isoformat())
        operation.note(reason=_said(reason, 500))
        loan.due_on, loan.extended = due_on, loan.extended + 1
        tell_of_loans(operation)


def return_loan(actor: Actor | None, archive: Archive, loan_id: UUID, condition: str) -> None:
    """Take the paper back, in this condition; its slip is taken out. Raises NotFound, Refused."""
    with archive.door.write(actor, Action.RECORD_LEND) as operation:
        loan = _decided_loan(operation, loan_id, RETURNED)
        _require(loan, LoanState.OUT)
        _refuse_borrower(operation, loan, Duty.TAKE_BACK)
        _end(operation, loan, LoanState.RETURNED, _said(condition, 500))
        loan.is_out = None
        operation.note(late_days=max(0, (archive.clock.today() - loan.due_on).days))
        tell_of_loans(operation)


def decline_loan(actor: Actor | None, archive: Archive, loan_id: UUID, reason: str) -> None:
    """Decline what was asked for. Raises NotFound, Refused."""
    with archive.door.write(actor, Action.RECORD_LEND) as operation:
        loan = _decided_loan(operation, loan_id, DECLINED)
        _require(loan, LoanState.ASKED)
        _end(operation, loan, LoanState.DECLINED, _said(reason, 500))


def withdraw_loan(actor: Actor | None, archive: Archive, loan_id: UUID) -> None:
    """Take back what the actor asked for. Raises NotFound, Refused."""
    with archive.door.write(actor, Action.RECORD_VIEW) as operation:
        loan = _decided_loan(operation, loan_id, WITHDRAWN)
        if str(loan.borrower_id) != operation.actor.id:
            raise NotFound()
        _require(loan, LoanState.ASKED)
        _end(operation, loan, LoanState.WITHDRAWN, None)


def loan_out(session: Session, record_id: UUID) -> Loan | None:
    """Return the loan by which the paper of a record is away, or None."""
    return session.scalars(select(Loan).where(Loan.record_id == record_id, Loan.is_out.is_(True))).one_or_none()


def has_paper(record: Record) -> bool:
    """False for what was born electronic, and as long as it is no record. Where nothing is said there may be paper."""
    return record.state == RecordState.DECLARED.value and record.medium != _ELECTRONIC


def _decided_loan(operation: Operation, loan_id: UUID, event: str) -> Loan:
    """Return the loan after the decision on its record, which is locked: so loans of one record follow each other."""
    operation.about("loan", loan_id, event)
    record_id = operation.session.scalar(select(Loan.record_id).where(Loan.id == loan_id))
    if record_id is None:
        raise NotFound()
    decided_record(operation, record_id, lock=True)
    operation.about("record", record_id, event)
    return operation.session.get_one(Loan, loan_id, with_for_update=True)


def _end(operation: Operation, loan: Loan, state: LoanState, remark: str | None) -> None:
    loan.state, loan.remark = state.value, remark
    loan.ended_by, loan.ended_at = operation.actor.name, operation.now
    operation.note(loan=str(loan.id))


def _require(loan: Loan, state: LoanState) -> None:
    if loan.state != state.value:
        raise Refused("the loan has come to another state meanwhile", "look at it again")


def _refuse_paperless(session: Session, record: Record) -> None:
    if not has_paper(record):
        raise Refused("there is no paper original that could be lent", "it was born electronic, or is no record yet")
    ordered = select(OrderedDestruction.blob_id).where(OrderedDestruction.subject_id == record.id)
    if session.scalars(ordered.limit(1)).first() is not None:
        raise Refused("the record is being destroyed")


def _refuse_day(archive: Archive, due_on: date) -> None:
    today = archive.clock.today()
    if not today <= due_on <= today + timedelta(days=MOST_DAYS):
        raise Refused(f"a paper is lent until a day from today on, for at most {MOST_DAYS} days")


def _refuse_unfit(operation: Operation, record: Record, loan: Loan, lending: Lending) -> None:
    if loan.borrower_id is None:
        if facts_of(record).effective_level is not Level.OPEN and not lending.permission.strip():
            raise Refused("an outsider has a record above open only by a permission", "say its number and date")
        return
    _refuse_borrower(operation, loan, Duty.HAND_OUT)
    person = operation.session.get_one(Person, loan.borrower_id)
    borrower = actor_of(operation.session, person, operation.clock.today())
    if not (
        in_service(person, operation.clock.today()) and decide(borrower, Action.RECORD_VIEW, facts_of(record)).allowed
    ):
        raise Refused("the borrower may not see this record", "who may not see it does not get it on paper either")


def _refuse_borrower(operation: Operation, loan: Loan, duty: Duty) -> None:
    operation.apart(duty, {Duty.BORROW: [str(loan.borrower_id)]})


def _waiting(session: Session, record: Record, borrower: _Borrower) -> Loan | None:
    """What the borrower has asked for is what is handed out at the counter."""
    if borrower.id is None:
        return None
    query = select(Loan).where(
        Loan.record_id == record.id, Loan.borrower_id == borrower.id, Loan.state == LoanState.ASKED.value
    )
    return session.scalars(query.with_for_update()).first()


def _as_asked(operation: Operation, archive: Archive, record: Record, asked: UUID, lending: Lending) -> Loan:
    loan = operation.session.get(Loan, asked, with_for_update=True)
    if loan is None or loan.record_id != record.id:
        raise NotFound()
    _require(loan, LoanState.ASKED)
    _refuse_day(archive, lending.due_on)
    return loan


def _borrower(operation: Operation, lending: Lending) -> _Borrower:
    if not lending.username.strip():
        return _Borrower(None, _said(lending.name, 200), _said(lending.office, 200))
    person = person_named(operation.session, lending.username.strip(), operation.clock.today())
    if person is None:
        name = lending.username.strip()[:80]
        raise Refused(f"there is nobody called {name}", "type the user name, as under “Your account”")
    return _inside(person)


def _inside(person: Person) -> _Borrower:
    return _Borrower(person.id, person.name, person.office.name if person.office else "")


def _new_loan(
    operation: Operation, archive: Archive, record: Record, borrower: _Borrower, purpose: str, due_on: date
) -> Loan:
    _refuse_day(archive, due_on)
    loan = Loan(
        id=new_id(archive.clock),
        record_id=record.id,
        state=LoanState.ASKED.value,
        borrower_id=borrower.id,
        borrower=borrower.name,
        borrower_office=borrower.office,
        purpose=_said(purpose, 500),
        asked_by=operation.actor.name,
        asked_at=operation.now,
        due_on=due_on,
    )
    operation.session.add(loan)
    return loan


def _said(text: str, most: int) -> str:
    told = text.strip()
    if not told:
        raise Refused(
            "a loan has a borrower with an office, a purpose and a place",
            "a return has a condition, an extension and a refusal have a reason",
        )
    return told[:most]
