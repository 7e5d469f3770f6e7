"""Alerts on what people and days bring about: programs that nobody answers for, paper that is not back, and content
that was handed over and need no longer be kept here (R20, R82, R88).

All are looked at in the act that may bring them about or end them, and by a worker now and then, since days pass
without any act. What verification says of accounts is the same scope, so each is told once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from edms.access.actors import system_actor
from edms.access.model import Person
from edms.access.people import serves
from edms.access.policy import Action
from edms.operation.door import Operation
from edms.records.alerts import LOAN_LATE, REMOVAL_DUE, lasting, settle
from edms.records.archive import Archive
from edms.records.loans_model import Loan, LoanState
from edms.records.removals import due_removals

ACCOUNTS, LOANS, REMOVALS = "accounts", "loans", "removals"
ACCOUNT = "account"
WATCHER = system_actor("alerts")


@dataclass(frozen=True)
class Matter:
    """Something that somebody is to look at."""

    kind: str
    id: str
    detail: str


def accounts_without_holder(session: Session, today: date) -> Iterator[Matter]:
    """Yield the service accounts that are to work and have nobody who answers for them: they stand still."""
    query = select(Person).where(Person.held_by.is_not(None), Person.active).order_by(Person.username)
    for row in session.scalars(query):
        if (row.last_day is None or today <= row.last_day) and not serves(session, row, today):
            told = f"nobody answers for the service account {row.username!r}, which stands still"
            yield Matter(ACCOUNT, str(row.id), told)


def late_loans(session: Session, today: date) -> Iterator[Matter]:
    """Yield the paper originals that are out and should be back. Who has them is told on the page of the record."""
    query = select(Loan).where(Loan.state == LoanState.OUT.value, Loan.due_on < today).order_by(Loan.due_on, Loan.id)
    for loan in session.scalars(query):
        yield Matter(LOAN_LATE, f"records {loan.record_id}", f"the paper original was to be back on {loan.due_on}")


def removals_due(session: Session, archive: Archive) -> Iterator[Matter]:
    """Yield the hand-overs whose keeping time is over: the removal of their content may be ordered."""
    for row, day in due_removals(session, archive):
        yield Matter(REMOVAL_DUE, f"proceeding {row.id}", f"content was to be kept until {day}, and may be removed")


def tell_of_accounts(operation: Operation) -> None:
    """Raise and clear the alerts on service accounts, in the act that changed who is in service."""
    operation.session.flush()
    settle(operation, ACCOUNTS, accounts_without_holder(operation.session, operation.clock.today()))


def tell_of_loans(operation: Operation) -> None:
    """Raise and clear the alerts on paper that is late, in the act that changed a loan."""
    operation.session.flush()
    settle(operation, LOANS, late_loans(operation.session, operation.clock.today()))


def tell_of_removals(operation: Operation, archive: Archive) -> None:
    """Raise and clear the alerts on content that may be removed, in the act that ordered a removal."""
    operation.session.flush()
    settle(operation, REMOVALS, removals_due(operation.session, archive))


def tell_when_changed(archive: Archive) -> bool:
    """Look at all, and write only where something came or went; return whether it did. Safe for several workers."""
    today = archive.clock.today()
    with archive.database.reader() as session:
        changed = [
            scope
            for scope, found in (
                (ACCOUNTS, accounts_without_holder(session, today)),
                (LOANS, late_loans(session, today)),
                (REMOVALS, removals_due(session, archive)),
            )
            if _names(list(found)) != lasting(session, scope)
        ]
    if not changed:
        return False
    with archive.door.write(WATCHER, Action.ARCHIVE_VERIFY) as operation:
        operation.decide()
        operation.unrecorded()
        for scope, tell in ((ACCOUNTS, tell_of_accounts), (LOANS, tell_of_loans)):
            if scope in changed:
                tell(operation)
        if REMOVALS in changed:
            tell_of_removals(operation, archive)
    return True


def _names(found: Sequence[Matter]) -> set[tuple[str, str]]:
    return {(one.kind, one.id) for one in found}
