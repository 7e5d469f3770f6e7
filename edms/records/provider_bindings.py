"""Accounts at the sign-in provider and whose they are here: bound by an administrator, given up by their people."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from edms.access.actors import Actor
from edms.access.model import Person
from edms.access.policy import Action
from edms.access.provider_model import ProviderBinding
from edms.core.errors import NotFound, Refused
from edms.operation.door import Operation
from edms.operation.passkeys import passkeys_of
from edms.operation.provider_ties import end_marked, marks
from edms.operation.sessions import session_key
from edms.records.account_confirmations import Cause, await_confirmation
from edms.records.archive import Archive
from edms.records.people import own_person, person_in_service, require_no_service_account
from edms.records.provider_people import bind

MOST_SUBJECT = 255


@dataclass(frozen=True)
class BindingView:
    """An account of one's own at the provider. `can_go`: another way in stands."""

    label: str
    bound_at: datetime
    used_at: datetime | None
    can_go: bool


def bind_provider(actor: Actor | None, archive: Archive, username: str, subject: str) -> None:
    """Let the account `subject` at the provider be this person's. Raises Refused."""
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        _require_provider(archive)
        person = person_in_service(operation, username)
        require_no_service_account(person)
        if not 1 <= len(subject) <= MOST_SUBJECT or not subject.isascii() or not subject.isprintable():
            raise Refused(
                f"a subject has 1 to {MOST_SUBJECT} characters of ASCII", "it is the claim `sub` of the provider"
            )
        if _row(operation, archive, person) is not None:
            raise Refused(f"{username!r} has an account at the provider already", "see: edms person unbind-provider")
        issuer = archive.settings.oidc.issuer
        query = select(ProviderBinding).where(ProviderBinding.issuer == issuer, ProviderBinding.subject == subject)
        if operation.session.scalars(query).first() is not None:
            raise Refused("this account at the provider is somebody else's already")
        row = bind(operation, archive, person, subject, operation.actor.name)
        await_confirmation(operation, person, Cause.PROVIDER)
        operation.about("person", person.id, "account.provider_bound")
        operation.note(rule="administrator", binding=str(row.id))


def unbind_provider(actor: Actor | None, archive: Archive, username: str) -> None:
    """Let nobody in as this person by the provider any more, and end the sessions that came by it. Raises Refused."""
    with archive.door.write(actor, Action.PEOPLE_MANAGE) as operation:
        operation.decide()
        person = operation.session.scalars(select(Person).where(Person.username == username)).one_or_none()
        row = _row(operation, archive, person) if person is not None else None
        if person is None or row is None:
            raise Refused(f"{username!r} has no account at the provider")
        _forget(operation, archive, row)
        operation.about("person", person.id, "account.provider_unbound")


def own_binding(actor: Actor | None, archive: Archive) -> BindingView | None:
    """Return the actor's account at the provider, or None."""
    with archive.door.read(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person = own_person(operation)
        row = _row(operation, archive, person)
        if row is None or archive.provider is None:
            return None
        return BindingView(archive.settings.oidc.label, row.bound_at, row.used_at, _other_way(operation, person))


def give_up_provider(actor: Actor | None, archive: Archive, token: str) -> None:
    """Let nobody in as the actor by the provider any more; other sessions that came by it end.

    Raises NotFound, and Refused when there would be no way in left.
    """
    with archive.door.write(actor, Action.ACCOUNT_MANAGE) as operation:
        operation.decide()
        person = own_person(operation)
        row = _row(operation, archive, person)
        if row is None:
            raise NotFound()
        if not _other_way(operation, person):
            raise Refused("there would be no way left to sign in", "add a passkey first, or ask for a password")
        _forget(operation, archive, row, keep=session_key(archive.door, token))
        operation.about("person", person.id, "account.provider_unbound")


def _row(operation: Operation, archive: Archive, person: Person) -> ProviderBinding | None:
    """The binding of a person, also one that was altered: so that it can be taken away."""
    query = select(ProviderBinding).where(
        ProviderBinding.issuer == archive.settings.oidc.issuer, ProviderBinding.person_id == person.id
    )
    return operation.session.scalars(query).one_or_none()


def _forget(operation: Operation, archive: Archive, row: ProviderBinding, keep: bytes = b"") -> None:
    by = marks(archive.door, row.issuer, row.subject, "")
    end_marked(operation.session, subject=by.subject, keep=keep)
    operation.note(binding=str(row.id))
    operation.session.delete(row)


def _other_way(operation: Operation, person: Person) -> bool:
    return bool(person.password_hash) or bool(passkeys_of(operation.session, person.id))


def _require_provider(archive: Archive) -> None:
    if archive.provider is None:
        raise Refused("there is no sign-in provider", "set [oidc] issuer")
