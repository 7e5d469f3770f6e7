"""What is shown of loans: the out-indicator of a record, its history, the list by office, and the slip to print."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from edms.access.actors import Actor
from edms.access.model import Office
from edms.access.policy import Action, decide
from edms.core.errors import NotFound
from edms.operation.door import Operation
from edms.records.archive import Archive
from edms.records.disclosures import LISTED
from edms.records.facts import facts_of
from edms.records.loans import has_paper, loan_out
from edms.records.loans_model import Loan, LoanState
from edms.records.model import Record
from edms.records.visible import decided_record, visible_to

_OPEN = (LoanState.OUT.value, LoanState.ASKED.value)
MOST_LISTED = 1000


@dataclass(frozen=True)
class LoanLine:
    """One loan as shown. What only those are told who lend, read the trail or borrow is empty for others."""

    loan: UUID
    record: UUID
    title: str
    office: str
    state: str
    borrower: str
    borrower_office: str
    due_on: date
    overdue: bool
    lent_at: datetime | None
    lent_by: str = ""
    purpose: str = ""
    permission: str = ""
    place: str = ""
    asked_by: str = ""
    asked_at: datetime | None = None
    extended: int = 0
    ended_by: str = ""
    ended_at: datetime | None = None
    remark: str = ""
    office_name: str = ""
    own: bool = False
    may_lend: bool = False

    def as_dict(self) -> dict[str, Any]:
        """One line of the stable JSON of `edms loan list`."""
        told = {name: getattr(self, name) for name in _TOLD}
        told |= {name: str(told[name]) for name in ("loan", "record", "due_on")}
        for name in ("lent_at", "asked_at", "ended_at"):
            told[name] = told[name].isoformat() if told[name] else None
        return told


_TOLD = (
    "loan", "record", "title", "office", "state", "borrower", "borrower_office", "due_on", "overdue", "lent_at",
    "lent_by", "purpose", "permission", "place", "asked_by", "asked_at", "extended", "ended_by", "ended_at", "remark",
)  # fmt: skip


@dataclass(frozen=True)
class PaperOriginal:
    """The paper of one record: whether there can be one, by which loan it is out, and what else there is to tell."""

    exists: bool
    out: LoanLine | None
    asked: tuple[LoanLine, ...]
    ended: tuple[LoanLine, ...]
    may_lend: bool
    may_ask: bool


def paper_of(actor: Actor | None, archive: Archive, record_id: UUID) -> PaperOriginal:
    """Return what the actor may know of the paper original of a record. Part of a look at it. Raises NotFound."""
    with archive.door.disclose(actor, Action.RECORD_VIEW) as operation:
        record = decided_record(operation, record_id)
        operation.seldom()
        query = select(Loan).where(Loan.record_id == record_id).order_by(Loan.asked_at.desc(), Loan.id.desc())
        lines = [_line(operation, archive, record, loan) for loan in operation.session.scalars(query)]
        full = [one for one in lines if one.own or one.may_lend or _supervises(operation.actor)]
        out = next((one for one in lines if one.state == LoanState.OUT), None)
        lends = decide(operation.actor, Action.RECORD_LEND, facts_of(record)).allowed
        free = not any(one.own and one.state in _OPEN for one in lines)
        return PaperOriginal(
            exists=has_paper(record),
            out=out,
            asked=tuple(one for one in full if one.state == LoanState.ASKED),
            ended=tuple(one for one in full if one.state not in _OPEN),
            may_lend=lends,
            may_ask=has_paper(record) and free,
        )


def loans_listed(
    actor: Actor | None, archive: Archive, office: str = "", *, overdue_only: bool = False
) -> list[LoanLine]:
    """Return what is out or asked for of the records that the actor may see: overdue first, then by office and day.

    `office`: the code of the record's office, all by default.
    """
    with archive.door.disclose(actor, Action.RECORD_SEARCH) as operation:
        scope = operation.scope()
        operation.about("list", "loans", LISTED)
        operation.seldom()
        query = (
            select(Loan, Record)
            .join(Record, Record.id == Loan.record_id)
            .join(Office, Office.id == Record.office_id)
            .options(selectinload(Record.office))
            .where(Loan.state.in_(_OPEN), visible_to(scope))
            .order_by(Loan.due_on, Loan.id)
            .limit(MOST_LISTED)
        )
        if office:
            query = query.where(Office.code == office)
        if overdue_only:
            query = query.where(Loan.state == LoanState.OUT.value, Loan.due_on < archive.clock.today())
        lines = [_line(operation, archive, record, loan) for loan, record in operation.session.execute(query)]
    return sorted(lines, key=lambda one: (not one.overdue, one.office, one.state != LoanState.OUT, one.due_on))


def loan_slip(actor: Actor | None, archive: Archive, loan_id: UUID) -> bytes:
    """Return the out-indicator as PDF, which goes into the place of the paper. Raises NotFound."""
    from edms.records.loans_pdf import Slip, slip_pdf  # fonts and all: the search, which tells of loans, needs no slip

    with archive.door.disclose(actor, Action.RECORD_LEND) as operation:
        operation.about("loan", loan_id, "loan.slip")
        loan = operation.session.get(Loan, loan_id)
        if loan is None or loan.lent_at is None:
            raise NotFound()
        record = decided_record(operation, loan.record_id)
        operation.about("record", record.id, "loan.slip")
        slip = Slip(
            archive=archive.settings.archive.organisation, office=record.office.name, record=str(record.id),
            title=record.title, number=record.number or "", class_code=record.class_code or "",
            level=facts_of(record).effective_level, place=loan.place, borrower=loan.borrower,
            borrower_office=loan.borrower_office, purpose=loan.purpose, lent_by=loan.lent_by or "",
            lent_at=loan.lent_at, due_on=loan.due_on, zone=archive.settings.archive.time_zone,
        )  # fmt: skip
    return slip_pdf(slip)


def records_out(session: Session, record_ids: list[UUID]) -> dict[UUID, date]:
    """Return those of the records whose paper is out, and until when. The caller has decided that they may be seen."""
    if not record_ids:
        return {}
    query = select(Loan.record_id, Loan.due_on).where(Loan.record_id.in_(record_ids), Loan.is_out.is_(True))
    return {row.record_id: row.due_on for row in session.execute(query)}


def out_indicator(operation: Operation, archive: Archive, record: Record) -> dict[str, Any] | None:
    """Return the out-indicator in the JSON of a record, None while its paper is in its place."""
    loan = loan_out(operation.session, record.id)
    if loan is None:
        return None
    line = _line(operation, archive, record, loan)
    told = {"borrower": line.borrower, "borrower_office": line.borrower_office, "overdue": line.overdue}
    return told | {"loan": str(line.loan), "due_on": line.due_on.isoformat()}


def _supervises(actor: Actor) -> bool:
    return decide(actor, Action.AUDIT_READ).allowed


def _line(operation: Operation, archive: Archive, record: Record, loan: Loan) -> LoanLine:
    actor = operation.actor
    own, lends = str(loan.borrower_id) == actor.id, decide(actor, Action.RECORD_LEND, facts_of(record)).allowed
    short = LoanLine(
        loan=loan.id,
        record=record.id,
        title=record.title,
        office=record.office.code,
        office_name=record.office.name,
        state=loan.state,
        borrower=loan.borrower,
        borrower_office=loan.borrower_office,
        due_on=loan.due_on,
        overdue=loan.state == LoanState.OUT.value and loan.due_on < archive.clock.today(),
        lent_at=loan.lent_at,
        own=own,
        may_lend=lends,
    )
    if not (own or lends or _supervises(actor)):
        return short
    more = {name: getattr(loan, name) or "" for name in ("lent_by", "purpose", "permission", "place", "asked_by")}
    more |= {name: getattr(loan, name) or "" for name in ("ended_by", "remark")}
    told = {name: getattr(loan, name) for name in ("asked_at", "ended_at", "extended")}
    return LoanLine(**{**vars(short), **more, **told})
