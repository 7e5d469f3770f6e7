"""Accounts into which an administrator gave a way, and which somebody else confirms before they reach content (R88).

Who administers accounts may give a password, forget a second factor, or bind an account elsewhere, and could come in
that way as somebody with rights. So such an account reaches what is published and nothing else
(`edms.access.people.actor_of`) until a records officer or an auditor, who is no administrator and neither its person
nor who gave the way in, says that its person has it. See docs/people.md and ADR 0093.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from edms.access.actors import Actor, Role
from edms.access.credentials_model import GivenPassword, UnconfirmedAccount
from edms.access.model import Person
from edms.access.policy import Action
from edms.access.separation import Duty
from edms.core.errors import NotFound, Refused
from edms.operation.door import NotPermitted, Operation
from edms.records.alerts import ACCOUNT_OPENED, settle
from edms.records.archive import Archive
from edms.records.disclosures import LISTED


class Cause(StrEnum):
    """What an administrator did, by which whoever knows of it could come in."""

    ADDED = "added"
    PASSWORD = "password"  # noqa: S105 - what was given, not a password
    SECOND_FACTOR = "second_factor"
    READMITTED = "readmitted"
    DIRECTORY = "directory"
    PROVIDER = "provider"
    PROGRAM = "program"


@dataclass(frozen=True)
class UnconfirmedLine:
    """An account that waits. `ready`: its person has chosen an own password, or needs none; `own`: it is the reader's,
    or the reader gave the way in."""

    user: str
    name: str
    cause: str
    made_by: str
    made_at: datetime
    ready: bool
    own: bool


@dataclass(frozen=True)
class _Opened:
    id: str
    detail: str
    kind: str = ACCOUNT_OPENED


def await_confirmation(operation: Operation, person: Person, cause: Cause) -> None:
    """Let the account reach nothing but what is published until somebody confirms it, in the act that gave a way in.

    Not where the console itself did it: whoever has that acts for anybody there without any way in (`--as`).
    """
    actor = operation.actor
    if actor.is_console or not actor.has(Role.ADMINISTRATOR):
        return
    operation.session.flush()
    operation.session.merge(
        UnconfirmedAccount(
            person_id=person.id, cause=cause.value, made_by=actor.id, maker_name=actor.name, made_at=operation.now
        )
    )
    told = _Opened(f"people {person.id}", f"{actor.name!r} gave a way into the account {person.username!r}: {cause}")
    settle(operation, _scope(person), [told])


def confirm_account(actor: Actor | None, archive: Archive, username: str) -> None:
    """Say that an account is in the hands of its person. Raises NotFound for one that waits for nothing; Refused while
    the person has not chosen an own password; NotPermitted for administrators, its person and who gave the way in."""
    with archive.door.write(actor, Action.ACCOUNT_CONFIRM) as operation:
        operation.decide()
        query = select(Person).where(Person.username == username).with_for_update()
        person = operation.session.scalars(query).one_or_none()
        row = operation.session.get(UnconfirmedAccount, person.id) if person is not None else None
        operation.about("person", person.id if person is not None else "", "person.confirmed")
        if person is None or row is None:
            raise NotFound()
        if operation.actor.has(Role.ADMINISTRATOR):
            operation.refused = True
            operation.note(reasons=["administrator"])
            raise NotPermitted("an account is confirmed by somebody who administers none", "ask a colleague")
        done = {Duty.HOLD_ACCOUNT: [str(person.id)], Duty.OPEN_ACCOUNT: [row.made_by]}
        operation.apart(Duty.CONFIRM_ACCOUNT, done, "ask a colleague")
        if not _ready(operation, archive, person):
            raise Refused(
                "the person has not chosen an own password yet", "confirm it once they told you that they have"
            )
        operation.note(cause=row.cause, made_by=row.made_by)
        operation.session.delete(row)
        settle(operation, _scope(person), [])


def unconfirmed_accounts(actor: Actor | None, archive: Archive) -> list[UnconfirmedLine]:
    """Return the accounts that wait, the oldest first."""
    with archive.door.disclose(actor, Action.ACCOUNT_CONFIRM) as operation:
        operation.decide()
        operation.about("list", "unconfirmed", LISTED)
        operation.seldom()
        query = select(UnconfirmedAccount, Person).join(Person, Person.id == UnconfirmedAccount.person_id)
        rows = operation.session.execute(query.order_by(UnconfirmedAccount.made_at, Person.username)).all()
        mine = operation.actor.id
        return [
            UnconfirmedLine(person.username, person.name, row.cause, row.maker_name, row.made_at,
                            _ready(operation, archive, person), mine in (str(person.id), row.made_by))
            for row, person in rows
        ]  # fmt: skip


def _ready(operation: Operation, archive: Archive, person: Person) -> bool:
    given = operation.session.get(GivenPassword, person.id)
    return given is None or not archive.settings.access.choose_own_password


def _scope(person: Person) -> str:
    return f"account {person.id}"
