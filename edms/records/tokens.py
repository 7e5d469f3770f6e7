"""API tokens: made, listed and revoked by their person; those of service accounts by administrators."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.credentials_model import ApiToken
from edms.access.model import Office, Person
from edms.access.people import serves
from edms.access.policy import Action
from edms.access.token_scopes import PERSONAL_SCOPES, TokenScope
from edms.core.errors import NotFound, Refused
from edms.core.ids import new_id
from edms.core.secret import Secret
from edms.operation.door import Operation
from edms.operation.tokens import new_secret, secret_digest, token_counts, token_end, token_proof
from edms.records.account import require_own_password
from edms.records.account_confirmations import Cause, await_confirmation
from edms.records.archive import Archive
from edms.records.people import known_office, own_person
from edms.records.service_accounts import service_account

MOST_TOKENS = 20
MOST_NAME = 60


@dataclass(frozen=True)
class NewToken:
    """A token to be made: what it is for, what may be done with it, in which office (a code; "": in all that its person
    has), and for how many days."""

    name: str
    scopes: tuple[TokenScope, ...]
    office: str
    days: int


@dataclass(frozen=True)
class MadeToken:
    """A new token and its secret, which is shown once and kept nowhere."""

    id: UUID
    name: str
    secret: Secret
    expires_at: datetime


@dataclass(frozen=True)
class TokenView:
    """One token of a list. `counts`: it would let its person in now."""

    id: UUID
    account: str
    holder: str
    name: str
    scopes: tuple[str, ...]
    office: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    counts: bool

    def as_dict(self) -> dict[str, Any]:
        """One line of the stable JSON of `edms token list`."""
        times = ("created_at", "expires_at", "last_used_at", "revoked_at")
        at = {name: getattr(self, name) for name in times}
        return {
            "token": str(self.id), "account": self.account, "holder": self.holder or None, "name": self.name,
            "scopes": list(self.scopes), "office": self.office or None, "created_by": self.created_by,
            **{name: value.isoformat() if value else None for name, value in at.items()}, "counts": self.counts,
        }  # fmt: skip


def create_token(actor: Actor | None, archive: Archive, wanted: NewToken) -> MadeToken:
    """Make a token of the actor's own. The caller has asked for a proof of who it is. Raises Refused."""
    with archive.door.write(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        return _made(archive, operation, own_person(operation), wanted)


def create_token_by_password(actor: Actor | None, archive: Archive, wanted: NewToken, password: Secret) -> MadeToken:
    """The same at the console, where the person's password is the proof. Raises Refused."""
    with archive.door.read(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person = own_person(operation)
        person_id, password_hash = person.id, person.password_hash
    require_own_password(archive, person_id, password_hash, password)
    return create_token(actor, archive, wanted)


def create_service_token(actor: Actor | None, archive: Archive, username: str, wanted: NewToken) -> MadeToken:
    """Make a token of a service account, which the actor does not answer for. Raises Refused, NotPermitted."""
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        account = service_account(operation, username)
        await_confirmation(operation, account, Cause.PROGRAM)
        return _made(archive, operation, account, wanted)


def own_tokens(actor: Actor | None, archive: Archive) -> list[TokenView]:
    """Return the actor's tokens, those that count first, then the newest."""
    with archive.door.read(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        return _views(archive, operation, [own_person(operation)])


def account_tokens(actor: Actor | None, archive: Archive, *, services_only: bool = False) -> list[TokenView]:
    """Return the tokens of everybody, or of service accounts alone, by account."""
    with archive.door.read(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        query = select(Person).order_by(Person.username)
        if services_only:
            query = query.where(Person.held_by.is_not(None))
        return _views(archive, operation, operation.session.scalars(query).all())


def service_names(actor: Actor | None, archive: Archive) -> tuple[str, ...]:
    """Return the user names of the service accounts that work."""
    with archive.door.read(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        rows = operation.session.scalars(select(Person).where(Person.held_by.is_not(None)).order_by(Person.username))
        return tuple(row.username for row in rows if serves(operation.session, row, operation.clock.today()))


def revoke_own_token(actor: Actor | None, archive: Archive, token_id: UUID) -> None:
    """Take a token of the actor's no more, from now on. Raises NotFound, Refused."""
    with archive.door.write(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        row = _locked(operation, token_id)
        if row.person_id != own_person(operation).id:
            raise NotFound()
        _revoke(archive, operation, row)


def revoke_token(actor: Actor | None, archive: Archive, token_id: UUID) -> None:
    """Take anybody's token no more: for administrators. Raises NotFound, Refused."""
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        _revoke(archive, operation, _locked(operation, token_id))


def revoke_all_tokens(archive: Archive, operation: Operation, person: Person) -> None:
    """Take none of a person's tokens any more; each is an event."""
    rows = select(ApiToken).where(ApiToken.person_id == person.id, ApiToken.revoked_at.is_(None)).with_for_update()
    for row in operation.session.scalars(rows):
        row.revoked_at, row.revoked_by = operation.now, operation.actor.name
        row.proof = token_proof(archive.door, row)
        operation.audit("token.revoked", "person", person.id, revoked=str(row.id))


def _made(archive: Archive, operation: Operation, person: Person, wanted: NewToken) -> MadeToken:
    session, longest = operation.session, archive.settings.access.token_days_most
    name = " ".join(wanted.name.split())
    if not 1 <= len(name) <= MOST_NAME or not name.isprintable():
        raise Refused("a token has a name of 1 to 60 characters", "such as the program that it is for")
    if not wanted.scopes:
        raise Refused("a token is made for something", "choose what may be done with it")
    if person.held_by is None and not set(PERSONAL_SCOPES).issuperset(wanted.scopes):
        raise Refused("people are pushed by service accounts alone", "add one: edms person add-service")
    if wanted.office and TokenScope.PEOPLE in wanted.scopes:
        raise Refused("a token for pushing people is bound to no office", "leave the office out")
    if not 1 <= wanted.days <= longest:
        raise Refused(f"a token counts for 1 to {longest} days", "make a new one when it ends")
    mine = select(ApiToken).where(ApiToken.person_id == person.id, ApiToken.revoked_at.is_(None))
    alive = [one for one in session.scalars(mine) if one.expires_at > operation.now]
    if len(alive) >= MOST_TOKENS:
        raise Refused("there are as many tokens as one may have", "revoke one that is not used")
    if any(one.name == name for one in alive):
        raise Refused("there is a token of this name already", "the trail tells tokens apart by their names")
    office = known_office(session, wanted.office) if wanted.office else None
    secret = new_secret()
    row = ApiToken(
        id=new_id(archive.clock), person_id=person.id, name=name, digest=secret_digest(archive.door, secret),
        scopes=",".join(scope for scope in TokenScope if scope in wanted.scopes),
        office_id=office.id if office else None, created_by=operation.actor.name, created_at=operation.now,
        expires_at=operation.now + timedelta(days=wanted.days),
    )  # fmt: skip
    row.proof = token_proof(archive.door, row)
    session.add(row)
    operation.about("person", person.id, "token.made")
    operation.note(made=str(row.id), name=name, scopes=row.scopes, office=wanted.office, days=wanted.days)
    return MadeToken(row.id, name, Secret(secret), row.expires_at)


def _locked(operation: Operation, token_id: UUID) -> ApiToken:
    row = operation.session.get(ApiToken, token_id, with_for_update=True)
    if row is None:
        raise NotFound()
    return row


def _revoke(archive: Archive, operation: Operation, row: ApiToken) -> None:
    """Nothing but a whole earlier row makes it count again: the proof is over the moment of this."""
    if row.revoked_at is not None:
        raise Refused("the token is revoked already")
    row.revoked_at, row.revoked_by = operation.now, operation.actor.name
    row.proof = token_proof(archive.door, row)
    operation.about("person", row.person_id, "token.revoked")
    operation.note(revoked=str(row.id), name=row.name)


def _views(archive: Archive, operation: Operation, people: Iterable[Person]) -> list[TokenView]:
    session, today, settings = operation.session, operation.clock.today(), archive.settings.access
    codes = dict(session.execute(select(Office.id, Office.code)).all())
    views = []
    for person in people:
        holder = session.get(Person, person.held_by) if person.held_by else None
        rows = session.scalars(select(ApiToken).where(ApiToken.person_id == person.id)).all()
        works = bool(rows) and serves(session, person, today)
        told = [
            TokenView(
                row.id, person.username, holder.username if holder else "", row.name, tuple(row.scopes.split(",")),
                codes.get(row.office_id, "") if row.office_id else "", row.created_by, row.created_at,
                token_end(settings, row), row.last_used_at, row.revoked_at,
                works and token_counts(archive.door, settings, row),
            )
            for row in rows
        ]  # fmt: skip
        views += sorted(told, key=lambda one: (one.counts, one.created_at), reverse=True)
    return views
